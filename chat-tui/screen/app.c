// SPDX-License-Identifier: MIT
#include "app.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "actions.h"
#include "keys.h"
#include "shared/client/client.h"
#include "shared/client/sender.h"
#include "shared/client/views.h"
#include "shared/clock.h"
#include "store.h"
#include "terminal.h"
#include "ui.h"
#include "update.h"
#include "view.h"

#define PAGE_MESSAGES 200
#define WATCHED_MAX 200
#define TYPING_EVERY_MS 3000
#define HOLD_POLL_MS 500
#define DRAFT_MS 1000 // of typing, then it is on disk

struct app {
    struct profile *profile;
    const struct app_options *options;
    struct client *client;
    struct outbox *outbox;
    struct sender *sender;
    struct ui ui;
    struct store *store;
    struct list outgoing; // struct outgoing.of_app
    struct list pages;    // struct page_request.of_app
    struct list changing; // struct changing.of_app
    int signal_fd;
    bool is_holding; // the outbox
    bool is_subscribed;
    bool is_dirty; // to be drawn
    bool is_over;
    int64_t hold_at_ms;
    int64_t typing_at_ms;
    int64_t draft_due_ms;              // INT64_MAX: it is kept
    char cursor[CURSOR_BYTES_MAX + 1]; // to be acknowledged; or ""
    enum exit_code code;
};

// A message of one's own on its way.
struct outgoing {
    struct list of_app;
    struct app *app;
    struct conversation *conversation;
    struct sending *sending;
    struct buffer text;
};

static void drop_outgoing(struct outgoing *outgoing)
{
    list_leave(&outgoing->of_app);
    buffer_finish(&outgoing->text);
    free(outgoing);
}

static struct model *model_of(struct app *app)
{
    return &app->ui.model;
}

static bool call(struct app *app, const char *method, const struct buffer *params,
        client_answered *done, void *context)
{
    return buffer_is_whole(params) &&
            client_call(app->client, method,
                    (struct bytes){ params->data, (uint32_t)params->bytes }, CALL_AGAIN, done,
                    context);
}

static void fail_disk(struct app *app)
{
    model_notice(model_of(app), INT64_MAX, "%s", outbox_reason(app->outbox));
    app->is_dirty = true;
}

// ---- what the model needs of the server

static void on_watched(void *context, const struct json *answer)
{
    struct app *app = context;

    update_presences(model_of(app), json_get(answer, "result"));
    app->is_dirty = true;
}

static void watch_presence(struct app *app)
{
    struct buffer params = { 0 };
    unsigned count = 0;

    buffer_add_literal(&params, "{\"users\":[");
    LIST_EACH(node, &model_of(app)->conversations) {
        const struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        if (count < WATCHED_MAX) {
            buffer_print(&params, "%s\"%s\"", count++ > 0 ? "," : "", conversation->peer.text);
        }
    }
    buffer_add_literal(&params, "]}");
    if (count > 0) {
        (void)!call(app, "presence.watch", &params, on_watched, app);
    }
    buffer_finish(&params);
}

static void open_first(struct app *app)
{
    struct model *model = model_of(app);

    if (model->open == NULL && !list_is_empty(&model->conversations)) {
        ui_open(&app->ui, LIST_OF(model->conversations.next, struct conversation, of_model));
    }
}

static void on_listed(void *context, const struct json *answer)
{
    struct app *app = context;

    update_heads(model_of(app), json_get(answer, "result"));
    store_heads(app->store, model_of(app), json_get(answer, "result"));
    open_first(app);
    watch_presence(app);
    app->is_dirty = true;
}

static void list_conversations(struct app *app)
{
    struct buffer params = { 0 };

    buffer_add_literal(&params, "{\"limit\":200}");
    (void)!call(app, "conversation.list", &params, on_listed, app);
    buffer_finish(&params);
}

