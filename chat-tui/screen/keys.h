// SPDX-License-Identifier: MIT
// What a key does: one table, which chat-tui(1) and F1 show and a file can change.
//
// A key has a name: "a" typed with Control is "C-a", with Alt "M-a"; "Enter", "Tab", "Up",
// "PageUp", "F1" and so on, "M-Enter". Any other input is text.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"

#define KEY_NAME_BYTES 16

// ACTION(identifier, name in the key file, default keys separated by spaces, what it does)
#define ACTION_TABLE(ACTION)                                                                       \
    ACTION(SEND, "send", "Enter", "send what is typed, or run the command")                        \
    ACTION(NEWLINE, "newline", "M-Enter C-j", "a new line in what is typed")                       \
    ACTION(COMPLETE, "complete", "Tab", "complete a command or a name")                            \
    ACTION(NEXT, "next-conversation", "C-n", "the conversation below in the list")                 \
    ACTION(PREVIOUS, "previous-conversation", "C-p", "the conversation above in the list")         \
    ACTION(NEXT_UNREAD, "next-unread", "M-a", "the next conversation with something new")          \
    ACTION(FIRST_UNREAD, "first-unread", "M-u", "the first new message of this conversation")      \
    ACTION(SWITCH, "switch", "C-k M-g", "go to a conversation (C-k when nothing is typed)")        \
    ACTION(SELECT_UP, "select-up", "M-Up M-p", "select the message above, to copy or change it")   \
    ACTION(SELECT_DOWN, "select-down", "M-Down M-n", "select the message below")                   \
    ACTION(PAGE_UP, "page-up", "PageUp", "older messages")                                         \
    ACTION(PAGE_DOWN, "page-down", "PageDown", "newer messages")                                   \
    ACTION(LINE_UP, "line-up", "M-k S-Up", "one row up")                                           \
    ACTION(LINE_DOWN, "line-down", "M-j S-Down", "one row down")                                   \
    ACTION(TO_END, "to-end", "M-End M->", "the newest message")                                    \
    ACTION(TO_START, "to-start", "M-Home M-<", "the oldest message that is here")                  \
    ACTION(RETRY, "retry", "C-r", "try to connect now")                                            \
    ACTION(REDRAW, "redraw", "C-l", "draw everything again")                                       \
    ACTION(HELP, "help", "F1", "this help")                                                        \
    ACTION(CANCEL, "cancel", "Escape C-g", "leave help, the switcher, the selection, an edit")     \
    ACTION(QUIT, "quit", "C-q", "leave; what is typed and unsent stays")

enum action {
    ACTION_NONE,
#define ACTION(identifier, name, keys, does) ACTION_##identifier,
    ACTION_TABLE(ACTION)
#undef ACTION
            ACTION_COUNT
};

struct action_info {
    const char *name;
    const char *keys;
    const char *does;
};

const struct action_info *action_info(enum action action);
// ACTION_NONE: the key does nothing here; the line editor may know it.
enum action keys_find(const char *key);
