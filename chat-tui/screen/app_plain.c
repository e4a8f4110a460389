// SPDX-License-Identifier: MIT
// The face of the program in lines that are only added to, for screen readers, for terminals that
// can't be drawn on, and for paper. What is typed is a line of the terminal's own: a message, or a
// command. lines.h has how everything looks; here is when it is printed.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "app_state.h"
#include "lines.h"
#include "rows.h"
#include "shared/clock.h"
#include "typed.h"
#include "update.h"

#define FIRST_MESSAGES 10 // that are printed of a conversation that is opened
#define NEW_MESSAGES 50   // at most, where more than that are new
#define MORE_MESSAGES 20
#define TEXT_CELLS 80
#define LATE_MS 3000 // then it is said that a message is not stored yet

// What was said, so that each thing is said once.
static struct {
    struct buffer line; // typed, not ended yet
    const struct conversation *open;
    char transport[8];
    char notice[NOTICE_BYTES];
    uint32_t more; // older messages that are asked for
    bool is_late_said;
    bool is_news_said;
} said;

// ---- messages

static void hear(struct app *app, const struct message_view *message, bool is_beyond)
{
    struct conversation *conversation = model_find(model_of(app), message->peer);

    // What came while nobody was here is told by its number, and printed when it is opened; what
    // was printed before a break is no news.
    if (conversation == NULL || !is_beyond || message->seq <= conversation->printed_seq) {
        return;
    }
    if (conversation == app->ui.model.open && conversation->printed_from == 0) {
        return; // its newest are about to be printed
    }
    lines_message(model_of(app), conversation, message);
    conversation->printed_seq = message->seq;
}

static void print_place(const struct app *app, const struct conversation *conversation,
        uint32_t place)
{
    const struct message *message = &conversation->timeline.messages[place];
    const struct message_view view = { .seq = message->seq,
        .ts = (uint64_t)message->ts,
        .from = name_bytes(message->is_own ? &app->ui.model.user : &conversation->peer),
        .text = { message->text, message->bytes },
        .is_deleted = message->is_deleted };

    lines_message(&app->ui.model, conversation, &view);
}

// Of the open conversation, once its messages are here.
static void print_newest(struct app *app, struct conversation *open)
{
    const struct timeline *timeline = &open->timeline;

    if (open->printed_from != 0 || timeline->last_seq == 0 || timeline->is_stale) {
        return;
    }
    uint32_t wanted = FIRST_MESSAGES;
    if (open->unread > FIRST_MESSAGES) {
        wanted = open->unread < NEW_MESSAGES ? (uint32_t)open->unread : NEW_MESSAGES;
    }
    if (timeline->count < wanted && timeline->first_seq > 1 && client_is_up(app->client)) {
        app->ui.wants_older = true; // they are printed when they are here
        return;
    }
    uint32_t first = timeline->count > wanted ? timeline->count - wanted : 0;
    for (uint32_t place = first; place < timeline->count; place++) {
        print_place(app, open, place);
    }
    open->printed_from = first < timeline->count ? timeline->messages[first].seq : 1;
    open->printed_seq = timeline->last_seq;
}

static void print_older(struct app *app, struct conversation *open)
{
    const struct timeline *timeline = &open->timeline;
    uint32_t count = 0;

    if (said.more == 0 || open->printed_from == 0 || timeline->is_loading) {
        return;
    }
    while (count < timeline->count && timeline->messages[count].seq < open->printed_from) {
        count++;
    }
    if (count < said.more && timeline->first_seq > 1 && client_is_up(app->client)) {
        app->ui.wants_older = true; // it is printed when it is here
        return;
    }
    if (count < said.more && timeline->first_seq == 1) {
        lines_words("start of the conversation");
    } else if (count == 0) {
        lines_words("offline: older messages are not kept here");
    }
    uint32_t first = count > said.more ? count - said.more : 0;
    for (uint32_t place = first; place < count; place++) {
        print_place(app, open, place);
    }
    if (count > 0) {
        open->printed_from = timeline->messages[first].seq;
        lines_words("up to here: older ones");
    }
    said.more = 0;
}

static void more(struct app *app)
{
    if (model_of(app)->open == NULL) {
        lines_words("no conversation is open: /msg NAME");
        return;
    }
    said.more = MORE_MESSAGES;
}

// ---- what lies over the messages on a screen

// True: everything was asked for, so that what was found can be printed.
static bool print_found(const struct search *search)
{
    bool is_begun = search->pattern.bytes > 0;

    if (is_begun && (search->due_ms != INT64_MAX || search->is_looking || search->is_asking)) {
        return false;
    }
    lines_found(search);
    return true;
}

static void print_overlay(struct ui *ui)
{
    bool is_done = true;

    switch (ui->mode) {
    case UI_HELP:
        lines_help();
        break;
    case UI_SWITCH:
        lines_conversations(&ui->model);
        break;
    case UI_LINKS:
        lines_links(&ui->links);
        break;
    case UI_SEARCH:
        is_done = print_found(&ui->search);
        break;
    case UI_WARNING:
        printf("%.*s\n", (int)ui->warning.bytes, ui->warning.bytes > 0 ? ui->warning.data : "");
        break;
    case UI_CHAT:
    case UI_SELECT:
        break;
    }
    ui->mode = is_done ? UI_CHAT : ui->mode;
}

