// SPDX-License-Identifier: MIT
#include "actions.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "scroll.h"
#include "selection.h"

static bool insert(struct ui *ui, struct bytes text)
{
    return line_editor_insert(ui->editor, text) == ERR_OK;
}

// It was used: it can be had again with Up.
static void take_typed(struct ui *ui)
{
    struct buffer taken = { 0 };

    if (line_editor_take(ui->editor, &taken) != ERR_OK) {
        (void)!line_editor_set(ui->editor, (struct bytes){ "", 0 });
    }
    buffer_finish(&taken);
}

// ---- commands that are typed

static void run_msg(struct ui *ui, const struct actor *actor, void *context, char *rest)
{
    char *text = strchr(rest, ' ');

    if (text != NULL) {
        *text++ = '\0';
    }
    struct conversation *conversation = model_get(&ui->model, bytes_of(rest));
    if (conversation == NULL) {
        ui_say(ui, "/msg NAME [TEXT]: a name has letters, digits, '.', '_' and '-'");
        return;
    }
    ui_open(ui, conversation);
    if (text != NULL && *text != '\0') {
        (void)!actor->send(context, conversation, bytes_of(text));
    }
}

static void run_command(struct ui *ui, const struct actor *actor, void *context, char *line)
{
    if (strncmp(line, "/msg ", 5) == 0) {
        run_msg(ui, actor, context, line + 5);
    } else if (strcmp(line, "/quit") == 0) {
        actor->quit(context);
    } else if (strcmp(line, "/help") == 0) {
        ui->mode = UI_HELP;
    } else {
        ui_say(ui, "there is no such command: /msg NAME, /help, /quit");
    }
}

static void send_typed(struct ui *ui, const struct actor *actor, void *context)
{
    struct conversation *open = ui->model.open;
    struct bytes typed = line_editor_text(ui->editor);

    if (typed.size == 0) {
        return;
    }
    // "//" is a text that begins with a slash.
    bool is_command = ui->editing_seq == 0 && typed.data[0] == '/' &&
            !(typed.size > 1 && typed.data[1] == '/');
    if (!is_command && open == NULL) {
        ui_say(ui, "no conversation is open: /msg NAME, or C-k");
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
        take_typed(ui); // first: it may open a conversation with a draft of its own
        run_command(ui, actor, context, line.data);
    } else if (ui->editing_seq != 0) {
        if (actor->change(context, open, ui->editing_seq, (struct bytes){ line.data, size })) {
            take_typed(ui);
            ui->editing_seq = 0;
        }
    } else if (actor->send(context, open, (struct bytes){ line.data + skip, size - skip })) {
        take_typed(ui);
        open->place = (struct place){ .is_at_end = true };
    }
    buffer_finish(&line);
}

// The rest of the word in front of the cursor, where only one thing can be meant: a command, or
// behind /msg the name of a conversation. The newest conversation wins among several.
static void complete(struct ui *ui)
{
    static const char *const commands[] = { "/msg ", "/help", "/quit" };
    struct bytes typed = line_editor_text(ui->editor);
    bool is_name = typed.size >= 5 && memcmp(typed.data, "/msg ", 5) == 0;
    struct bytes rest = { typed.data + (is_name ? 5 : 0), typed.size - (is_name ? 5 : 0) };

    if (typed.size == 0 || line_editor_cursor(ui->editor) != typed.size) {
        return;
    }
    for (size_t i = 0; !is_name && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strlen(commands[i]) > rest.size && memcmp(commands[i], rest.data, rest.size) == 0) {
            (void)!insert(ui, bytes_of(commands[i] + rest.size));
            return;
        }
    }
    LIST_EACH(node, &ui->model.conversations) {
        struct bytes name = name_bytes(&LIST_OF(node, struct conversation, of_model)->peer);
        if (is_name && name.size > rest.size &&
                (rest.size == 0 || memcmp(name.data, rest.data, rest.size) == 0)) {
            struct bytes more = { name.data + rest.size, name.size - rest.size };
            (void)!insert(ui, more);
            return;
        }
    }
}

// ---- moving about

static void step(struct ui *ui, int by)
{
    struct list *head = &ui->model.conversations;
    struct list *node = ui->model.open == NULL ? head : &ui->model.open->of_model;

    node = by > 0 ? node->next : node->previous;
    if (node == head) {
        node = by > 0 ? node->next : node->previous;
    }
    if (node != head) {
        ui_open(ui, LIST_OF(node, struct conversation, of_model));
    }
}

