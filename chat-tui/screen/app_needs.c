// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>

#include "app_state.h"
#include "scroll.h"
#include "shared/clock.h"
#include "shared/limits.h"
#include "update.h"

#define PAGE_MESSAGES 200
#define WATCH_AT_ONCE 200
#define ASK_AGAIN_MS 5000
#define REPLAYED_MAX 5000   // messages
#define LISTED_PAGES_MAX 50 // of 200 conversations: a server may say "more" for ever

static void on_watched(void *context, const struct json *answer)
{
    struct app *app = context;

    update_presences(model_of(app), json_get(answer, "result"));
    app->is_dirty = true;
    app->has_freed_much = true;
}

// Of conversations that are new here, as many as a session may watch.
static void watch_presence(struct app *app)
{
    struct model *model = model_of(app);
    struct buffer params = { 0 };
    unsigned count = 0;

    if (app->watched == model->conversation_count || app->watched >= WATCHES_MAX ||
            !client_is_up(app->client)) {
        return;
    }
    buffer_add_literal(&params, "{\"users\":[");
    LIST_EACH(node, &model->conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        if (!conversation->is_watched && count < WATCH_AT_ONCE &&
                app->watched + count < WATCHES_MAX) {
            conversation->is_watched = true;
            buffer_print(&params, "%s\"%s\"", count++ > 0 ? "," : "", conversation->peer.text);
        }
    }
    buffer_add_literal(&params, "]}");
    app->watched += count;
    (void)!app_call(app, "presence.watch", &params, on_watched, app);
    buffer_finish(&params);
}

void app_open_first(struct app *app)
{
    struct model *model = model_of(app);

    if (model->open == NULL && !list_is_empty(&model->conversations)) {
        ui_open(&app->ui, LIST_OF(model->conversations.next, struct conversation, of_model));
    }
}

static void list_from(struct app *app, struct bytes place);

// A device that has nothing yet gets what it has missed as events, which is what makes messages
// "delivered"; but not a mailbox of years, one by one: then heads and pages have to do.
static void subscribe_fresh(struct app *app, bool has_more)
{
    uint64_t messages = has_more ? UINT64_MAX : 0;

    LIST_EACH(node, &model_of(app)->conversations) {
        uint64_t rest = UINT64_MAX - messages;
        uint64_t head = LIST_OF(node, struct conversation, of_model)->head_seq;
        messages += head < rest ? head : rest;
    }
    app_subscribe(app, messages <= REPLAYED_MAX ? "unread" : "now");
}

static void on_listed(void *context, const struct json *answer)
{
    struct app *app = context;
    const struct json *result = json_get(answer, "result");
    struct bytes next = { "", 0 };
    bool has_more = false;

    update_heads(model_of(app), result);
    store_heads(app->store, model_of(app), result);
    app_open_first(app);
    json_read_bool(json_get(result, "more"), &has_more);
    json_read_string(json_get(result, "continue"), &next);
    if (result == NULL) {
        model_notice(model_of(app), clock_monotonic_ms() + 5000,
                "the list of conversations can't be read now");
    }
    if (!app->is_subscribed) {
        subscribe_fresh(app, has_more || result == NULL);
        app->is_dirty = true;
        return;
    }
    if (has_more && next.size > 0 && ++app->listed_pages < LISTED_PAGES_MAX) {
        list_from(app, next);
    } else {
        app->is_listed = true;
    }
    app->is_dirty = true;
    app->has_freed_much = true;
}

static void list_from(struct app *app, struct bytes place)
{
    struct buffer params = { 0 };

    buffer_add_literal(&params, "{\"limit\":200");
    if (place.size > 0) {
        buffer_add_literal(&params, ",\"continue\":");
        json_add_string(&params, place);
    }
    buffer_add_byte(&params, '}');
    (void)!app_call(app, "conversation.list", &params, on_listed, app);
    buffer_finish(&params);
}

void app_list_conversations(struct app *app)
{
    app->listed_pages = 0;
    list_from(app, (struct bytes){ "", 0 });
}

struct page_request {
    struct list of_app;
    struct app *app;
    struct conversation *conversation;
    struct page_bounds bounds;
};

// The message that was jumped to is here now, or is not there at all.
static void arrive(struct app *app, struct conversation *conversation)
{
    const struct timeline *timeline = &conversation->timeline;
    uint64_t seq = conversation->jump_seq;

    if (seq == 0 || timeline->first_seq > seq || timeline->last_seq < seq) {
        return;
    }
    conversation->jump_seq = 0;
    conversation->place = (struct place){ false, seq, 0 };
    if (conversation == model_of(app)->open) {
        scroll_by(&app->ui, -(int)app->ui.timeline_rows / 2);
    }
}

