// SPDX-License-Identifier: MIT
#include "app.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app_state.h"
#include "chat-tui/trust.h"
#include "overlay.h"
#include "shared/client/views.h"
#include "shared/clock.h"
#include "terminal.h"
#include "update.h"

#define TYPING_EVERY_MS 3000
#define HOLD_POLL_MS 500
#define FRAME_MS 16 // between two drawings of what comes by itself; keys are drawn at once

void app_fail_disk(struct app *app)
{
    model_notice(model_of(app), INT64_MAX, "%s", outbox_reason(app->outbox));
    app->is_dirty = true;
}

bool app_call(struct app *app, const char *method, const struct buffer *params,
        client_answered *done, void *context)
{
    return buffer_is_whole(params) &&
            client_call(app->client, method,
                    (struct bytes){ params->data, (uint32_t)params->bytes }, CALL_AGAIN, done,
                    context);
}

// ---- what the client says

static void keep_cursor(struct app *app, const struct json *object)
{
    struct bytes cursor;

    if (json_read_string(json_get(object, "cursor"), &cursor) && cursor.size <= CURSOR_BYTES_MAX) {
        snprintf(app->cursor, sizeof(app->cursor), "%.*s", (int)cursor.size, cursor.data);
    }
}

static void on_subscribed(void *context, const struct json *answer)
{
    struct app *app = context;
    const struct json *result = json_get(answer, "result");

    update_heads(model_of(app), result);
    store_heads(app->store, model_of(app), result);
    if (app->is_fresh) { // "now": what was before is behind it
        keep_cursor(app, result);
    }
    app_list_conversations(app);
    app->is_dirty = true;
}

void app_subscribe(struct app *app, const char *from)
{
    app->is_fresh = strcmp(from, "now") == 0;
    app->is_subscribed =
            client_subscribe(app->client, bytes_of(from), (struct bytes){ 0 }, on_subscribed, app);
}

static void on_up(void *context, const char *transport)
{
    struct app *app = context;
    struct model *model = model_of(app);

    model->user = client_identity(app->client)->user;
    if (store_set_user(app->store, name_bytes(&model->user))) {
        snprintf(model->why_offline, sizeof(model->why_offline),
                "another user is logged in now: what was kept of the one before is gone, start again");
        app->is_over = true;
        app->code = EXIT_FAILED;
        return;
    }
    snprintf(model->transport, sizeof(model->transport), "%s", transport);
    model->why_offline[0] = '\0';
    buffer_clear(&app->ui.warning);
    if (app->ui.mode == UI_WARNING) {
        app->ui.mode = UI_CHAT;
    }
    app->is_fresh = !app->is_subscribed && store_is_fresh(app->store);
    if (app->is_fresh) {
        app_list_conversations(app); // and then it subscribes
    } else if (!app->is_subscribed) {
        app_subscribe(app, "unread");
    }
    if (app->is_holding && sender_up(app->sender) != ERR_OK) {
        app_fail_disk(app);
    }
    app->is_dirty = true;
}

// Once, until a connection was made; then it stands in the status line.
static void warn_of_certificate(struct app *app)
{
    if (app->ui.warning.bytes > 0 || !web_is_certificate_other(app->web)) {
        return;
    }
    trust_explain(app->profile, app->web, &app->ui.warning);
    overlay_warn(&app->ui);
}

static void on_down(void *context, const char *why, int64_t retry_in_ms)
{
    struct app *app = context;
    struct model *model = model_of(app);

    snprintf(model->transport, sizeof(model->transport), "offline");
    snprintf(model->why_offline, sizeof(model->why_offline), "%s", why);
    model->retry_at_ms = clock_monotonic_ms() + retry_in_ms;
    warn_of_certificate(app);
    app->is_dirty = true;
}

static void on_refused(void *context, const char *why)
{
    struct app *app = context;

    app->is_over = true;
    app->code = EXIT_NOT_ALLOWED;
    snprintf(model_of(app)->why_offline, NOTICE_BYTES, "%s (chat-tui login makes a new token)",
            why);
}

static void take_message(struct app *app, const struct json *root)
{
    const struct json *params = json_get(root, "params");
    const struct message_view message = views_message(params);
    const struct conversation *known = model_find(model_of(app), message.peer);
    bool is_beyond = known == NULL || message.seq > known->head_seq;

    update_notification(model_of(app), root, clock_monotonic_ms());
    if (json_get(params, "text") != NULL || json_get(params, "target") != NULL) {
        app->face->hear(app, &message, is_beyond);
    }
    if (line_editor_text(app->ui.editor).size == 0 && app->is_listed) {
        app_open_first(app); // somebody is the first to write
    }
}

