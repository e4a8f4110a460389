// SPDX-License-Identifier: MIT
#include "session/entry.h"

#include <inttypes.h>

#include "protocol/encode.h"

void entry_add_origin(struct buffer *out, const struct entry_view *entry)
{
    static const char *const kinds[] = { NULL, "edit", "delete" };

    if (entry->kind != MESSAGE_TEXT) {
        buffer_print(out, ",\"kind\":\"%s\",\"target\":%" PRIu64, kinds[entry->kind],
                entry->target);
    }
    buffer_add_literal(out, ",\"device\":");
    encode_device(out, entry->device);
    if (entry->counter != 0) {
        buffer_print(out, ",\"counter\":%" PRIu64, entry->counter);
    }
    buffer_add_literal(out, ",\"hash\":");
    encode_digest(out, entry->text_hash);
}
