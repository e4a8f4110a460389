// SPDX-License-Identifier: MIT
#include "app.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "actions.h"
#include "app_state.h"
#include "chat-tui/config.h"
#include "chat-tui/trust.h"
#include "keys.h"
#include "notify.h"
#include "overlay.h"
#include "shared/client/views.h"
#include "shared/clock.h"
#include "terminal.h"
#include "update.h"
#include "view.h"

#define TYPING_EVERY_MS 3000
#define DRAFT_MS 1000 // of typing, then it is on disk
#define HOLD_POLL_MS 500

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

static void on_subscribed(void *context, const struct json *answer)
{
    struct app *app = context;

    update_heads(model_of(app), json_get(answer, "result"));
    store_heads(app->store, model_of(app), json_get(answer, "result"));
    app_list_conversations(app);
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
    buffer_clear(&app->ui.warning);
    if (app->ui.mode == UI_WARNING) {
        app->ui.mode = UI_CHAT;
    }
    if (!app->is_subscribed) {
        app->is_subscribed = client_subscribe(app->client, bytes_of("unread"), (struct bytes){ 0 },
                on_subscribed, app);
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
        const struct message_view message = views_message(json_get(root, "params"));
        notify_message(&app->profile->settings, message.from, message.text);
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

static const struct actor actor = {
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
};

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
        app_fail_disk(app);
        return;
    }
    app->is_holding = true;
    app_show_leftovers(app);
    app->is_dirty = true;
    if (client_is_up(app->client) && sender_up(app->sender) != ERR_OK) {
        app_fail_disk(app);
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

static void click(struct app *app)
{
    int y, x;

    terminal_clicked(&y, &x);
    if (view_is_list(x)) {
        action_click(&app->ui, (uint32_t)y);
    }
}

static void read_keys(struct app *app)
{
    char key[KEY_NAME_BYTES];
    struct buffer text = { 0 };
    enum terminal_input input;

    const struct conversation *open = model_of(app)->open;
    while (!app->is_over && app->editor == 0 &&
            (input = terminal_read(key, &text)) != TERMINAL_NOTHING) {
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
        case TERMINAL_CLICK:
            click(app);
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
        } else if (info.ssi_signo == SIGCHLD) {
            app_reap(app);
        } else if (info.ssi_signo != SIGINT || app->editor == 0) { // else it is the editor's
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
        { app->editor == 0 ? STDIN_FILENO : -1, POLLIN, 0 },
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

static void run(struct app *app)
{
    store_paint(app->store, model_of(app));
    app_open_first(app);
    app_ask_for_needs(app);
    client_start(app->client);
    app->is_dirty = true;
    while (!app->is_over) {
        if (app->is_dirty && app->editor == 0) {
            app->is_dirty = false;
            notify_title(&app->profile->settings, model_of(app));
            view_draw(&app->ui, clock_monotonic_ms());
        }
        turn(app);
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

static bool take_key(void *context, const char *key, const char *actions, char *wrong,
        size_t wrong_bytes)
{
    return keys_bind(context, key, actions, wrong, wrong_bytes);
}

enum exit_code app_run(struct profile *profile, struct web *web, const struct app_options *options)
{
    struct app app = { .profile = profile,
        .web = web,
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
    bool is_made = ui_init(&app.ui, &profile->settings) &&
            client_create(&client_options, &app.client) == ERR_OK &&
            (app.store = store_open(profile->directory)) != NULL;
    if (!is_made) {
        complain("no memory");
        app.code = EXIT_FAILED;
    } else if (outbox_open(profile->directory, &app.outbox) != ERR_OK) {
        complain("%s", outbox_reason(app.outbox));
        app.code = EXIT_FAILED;
    } else if (!config_read(profile->key_file, "default", false, take_key, &app.ui.keys)) {
        app.code = EXIT_USAGE;
    } else if (!terminal_start(profile->settings.mouse == SAID_YES)) {
        app.code = EXIT_USAGE;
    } else {
        view_start(&profile->settings);
        run(&app);
        terminal_stop();
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