static void on_event(void *context, struct bytes text, const struct json *root)
{
    struct app *app = context;
    struct bytes event = { "", 0 };

    (void)text;
    take_message(app, root);
    store_event(app->store, model_of(app), root);
    keep_cursor(app, json_get(root, "params"));
    json_read_string(json_get(json_get(root, "params"), "event"), &event);
    if (bytes_equal(event, bytes_of("replaced"))) {
        model_notice(model_of(app), INT64_MAX,
                "another chat-tui of this device gets the messages now: C-q, or log in there as "
                "another device");
    }
    app->is_dirty = true;
}

static void on_reset(void *context, const char *cursor)
{
    struct app *app = context;

    (void)cursor;
    store_reset(app->store);
    LIST_EACH(node, &model_of(app)->conversations) {
        timeline_clear(&LIST_OF(node, struct conversation, of_model)->timeline);
    }
    app_list_conversations(app);
}

static const struct client_ops ops = { on_up, on_down, on_refused, on_event, on_reset };

// ---- what the user wants

static void copy_text(void *context, struct bytes text)
{
    (void)context;
    terminal_copy(text);
}

static void retry(void *context)
{
    struct app *app = context;

    client_retry_now(app->client);
}

static void more(void *context)
{
    struct app *app = context;

    app->face->more(app);
}

static void quit(void *context)
{
    struct app *app = context;

    app->is_over = true;
}

static void typed(void *context, struct conversation *conversation)
{
    struct app *app = context;
    int64_t now_ms = clock_monotonic_ms();
    struct buffer params = { 0 };

    if (now_ms < app->typing_at_ms || !client_is_up(app->client)) {
        return;
    }
    app->typing_at_ms = now_ms + TYPING_EVERY_MS;
    buffer_print(&params, "{\"peer\":\"%s\",\"on\":true}", conversation->peer.text);
    client_tell(app->client, "typing", (struct bytes){ params.data, (uint32_t)params.bytes });
    buffer_finish(&params);
}

const struct actor app_actor = {
    .send = app_send,
    .change = app_change,
    .copy = copy_text,
    .retry = retry,
    .typed = typed,
    .quit = quit,
    .open_link = app_open_link,
    .edit = app_edit,
    .be = app_be,
    .whois = app_whois,
    .block = app_block,
    .mark = app_mark,
    .more = more,
};

// ---- drafts

static void keep_draft(struct app *app)
{
    struct conversation *open = model_of(app)->open;
    struct bytes typed = line_editor_text(app->ui.editor);

    app->draft_due_ms = INT64_MAX;
    if (open != NULL && app->ui.editing_seq == 0 && !store_draft(app->store, open, typed)) {
        model_notice(model_of(app), INT64_MAX, "%s", store_reason(app->store));
        app->is_dirty = true;
    }
}

// ---- the loop

static void says(void *context, const char *sentence)
{
    struct app *app = context;

    model_notice(model_of(app), INT64_MAX, "%s", sentence);
    app->is_dirty = true;
}

// Another chat-tui may hold the outbox; this one reads meanwhile.
static void try_hold(struct app *app, int64_t now_ms)
{
    if (app->is_holding || now_ms < app->hold_at_ms) {
        return;
    }
    app->hold_at_ms = now_ms + HOLD_POLL_MS;
    if (!outbox_try_hold(app->outbox)) {
        return;
    }
    if (sender_create(app->client, app->outbox, says, app, &app->sender) != ERR_OK) {
        app_fail_disk(app);
        return;
    }
    app->is_holding = true;
    app_show_leftovers(app);
    app_name_left_behind(app); // nobody else runs: it is nobody's
    app->is_dirty = true;
    if (client_is_up(app->client) && sender_up(app->sender) != ERR_OK) {
        app_fail_disk(app);
    }
}

static void read_signals(struct app *app)
{
    struct signalfd_siginfo info;

    while (read(app->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGWINCH) {
            app->face->resize();
            app->is_dirty = true;
        } else if (info.ssi_signo == SIGCHLD) {
            app_reap(app);
        } else if (info.ssi_signo != SIGINT || app->editor == 0) { // else it is the editor's
            app->is_over = true;
        }
    }
}

// INT64_MAX: there is nothing to draw, or an editor has the terminal.
static int64_t draw_due_ms(const struct app *app)
{
    return app->is_dirty && app->editor == 0 ? app->draw_at_ms : INT64_MAX;
}

static int timeout_ms(const struct app *app)
{
    int64_t soonest_ms = app->is_holding ? sender_deadline_ms(app->sender) : app->hold_at_ms;
    int64_t now_ms = clock_monotonic_ms(), shown_ms = ui_deadline_ms(&app->ui, now_ms);

    soonest_ms = shown_ms < soonest_ms ? shown_ms : soonest_ms;
    soonest_ms = app->draft_due_ms < soonest_ms ? app->draft_due_ms : soonest_ms;
    soonest_ms = draw_due_ms(app) < soonest_ms ? draw_due_ms(app) : soonest_ms;
    if (soonest_ms == INT64_MAX) {
        return -1;
    }
    return soonest_ms <= now_ms ? 0 : (int)(soonest_ms - now_ms);
}

