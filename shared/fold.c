// SPDX-License-Identifier: MIT
#include "shared/fold.h"

#include <stdlib.h>

#include <utf8proc.h>

static bool is_ascii(struct bytes text)
{
    unsigned char any = 0;

    for (uint32_t i = 0; i < text.size; i++) {
        any |= (unsigned char)text.data[i];
    }
    return any < 0x80;
}

// Most texts, and ten times as fast.
static bool fold_ascii(struct fold *fold, struct bytes text)
{
    char *folded = malloc((size_t)text.size + 1);

    *fold = (struct fold){ 0 };
    if (folded == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        folded[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    folded[text.size] = '\0';
    fold->text = folded;
    fold->size = text.size;
    return true;
}

bool fold_init(struct fold *fold, struct bytes text)
{
    if (is_ascii(text)) {
        return fold_ascii(fold, text);
    }
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text.data, text.size, &folded,
            UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                    UTF8PROC_IGNORE);

    *fold = (struct fold){ 0 };
    if (size < 0) {
        free(folded);
        return false;
    }
    fold->text = (char *)folded;
    fold->size = (uint32_t)size;
    return true;
}

void fold_finish(struct fold *fold)
{
    free(fold->text);
    *fold = (struct fold){ 0 };
}

bool fold_contains(struct bytes text, const struct fold *needle)
{
    struct fold folded;

    if (!fold_init(&folded, text)) {
        return false;
    }
    bool is_found = memmem(folded.text, folded.size, needle->text, needle->size) != NULL;
    fold_finish(&folded);
    return is_found;
}
