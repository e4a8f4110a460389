// SPDX-License-Identifier: MIT
// What chat-tui --plain prints, in lines without any control sequence:
//
//   bob, 10:42: text              a message of the open conversation, further lines indented
//   [carl] carl, 10:43: text      one of another
//   -- words --                   from the program
//
// To standard output; nothing is flushed.

#pragma once

#include "link_list.h"
#include "model.h"
#include "search.h"
#include "shared/view.h"

void lines_words(const char *words);
// A text, or a change of one.
void lines_message(const struct model *model, const struct conversation *conversation,
        const struct message_view *message);
void lines_help(void);
void lines_conversations(const struct model *model);
void lines_links(const struct link_list *list);
void lines_found(const struct search *search);
