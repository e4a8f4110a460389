// SPDX-License-Identifier: MIT
#include "ui.h"

#include <stdio.h>
#include <string.h>

#include "chat-tui/fuzzy.h"
#include "shared/clock.h"

#define SAID_MS 8000

bool ui_init(struct ui *ui, const struct settings *settings)
{
    *ui = (struct ui){ .settings = settings, .search.due_ms = INT64_MAX };
    keys_init(&ui->keys);
    model_init(&ui->model);
    ui->editor = line_editor_create();
    return ui->editor != NULL;
}

void ui_finish(struct ui *ui)
{
    model_finish(&ui->model);
    line_editor_destroy(ui->editor);
    search_finish(&ui->search);
    buffer_finish(&ui->warning);
    link_list_clear(&ui->links);
}

void ui_say(struct ui *ui, const char *words)
{
    // What has to stay (a disk that is full) goes only for other words.
    if (words[0] != '\0' || ui->model.notice_until_ms != INT64_MAX) {
        model_notice(&ui->model, clock_monotonic_ms() + SAID_MS, "%s", words);
    }
}

static void keep_draft(struct ui *ui, struct conversation *conversation)
{
    struct bytes typed = line_editor_text(ui->editor);

    buffer_clear(&conversation->draft);
    buffer_add(&conversation->draft, typed.data, typed.size);
}

static void take_draft_up(struct ui *ui, const struct conversation *conversation)
{
    const struct buffer *draft = &conversation->draft;

    (void)!line_editor_set(ui->editor,
            (struct bytes){ draft->bytes > 0 ? draft->data : "", (uint32_t)draft->bytes });
}

void ui_open(struct ui *ui, struct conversation *conversation)
{
    struct conversation *before = ui->model.open;

    if (conversation == NULL || conversation == before) {
        return;
    }
    if (ui->editing_seq != 0) { // an edit is no draft: as Enter it would be another message
        (void)!line_editor_set(ui->editor, (struct bytes){ "", 0 });
    }
    if (before != NULL) {
        keep_draft(ui, before);
        before->has_marker = false;
        before->selected_seq = 0;
        ui->before = before;
    }
    ui->mode = UI_CHAT;
    ui->editing_seq = 0;
    conversation->has_marker = conversation->unread > 0;
    conversation->marker_seq = conversation->read_seq;
    conversation->is_marked_unread = false;
    conversation->jump_seq = 0;
    ui->model.open = conversation;
    ui_go_to_end(ui);
    take_draft_up(ui, conversation);
}

void ui_jump(struct ui *ui, struct bytes peer, uint64_t seq)
{
    struct conversation *conversation = model_get(&ui->model, peer);

    ui->mode = UI_CHAT;
    if (conversation == NULL) {
        return;
    }
    ui_open(ui, conversation);
    conversation->selected_seq = seq;
    ui->mode = UI_SELECT;
    if (timeline_find(&conversation->timeline, seq) == NULL) {
        conversation->jump_seq = seq;
        return;
    }
    ui->wants_selected = true;
}

void ui_go_to_end(struct ui *ui)
{
    struct conversation *open = ui->model.open;

    if (open == NULL) {
        return;
    }
    open->jump_seq = 0;
    open->place = (struct place){ .is_at_end = true };
    if (open->timeline.is_apart) { // the newest are read anew
        timeline_clear(&open->timeline);
    }
}

struct conversation *ui_nth(const struct ui *ui, uint32_t place)
{
    LIST_EACH(node, &ui->model.conversations) {
        if (place-- == 0) {
            return LIST_OF(node, struct conversation, of_model);
        }
    }
    return NULL;
}

uint32_t ui_matches(const struct ui *ui, struct conversation *matches[SWITCH_MATCHES_MAX])
{
    int scores[SWITCH_MATCHES_MAX];
    uint32_t count = 0;

    LIST_EACH(node, &ui->model.conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        int score = (int)fuzzy_score(pattern_bytes(&ui->pattern), name_bytes(&conversation->peer));
        if (score <= 0 && ui->pattern.bytes > 0) {
            continue;
        }
        uint32_t place = count < SWITCH_MATCHES_MAX ? count++ : SWITCH_MATCHES_MAX - 1;
        while (place > 0 && scores[place - 1] < score) {
            scores[place] = scores[place - 1];
            matches[place] = matches[place - 1];
            place--;
        }
        scores[place] = score;
        matches[place] = conversation;
    }
    return count;
}

int64_t ui_deadline_ms(const struct ui *ui, int64_t now_ms)
{
    const struct model *model = &ui->model;
    int64_t soonest_ms = INT64_MAX;

    if (model->notice[0] != '\0' && model->notice_until_ms < soonest_ms) {
        soonest_ms = model->notice_until_ms;
    }
    if (model_is_offline(model) && model->retry_at_ms > now_ms) {
        int64_t next_ms = model->retry_at_ms - (model->retry_at_ms - now_ms - 1) / 1000 * 1000;
        soonest_ms = next_ms < soonest_ms ? next_ms : soonest_ms;
    }
    if (model->open != NULL && model->open->typing_until_ms > now_ms &&
            model->open->typing_until_ms < soonest_ms) {
        soonest_ms = model->open->typing_until_ms;
    }
    if (ui->mode == UI_SEARCH && ui->search.is_looking) {
        soonest_ms = now_ms;
    } else if (ui->mode == UI_SEARCH && ui->search.due_ms < soonest_ms) {
        soonest_ms = ui->search.due_ms;
    }
    return soonest_ms;
}

bool ui_tick(struct ui *ui, int64_t now_ms)
{
    struct model *model = &ui->model;
    bool has_changed = false;

    if (model->notice[0] != '\0' && now_ms >= model->notice_until_ms) {
        model->notice[0] = '\0';
        has_changed = true;
    }
    if (model->open != NULL && model->open->typing_until_ms > 0 &&
            now_ms >= model->open->typing_until_ms) {
        model->open->typing_until_ms = 0;
        has_changed = true;
    }
    return has_changed || model_is_offline(model);
}