static void next_unread(struct ui *ui)
{
    LIST_EACH(node, &ui->model.conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        if (conversation->unread > 0 && conversation != ui->model.open) {
            ui_open(ui, conversation);
            return;
        }
    }
    ui_say(ui, "nothing else is new");
}

// Escape, where nothing else is open: an edit is given up.
static void cancel(struct ui *ui)
{
    if (ui->editing_seq != 0) {
        ui->editing_seq = 0;
        (void)!line_editor_set(ui->editor, (struct bytes){ "", 0 });
    }
}

// ---- the modes

static void begin_switch(struct ui *ui)
{
    ui->mode = UI_SWITCH;
    ui->pattern[0] = '\0';
    ui->switch_choice = 0;
}

static void end_switch(struct ui *ui)
{
    struct conversation *matches[SWITCH_MATCHES_MAX];
    uint32_t count = ui_matches(ui, matches);

    ui->mode = UI_CHAT;
    if (ui->switch_choice < count) {
        ui_open(ui, matches[ui->switch_choice]);
    }
}

static void switch_key(struct ui *ui, const char *key, enum action action)
{
    size_t length = strlen(ui->pattern);

    if (action == ACTION_CANCEL) {
        ui->mode = UI_CHAT;
    } else if (action == ACTION_SEND) {
        end_switch(ui);
    } else if (strcmp(key, "Backspace") == 0 && length > 0) {
        ui->pattern[length - 1] = '\0'; // names are ASCII
    } else if (strcmp(key, "Down") == 0 || action == ACTION_SWITCH || action == ACTION_NEXT) {
        ui->switch_choice++;
    } else if ((strcmp(key, "Up") == 0 || action == ACTION_PREVIOUS) && ui->switch_choice > 0) {
        ui->switch_choice--;
    }
}

static void help_key(struct ui *ui, const char *key, enum action action)
{
    if (action == ACTION_PAGE_DOWN || strcmp(key, "Down") == 0) {
        ui->help_row += action == ACTION_PAGE_DOWN ? ui->timeline_rows : 1;
    } else if (action == ACTION_PAGE_UP || strcmp(key, "Up") == 0) {
        uint32_t rows = action == ACTION_PAGE_UP ? ui->timeline_rows : 1;
        ui->help_row = ui->help_row > rows ? ui->help_row - rows : 0;
    } else {
        ui->mode = UI_CHAT;
    }
}

// Moving within the open conversation. False: the action is another one.
static bool act_on_place(struct ui *ui, enum action action)
{
    int page = ui->timeline_rows > 2 ? (int)ui->timeline_rows - 2 : 1;

    switch (action) {
    case ACTION_PAGE_UP:
        scroll_by(ui, page);
        return true;
    case ACTION_PAGE_DOWN:
        scroll_by(ui, -page);
        return true;
    case ACTION_LINE_UP:
        scroll_by(ui, 1);
        return true;
    case ACTION_LINE_DOWN:
        scroll_by(ui, -1);
        return true;
    case ACTION_TO_END:
        if (ui->model.open != NULL) {
            ui->model.open->place = (struct place){ .is_at_end = true };
        }
        return true;
    case ACTION_TO_START:
        scroll_to_start(ui);
        return true;
    case ACTION_FIRST_UNREAD:
        if (!scroll_to_first_unread(ui)) {
            ui_say(ui, "nothing is new here");
        }
        return true;
    case ACTION_SELECT_UP:
        selection_step(ui, -1);
        return true;
    case ACTION_SELECT_DOWN:
        selection_step(ui, 1);
        return true;
    default:
        return false;
    }
}

// To another conversation, or to what is on top. False: the action is another one.
static bool act_on_screen(struct ui *ui, enum action action)
{
    switch (action) {
    case ACTION_NEXT:
        step(ui, 1);
        return true;
    case ACTION_PREVIOUS:
        step(ui, -1);
        return true;
    case ACTION_NEXT_UNREAD:
        next_unread(ui);
        return true;
    case ACTION_SWITCH:
        begin_switch(ui);
        return true;
    case ACTION_REDRAW:
        ui->wants_redraw = true;
        return true;
    case ACTION_HELP:
        ui->mode = UI_HELP;
        ui->help_row = 0;
        return true;
    default:
        return false;
    }
}

