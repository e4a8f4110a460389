// SPDX-License-Identifier: MIT
#include "overlay.h"

#include "rows.h"
#include "shared/clock.h"

bool overlay_is_open(const struct ui *ui)
{
    return ui->mode == UI_HELP || ui->mode == UI_SWITCH || ui->mode == UI_SEARCH ||
            ui->mode == UI_LINKS || ui->mode == UI_WARNING;
}

// ---- they open

void overlay_help(struct ui *ui)
{
    ui->mode = UI_HELP;
    ui->help_row = 0;
}

void overlay_warn(struct ui *ui)
{
    ui->mode = UI_WARNING;
    ui->help_row = 0;
}

void overlay_switch(struct ui *ui)
{
    ui->mode = UI_SWITCH;
    pattern_clear(&ui->pattern);
    ui->switch_choice = 0;
}

bool overlay_search(struct ui *ui, bool is_everywhere)
{
    const struct conversation *open = ui->model.open;

    if (open == NULL && !is_everywhere) {
        ui_say(ui, "no conversation is open to search in: /msg NAME, or C-k");
        return false;
    }
    search_finish(&ui->search);
    if (!is_everywhere) {
        ui->search.peer = open->peer;
    }
    ui->mode = UI_SEARCH;
    return true;
}

static void add_links_on_screen(struct ui *ui)
{
    const struct conversation *open = ui->model.open;
    uint32_t place = rows_message_count(open), first = rows_place_of(open, ui->top.seq);

    if (!open->place.is_at_end && place > 0) {
        place = rows_place_of(open, open->place.seq) + 1;
    }
    while (place > first) {
        link_list_add(&ui->links, rows_message(open, --place));
    }
}

void overlay_links(struct ui *ui)
{
    const struct conversation *open = ui->model.open;
    const struct message *selected =
            ui->mode == UI_SELECT ? timeline_find(&open->timeline, open->selected_seq) : NULL;

    link_list_clear(&ui->links);
    if (selected != NULL) {
        link_list_add(&ui->links, selected);
    } else if (open != NULL && rows_message_count(open) > 0) {
        add_links_on_screen(ui);
    }
    if (ui->links.count == 0) {
        ui_say(ui, selected != NULL ? "no link is in this message" : "no link is on the screen");
        return;
    }
    ui->mode = UI_LINKS;
}

// ---- keys

// True: it is left.
static bool is_leaving(struct ui *ui, enum action action, enum action same)
{
    if (action != ACTION_CANCEL && action != same) {
        return false;
    }
    ui->mode = UI_CHAT;
    return true;
}

// By how many rows; 0: it is another key.
static int step_of(const struct ui *ui, enum action action)
{
    int page = ui->timeline_rows > 2 ? (int)ui->timeline_rows - 2 : 1;

    switch (action) {
    case ACTION_UP:
    case ACTION_PREVIOUS:
    case ACTION_LINE_UP:
    case ACTION_SELECT_UP:
        return -1;
    case ACTION_DOWN:
    case ACTION_NEXT:
    case ACTION_LINE_DOWN:
    case ACTION_SELECT_DOWN:
        return 1;
    case ACTION_PAGE_UP:
        return -page;
    case ACTION_PAGE_DOWN:
        return page;
    default:
        return 0;
    }
}

// Of what is read from above: help, where any other key leaves, and a warning.
static void reader_key(struct ui *ui, enum action action)
{
    int step = step_of(ui, action);

    if (step == 0 && ui->mode == UI_HELP) {
        ui->mode = UI_CHAT;
    } else if (!is_leaving(ui, action, ACTION_NONE)) {
        int64_t row = (int64_t)ui->help_row + step;
        ui->help_row = (uint32_t)(row < 0 ? 0 : row); // the view knows the end
    }
}

