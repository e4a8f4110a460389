// SPDX-License-Identifier: MIT
#include "partition/message.h"

#include <stdlib.h>

#include "shared/history_digest.h"

struct message *message_create(const struct message *message)
{
    struct message *copy = malloc(sizeof(*copy) + message->text.size);

    if (copy == NULL) {
        return NULL;
    }
    *copy = *message;
    copy->text.data = (char *)(copy + 1);
    if (message->text.size > 0) {
        memcpy(copy + 1, message->text.data, message->text.size);
    }
    return copy;
}

void message_destroy(struct message *message)
{
    free(message);
}

uint64_t message_bytes(const struct message *message)
{
    // malloc's header, and the pointer in the tail.
    return sizeof(*message) + message->text.size + 24;
}

bool message_had_text(const struct message *message, struct bytes text)
{
    if (message->text_hash != 0) {
        return message->text_hash == history_text_hash(text);
    }
    // An edit of what was deleted already: its text was never kept, and a retry may be answered.
    if (message->kind == MESSAGE_EDIT && message->text.size == 0) {
        return true;
    }
    return bytes_equal(message->text, text);
}