// ---- the state

static void print_transport(const struct model *model)
{
    char words[NOTICE_BYTES + 64];

    if (strcmp(said.transport, model->transport) == 0 ||
            (model->user.size == 0 && model->why_offline[0] == '\0')) {
        return;
    }
    snprintf(said.transport, sizeof(said.transport), "%s", model->transport);
    if (model_is_offline(model)) {
        snprintf(words, sizeof(words), "offline%s%s", model->why_offline[0] != '\0' ? ": " : "",
                model->why_offline);
    } else {
        snprintf(words, sizeof(words), "connected (%s) as %s", model->transport, model->user.text);
    }
    lines_words(words);
}

// Once, when the server has told it.
static void print_news(const struct app *app)
{
    if (said.is_news_said || !app->is_listed) {
        return;
    }
    said.is_news_said = true;
    LIST_EACH(node, &app->ui.model.conversations) {
        const struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        char words[NAME_BYTES_MAX + 32];
        if (conversation->unread > 0 && conversation != app->ui.model.open) {
            snprintf(words, sizeof(words), "%s: %" PRIu64 " new", conversation->peer.text,
                    conversation->unread);
            lines_words(words);
        }
    }
}

static void print_notice(const struct model *model)
{
    if (strcmp(said.notice, model->notice) != 0 && model->notice[0] != '\0') {
        lines_words(model->notice);
    }
    snprintf(said.notice, sizeof(said.notice), "%s", model->notice);
}

static void print_open(const struct model *model)
{
    const struct conversation *open = model->open;
    char words[NAME_BYTES_MAX + 32];

    if (open == said.open) {
        return;
    }
    said.open = open;
    said.more = 0;
    const char *presence = model_presence_word(open->presence);
    snprintf(words, sizeof(words), "you write to %s%s%s", open->peer.text,
            presence[0] != '\0' ? ", " : "", presence);
    lines_words(words);
}

// Silence means stored: only what takes long is told, and then its end.
static void print_late(const struct model *model)
{
    const struct conversation *open = model->open;
    bool is_late = open != NULL && open->pending.count > 0 &&
            !open->pending.messages[0].is_failed &&
            clock_wall_ms() - open->pending.messages[0].ts > LATE_MS;

    if (is_late != said.is_late_said) {
        said.is_late_said = is_late;
        lines_words(is_late ? "not stored yet: it is kept here, and goes out by itself" : "stored");
    }
}

static void draw(struct app *app)
{
    struct model *model = model_of(app);

    print_transport(model);
    print_notice(model);
    print_open(model);
    print_news(app);
    if (model->open != NULL) {
        print_newest(app, model->open);
        print_older(app, model->open);
    }
    print_overlay(&app->ui);
    print_late(model);
    fflush(stdout);
    bool has_unsent = !list_is_empty(&app->outgoing) || !list_is_empty(&app->changing);
    const struct conversation *open = model->open;
    bool is_shown = open == NULL || open->head_seq == 0 || open->printed_from != 0 ||
            !client_is_up(app->client);
    app->is_over |= app->is_input_over && is_shown && !has_unsent && app->ui.mode == UI_CHAT &&
            said.more == 0;
}

// ---- what is typed

static void take_line(struct app *app)
{
    struct bytes line = { said.line.bytes > 0 ? said.line.data : "", (uint32_t)said.line.bytes };

    if (line.size > 0 && line.data[line.size - 1] == '\\') {
        said.line.data[said.line.bytes - 1] = '\n';
        return;
    }
    if (line_editor_set(app->ui.editor, line) != ERR_OK) {
        lines_words("not sent: a message has at most 16,384 bytes");
    } else {
        typed_send(&app->ui, &app_actor, app);
    }
    buffer_clear(&said.line);
    // What could not be sent is told by a notice, and can't be typed on.
    (void)!line_editor_set(app->ui.editor, (struct bytes){ "", 0 });
    app->ui.search.due_ms = app->ui.mode == UI_SEARCH ? 0 : app->ui.search.due_ms;
    // Links are those of what was printed last.
    const struct conversation *open = model_of(app)->open;
    app->ui.top.seq = open == NULL ? 0 : open->printed_from;
}

static void read_lines(struct app *app)
{
    char bytes[4096];
    ssize_t size = read(STDIN_FILENO, bytes, sizeof(bytes));

    app->is_dirty = true;
    if (size < 0) {
        app->is_over |= errno != EAGAIN && errno != EINTR;
        return;
    }
    if (size == 0) {
        app->is_input_over = true;
        return;
    }
    for (ssize_t i = 0; i < size && !app->is_over; i++) {
        if (bytes[i] == '\n') {
            take_line(app);
        } else if (said.line.bytes <= 2 * TEXT_BYTES_MAX) { // too long is too long
            buffer_add_byte(&said.line, bytes[i]);
        }
    }
}

static bool start(struct app *app)
{
    app->ui.text_cells = TEXT_CELLS;
    app->ui.timeline_rows = MORE_MESSAGES;
    lines_words("chat-tui, in lines: /help shows what can be typed");
    fflush(stdout);
    return true;
}

static void stop(struct app *app)
{
    (void)app;
    buffer_finish(&said.line);
}

static void resize(void)
{
}

const struct face plain_face = { start, stop, read_lines, draw, resize, hear, more };
