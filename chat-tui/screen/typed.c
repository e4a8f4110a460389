// SPDX-License-Identifier: MIT
#include "typed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hints.h"
#include "overlay.h"
#include "shared/clock.h"

enum command {
#define COMMAND(identifier, name, rest, does) COMMAND_##identifier,
    COMMAND_TABLE(COMMAND)
#undef COMMAND
            COMMAND_COUNT
};

static const struct command_info commands[] = {
#define COMMAND(identifier, name, rest, does) { name, rest, does },
    COMMAND_TABLE(COMMAND)
#undef COMMAND
};

// What people are used to type elsewhere.
static const struct {
    const char *name;
    enum command command;
} aliases[] = {
    { "query", COMMAND_MSG },
    { "q", COMMAND_MSG },
    { "m", COMMAND_MSG },
    { "lastlog", COMMAND_SEARCH_ALL },
    { "exit", COMMAND_QUIT },
};

const struct command_info *typed_command(size_t place)
{
    return place < COMMAND_COUNT ? &commands[place] : NULL;
}

static enum command find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return (enum command)i;
        }
    }
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strcmp(aliases[i].name, name) == 0) {
            return aliases[i].command;
        }
    }
    return COMMAND_COUNT;
}

static void run_msg(struct ui *ui, const struct actor *actor, void *context, char *rest)
{
    char *text = strchr(rest, ' ');

    if (text != NULL) {
        *text++ = '\0';
    }
    if (bytes_equal(bytes_of(rest), name_bytes(&ui->model.user))) {
        ui_say(ui, "that is you");
        return;
    }
    struct conversation *conversation = model_get(&ui->model, bytes_of(rest));
    if (conversation == NULL) {
        ui_say(ui, "/msg NAME [TEXT]: a name has small letters, digits, '.', '_' and '-'");
        return;
    }
    ui_open(ui, conversation);
    if (text != NULL && *text != '\0') {
        (void)!actor->send(context, conversation, bytes_of(text));
    }
}

static void run_search(struct ui *ui, bool is_everywhere, const char *words)
{
    if (overlay_search(ui, is_everywhere) && pattern_add(&ui->search.pattern, bytes_of(words))) {
        search_changed(&ui->search, clock_monotonic_ms());
    }
}

static void about_somebody(struct ui *ui, const struct actor *actor, void *context,
        enum command command, const char *name)
{
    if (!name_is_valid(bytes_of(name))) {
        ui_say(ui, "whom? a name has small letters, digits, '.', '_' and '-'");
    } else if (command == COMMAND_WHOIS) {
        actor->whois(context, name);
    } else {
        actor->block(context, name, command == COMMAND_BLOCK);
    }
}

// Of the links on the screen, as /links numbers them.
static void open_numbered(struct ui *ui, const struct actor *actor, void *context,
        const char *number)
{
    char *end;
    unsigned long chosen = strtoul(number, &end, 10);

    overlay_links(ui);
    bool has_links = ui->mode == UI_LINKS;
    ui->mode = UI_CHAT;
    if (has_links && end != number && *end == '\0' && chosen >= 1 && chosen <= ui->links.count) {
        actor->open_link(context, ui->links.links[chosen - 1]);
    } else if (has_links) {
        ui_say(ui, "/open NUMBER: /links shows them");
    }
}

static void say_unknown(struct ui *ui, const char *name)
{
    const char *hint = hint_for(name);
    char words[100];

    snprintf(words, sizeof(words), "no such command: /%.20s (/help lists them)", name);
    ui_say(ui, hint != NULL ? hint : words);
}

// What was refused here goes the same way once more; what is on its way stays.
static void run_again(struct ui *ui, const struct actor *actor, void *context, bool is_again)
{
    struct conversation *open = ui->model.open;
    uint32_t place = 0, count = open == NULL ? 0 : open->pending.count;

    for (uint32_t seen = 0; seen < count; seen++) {
        struct message *message = &open->pending.messages[place];
        if (!message->is_failed) {
            place++;
            continue;
        }
        struct buffer text = { 0 };
        buffer_add(&text, message->text, message->bytes);
        bool is_done = !is_again ||
                (buffer_is_whole(&text) &&
                        actor->send(context, open,
                                (struct bytes){ text.data, (uint32_t)text.bytes }));
        buffer_finish(&text);
        if (!is_done) {
            return; // why was said
        }
        model_dismiss(open, &open->pending.messages[place]);
    }
}