struct page_request {
    struct list of_app;
    struct app *app;
    struct conversation *conversation;
    uint64_t before;
};

static void on_page(void *context, const struct json *answer)
{
    struct page_request *request = context;
    struct app *app = request->app;
    const struct json *result = json_get(answer, "result");
    struct timeline *timeline = &request->conversation->timeline;

    timeline->is_loading = false;
    if (result != NULL && request->before == 0) {
        timeline->is_stale = false;
    }
    if (result == NULL && json_get(answer, "error") != NULL &&
            request->conversation->head_seq > 0) {
        model_notice(model_of(app), clock_monotonic_ms() + 5000, "the history can't be read now");
    } else if (result != NULL) {
        store_history(app->store, request->conversation, result, request->before);
    }
    if (result != NULL &&
            !update_page(model_of(app), request->conversation, result, request->before)) {
        model_notice(model_of(app), INT64_MAX, "no memory for more messages");
    }
    app->is_dirty = true;
    list_leave(&request->of_app);
    free(request);
}

static void load(struct app *app, struct conversation *conversation, uint64_t before)
{
    struct page_request *request = calloc(1, sizeof(*request));
    struct buffer params = { 0 };

    buffer_print(&params, "{\"peer\":\"%s\",\"limit\":%d", conversation->peer.text, PAGE_MESSAGES);
    if (before > 0) {
        buffer_print(&params, ",\"before\":%" PRIu64, before);
    }
    buffer_add_byte(&params, '}');
    if (request != NULL) {
        *request =
                (struct page_request){ .app = app, .conversation = conversation, .before = before };
        list_init(&request->of_app);
        list_append(&app->pages, &request->of_app);
        conversation->timeline.is_loading = call(app, "history.get", &params, on_page, request);
    }
    if (request != NULL && !conversation->timeline.is_loading) {
        list_leave(&request->of_app);
        free(request);
    }
    buffer_finish(&params);
}

static void on_read(void *context, const struct json *answer)
{
    struct conversation *conversation = context;

    if (json_get(answer, "result") != NULL) {
        model_own_read(conversation, conversation->told_read_seq);
    } else {
        conversation->told_read_seq = conversation->read_seq; // another time
    }
}

static void tell_read(struct app *app, struct conversation *conversation)
{
    struct buffer params = { 0 };

    conversation->told_read_seq = conversation->timeline.last_seq;
    buffer_print(&params, "{\"peer\":\"%s\",\"seq\":%" PRIu64 "}", conversation->peer.text,
            conversation->told_read_seq);
    (void)!call(app, "receipt.read", &params, on_read, conversation);
    buffer_finish(&params);
}

// Messages that the screen wants: from the cache, else from the server.
static void ask_for_messages(struct app *app, struct conversation *open)
{
    struct timeline *timeline = &open->timeline;

    if (timeline->is_loading) {
        return;
    }
    if (timeline->last_seq == 0 && open->head_seq > 0 && !timeline->is_stale) {
        app->is_dirty |= store_page(app->store, model_of(app), open, 0);
    }
    bool wants_newest = timeline->last_seq == 0 ? open->head_seq > 0 : timeline->is_stale;
    bool wants_older = app->ui.wants_older && timeline->first_seq > 1;
    if (!wants_newest && wants_older &&
            store_page(app->store, model_of(app), open, timeline->first_seq)) {
        app->is_dirty = true;
    } else if (client_is_up(app->client) && (wants_newest || wants_older)) {
        load(app, open, wants_newest ? 0 : timeline->first_seq);
    }
}

// After each turn: what is missing is asked for, what was seen is said.
static void ask_for_needs(struct app *app)
{
    struct conversation *open = model_of(app)->open;

    if (open == NULL) {
        return;
    }
    ask_for_messages(app, open);
    app->ui.wants_older = false;
    const struct timeline *timeline = &open->timeline;
    bool is_seen = client_is_up(app->client) && model_of(app)->has_focus && open->place.is_at_end &&
            app->ui.mode == UI_CHAT && timeline->last_seq > open->told_read_seq &&
            timeline->last_seq == open->head_seq;
    if (is_seen && open->unread > 0) {
        tell_read(app, open);
    }
}

