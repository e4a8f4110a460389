// SPDX-License-Identifier: MIT
// Who one is for others, and who others are: presence, blocked users. Each is one request, whose
// answer stands in the status line.
#include <stdio.h>
#include <string.h>

#include "app_state.h"
#include "shared/clock.h"
#include "update.h"

#define SAID_MS 8000

static void on_answer(void *context, const struct json *answer)
{
    struct asked *asked = context;
    struct app *app = asked->app;
    struct bytes message = { "it was refused", 14 };
    int64_t until_ms = clock_monotonic_ms() + SAID_MS;

    if (json_get(answer, "error") != NULL) {
        json_read_string(json_get(json_get(answer, "error"), "message"), &message);
        model_notice(model_of(app), until_ms, "%.*s", (int)message.size, message.data);
    } else if (asked->about.size > 0) {
        update_whois(model_of(app), json_get(answer, "result"), until_ms);
    } else {
        model_notice(model_of(app), until_ms, "%s", asked->says);
    }
    app->is_dirty = true;
    app_answered(asked);
}

static void ask(struct app *app, const char *method, const struct buffer *params,
        const struct asked *what)
{
    struct asked *asked;

    if (!client_is_up(app->client)) {
        ui_say(&app->ui, "offline: not now");
        return;
    }
    asked = app_asked(app, what);
    if (asked == NULL || !app_call(app, method, params, on_answer, asked)) {
        app_answered(asked);
        ui_say(&app->ui, "no memory to ask for it");
    }
}

void app_be(void *context, const char *state)
{
    struct asked what = { 0 };
    struct buffer params = { 0 };

    buffer_print(&params, "{\"state\":\"%s\"}", state);
    snprintf(what.says, sizeof(what.says), "you are shown as %s",
            strcmp(state, "invisible") == 0 ? "offline" : state);
    ask(context, "presence.set", &params, &what);
    buffer_finish(&params);
}

void app_whois(void *context, const char *name)
{
    struct asked what = { .about = name_of(bytes_of(name)) };
    struct buffer params = { 0 };

    buffer_print(&params, "{\"users\":[\"%s\"]}", name);
    ask(context, "presence.get", &params, &what);
    buffer_finish(&params);
}

void app_block(void *context, const char *name, bool is_blocked)
{
    struct asked what = { 0 };
    struct buffer params = { 0 };

    buffer_print(&params, "{\"user\":\"%s\"}", name);
    snprintf(what.says, sizeof(what.says),
            is_blocked ? "nothing of %s reaches you any more" : "%s can write to you again", name);
    ask(context, is_blocked ? "contact.block" : "contact.unblock", &params, &what);
    buffer_finish(&params);
}
