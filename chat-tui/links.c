// SPDX-License-Identifier: MIT
#include "links.h"

#include <strings.h>

#include "shared/cli/text.h"

static struct bytes rest_of(struct bytes text, uint32_t place)
{
    return (struct bytes){ text.data + place, text.size - place };
}

static bool begins_with(struct bytes text, const char *with)
{
    size_t size = strlen(with);

    return text.size >= size && memcmp(text.data, with, size) == 0;
}

static bool begins_with_any(struct bytes text, const char *const *list)
{
    while (*list != NULL && !begins_with(text, *list)) {
        list++;
    }
    return *list != NULL;
}

// The bytes of http:// or https:// at the place, or 0.
static uint32_t scheme_at(struct bytes text, uint32_t place)
{
    static const char *const schemes[] = { "https://", "http://" };

    for (int i = 0; i < 2; i++) {
        uint32_t size = (uint32_t)strlen(schemes[i]);
        if (text.size - place >= size && strncasecmp(text.data + place, schemes[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
            (byte >= 'a' && byte <= 'z');
}

// Spaces and quotes of other scripts than ASCII, and ideographic punctuation.
static bool is_end(struct bytes text, uint32_t place)
{
    static const char *const ends[] = { " ", "\"", "<", ">", "`", "\xc2\xa0", "\xc2\xab",
        "\xc2\xbb", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
        "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
        "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\xaf", "\xe2\x81\x9f", "‘", "’",
        "‚", "“", "”", "„", "‹", "›", "\xe3\x80\x80", "、", "。", "「", "」", "『", "』", "（",
        "）", "，", NULL };

    return !is_alphanumeric(text.data[place]) &&
            (text_harmful_at(text, place) > 0 || begins_with_any(rest_of(text, place), ends));
}

static uint32_t trim(struct bytes text, uint32_t start, uint32_t end)
{
    while (end > start) {
        if (strchr(".,;:!?'*_~", text.data[end - 1]) != NULL) {
            end--;
        } else if (end - start >= 3 && memcmp(text.data + end - 3, "…", 3) == 0) {
            end -= 3;
        } else {
            break;
        }
    }
    return end;
}

// Where the link ends whose host begins there.
static uint32_t end_of(struct bytes text, uint32_t start)
{
    static const char brackets[] = { '(', '[', '{', ')', ']', '}' };
    uint32_t open[3] = { 0 }, end = start;

    for (; end < text.size && !is_end(text, end); end++) {
        const char *bracket = memchr(brackets, text.data[end], sizeof(brackets));
        if (bracket == NULL) {
            continue;
        }
        size_t index = (size_t)(bracket - brackets);
        if (index < 3) {
            open[index]++;
        } else if (open[index - 3]-- == 0) {
            break;
        }
    }
    return trim(text, start, end);
}

static bool can_be_host(struct bytes text, uint32_t place)
{
    return place < text.size &&
            (is_alphanumeric(text.data[place]) || text.data[place] == '[' ||
                    (unsigned char)text.data[place] >= 0x80);
}

bool links_next(struct bytes text, uint32_t *position, struct bytes *link)
{
    for (uint32_t place = *position; place < text.size; place++) {
        uint32_t scheme = scheme_at(text, place);
        if (scheme == 0 || (place > 0 && is_alphanumeric(text.data[place - 1]))) {
            continue;
        }
        uint32_t host = place + scheme;
        uint32_t end = can_be_host(text, host) ? end_of(text, host) : host;
        if (end > host) {
            *link = (struct bytes){ text.data + place, end - place };
            *position = end;
            return true;
        }
    }
    *position = text.size;
    return false;
}
