// SPDX-License-Identifier: MIT
// How long messages are kept, on the wire ("default", "forever", "90d") and in a record
// (RETENTION_..., or 1 + seconds).

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/duration.h"
#include "shared/record.h"

static inline bool keep_parse(struct bytes text, uint64_t *retention)
{
    uint64_t seconds = 0;

    if (bytes_equal(text, bytes_of("default"))) {
        *retention = RETENTION_DEFAULT;
        return true;
    }
    if (!duration_parse(text, &seconds)) {
        return false;
    }
    *retention = seconds + 1;
    return true;
}

// As a JSON string.
static inline void keep_add(struct buffer *out, uint64_t retention)
{
    char text[DURATION_TEXT_BYTES] = "default";

    if (retention != RETENTION_DEFAULT) {
        duration_print(retention - 1, text);
    }
    buffer_print(out, "\"%s\"", text);
}
