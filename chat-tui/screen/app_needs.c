// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>

#include "app_state.h"
#include "shared/clock.h"
#include "update.h"

#define PAGE_MESSAGES 200
#define WATCHED_MAX 200

static bool call(struct app *app, const char *method, const struct buffer *params,
        client_answered *done, void *context)
{
    return buffer_is_whole(params) &&
            client_call(app->client, method,
                    (struct bytes){ params->data, (uint32_t)params->bytes }, CALL_AGAIN, done,
                    context);
}

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

void app_open_first(struct app *app)
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
    app_open_first(app);
    watch_presence(app);
    app->is_dirty = true;
}

void app_list_conversations(struct app *app)
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
        store_history(app->store, request->conversation, result);
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
void app_ask_for_needs(struct app *app)
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

void app_forget_needs(struct app *app)
{
    LIST_EACH(node, &app->pages) {
        free(LIST_OF(node, struct page_request, of_app));
    }
}