static void act(struct ui *ui, const struct actor *actor, void *context, enum action action)
{
    if (act_on_place(ui, action) || act_on_screen(ui, action)) {
        return;
    }
    switch (action) {
    case ACTION_SEND:
        send_typed(ui, actor, context);
        return;
    case ACTION_NEWLINE:
        (void)!insert(ui, bytes_of("\n"));
        return;
    case ACTION_COMPLETE:
        complete(ui);
        return;
    case ACTION_CANCEL:
        cancel(ui);
        return;
    case ACTION_RETRY:
        actor->retry(context);
        return;
    default:
        return;
    }
}

// Keys of the line: those of a shell.
static void edit_key(struct ui *ui, const char *key)
{
    static const struct {
        const char *key;
        enum line_editor_command command;
    } keys[] = {
        { "Left", LINE_EDITOR_LEFT },
        { "C-b", LINE_EDITOR_LEFT },
        { "Right", LINE_EDITOR_RIGHT },
        { "C-f", LINE_EDITOR_RIGHT },
        { "M-b", LINE_EDITOR_WORD_LEFT },
        { "M-f", LINE_EDITOR_WORD_RIGHT },
        { "C-a", LINE_EDITOR_LINE_BEGIN },
        { "Home", LINE_EDITOR_LINE_BEGIN },
        { "C-e", LINE_EDITOR_LINE_END },
        { "End", LINE_EDITOR_LINE_END },
        { "Up", LINE_EDITOR_UP },
        { "Down", LINE_EDITOR_DOWN },
        { "Backspace", LINE_EDITOR_DELETE_LEFT },
        { "C-d", LINE_EDITOR_DELETE_RIGHT },
        { "Delete", LINE_EDITOR_DELETE_RIGHT },
        { "M-Backspace", LINE_EDITOR_KILL_WORD_LEFT },
        { "M-d", LINE_EDITOR_KILL_WORD_RIGHT },
        { "C-w", LINE_EDITOR_KILL_TO_SPACE },
        { "C-u", LINE_EDITOR_KILL_TO_LINE_BEGIN },
        { "C-k", LINE_EDITOR_KILL_TO_LINE_END },
        { "C-y", LINE_EDITOR_YANK },
        { "C-_", LINE_EDITOR_UNDO },
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, key) != 0) {
            continue;
        }
        bool has_moved = line_editor_run(ui->editor, keys[i].command);
        if (!has_moved && keys[i].command == LINE_EDITOR_UP) {
            line_editor_run(ui->editor, LINE_EDITOR_SENT_BEFORE);
        } else if (!has_moved && keys[i].command == LINE_EDITOR_DOWN) {
            line_editor_run(ui->editor, LINE_EDITOR_SENT_AFTER);
        }
        return;
    }
}

void action_key(struct ui *ui, const struct actor *actor, void *context, const char *key)
{
    enum action action = keys_find(key);

    // As in a shell, C-k cuts what is typed; with nothing to cut it goes elsewhere.
    if (action == ACTION_SWITCH && strcmp(key, "C-k") == 0 && ui->mode == UI_CHAT &&
            line_editor_text(ui->editor).size > 0) {
        action = ACTION_NONE;
    }
    if (action == ACTION_QUIT) {
        actor->quit(context);
    } else if (ui->mode == UI_HELP) {
        help_key(ui, key, action);
    } else if (ui->mode == UI_SWITCH) {
        switch_key(ui, key, action);
    } else if (ui->mode == UI_SELECT) {
        selection_key(ui, key, action);
    } else if (action != ACTION_NONE) {
        act(ui, actor, context, action);
    } else {
        edit_key(ui, key);
    }
}

void action_text(struct ui *ui, const struct actor *actor, void *context, struct bytes text)
{
    size_t length = strlen(ui->pattern);

    if (ui->mode == UI_HELP) {
        ui->mode = UI_CHAT;
        return;
    }
    if (ui->mode == UI_SELECT) {
        selection_letter(ui, actor, context, text.size == 1 ? text.data : " ");
        return;
    }
    if (ui->mode == UI_SWITCH) {
        if (length + text.size < SWITCH_BYTES) {
            memcpy(ui->pattern + length, text.data, text.size);
            ui->pattern[length + text.size] = '\0';
            ui->switch_choice = 0;
        }
        return;
    }
    if (!insert(ui, text)) {
        ui_say(ui, "a message has at most 16,384 bytes");
        return;
    }
    if (ui->model.open != NULL) {
        actor->typed(context, ui->model.open);
    }
}
