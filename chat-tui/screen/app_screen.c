// SPDX-License-Identifier: MIT
// The face of the program on a whole terminal: keys change the model, the model is drawn.
#include "actions.h"
#include "app_state.h"
#include "chat-tui/config.h"
#include "notify.h"
#include "shared/clock.h"
#include "terminal.h"
#include "view.h"

#define DRAFT_MS 1000 // of typing, then it is on disk

static bool take_key(void *context, const char *key, const char *actions, char *wrong,
        size_t wrong_bytes)
{
    return keys_bind(context, key, actions, wrong, wrong_bytes);
}

static bool start(struct app *app)
{
    const struct settings *settings = &app->profile->settings;

    if (!config_read(app->profile->key_file, "default", false, take_key, &app->ui.keys) ||
            !terminal_start(settings->mouse == SAID_YES)) {
        return false;
    }
    view_start(settings);
    return true;
}

static void stop(struct app *app)
{
    (void)app;
    terminal_stop();
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
            action_key(&app->ui, &app_actor, app, key);
            break;
        case TERMINAL_TEXT:
            action_text(&app->ui, &app_actor, app, typed_text);
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

static void draw(struct app *app)
{
    notify_title(&app->profile->settings, model_of(app));
    view_draw(&app->ui, clock_monotonic_ms());
}

static void hear(struct app *app, const struct message_view *message, bool is_beyond)
{
    bool is_news = is_beyond && message->kind == MESSAGE_TEXT &&
            !bytes_equal(message->from, name_bytes(&model_of(app)->user));

    if (is_news && !model_of(app)->has_focus) {
        notify_message(&app->profile->settings, message->from, message->text);
    }
}

static void more(struct app *app)
{
    action_key(&app->ui, &app_actor, app, "PageUp");
}

const struct face screen_face = { start, stop, read_keys, draw, view_resize, hear, more };
