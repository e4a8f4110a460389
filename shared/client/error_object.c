// SPDX-License-Identifier: MIT
#include "shared/client/error_object.h"

#include "shared/json.h"

void error_object_add(struct buffer *out, enum err err, const char *message,
        bool is_outcome_unknown)
{
    buffer_print(out, "{\"code\":%d,\"message\":", err_code(err));
    json_add_string(out, bytes_of(message));
    buffer_print(out, ",\"data\":{\"kind\":\"%s\",\"retryable\":%s%s}}", err_kind(err),
            err_is_retryable(err) ? "true" : "false",
            is_outcome_unknown ? ",\"outcome\":\"unknown\"" : "");
}
