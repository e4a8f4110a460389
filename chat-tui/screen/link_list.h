// SPDX-License-Identifier: MIT
// Links to choose from, by number: of the messages on the screen, or of one message. Copies, since
// a message may be changed meanwhile. Free of curses.
//
// Owner: the ui.

#pragma once

#include <stdint.h>

#include "model.h"
#include "shared/bytes.h"

#define LINKS_MAX 99
#define LINK_BYTES_MAX 2000

struct link_list {
    char *links[LINKS_MAX];
    uint32_t count;
    uint32_t choice;
    uint32_t typed; // the digits so far; 0: none
};

void link_list_clear(struct link_list *list);
// Its links behind those that are there; the same link has one number.
void link_list_add(struct link_list *list, const struct message *message);
// A digit: 0 none, else the number that is meant, when no longer one begins so.
uint32_t link_list_digit(struct link_list *list, unsigned digit);
