// SPDX-License-Identifier: MIT
// The inside of struct store: the database and its statements, for the store_*.c files only.

#pragma once

#include "disk/database.h"
#include "partition/store.h"

enum statement {
    PUT_META,
    PUT_USER,
    PUT_DEVICE,
    PUT_CONVERSATION,
    PUT_SENDER,
    PUT_MARK,
    PUT_MESSAGE,
    GET_META,
    GET_USER,
    GET_DEVICES,
    GET_CONVERSATION,
    GET_SENDERS,
    GET_USEQ,
    GET_MESSAGES,
    GET_CHANGED,
    GET_PEERS,
    GET_MARK,
    GET_LATE_MARK,
    GET_USERS,
    GET_LARGEST,
    GET_EXPIRY,
    GET_GARBAGE,
    DELETE_MESSAGES,
    STATEMENT_COUNT
};

struct store {
    sqlite3 *database;
    char path[640];
    // Prepared when first used: 900 files times all of them would be memory for nothing.
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

// kind and flags share a column: most rows have neither and pay nothing for it.
#define STORE_FLAGS_SHIFT 4

enum err store_statement(struct store *store, enum statement which,
        sqlite3_stmt **statement) MUST_USE;
