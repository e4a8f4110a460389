// SPDX-License-Identifier: MIT
// What was read here: said to the server, which tells all devices and the other user.
#include <inttypes.h>

#include "app_state.h"
#include "shared/clock.h"

static void on_read(void *context, const struct json *answer)
{
    struct conversation *conversation = context;

    if (json_get(answer, "result") != NULL) {
        model_own_read(conversation, conversation->told_read_seq);
    } else {
        conversation->told_read_seq = conversation->read_seq; // another time
    }
}

void app_tell_read(struct app *app, struct conversation *conversation)
{
    struct buffer params = { 0 };

    if (conversation->head_seq <= conversation->told_read_seq ||
            app->profile->settings.receipts == RECEIPTS_NEVER) {
        return;
    }
    conversation->told_read_seq = conversation->head_seq;
    buffer_print(&params, "{\"peer\":\"%s\",\"seq\":%" PRIu64 "}", conversation->peer.text,
            conversation->told_read_seq);
    (void)!app_call(app, "receipt.read", &params, on_read, conversation);
    buffer_finish(&params);
}

void app_say_seen(struct app *app, struct conversation *open)
{
    const struct timeline *timeline = &open->timeline;
    const struct model *model = model_of(app);
    bool is_seen = model->has_focus && open->place.is_at_end && app->ui.mode == UI_CHAT &&
            timeline->last_seq == open->head_seq && open->unread > 0;

    if (!is_seen || open->is_marked_unread) {
        return;
    }
    if (app->profile->settings.receipts == RECEIPTS_NEVER) {
        open->unread = 0; // here; to the server it stays new
    } else if (app->profile->settings.receipts == RECEIPTS_FOCUS && client_is_up(app->client)) {
        app_tell_read(app, open);
    }
}

void app_mark(void *context, bool is_read)
{
    struct app *app = context;
    struct conversation *open = model_of(app)->open;

    if (open == NULL) {
        return;
    }
    open->is_marked_unread = !is_read;
    if (is_read && app->profile->settings.receipts == RECEIPTS_NEVER) {
        open->unread = 0;
        ui_say(&app->ui, "read here; nobody is told (receipts = never)");
    } else if (is_read && client_is_up(app->client)) {
        app_tell_read(app, open);
        ui_say(&app->ui, "marked read");
    } else {
        ui_say(&app->ui,
                is_read ? "offline: what is read can't be said now"
                        : "marked unread, until it is opened again");
    }
}
