// SPDX-License-Identifier: MIT
// Any text as a token: refused, or a user name and a device that are within their bounds.
#include "service/token.h"

#include "shared/check.h"
#include "shared/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct token token;

    if (token_parse((struct bytes){ (const char *)data, (uint32_t)bytes }, &token)) {
        CHECK(name_is_valid(token.user));
        CHECK(token.user.data == (const char *)data);
        CHECK(token.device >> 48 == 0);
    }
    return 0;
}