static void switch_key(struct ui *ui, enum action action)
{
    struct conversation *matches[SWITCH_MATCHES_MAX];
    uint32_t count = ui_matches(ui, matches);
    // The key that opened it goes on to the next one.
    int64_t choice = (int64_t)ui->switch_choice +
            (action == ACTION_SWITCH || action == ACTION_KILL_TO_LINE_END ? 1
                                                                          : step_of(ui, action));

    if (action == ACTION_SEND) {
        ui->mode = UI_CHAT;
        ui_open(ui, ui->switch_choice < count ? matches[ui->switch_choice] : NULL);
    } else if (action == ACTION_DELETE_LEFT) {
        pattern_shorten(&ui->pattern);
        ui->switch_choice = 0;
    } else if (!is_leaving(ui, action, ACTION_NONE)) {
        choice = choice >= count ? (int64_t)count - 1 : choice;
        ui->switch_choice = (uint32_t)(choice < 0 ? 0 : choice);
    }
}

static void search_key(struct ui *ui, enum action action)
{
    struct search *search = &ui->search;

    if (action == ACTION_SEND) {
        if (search->choice < search->count) {
            const struct found *found = &search->found[search->choice];
            ui_jump(ui, name_bytes(&found->peer), found->seq);
        }
    } else if (action == ACTION_DELETE_LEFT || action == ACTION_KILL_TO_LINE_BEGIN) {
        bool has_changed = pattern_shorten(&search->pattern);
        while (action == ACTION_KILL_TO_LINE_BEGIN && pattern_shorten(&search->pattern)) {
        }
        if (has_changed) {
            search_changed(search, clock_monotonic_ms());
        }
    } else if (!is_leaving(ui, action, ACTION_NONE)) {
        search_move(search, step_of(ui, action));
    }
}

static void links_key(struct ui *ui, const struct actor *actor, void *context, enum action action)
{
    struct link_list *list = &ui->links;
    int64_t choice = (int64_t)list->choice + step_of(ui, action);

    list->typed = 0;
    if (action == ACTION_SEND) {
        ui->mode = UI_CHAT;
        actor->open_link(context, list->links[list->choice]);
    } else if (!is_leaving(ui, action, ACTION_LINKS)) {
        choice = choice >= list->count ? (int64_t)list->count - 1 : choice;
        list->choice = (uint32_t)(choice < 0 ? 0 : choice);
    }
}

void overlay_key(struct ui *ui, const struct actor *actor, void *context, enum action action)
{
    switch (ui->mode) {
    case UI_HELP:
    case UI_WARNING:
        reader_key(ui, action);
        return;
    case UI_SWITCH:
        switch_key(ui, action);
        return;
    case UI_SEARCH:
        search_key(ui, action);
        return;
    case UI_LINKS:
        links_key(ui, actor, context, action);
        return;
    case UI_CHAT:
    case UI_SELECT:
        return;
    }
}

static void links_letter(struct ui *ui, const struct actor *actor, void *context, const char *typed)
{
    char letter = *typed;
    struct link_list *list = &ui->links;

    if (letter == 'y') {
        ui->mode = UI_CHAT;
        actor->copy(context, bytes_of(list->links[list->choice]));
        ui_say(ui, "the link is copied, where the terminal allows it");
    } else if (letter >= '0' && letter <= '9') {
        uint32_t number = link_list_digit(list, (unsigned)(letter - '0'));
        if (number > 0) {
            ui->mode = UI_CHAT;
            actor->open_link(context, list->links[number - 1]);
        }
    }
}

void overlay_text(struct ui *ui, const struct actor *actor, void *context, struct bytes text)
{
    if (ui->mode == UI_HELP) {
        ui->mode = UI_CHAT;
    } else if (ui->mode == UI_LINKS) {
        links_letter(ui, actor, context, text.size == 1 ? text.data : " ");
    } else if (ui->mode == UI_SWITCH && pattern_add(&ui->pattern, text)) {
        ui->switch_choice = 0;
    } else if (ui->mode == UI_SEARCH && pattern_add(&ui->search.pattern, text)) {
        search_changed(&ui->search, clock_monotonic_ms());
    }
}
