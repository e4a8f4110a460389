// SPDX-License-Identifier: MIT
// The fields that params of any method may have, as one plain struct: each has one type and one set
// of limits on the whole wire (protocol.md "Types").

#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/json.h"

// PARAM(bit, member, name on the wire, type, smallest and largest size or value)
#define PARAM_TABLE(PARAM)                                                                         \
    PARAM(0, P_USER, user, "user", NAME, 1, NAME_BYTES_MAX)                                        \
    PARAM(1, P_PEER, peer, "peer", NAME, 1, NAME_BYTES_MAX)                                        \
    PARAM(2, P_TO, to, "to", NAME, 1, NAME_BYTES_MAX)                                              \
    PARAM(3, P_TEXT, text, "text", STRING, 1, TEXT_BYTES_MAX)                                      \
    PARAM(4, P_CURSOR, cursor, "cursor", STRING, 1, CURSOR_BYTES_MAX)                              \
    PARAM(5, P_FROM, from, "from", STRING, 1, CURSOR_BYTES_MAX)                                    \
    PARAM(6, P_CHANGED_AFTER, changed_after, "changed_after", STRING, 1, CURSOR_BYTES_MAX)         \
    PARAM(7, P_CONTINUE, continuation, "continue", STRING, 1, CURSOR_BYTES_MAX)                    \
    PARAM(8, P_DEVICE, device, "device", STRING, 1, LABEL_BYTES_MAX)                               \
    PARAM(9, P_LABEL, label, "label", STRING, 1, LABEL_BYTES_MAX)                                  \
    PARAM(10, P_PASSWORD, password, "password", STRING, 1, PASSWORD_BYTES_MAX)                     \
    PARAM(11, P_TOKEN, token, "token", STRING, 1, TOKEN_BYTES_MAX)                                 \
    PARAM(12, P_INVITE, invite, "invite", STRING, 1, TOKEN_BYTES_MAX)                              \
    PARAM(13, P_SEQ, seq, "seq", INTEGER, 1, JSON_INTEGER_MAX)                                     \
    PARAM(14, P_COUNTER, counter, "counter", INTEGER, 1, JSON_INTEGER_MAX)                         \
    PARAM(15, P_AFTER, after, "after", INTEGER, 0, JSON_INTEGER_MAX - 1)                           \
    PARAM(16, P_BEFORE, before, "before", INTEGER, 1, JSON_INTEGER_MAX)                            \
    PARAM(17, P_LIMIT, limit, "limit", INTEGER, 1, HISTORY_LIMIT_MAX)                              \
    PARAM(18, P_PARTITION, partition, "partition", INTEGER, 0, PARTITION_COUNT_MAX)                \
    PARAM(19, P_CONSUMER, is_consumer, "consumer", FLAG, 0, 1)                                     \
    PARAM(20, P_TOKENS, has_tokens, "tokens", FLAG, 0, 1)                                          \
    PARAM(21, P_EVENTS, events, "events", ARRAY, 0, 8)                                             \
    PARAM(23, P_QUERY, query, "query", STRING, 1, SEARCH_QUERY_BYTES_MAX)                          \
    PARAM(26, P_OLD, old_password, "old", STRING, 1, PASSWORD_BYTES_MAX)                           \
    PARAM(27, P_NEW, new_password, "new", STRING, 1, PASSWORD_BYTES_MAX)                           \
    PARAM(28, P_SEEN, seen, "seen", STRING, 1, CURSOR_BYTES_MAX)                                   \
    PARAM(40, P_ENTRIES, entries, "entries", ARRAY, 0, IMPORT_ENTRIES_MAX)                         \
    PARAM(41, P_DIGEST, digest, "digest", STRING, 16, 16)                                          \
    PARAM(24, P_STATE, state, "state", STRING, 1, 16)                                              \
    PARAM(25, P_ON, is_on, "on", FLAG, 0, 1)                                                       \
    PARAM(29, P_PATH, path, "path", STRING, 1, PATH_PARAM_BYTES_MAX)                               \
    PARAM(30, P_RATE, rate, "rate", INTEGER, 0, JSON_INTEGER_MAX)                                  \
    PARAM(31, P_KEEP, keep, "keep", STRING, 1, 16)                                                 \
    PARAM(22, P_USERS, users, "users", ARRAY, 0, USERS_PER_REQUEST_MAX)

// More of them than an int has bits: gcc, clang and C23 have wider enumerators.
__extension__ enum param_field {
#define PARAM(bit, field, member, name, type, least, most) field = 1ULL << (bit),
    PARAM_TABLE(PARAM)
#undef PARAM
};

// NOLINTBEGIN(bugprone-macro-parentheses): terms of a sum
#define PARAM(bit, field, member, name, type, least, most) +(1ULL << (bit))
#define OTHER(bit, field, member, name, type, least, most) | (1ULL << (bit))
// NOLINTEND(bugprone-macro-parentheses)
static_assert((0 PARAM_TABLE(PARAM)) == (0 PARAM_TABLE(OTHER)), "no two fields have the same bit");
#undef PARAM
#undef OTHER

// Lends from the request's JSON. A field that is not in `present` is zero.
struct params {
    uint64_t present;
    struct bytes user, peer, to, text, cursor, from, changed_after, continuation, device, label;
    struct bytes password, token, invite, query, state, old_password, new_password, seen, digest;
    struct bytes keep; // "forever", "default" or a length of time
    struct bytes path; // of a directory on the server
    uint64_t rate;     // bytes a second
    uint64_t seq, counter, after, before, limit, partition;
    bool is_consumer, has_tokens, is_on;
    const struct json *events, *users, *entries;
};
