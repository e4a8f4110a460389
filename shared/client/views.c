// SPDX-License-Identifier: MIT
#include "shared/client/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t number(const struct json *object, const char *key)
{
    uint64_t value = 0;

    json_read_uint(json_get(object, key), &value);
    return value;
}

static struct bytes text_of(const struct json *object, const char *key)
{
    struct bytes text = { "", 0 };

    json_read_string(json_get(object, key), &text);
    return text;
}

static bool flag(const struct json *object, const char *key)
{
    bool value = false;

    json_read_bool(json_get(object, key), &value);
    return value;
}

// Identifiers and digests are hexadecimal.
static uint64_t hexadecimal(const struct json *object, const char *key)
{
    struct bytes text = text_of(object, key);
    char copy[20];

    snprintf(copy, sizeof(copy), "%.*s", (int)text.size, text.data);
    return strtoull(copy, NULL, 16);
}

uint64_t views_parse_ts(struct bytes text)
{
    char copy[40];
    struct tm tm = { 0 };
    unsigned ms = 0;

    snprintf(copy, sizeof(copy), "%.*s", (int)text.size, text.data);
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL) {
        return 0;
    }
    (void)sscanf(rest, ".%3uZ", &ms); // NOLINT(cert-err34-c): three digits at most
    return (uint64_t)timegm(&tm) * 1000 + ms;
}

static enum message_kind kind_of(struct bytes word)
{
    if (bytes_equal(word, bytes_of("edit"))) {
        return MESSAGE_EDIT;
    }
    return bytes_equal(word, bytes_of("delete")) ? MESSAGE_DELETE : MESSAGE_TEXT;
}

struct message_view views_message(const struct json *message)
{
    return (struct message_view){
        .peer = text_of(message, "peer"),
        .from = text_of(message, "from"),
        .text = text_of(message, "text"),
        .seq = number(message, "seq"),
        .target = number(message, "target"),
        .counter = number(message, "counter"),
        .device = hexadecimal(message, "device"),
        .ts = views_parse_ts(text_of(message, "ts")),
        .kind = kind_of(text_of(message, "kind")),
        .is_edited = flag(message, "edited"),
        .is_deleted = flag(message, "deleted"),
    };
}

struct head_view views_head(const struct json *head)
{
    const struct json *last = json_get(head, "last");

    return (struct head_view){
        .peer = text_of(head, "peer"),
        .seq = number(head, "seq"),
        .read_seq = number(head, "read_seq"),
        .peer_delivered_seq = number(head, "peer_delivered_seq"),
        .peer_read_seq = number(head, "peer_read_seq"),
        .unread = number(head, "unread"),
        .digest = views_digest(head),
        .is_blocked = flag(head, "blocked"),
        .has_last = last != NULL,
        .last = views_message(last),
    };
}

uint64_t views_digest(const struct json *object)
{
    return hexadecimal(object, "digest");
}

struct receipt_view views_receipt(const struct json *receipt)
{
    return (struct receipt_view){
        .peer = text_of(receipt, "peer"),
        .by = text_of(receipt, "by"),
        .delivered_seq = number(receipt, "delivered_seq"),
        .read_seq = number(receipt, "read_seq"),
    };
}