static void on_page(void *context, const struct json *answer)
{
    struct page_request *request = context;
    struct app *app = request->app;
    const struct json *result = json_get(answer, "result");
    struct timeline *timeline = &request->conversation->timeline;

    timeline->is_loading = false;
    if (result != NULL && request->bounds.before == 0 && request->bounds.after == 0) {
        timeline->is_stale = false;
    }
    if (result == NULL && json_get(answer, "error") != NULL &&
            request->conversation->head_seq > 0) {
        timeline->ask_at_ms = clock_monotonic_ms() + ASK_AGAIN_MS;
        model_notice(model_of(app), timeline->ask_at_ms, "the history can't be read now");
    } else if (result != NULL) {
        store_history(app->store, request->conversation, result);
    }
    if (result != NULL &&
            !update_page(model_of(app), request->conversation, result, request->bounds)) {
        model_notice(model_of(app), INT64_MAX, "no memory for more messages");
    }
    if (result == NULL) {
        request->conversation->jump_seq = 0;
    }
    arrive(app, request->conversation);
    app->is_dirty = true;
    app->has_freed_much = true;
    list_leave(&request->of_app);
    free(request);
}

static void load(struct app *app, struct conversation *conversation, struct page_bounds bounds)
{
    struct page_request *request = calloc(1, sizeof(*request));
    struct buffer params = { 0 };

    buffer_print(&params, "{\"peer\":\"%s\",\"limit\":%d", conversation->peer.text, PAGE_MESSAGES);
    if (bounds.before > 0) {
        buffer_print(&params, ",\"before\":%" PRIu64, bounds.before);
    } else if (bounds.after > 0) {
        buffer_print(&params, ",\"after\":%" PRIu64, bounds.after);
    }
    buffer_add_byte(&params, '}');
    if (request != NULL) {
        *request =
                (struct page_request){ .app = app, .conversation = conversation, .bounds = bounds };
        list_init(&request->of_app);
        list_append(&app->pages, &request->of_app);
        conversation->timeline.is_loading = app_call(app, "history.get", &params, on_page, request);
    }
    if (request != NULL && !conversation->timeline.is_loading) {
        list_leave(&request->of_app);
        free(request);
    }
    buffer_finish(&params);
}

// Around the message that was jumped to.
static void ask_around(struct app *app, struct conversation *open)
{
    uint64_t last = open->jump_seq + PAGE_MESSAGES / 4;

    arrive(app, open); // it may have come with another page
    if (open->jump_seq == 0) {
        return;
    }
    if (store_page_around(app->store, model_of(app), open, open->jump_seq)) {
        arrive(app, open);
        app->is_dirty = true;
    } else if (client_is_up(app->client)) {
        load(app, open, (struct page_bounds){ .before = last < open->head_seq ? last + 1 : 0 });
    } else {
        open->jump_seq = 0;
        model_notice(model_of(app), clock_monotonic_ms() + 5000,
                "offline: this message is not kept here");
    }
}

static void ask_for(struct app *app, struct conversation *open, struct page_bounds bounds)
{
    bool is_newest = bounds.before == 0 && bounds.after == 0;

    if (!is_newest && store_page(app->store, model_of(app), open, bounds)) {
        app->is_dirty = true;
    } else if (client_is_up(app->client)) {
        load(app, open, bounds);
    }
}

static void ask_for_messages(struct app *app, struct conversation *open)
{
    const struct timeline *timeline = &open->timeline;

    if (timeline->is_loading || clock_monotonic_ms() < timeline->ask_at_ms) {
        return;
    }
    if (open->jump_seq != 0) {
        ask_around(app, open);
        return;
    }
    if (timeline->last_seq == 0 && open->head_seq > 0 && !timeline->is_stale) {
        app->is_dirty |= store_page(app->store, model_of(app), open, (struct page_bounds){ 0 });
    }
    if (timeline->last_seq == 0 ? open->head_seq > 0 : timeline->is_stale) {
        ask_for(app, open, (struct page_bounds){ 0 });
    } else if (app->ui.wants_older && timeline->first_seq > 1) {
        ask_for(app, open, (struct page_bounds){ .before = timeline->first_seq });
    } else if (app->ui.wants_newer && timeline->is_apart) {
        ask_for(app, open, (struct page_bounds){ .after = timeline->last_seq });
    }
}

// After each turn: what is missing is asked for, what was seen is said.
void app_ask_for_needs(struct app *app)
{
    struct conversation *open = model_of(app)->open;

    if (app->is_listed) {
        watch_presence(app);
    }
    if (open == NULL) {
        return;
    }
    ask_for_messages(app, open);
    app->ui.wants_older = false;
    app->ui.wants_newer = false;
    if (!app->is_dirty) { // what was not drawn yet was not seen
        app_say_seen(app, open);
    }
}

struct asked *app_asked(struct app *app, const struct asked *what)
{
    struct asked *asked = calloc(1, sizeof(*asked));

    if (asked != NULL) {
        *asked = *what;
        asked->app = app;
        list_init(&asked->of_app);
        list_append(&app->asking, &asked->of_app);
    }
    return asked;
}

void app_answered(struct asked *asked)
{
    if (asked != NULL) {
        list_leave(&asked->of_app);
        free(asked);
    }
}

void app_forget_needs(struct app *app)
{
    LIST_EACH(node, &app->pages) {
        free(LIST_OF(node, struct page_request, of_app));
    }
    LIST_EACH(asked, &app->asking) {
        free(LIST_OF(asked, struct asked, of_app));
    }
}
