// SPDX-License-Identifier: MIT
#include "actions.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "overlay.h"
#include "scroll.h"
#include "selection.h"
#include "typed.h"

static bool insert(struct ui *ui, struct bytes text)
{
    return line_editor_insert(ui->editor, text) == ERR_OK;
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
        if (model_is_unread(conversation) && conversation != ui->model.open) {
            ui_open(ui, conversation);
            return;
        }
    }
    ui_say(ui, "nothing else is new");
}

// The key ends with the number.
static void nth(struct ui *ui, const char *key)
{
    char last = key[strlen(key) - 1];

    if (last >= '1' && last <= '9') {
        ui_open(ui, ui_nth(ui, (uint32_t)(last - '1')));
    }
}

// Escape, where nothing else is open: an edit is given up.
static void cancel(struct ui *ui)
{
    if (ui->editing_seq != 0) {
        ui->editing_seq = 0;
        (void)!line_editor_set(ui->editor, (struct bytes){ "", 0 });
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
        ui_go_to_end(ui);
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
    case ACTION_BACK:
        ui_open(ui, ui->before);
        return true;
    case ACTION_NEXT_UNREAD:
        next_unread(ui);
        return true;
    case ACTION_SWITCH:
        overlay_switch(ui);
        return true;
    case ACTION_SEARCH_HERE:
    case ACTION_SEARCH_ALL:
        (void)overlay_search(ui, action == ACTION_SEARCH_ALL);
        return true;
    case ACTION_LINKS:
        overlay_links(ui);
        return true;
    case ACTION_REDRAW:
        ui->wants_redraw = true;
        return true;
    case ACTION_HELP:
        overlay_help(ui);
        return true;
    default:
        return false;
    }
}

static void act(struct ui *ui, const struct actor *actor, void *context, enum action action)
{
    switch (action) {
    case ACTION_SEND:
        typed_send(ui, actor, context);
        return;
    case ACTION_NEWLINE:
        (void)!insert(ui, bytes_of("\n"));
        return;
    case ACTION_COMPLETE:
        typed_complete(ui);
        return;
    case ACTION_EDITOR:
        actor->edit(context);
        return;
    case ACTION_MARK_READ:
    case ACTION_MARK_UNREAD:
        actor->mark(context, action == ACTION_MARK_READ);
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

// What is typed is changed as in a shell.
static void edit(struct ui *ui, enum action action)
{
    static const enum line_editor_command commands[ACTION_COUNT] = {
        [ACTION_LEFT] = LINE_EDITOR_LEFT,
        [ACTION_RIGHT] = LINE_EDITOR_RIGHT,
        [ACTION_WORD_LEFT] = LINE_EDITOR_WORD_LEFT,
        [ACTION_WORD_RIGHT] = LINE_EDITOR_WORD_RIGHT,
        [ACTION_LINE_BEGIN] = LINE_EDITOR_LINE_BEGIN,
        [ACTION_LINE_END] = LINE_EDITOR_LINE_END,
        [ACTION_UP] = LINE_EDITOR_UP,
        [ACTION_DOWN] = LINE_EDITOR_DOWN,
        [ACTION_DELETE_LEFT] = LINE_EDITOR_DELETE_LEFT,
        [ACTION_DELETE_RIGHT] = LINE_EDITOR_DELETE_RIGHT,
        [ACTION_KILL_WORD_LEFT] = LINE_EDITOR_KILL_WORD_LEFT,
        [ACTION_KILL_WORD_RIGHT] = LINE_EDITOR_KILL_WORD_RIGHT,
        [ACTION_KILL_TO_SPACE] = LINE_EDITOR_KILL_TO_SPACE,
        [ACTION_KILL_TO_LINE_BEGIN] = LINE_EDITOR_KILL_TO_LINE_BEGIN,
        [ACTION_KILL_TO_LINE_END] = LINE_EDITOR_KILL_TO_LINE_END,
        [ACTION_YANK] = LINE_EDITOR_YANK,
        [ACTION_UNDO] = LINE_EDITOR_UNDO,
    };
    bool has_moved = line_editor_run(ui->editor, commands[action]);

    if (!has_moved && action == ACTION_UP) {
        line_editor_run(ui->editor, LINE_EDITOR_SENT_BEFORE);
    } else if (!has_moved && action == ACTION_DOWN) {
        line_editor_run(ui->editor, LINE_EDITOR_SENT_AFTER);
    }
}

static void run(struct ui *ui, const struct actor *actor, void *context, const char *key)
{
    bool is_typing = overlay_is_open(ui) || line_editor_text(ui->editor).size > 0;
    enum action action = keys_find(&ui->keys, key, is_typing);

    if (action == ACTION_QUIT) {
        actor->quit(context);
    } else if (overlay_is_open(ui)) {
        overlay_key(ui, actor, context, action);
    } else if (ui->mode == UI_SELECT) {
        selection_key(ui, action);
    } else if (action >= ACTION_LEFT) {
        edit(ui, action);
    } else if (action == ACTION_NTH) {
        nth(ui, key);
    } else if (!act_on_place(ui, action) && !act_on_screen(ui, action)) {
        act(ui, actor, context, action);
    }
}

// The key that is meant, with the one before it. True: another one has to follow.
static bool join_keys(struct ui *ui, const char *key, char joined[2 * KEY_NAME_BYTES])
{
    snprintf(joined, 2 * KEY_NAME_BYTES, "%s%s%s", ui->prefix, ui->prefix[0] != '\0' ? " " : "",
            key);
    bool is_more = keys_is_prefix(&ui->keys, joined) && strlen(joined) < KEY_NAME_BYTES;
    snprintf(ui->prefix, sizeof(ui->prefix), "%.15s", is_more ? joined : "");
    return is_more;
}

void action_key(struct ui *ui, const struct actor *actor, void *context, const char *key)
{
    char joined[2 * KEY_NAME_BYTES];

    if (!join_keys(ui, key, joined)) {
        run(ui, actor, context, joined);
    }
}

void action_text(struct ui *ui, const struct actor *actor, void *context, struct bytes text)
{
    if (ui->prefix[0] != '\0') {
        char key[KEY_NAME_BYTES];
        snprintf(key, sizeof(key), "%.*s", text.size < 8 ? (int)text.size : 8, text.data);
        action_key(ui, actor, context, key);
        return;
    }
    if (overlay_is_open(ui)) {
        overlay_text(ui, actor, context, text);
        return;
    }
    if (ui->mode == UI_SELECT) {
        selection_letter(ui, actor, context, text.size == 1 ? text.data : " ");
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

void action_click(struct ui *ui, uint32_t row)
{
    if (!overlay_is_open(ui)) {
        ui_open(ui, ui_nth(ui, row));
    }
}
