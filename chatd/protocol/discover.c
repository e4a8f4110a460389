// SPDX-License-Identifier: MIT
#include "protocol/discover.h"

#include <inttypes.h>

#include "protocol/schema.h"
#include "protocol/tables.h"

static void write_schema(struct buffer *out, const struct param_entry *param)
{
    switch (param->type) {
    case NAME:
        buffer_add_literal(out,
                "{\"type\":\"string\",\"pattern\":\"^[a-z0-9][a-z0-9._-]{0,31}$\"}");
        break;
    case STRING:
        buffer_print(out,
                "{\"type\":\"string\",\"minLength\":%" PRIu64 ",\"maxLength\":%" PRIu64 "}",
                param->least, param->most);
        break;
    case INTEGER:
        buffer_print(out, "{\"type\":\"integer\",\"minimum\":%" PRIu64 ",\"maximum\":%" PRIu64 "}",
                param->least, param->most);
        break;
    case FLAG:
        buffer_add_literal(out, "{\"type\":\"boolean\"}");
        break;
    case ARRAY:
        buffer_print(out, "{\"type\":\"array\",\"maxItems\":%" PRIu64 "}", param->most);
        break;
    }
}

static void write_method(struct buffer *out, const struct method_entry *method)
{
    static const char *const who[] = {
        [ACCESS_ANYONE] = "anyone",
        [ACCESS_DEVICE] = "an authenticated device",
        [ACCESS_ADMIN] = "an admin: on the admin socket, or a user of admin_users over POST /rpc",
    };
    bool is_first = true;

    buffer_print(out,
            "{\"name\":\"%s\",\"description\":\"%s\",\"paramStructure\":\"by-name\",\"params\":[",
            method->name, who[method->access]);
    for (size_t i = 0; i < param_count; i++) {
        const struct param_entry *param = &param_table[i];
        if (((method->required | method->optional) & param->field) == 0) {
            continue;
        }
        buffer_print(out, "%s{\"name\":\"%s\",\"required\":%s,\"schema\":", is_first ? "" : ",",
                param->name, (method->required & param->field) != 0 ? "true" : "false");
        write_schema(out, param);
        buffer_add_byte(out, '}');
        is_first = false;
    }
    buffer_add_literal(out, "],\"result\":{\"name\":\"result\",\"schema\":");
    schema_write_result(out, (enum method)(method - method_table));
    buffer_add_literal(out, "}}");
}

void discover_write(struct buffer *out)
{
    buffer_add_literal(out,
            "{\"openrpc\":\"1.2.6\",\"info\":{\"title\":\"chat\",\"version\":\"1\","
            "\"description\":\"See chat-protocol(7). Results may get more fields.\"},"
            "\"methods\":[");
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (i > 0) {
            buffer_add_byte(out, ',');
        }
        write_method(out, &method_table[i]);
    }
    buffer_add_literal(out, "],\"components\":{\"schemas\":");
    schema_write_shapes(out);
    buffer_add_literal(out, "},\"x-notifications\":");
    schema_write_notifications(out);
    buffer_add_byte(out, '}');
}
