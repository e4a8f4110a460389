// SPDX-License-Identifier: MIT
#include "shared/cli/exit_code.h"

#include <stddef.h>

enum exit_code exit_code_of(struct bytes kind)
{
    static const struct {
        const char *kind;
        enum exit_code code;
    } codes[] = {
        { "params", EXIT_USAGE },
        { "unauthorized", EXIT_NOT_ALLOWED },
        { "forbidden", EXIT_NOT_ALLOWED },
        { "not_found", EXIT_NOT_FOUND },
        { "exists", EXIT_REFUSED },
        { "conflict", EXIT_REFUSED },
        { "invalid", EXIT_REFUSED },
        { "too_large", EXIT_REFUSED },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (bytes_equal(kind, bytes_of(codes[i].kind))) {
            return codes[i].code;
        }
    }
    return EXIT_FAILED;
}
