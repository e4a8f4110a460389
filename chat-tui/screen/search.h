// SPDX-License-Identifier: MIT
// Messages that contain some words, of one conversation or of all: found in the cache while one
// types, then by the server, newest first. Free of curses and sockets; the app does the finding.
//
// Owner: the ui. Thread: one. Bounds: SEARCH_FOUND_MAX, and an excerpt of each text.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pattern.h"
#include "shared/check.h"
#include "shared/name.h"
#include "shared/view.h"

#define SEARCH_FOUND_MAX 500
#define SEARCH_EXCERPT_BYTES 240

struct found {
    struct name peer;
    uint64_t seq;
    int64_t ts;
    bool is_own;
    uint32_t bytes;
    char text[SEARCH_EXCERPT_BYTES]; // valid UTF-8, begins a little before the words
};

struct search {
    struct pattern pattern;
    struct name peer; // size 0: all conversations
    struct found *found;
    uint32_t count;
    uint32_t capacity;
    uint32_t choice;
    int64_t due_ms;                  // when it is to be asked for; INT64_MAX: it is or was
    uint64_t serial;                 // of the pattern: answers to an earlier one are none to this
    bool is_looking;                 // into the cache, a conversation each turn
    bool is_asking;                  // the server
    bool is_cut_off;                 // no server: only what is kept here was searched
    bool wants_more;                 // the end of what was found is in sight
    char next[CURSOR_BYTES_MAX + 1]; // where the server goes on; "": everything was searched
};

void search_finish(struct search *search);
// Another pattern or another place to look: nothing was found yet, and now_ms + a little is when to
// ask.
void search_changed(struct search *search, int64_t now_ms);
// False: no memory. What is there already is not doubled.
bool search_add(struct search *search, const struct message_view *message,
        struct bytes user) MUST_USE;
void search_move(struct search *search, int by);
