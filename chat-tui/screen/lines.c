// SPDX-License-Identifier: MIT
#include "lines.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/cli/text.h"
#include "typed.h"
#include "when.h"

static void write_line(struct buffer *line)
{
    buffer_add_byte(line, '\n');
    fwrite(line->data, 1, line->bytes, stdout);
    buffer_finish(line);
}

void lines_words(const char *words)
{
    struct buffer line = { 0 };

    buffer_add_literal(&line, "-- ");
    text_add_safely(&line, bytes_of(words));
    buffer_add_literal(&line, " --");
    write_line(&line);
}

void lines_message(const struct model *model, const struct conversation *conversation,
        const struct message_view *message)
{
    static const char *const did[] = {
        [MESSAGE_TEXT] = "",
        [MESSAGE_EDIT] = " changed it to",
        [MESSAGE_DELETE] = " deleted a message",
    };
    bool is_own = bytes_equal(message->from, name_bytes(&model->user));
    struct buffer line = { 0 };

    if (conversation != model->open) {
        buffer_print(&line, "[%s] ", conversation->peer.text);
    }
    buffer_print(&line, "%s, %s%s", is_own ? "you" : conversation->peer.text,
            when_clock((int64_t)message->ts).text, did[message->kind]);
    if (message->kind != MESSAGE_DELETE) {
        buffer_add_literal(&line, ": ");
        text_add_lines(&line, message->is_deleted ? bytes_of("(deleted)") : message->text, "    ");
    }
    write_line(&line);
}

void lines_help(void)
{
    lines_words("A line is sent to whom you talk with; one that ends with \\ goes on in the next.");
    for (size_t i = 0; typed_command(i) != NULL; i++) {
        const struct command_info *command = typed_command(i);
        printf("/%s%s%s: %s\n", command->name, command->rest[0] != '\0' ? " " : "", command->rest,
                command->does);
    }
}

void lines_conversations(const struct model *model)
{
    LIST_EACH(node, &model->conversations) {
        const struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        const char *presence = model_presence_word(conversation->presence);
        printf("%s%s%s", conversation->peer.text, presence[0] != '\0' ? ", " : "", presence);
        if (conversation->unread > 0) {
            printf(", %" PRIu64 " new", conversation->unread);
        }
        printf("%s\n", conversation == model->open ? ", open" : "");
    }
    if (list_is_empty(&model->conversations)) {
        lines_words("no conversation yet: /msg NAME begins one");
    }
}

void lines_links(const struct link_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        printf("%" PRIu32 ": %s\n", i + 1, list->links[i]);
    }
}

// Oldest first, so that the newest stands where the reading goes on.
void lines_found(const struct search *search)
{
    for (uint32_t i = search->count; i > 0; i--) {
        const struct found *found = &search->found[i - 1];
        struct buffer line = { 0 };
        buffer_print(&line, "[%s] %s, %s: ", found->peer.text,
                found->is_own ? "you" : found->peer.text, when_minute(found->ts).text);
        text_add_safely(&line, (struct bytes){ found->text, found->bytes });
        write_line(&line);
    }
    printf("-- %" PRIu32 " found%s --\n", search->count,
            search->is_cut_off ? "; offline: only what is kept here was searched" : "");
}
