// SPDX-License-Identifier: MIT
// The line that is typed, when Enter or Tab comes: a message, a change of one, or a command. Free
// of curses and sockets.

#pragma once

#include <stddef.h>

#include "actions.h"
#include "ui.h"

// COMMAND(identifier, name, what follows, what it does)
#define COMMAND_TABLE(COMMAND)                                                                     \
    COMMAND(MSG, "msg", "NAME [TEXT]", "write to somebody; also /query")                           \
    COMMAND(SEARCH, "search", "TEXT", "search in this conversation")                               \
    COMMAND(SEARCH_ALL, "search-all", "TEXT", "search in all conversations; also /lastlog")        \
    COMMAND(LIST, "list", "", "the conversations")                                                 \
    COMMAND(MORE, "more", "", "older messages")                                                    \
    COMMAND(LINKS, "links", "", "the links that are on the screen")                                \
    COMMAND(OPEN, "open", "NUMBER", "open one of these links")                                     \
    COMMAND(WHOIS, "whois", "NAME", "whether somebody is here, or since when not")                 \
    COMMAND(AWAY, "away", "", "be shown as away")                                                  \
    COMMAND(INVISIBLE, "invisible", "", "be shown as offline")                                     \
    COMMAND(BACK, "back", "", "be shown as you are")                                               \
    COMMAND(READ, "read", "", "mark this conversation read")                                       \
    COMMAND(UNREAD, "unread", "", "mark this conversation unread again, on this device")           \
    COMMAND(BLOCK, "block", "NAME", "take no more messages from somebody")                         \
    COMMAND(UNBLOCK, "unblock", "NAME", "take them again")                                         \
    COMMAND(AGAIN, "again", "", "send again what was refused here, marked !")                      \
    COMMAND(FORGET, "forget", "", "take away what was refused here")                               \
    COMMAND(RETRY, "retry", "", "try to connect now")                                              \
    COMMAND(HELP, "help", "", "all keys and commands")                                             \
    COMMAND(QUIT, "quit", "", "leave; also /exit")

struct command_info {
    const char *name;
    const char *rest;
    const char *does;
};

// NULL behind the last one.
const struct command_info *typed_command(size_t place);

void typed_send(struct ui *ui, const struct actor *actor, void *context);
// The rest of the word in front of the cursor, where only one thing can be meant: a command, or the
// name of a conversation. The newest conversation wins among several.
void typed_complete(struct ui *ui);