// ---- what the client says

static void on_subscribed(void *context, const struct json *answer)
{
    struct app *app = context;

    update_heads(model_of(app), json_get(answer, "result"));
    store_heads(app->store, model_of(app), json_get(answer, "result"));
    list_conversations(app);
    app->is_dirty = true;
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
    if (!app->is_subscribed) {
        app->is_subscribed = client_subscribe(app->client, bytes_of("unread"), (struct bytes){ 0 },
                on_subscribed, app);
    }
    if (app->is_holding && sender_up(app->sender) != ERR_OK) {
        fail_disk(app);
    }
    app->is_dirty = true;
}

static void on_down(void *context, const char *why, int64_t retry_in_ms)
{
    struct app *app = context;
    struct model *model = model_of(app);

    snprintf(model->transport, sizeof(model->transport), "offline");
    snprintf(model->why_offline, sizeof(model->why_offline), "%s", why);
    model->retry_at_ms = clock_monotonic_ms() + retry_in_ms;
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

static void on_event(void *context, struct bytes text, const struct json *root)
{
    struct app *app = context;
    struct bytes cursor, event = { "", 0 };

    (void)text;
    bool is_new = update_notification(model_of(app), root, clock_monotonic_ms());
    store_event(app->store, model_of(app), root);
    if (json_read_string(json_get(json_get(root, "params"), "cursor"), &cursor) &&
            cursor.size <= CURSOR_BYTES_MAX) {
        snprintf(app->cursor, sizeof(app->cursor), "%.*s", (int)cursor.size, cursor.data);
    }
    json_read_string(json_get(json_get(root, "params"), "event"), &event);
    if (bytes_equal(event, bytes_of("replaced"))) {
        model_notice(model_of(app), INT64_MAX,
                "another chat-tui of this device gets the messages now: C-q, or log in there as "
                "another device");
    }
    if (is_new && !model_of(app)->has_focus) {
        terminal_bell();
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
    list_conversations(app);
}

static const struct client_ops ops = { on_up, on_down, on_refused, on_event, on_reset };

// ---- what the user wants

// It is known by its answer, not by an event.
static void keep_own(struct app *app, struct conversation *conversation,
        struct message_view *message, const struct json *result)
{
    struct bytes ts = { "", 0 };

    json_read_uint(json_get(result, "seq"), &message->seq);
    json_read_string(json_get(result, "ts"), &ts);
    message->ts = views_parse_ts(ts);
    message->from = name_bytes(&model_of(app)->user);
    store_own(app->store, conversation, message);
}

static void on_sent(void *context, const struct json *answer)
{
    struct outgoing *outgoing = context;
    struct app *app = outgoing->app;
    const struct json *result = json_get(answer, "result");
    struct bytes message = { "it was refused", 14 };

    if (result != NULL) {
        struct message_view own = {
            .text = { outgoing->text.data, (uint32_t)outgoing->text.bytes },
        };
        keep_own(app, outgoing->conversation, &own, result);
        model_stored(model_of(app), outgoing->conversation, outgoing, own.seq, (int64_t)own.ts);
    } else {
        json_read_string(json_get(json_get(answer, "error"), "message"), &message);
        model_refused(outgoing->conversation, outgoing);
        model_notice(model_of(app), clock_monotonic_ms() + 15000, "not sent to %s: %.*s",
                outgoing->conversation->peer.text, (int)message.size, message.data);
    }
    sender_delivered(app->sender, outgoing->sending);
    app->is_dirty = true;
    drop_outgoing(outgoing);
}

// On disk before this returns. False: it is not, and said why.
static bool send_text(void *context, struct conversation *conversation, struct bytes text)
{
    struct app *app = context;
    struct outgoing *outgoing = calloc(1, sizeof(*outgoing));
    struct buffer params = { 0 };

    if (!app->is_holding) {
        model_notice(model_of(app), clock_monotonic_ms() + 10000,
                "another chat-tui of this device sends: close it, or write there");
        free(outgoing);
        return false;
    }
    buffer_print(&params, "{\"to\":\"%s\",\"text\":", conversation->peer.text);
    json_add_string(&params, text);
    buffer_add_byte(&params, '}');
    const struct outbox_row row = {
        .method = bytes_of("message.send"),
        .peer = name_bytes(&conversation->peer),
        .params = { params.data, (uint32_t)params.bytes },
    };
    bool is_kept = outgoing != NULL && buffer_is_whole(&params) &&
            sender_submit(app->sender, &row, on_sent, outgoing, &outgoing->sending) == ERR_OK &&
            sender_commit(app->sender) == ERR_OK;
    buffer_finish(&params);
    if (!is_kept) {
        fail_disk(app);
        free(outgoing);
        return false;
    }
    list_init(&outgoing->of_app);
    list_append(&app->outgoing, &outgoing->of_app);
    buffer_add(&outgoing->text, text.data, text.size);
    outgoing->app = app;
    outgoing->conversation = conversation;
    if (model_queue(model_of(app), conversation, text, clock_wall_ms(), outgoing) == NULL) {
        model_notice(model_of(app), INT64_MAX, "no memory to show it; it is sent all the same");
    }
    return true;
}

// An edit or a delete that is on its way.
struct changing {
    struct list of_app;
    struct app *app;
    struct conversation *conversation;
    struct sending *sending;
    uint64_t seq;
    struct buffer text; // empty: a delete
};

static void drop_changing(struct changing *changing)
{
    list_leave(&changing->of_app);
    buffer_finish(&changing->text);
    free(changing);
}

static void on_changed(void *context, const struct json *answer)
{
    struct changing *changing = context;
    struct app *app = changing->app;
    const struct json *result = json_get(answer, "result");
    struct bytes message = { "it was refused", 14 };
    struct message_view incoming = {
        .from = name_bytes(&model_of(app)->user),
        .text = { changing->text.data, (uint32_t)changing->text.bytes },
        .kind = changing->text.bytes > 0 ? MESSAGE_EDIT : MESSAGE_DELETE,
        .target = changing->seq,
    };

    if (result != NULL) {
        keep_own(app, changing->conversation, &incoming, result);
        changing->conversation->timeline.is_stale |=
                !model_add(model_of(app), changing->conversation, &incoming);
    } else {
        json_read_string(json_get(json_get(answer, "error"), "message"), &message);
        model_notice(model_of(app), clock_monotonic_ms() + 15000, "not changed: %.*s",
                (int)message.size, message.data);
    }
    sender_delivered(app->sender, changing->sending);
    app->is_dirty = true;
    drop_changing(changing);
}

static bool change_message(void *context, struct conversation *conversation, uint64_t seq,
        struct bytes text)
{
    struct app *app = context;
    struct changing *changing = calloc(1, sizeof(*changing));
    struct buffer params = { 0 };

    if (!app->is_holding || changing == NULL) {
        model_notice(model_of(app), clock_monotonic_ms() + 10000,
                "another chat-tui of this device sends: close it, or change it there");
        free(changing);
        return false;
    }
    *changing = (struct changing){ .app = app, .conversation = conversation, .seq = seq };
    list_init(&changing->of_app);
    list_append(&app->changing, &changing->of_app);
    buffer_add(&changing->text, text.data, text.size);
    buffer_print(&params, "{\"peer\":\"%s\",\"seq\":%" PRIu64, conversation->peer.text, seq);
    if (text.size > 0) {
        buffer_add_literal(&params, ",\"text\":");
        json_add_string(&params, text);
    }
    buffer_add_byte(&params, '}');
    const struct outbox_row row = {
        .method = bytes_of(text.size > 0 ? "message.edit" : "message.delete"),
        .peer = name_bytes(&conversation->peer),
        .params = { params.data, (uint32_t)params.bytes },
    };
    bool is_kept = buffer_is_whole(&params) && buffer_is_whole(&changing->text) &&
            sender_submit(app->sender, &row, on_changed, changing, &changing->sending) == ERR_OK &&
            sender_commit(app->sender) == ERR_OK;
    buffer_finish(&params);
    if (!is_kept) {
        fail_disk(app);
        drop_changing(changing);
    }
    return is_kept;
}

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

static const struct actor actor = { send_text, change_message, copy_text, retry, typed, quit };

// ---- drafts

static void keep_draft(struct app *app)
{
    struct conversation *open = model_of(app)->open;
    struct bytes typed = line_editor_text(app->ui.editor);

    app->draft_due_ms = INT64_MAX;
    if (open != NULL && app->ui.editing_seq == 0 && !store_draft(app->store, open, typed)) {
        model_notice(model_of(app), INT64_MAX, "%s", store_reason(app->store));
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
        fail_disk(app);
        return;
    }
    app->is_holding = true;
    if (client_is_up(app->client) && sender_up(app->sender) != ERR_OK) {
        fail_disk(app);
    }
}

// What was typed in the conversation that was left.
static void keep_other_draft(struct app *app, const struct conversation *left)
{
    if (left != NULL &&
            !store_draft(app->store, left,
                    (struct bytes){ left->draft.bytes > 0 ? left->draft.data : "",
                            (uint32_t)left->draft.bytes })) {
        model_notice(model_of(app), INT64_MAX, "%s", store_reason(app->store));
    }
}

static void read_keys(struct app *app)
{
    char key[KEY_NAME_BYTES];
    struct buffer text = { 0 };
    enum terminal_input input;

    const struct conversation *open = model_of(app)->open;
    while (!app->is_over && (input = terminal_read(key, &text)) != TERMINAL_NOTHING) {
        struct bytes typed_text = { text.data, (uint32_t)text.bytes };
        app->is_dirty = true;
        switch (input) {
        case TERMINAL_KEY:
            action_key(&app->ui, &actor, app, key);
            break;
        case TERMINAL_TEXT:
            action_text(&app->ui, &actor, app, typed_text);
            break;
        case TERMINAL_FOCUS:
        case TERMINAL_BLUR:
            model_of(app)->has_focus = input == TERMINAL_FOCUS;
            break;
        default:
            break;
        }
        if (open != model_of(app)->open) {
            keep_other_draft(app, open);
            open = model_of(app)->open;
        }
        if (app->draft_due_ms == INT64_MAX) {
            app->draft_due_ms = clock_monotonic_ms() + DRAFT_MS;
        }
    }
    buffer_finish(&text);
}

static void read_signals(struct app *app)
{
    struct signalfd_siginfo info;

    while (read(app->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGWINCH) {
            view_resize();
            app->is_dirty = true;
        } else {
            app->is_over = true;
        }
    }
}

static int timeout_ms(const struct app *app)
{
    int64_t soonest_ms = app->is_holding ? sender_deadline_ms(app->sender) : app->hold_at_ms;
    int64_t now_ms = clock_monotonic_ms(), shown_ms = ui_deadline_ms(&app->ui, now_ms);

    soonest_ms = shown_ms < soonest_ms ? shown_ms : soonest_ms;
    soonest_ms = app->draft_due_ms < soonest_ms ? app->draft_due_ms : soonest_ms;
    if (soonest_ms == INT64_MAX) {
        return -1;
    }
    return soonest_ms <= now_ms ? 0 : (int)(soonest_ms - now_ms);
}

static void turn(struct app *app)
{
    struct pollfd own[] = {
        { STDIN_FILENO, POLLIN, 0 },
        { app->signal_fd, POLLIN, 0 },
        { app->is_holding ? outbox_wake_fd(app->outbox) : -1, POLLIN, 0 },
    };

    client_wait(app->client, own, 3, timeout_ms(app));
    int64_t now_ms = clock_monotonic_ms();
    if ((own[0].revents & (POLLHUP | POLLERR)) != 0) {
        app->is_over = true; // the terminal is gone
        return;
    }
    if (own[0].revents != 0) {
        read_keys(app);
    }
    if (own[1].revents != 0) {
        read_signals(app);
    }
    if (own[2].revents != 0) {
        outbox_drain_wake(app->outbox);
        if (sender_look(app->sender) != ERR_OK) {
            fail_disk(app);
        }
    }
    try_hold(app, now_ms);
    if (app->is_holding && sender_step(app->sender, now_ms) != ERR_OK) {
        fail_disk(app);
    }
    if (now_ms >= app->draft_due_ms) {
        keep_draft(app);
    }
    store_commit(app->store, app->cursor); // before it is acknowledged
    if (app->cursor[0] != '\0' &&
            client_acknowledge(app->client, bytes_of(app->cursor), NULL, NULL)) {
        app->cursor[0] = '\0';
    }
    ask_for_needs(app);
    app->is_dirty |= ui_tick(&app->ui, now_ms);
}

static void run(struct app *app)
{
    store_paint(app->store, model_of(app));
    open_first(app);
    ask_for_needs(app);
    client_start(app->client);
    app->is_dirty = true;
    while (!app->is_over) {
        if (app->is_dirty) {
            app->is_dirty = false;
            view_draw(&app->ui, clock_monotonic_ms());
        }
        turn(app);
    }
    keep_draft(app);
}

static int watch_signals(void)
{
    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum exit_code app_run(struct profile *profile, struct web *web, const struct app_options *options)
{
    struct app app = { .profile = profile,
        .options = options,
        .draft_due_ms = INT64_MAX,
        .signal_fd = watch_signals() };
    const struct client_options client_options = {
        .web = web,
        .token = profile->token,
        .ops = &ops,
        .context = &app,
        .is_never_ws = options->is_never_ws,
    };

    list_init(&app.outgoing);
    list_init(&app.pages);
    list_init(&app.changing);
    if (!ui_init(&app.ui, web_address(web))) {
        complain("no memory");
        app.code = EXIT_FAILED;
    } else if (outbox_open(profile->directory, &app.outbox) != ERR_OK) {
        complain("%s", outbox_reason(app.outbox));
        app.code = EXIT_FAILED;
    } else if (client_create(&client_options, &app.client) != ERR_OK) {
        complain("no memory");
        app.code = EXIT_FAILED;
    } else if ((app.store = store_open(profile->directory)) == NULL) {
        complain("no memory");
        app.code = EXIT_FAILED;
    } else if (!terminal_start()) {
        app.code = EXIT_USAGE;
    } else {
        run(&app);
        terminal_stop();
        if (app.code != EXIT_OK) {
            complain("%s: %s", profile->server, app.ui.model.why_offline);
        }
    }
    client_destroy(app.client);
    sender_destroy(app.sender);
    LIST_EACH(sent, &app.outgoing) {
        drop_outgoing(LIST_OF(sent, struct outgoing, of_app));
    }
    LIST_EACH(change, &app.changing) {
        drop_changing(LIST_OF(change, struct changing, of_app));
    }
    LIST_EACH(page, &app.pages) {
        free(LIST_OF(page, struct page_request, of_app));
    }
    outbox_close(app.outbox);
    store_close(app.store);
    ui_finish(&app.ui);
    if (app.signal_fd >= 0) {
        close(app.signal_fd);
    }
    return app.code;
}
