// SPDX-License-Identifier: MIT
#include "selection.h"

#include <string.h>

#include "overlay.h"
#include "shared/err.h"

static const char selection_keys[] =
        "y copies, r quotes, o opens a link, e edits, d deletes; Escape leaves";

static bool insert(struct ui *ui, struct bytes text)
{
    return line_editor_insert(ui->editor, text) == ERR_OK;
}

static struct message *selected(const struct ui *ui)
{
    const struct conversation *open = ui->model.open;

    return open == NULL ? NULL : timeline_find(&open->timeline, open->selected_seq);
}

void selection_leave(struct ui *ui)
{
    if (ui->model.open != NULL) {
        ui->model.open->selected_seq = 0;
    }
    ui->mode = UI_CHAT;
    ui->is_delete_asked = false;
}

void selection_step(struct ui *ui, int by)
{
    struct conversation *open = ui->model.open;
    const struct message *now = selected(ui);

    if (open == NULL || open->timeline.count == 0) {
        return;
    }
    uint32_t last = open->timeline.count - 1;
    uint32_t place = now == NULL ? last : (uint32_t)(now - open->timeline.messages);
    if (now != NULL && by < 0 && place > 0) {
        place--;
    } else if (now != NULL && by > 0) {
        if (place == last) {
            selection_leave(ui);
            return;
        }
        place++;
    }
    open->selected_seq = open->timeline.messages[place].seq;
    ui->mode = UI_SELECT;
    ui->is_delete_asked = false;
    ui->wants_selected = true;
    ui_say(ui, selection_keys);
}

static void quote(struct ui *ui, const struct message *message)
{
    const char *text = message->text;

    while (*text != '\0') {
        uint32_t size = (uint32_t)strcspn(text, "\n");
        if (!insert(ui, bytes_of("> ")) || !insert(ui, (struct bytes){ text, size }) ||
                !insert(ui, bytes_of("\n"))) {
            return;
        }
        text += size + (text[size] == '\n');
    }
    selection_leave(ui);
}

static void begin_edit(struct ui *ui, const struct message *message)
{
    uint64_t seq = message->seq;

    if (line_editor_text(ui->editor).size > 0) {
        ui_say(ui, "first send or cut what is typed (C-u): the edit would take its place");
        return;
    }
    if (line_editor_set(ui->editor, (struct bytes){ message->text, message->bytes }) != ERR_OK) {
        ui_say(ui, "no memory");
        return;
    }
    selection_leave(ui);
    ui->editing_seq = seq;
    ui_say(ui, "Enter changes the message, Escape leaves it as it is");
}

static void delete_selected(struct ui *ui, const struct actor *actor, void *context,
        const struct message *message)
{
    if (!ui->is_delete_asked) {
        ui->is_delete_asked = true;
        ui_say(ui, "d again deletes it, for both of you");
        return;
    }
    (void)!actor->change(context, ui->model.open, message->seq, (struct bytes){ "", 0 });
    selection_leave(ui);
}

void selection_letter(struct ui *ui, const struct actor *actor, void *context, const char *typed)
{
    char letter = *typed;
    const struct message *message = selected(ui);

    ui->is_delete_asked = ui->is_delete_asked && letter == 'd'; // twice in a row
    if (message == NULL) {
        selection_leave(ui);
    } else if (message->is_deleted && (letter == 'y' || letter == 'r')) {
        ui_say(ui, "nothing is left of it");
    } else if (letter == 'y') {
        actor->copy(context, (struct bytes){ message->text, message->bytes });
        selection_leave(ui);
        ui_say(ui, "copied, where the terminal allows it");
    } else if (letter == 'o') {
        overlay_links(ui);
    } else if (letter == 'r') {
        quote(ui, message);
    } else if ((letter == 'e' || letter == 'd') && (!message->is_own || message->is_deleted)) {
        ui_say(ui, "only your own messages can be changed");
    } else if (letter == 'e') {
        begin_edit(ui, message);
    } else if (letter == 'd') {
        delete_selected(ui, actor, context, message);
    } else {
        ui_say(ui, selection_keys);
    }
}

void selection_key(struct ui *ui, enum action action)
{
    if (action == ACTION_SELECT_UP || action == ACTION_UP) {
        selection_step(ui, -1);
    } else if (action == ACTION_SELECT_DOWN || action == ACTION_DOWN) {
        selection_step(ui, 1);
    } else {
        selection_leave(ui);
    }
}