static void turn(struct app *app)
{
    struct pollfd own[] = {
        { app->editor == 0 && !app->is_input_over ? STDIN_FILENO : -1, POLLIN, 0 },
        { app->signal_fd, POLLIN, 0 },
        { app->is_holding ? outbox_wake_fd(app->outbox) : -1, POLLIN, 0 },
    };

    client_wait(app->client, own, 3, timeout_ms(app));
    int64_t now_ms = clock_monotonic_ms();
    if ((own[0].revents & (POLLHUP | POLLERR)) != 0 && !app->options->is_plain) {
        app->is_over = true; // the terminal is gone
        return;
    }
    if (own[0].revents != 0) {
        app->face->read(app);
        app->draw_at_ms = 0;
    }
    if (own[1].revents != 0) {
        read_signals(app);
    }
    if (own[2].revents != 0) {
        outbox_drain_wake(app->outbox);
        if (sender_look(app->sender) != ERR_OK) {
            app_fail_disk(app);
        }
    }
    try_hold(app, now_ms);
    if (app->is_holding && sender_step(app->sender, now_ms) != ERR_OK) {
        app_fail_disk(app);
    }
    if (now_ms >= app->draft_due_ms) {
        keep_draft(app);
    }
    store_commit(app->store, app->cursor); // before it is acknowledged
    if (app->cursor[0] != '\0' &&
            client_acknowledge(app->client, bytes_of(app->cursor), NULL, NULL)) {
        app->cursor[0] = '\0';
    }
    app_ask_for_needs(app);
    app_search(app, now_ms);
    app->is_dirty |= ui_tick(&app->ui, now_ms);
}

// A page of JSON is many small pieces, which leave holes when they are freed: the system gets them
// back.
static void give_back_memory(struct app *app)
{
    if (app->has_freed_much) {
        app->has_freed_much = false;
        malloc_trim(0);
    }
}

static void draw(struct app *app, int64_t now_ms)
{
    app->is_dirty = false;
    app->draw_at_ms = now_ms + FRAME_MS;
    app->face->draw(app);
    app_ask_for_needs(app); // the drawing has found out which messages it lacks
    if (app->is_dirty) {
        app->draw_at_ms = 0; // the cache had them
    }
}

static void run(struct app *app)
{
    store_paint(app->store, model_of(app));
    app->has_freed_much = true;
    app_open_first(app);
    app_ask_for_needs(app);
    client_start(app->client);
    app->is_dirty = true;
    try_hold(app, clock_monotonic_ms());
    while (!app->is_over) {
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms >= draw_due_ms(app)) {
            draw(app, now_ms);
        }
        give_back_memory(app);
        if (!app->is_over) { // lines end with what was typed
            turn(app);
        }
    }
    keep_draft(app);
}

static int watch_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum exit_code app_run(struct profile *profile, struct web *web, const struct app_options *options)
{
    struct app app = { .profile = profile,
        .web = web,
        .options = options,
        .face = options->is_plain ? &plain_face : &screen_face,
        .draft_due_ms = INT64_MAX,
        .signal_fd = watch_signals() };
    const struct client_options client_options = {
        .web = web,
        .token = profile->token,
        .ops = &ops,
        .context = &app,
        .is_never_ws = options->is_never_ws,
    };

    mallopt(M_ARENA_MAX, 1); // libcurl's look-ups are threads, and each would get 130 KB of its own
    list_init(&app.outgoing);
    list_init(&app.pages);
    list_init(&app.changing);
    list_init(&app.asking);
    bool is_made = ui_init(&app.ui, &profile->settings) &&
            client_create(&client_options, &app.client) == ERR_OK &&
            (app.store = store_open(profile->directory)) != NULL;
    if (!is_made) {
        complain("no memory");
        app.code = EXIT_FAILED;
    } else if (outbox_open(profile->directory, &app.outbox) != ERR_OK) {
        complain("%s", outbox_reason(app.outbox));
        app.code = EXIT_FAILED;
    } else if (!app.face->start(&app)) {
        app.code = EXIT_USAGE;
    } else {
        run(&app);
        app.face->stop(&app);
        if (app.code != EXIT_OK) {
            complain("%s: %s", profile->server, app.ui.model.why_offline);
        }
    }
    client_destroy(app.client);
    sender_destroy(app.sender);
    app_forget_outgoing(&app);
    app_forget_needs(&app);
    outbox_close(app.outbox);
    store_close(app.store);
    ui_finish(&app.ui);
    if (app.signal_fd >= 0) {
        close(app.signal_fd);
    }
    return app.code;
}
