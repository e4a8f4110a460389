// SPDX-License-Identifier: MIT
// What a key does: one table, which chat-tui(1) and F1 show and a file can change.
//
// A key has a name: "a" typed with Control is "C-a", with Alt "M-a"; "Enter", "Tab", "Up",
// "PageUp", "F1" and so on, "M-Enter"; one behind another is "C-x e". Any other input is text.
//
// Owner: the screen's own state. Thread: one.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"

#define KEY_NAME_BYTES 16
#define BINDINGS_MAX 160
#define KEYS_SHOWN_BYTES 160

// ACTION(identifier, name in the key file, default keys, what it does)
#define ACTION_TABLE(ACTION)                                                                       \
    ACTION(SEND, "send", "Enter", "send what is typed, or run the command")                        \
    ACTION(NEWLINE, "newline", "M-Enter, C-j", "a new line in what is typed")                      \
    ACTION(COMPLETE, "complete", "Tab", "complete a command or a name")                            \
    ACTION(EDITOR, "editor", "C-x e, C-x C-e", "write in $EDITOR what is typed here")              \
    ACTION(NEXT, "next-conversation", "C-n", "the conversation below in the list")                 \
    ACTION(PREVIOUS, "previous-conversation", "C-p", "the conversation above in the list")         \
    ACTION(NTH, "nth-conversation", "M-1, M-2, M-3, M-4, M-5, M-6, M-7, M-8, M-9",                 \
            "the first to the ninth conversation in the list")                                     \
    ACTION(BACK, "last-conversation", "M-Tab, M-l", "the conversation that was open before")       \
    ACTION(NEXT_UNREAD, "next-unread", "M-a", "the next conversation with something new")          \
    ACTION(FIRST_UNREAD, "first-unread", "M-u", "the first new message of this conversation")      \
    ACTION(MARK_UNREAD, "mark-unread", "M-U",                                                      \
            "mark this conversation unread again, on this device")                                 \
    ACTION(MARK_READ, "mark-read", "M-r", "mark this conversation read")                           \
    ACTION(SWITCH, "switch", "C-k, M-g", "go to a conversation (C-k when nothing is typed)")       \
    ACTION(SEARCH_HERE, "search-here", "M-/, M-s", "search in this conversation")                  \
    ACTION(SEARCH_ALL, "search-everywhere", "C-f, M-S",                                            \
            "search in all conversations (C-f when nothing is typed)")                             \
    ACTION(LINKS, "links", "M-o", "the links that are on the screen, by number")                   \
    ACTION(SELECT_UP, "select-up", "M-Up, M-p", "select the message above, to copy or change it")  \
    ACTION(SELECT_DOWN, "select-down", "M-Down, M-n", "select the message below")                  \
    ACTION(PAGE_UP, "page-up", "PageUp", "older messages")                                         \
    ACTION(PAGE_DOWN, "page-down", "PageDown", "newer messages")                                   \
    ACTION(LINE_UP, "line-up", "M-k, S-Up, WheelUp", "one row up")                                 \
    ACTION(LINE_DOWN, "line-down", "M-j, S-Down, WheelDown", "one row down")                       \
    ACTION(TO_END, "to-end", "M-End, M->", "the newest message")                                   \
    ACTION(TO_START, "to-start", "M-Home, M-<", "the oldest message that is here")                 \
    ACTION(RETRY, "retry", "C-r", "try to connect now")                                            \
    ACTION(REDRAW, "redraw", "C-l", "draw everything again")                                       \
    ACTION(HELP, "help", "F1", "this help")                                                        \
    ACTION(CANCEL, "cancel", "Escape, C-g", "leave help, a search, the selection, an edit")        \
    ACTION(QUIT, "quit", "C-q", "leave; what is typed and unsent stays")                           \
    ACTION(LEFT, "left", "Left, C-b", "a character to the left")                                   \
    ACTION(RIGHT, "right", "Right, C-f", "a character to the right")                               \
    ACTION(WORD_LEFT, "word-left", "M-b, M-Left", "a word to the left")                            \
    ACTION(WORD_RIGHT, "word-right", "M-f, M-Right", "a word to the right")                        \
    ACTION(LINE_BEGIN, "line-begin", "C-a, Home", "to the beginning of the line")                  \
    ACTION(LINE_END, "line-end", "C-e, End", "to the end of the line")                             \
    ACTION(UP, "up", "Up", "the line above, or what was sent before")                              \
    ACTION(DOWN, "down", "Down", "the line below, or what was sent after")                         \
    ACTION(DELETE_LEFT, "delete-left", "Backspace", "delete the character to the left")            \
    ACTION(DELETE_RIGHT, "delete-right", "Delete, C-d", "delete the character under the cursor")   \
    ACTION(KILL_WORD_LEFT, "cut-word-left", "M-Backspace", "cut the word to the left")             \
    ACTION(KILL_WORD_RIGHT, "cut-word-right", "M-d", "cut the word to the right")                  \
    ACTION(KILL_TO_SPACE, "cut-to-space", "C-w", "cut to the space on the left")                   \
    ACTION(KILL_TO_LINE_BEGIN, "cut-to-begin", "C-u", "cut to the beginning of the line")          \
    ACTION(KILL_TO_LINE_END, "cut-to-end", "C-k", "cut to the end of the line")                    \
    ACTION(YANK, "paste", "C-y", "put in what was cut")                                            \
    ACTION(UNDO, "undo", "C-_", "take back the last change")

// From LEFT on they edit what is typed.
enum action {
    ACTION_NONE,
#define ACTION(identifier, name, keys, does) ACTION_##identifier,
    ACTION_TABLE(ACTION)
#undef ACTION
            ACTION_COUNT
};

struct action_info {
    const char *name;
    const char *keys; // separated by ", "
    const char *does;
};

struct binding {
    char key[KEY_NAME_BYTES];
    enum action action;
};

struct key_table {
    struct binding bindings[BINDINGS_MAX];
    unsigned count;
};

const struct action_info *action_info(enum action action);
// ACTION_NONE: there is none of that name.
enum action action_find(const char *name);

// As the table above says.
void keys_init(struct key_table *table);
// One line of the key file: what that key does from now on, names of actions separated by spaces,
// or "none". False: wrong says what is wrong.
bool keys_bind(struct key_table *table, const char *key, const char *actions, char *wrong,
        size_t wrong_bytes) MUST_USE;
// ACTION_NONE: nothing. A key may do one thing to what is typed, when something is, and another
// else.
enum action keys_find(const struct key_table *table, const char *key, bool is_typing);
// Another key has to follow.
bool keys_is_prefix(const struct key_table *table, const char *key);
// The keys of an action, separated by ", ".
void keys_of(const struct key_table *table, enum action action, char shown[KEYS_SHOWN_BYTES]);