static void run_command(struct ui *ui, const struct actor *actor, void *context, char *line)
{
    char *rest = strchr(line, ' ');

    if (rest != NULL) {
        *rest++ = '\0';
        rest += strspn(rest, " ");
    }
    rest = rest == NULL ? line + strlen(line) : rest;
    enum command command = find_command(line + 1);
    switch (command) {
    case COMMAND_MSG:
        run_msg(ui, actor, context, rest);
        return;
    case COMMAND_SEARCH:
    case COMMAND_SEARCH_ALL:
        run_search(ui, command == COMMAND_SEARCH_ALL, rest);
        return;
    case COMMAND_LIST:
        overlay_switch(ui);
        return;
    case COMMAND_MORE:
        actor->more(context);
        return;
    case COMMAND_LINKS:
        overlay_links(ui);
        return;
    case COMMAND_OPEN:
        open_numbered(ui, actor, context, rest);
        return;
    case COMMAND_WHOIS:
    case COMMAND_BLOCK:
    case COMMAND_UNBLOCK:
        about_somebody(ui, actor, context, command, rest);
        return;
    case COMMAND_AWAY:
        actor->be(context, "away");
        return;
    case COMMAND_INVISIBLE:
        actor->be(context, "invisible");
        return;
    case COMMAND_BACK:
        actor->be(context, "online");
        return;
    case COMMAND_READ:
        actor->mark(context, true);
        return;
    case COMMAND_UNREAD:
        actor->mark(context, false);
        return;
    case COMMAND_AGAIN:
    case COMMAND_FORGET:
        run_again(ui, actor, context, command == COMMAND_AGAIN);
        return;
    case COMMAND_RETRY:
        actor->retry(context);
        return;
    case COMMAND_HELP:
        overlay_help(ui);
        return;
    case COMMAND_QUIT:
        actor->quit(context);
        return;
    case COMMAND_COUNT:
        break;
    }
    say_unknown(ui, line + 1);
}

// It was used: it can be had again with Up.
static void take(struct ui *ui)
{
    struct buffer taken = { 0 };

    if (line_editor_take(ui->editor, &taken) != ERR_OK) {
        (void)!line_editor_set(ui->editor, (struct bytes){ "", 0 });
    }
    buffer_finish(&taken);
}

void typed_send(struct ui *ui, const struct actor *actor, void *context)
{
    struct conversation *open = ui->model.open;
    struct bytes typed = line_editor_text(ui->editor);

    if (typed.size == 0) {
        return;
    }
    // "//" is a text that begins with a slash.
    bool is_command = ui->editing_seq == 0 && typed.data[0] == '/' &&
            !(typed.size > 1 && typed.data[1] == '/');
    ui_say(ui, ""); // what the last line was answered
    if (!is_command && open == NULL) {
        take(ui); // so that /msg can be typed
        ui_say(ui, "to whom? /msg NAME, then Up brings this text back");
        return;
    }
    struct buffer line = { 0 };
    buffer_add(&line, typed.data, typed.size);
    buffer_add_byte(&line, '\0');
    if (!buffer_is_whole(&line)) {
        ui_say(ui, "no memory");
        return;
    }
    uint32_t size = typed.size, skip = line.data[0] == '/';
    if (is_command) {
        take(ui); // first: it may open a conversation with a draft of its own
        run_command(ui, actor, context, line.data);
    } else if (ui->editing_seq != 0) {
        if (actor->change(context, open, ui->editing_seq, (struct bytes){ line.data, size })) {
            take(ui);
            ui->editing_seq = 0;
        }
    } else if (actor->send(context, open, (struct bytes){ line.data + skip, size - skip })) {
        take(ui);
        ui_go_to_end(ui);
    }
    buffer_finish(&line);
}

static void insert(struct ui *ui, const char *text, bool has_space)
{
    if (line_editor_insert(ui->editor, bytes_of(text)) == ERR_OK && has_space) {
        (void)!line_editor_insert(ui->editor, bytes_of(" "));
    }
}

static void complete_name(struct ui *ui, struct bytes begun)
{
    LIST_EACH(node, &ui->model.conversations) {
        const struct name *peer = &LIST_OF(node, struct conversation, of_model)->peer;
        if (peer->size > begun.size && memcmp(peer->text, begun.data, begun.size) == 0) {
            insert(ui, peer->text + begun.size, true);
            return;
        }
    }
}

void typed_complete(struct ui *ui)
{
    struct bytes typed = line_editor_text(ui->editor);
    const char *space = typed.size == 0 ? NULL : memchr(typed.data, ' ', typed.size);

    if (typed.size == 0 || typed.data[0] != '/' || line_editor_cursor(ui->editor) != typed.size) {
        return;
    }
    struct bytes begun = { typed.data + 1, typed.size - 1 };
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command_info *command = &commands[i];
        size_t length = strlen(command->name);
        if (space == NULL && length >= begun.size &&
                memcmp(command->name, begun.data, begun.size) == 0) {
            insert(ui, command->name + begun.size, command->rest[0] != '\0');
            return;
        }
    }
    if (space != NULL) {
        uint32_t behind = (uint32_t)(space - typed.data) + 1;
        complete_name(ui, (struct bytes){ typed.data + behind, typed.size - behind });
    }
}
