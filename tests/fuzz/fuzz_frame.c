// SPDX-License-Identifier: MIT
// What a server sends over a WebSocket, cut anywhere: the parser must end, and keep to its bounds.

#include <stddef.h>
#include <stdint.h>

#include "shared/client/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool hear(void *context, enum ws_opcode opcode, struct bytes payload)
{
    uint32_t *heard = context;

    (void)opcode;
    for (uint32_t i = 0; i < payload.size; i++) {
        *heard += (unsigned char)payload.data[i];
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_parser parser = { 0 };
    uint32_t heard = 0;
    size_t step = size > 0 ? data[0] % 64 + 1U : 1;

    for (size_t at = 1; at < size; at += step) {
        size_t bytes = size - at < step ? size - at : step;
        if (ws_parser_take(&parser, (const char *)data + at, bytes, hear, &heard) != NULL) {
            break;
        }
    }
    ws_parser_finish(&parser);
    return 0;
}
