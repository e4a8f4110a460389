// SPDX-License-Identifier: MIT
// Finding messages: in the cache at once, then by the server, page after page.
#include "app_state.h"
#include "shared/client/views.h"

#define PAGE_MESSAGES 50

static void on_found(void *context, const struct json *answer)
{
    struct asked *asked = context;
    struct app *app = asked->app;
    struct search *search = &app->ui.search;
    const struct json *result = json_get(answer, "result"),
                      *messages = json_get(result, "messages");
    bool is_ours = asked->serial == search->serial;
    struct bytes next = { "", 0 };

    app_answered(asked);
    if (!is_ours) {
        return;
    }
    search->is_asking = false;
    search->is_cut_off = result == NULL;
    for (size_t i = 0; i < json_count(messages); i++) {
        const struct message_view message = views_message(json_at(messages, i));
        if (!search_add(search, &message, name_bytes(&model_of(app)->user))) {
            ui_say(&app->ui, "no memory for more of what was found");
        }
    }
    json_read_string(json_get(result, "continue"), &next);
    snprintf(search->next, sizeof(search->next), "%.*s",
            next.size <= CURSOR_BYTES_MAX ? (int)next.size : 0, next.data);
    app->is_dirty = true;
}

static void ask(struct app *app)
{
    struct search *search = &app->ui.search;
    struct asked *asked = app_asked(app, &(struct asked){ .serial = search->serial });
    struct buffer params = { 0 };

    buffer_print(&params, "{\"limit\":%d,\"query\":", PAGE_MESSAGES);
    json_add_string(&params, pattern_bytes(&search->pattern));
    if (search->peer.size > 0) {
        buffer_print(&params, ",\"peer\":\"%s\"", search->peer.text);
    }
    if (search->next[0] != '\0') {
        buffer_add_literal(&params, ",\"continue\":");
        json_add_string(&params, bytes_of(search->next));
    }
    buffer_add_byte(&params, '}');
    search->is_asking = asked != NULL && app_call(app, "history.search", &params, on_found, asked);
    if (!search->is_asking) {
        app_answered(asked);
        search->is_cut_off = true;
    }
    search->next[0] = '\0';
    buffer_finish(&params);
}

// One conversation each turn: a hundred thousand kept messages at once would hold up the keys.
static void look(struct app *app)
{
    struct search *search = &app->ui.search;

    LIST_EACH(node, &model_of(app)->conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        struct bytes peer = name_bytes(&conversation->peer);
        bool is_wanted = search->peer.size == 0 || bytes_equal(peer, name_bytes(&search->peer));
        if (is_wanted && conversation->searched != search->serial) {
            conversation->searched = search->serial;
            store_search(app->store, model_of(app), peer, search);
            return;
        }
    }
    search->is_looking = false;
    app->is_dirty = true;
}

static void begin(struct app *app)
{
    struct search *search = &app->ui.search;

    search->due_ms = INT64_MAX;
    search->is_looking = true;
    search->is_cut_off = !client_is_up(app->client);
    if (!search->is_cut_off) {
        ask(app);
    }
    app->is_dirty = true;
}

void app_search(struct app *app, int64_t now_ms)
{
    struct search *search = &app->ui.search;

    if (app->ui.mode != UI_SEARCH || search->pattern.bytes == 0) {
        return;
    }
    if (now_ms >= search->due_ms) {
        begin(app);
    } else if (search->wants_more && search->next[0] != '\0' && !search->is_asking &&
            client_is_up(app->client)) {
        ask(app);
        app->is_dirty = true;
    }
    if (search->is_looking) {
        look(app);
    }
    search->wants_more = false;
}
