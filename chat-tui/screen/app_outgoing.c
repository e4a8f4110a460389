// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>

#include "app_state.h"
#include "shared/client/views.h"
#include "shared/clock.h"

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
        model_notice(model_of(app), clock_monotonic_ms() + 15000,
                "not sent to %s: %.*s (/again, /forget)", outgoing->conversation->peer.text,
                (int)message.size, message.data);
    }
    sender_delivered(outgoing->sending);
    app->is_dirty = true;
    drop_outgoing(outgoing);
}

// On disk before this returns. False: it is not, and said why.
bool app_send(void *context, struct conversation *conversation, struct bytes text)
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
        app_fail_disk(app);
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
    if (app->profile->settings.receipts == RECEIPTS_ACTION && client_is_up(app->client)) {
        app_tell_read(app, conversation); // who answers has read
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
    sender_delivered(changing->sending);
    app->is_dirty = true;
    drop_changing(changing);
}

bool app_change(void *context, struct conversation *conversation, uint64_t seq, struct bytes text)
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
        app_fail_disk(app);
        drop_changing(changing);
    }
    return is_kept;
}

static void show_leftover(void *context, struct sending *sending, const struct outbox_row *row)
{
    struct app *app = context;
    char reason[160];
    struct bytes text;
    struct json *params = json_parse(row->params.data, row->params.size, reason, sizeof(reason));
    struct conversation *conversation = model_get(model_of(app), row->peer);
    bool is_message = bytes_equal(row->method, bytes_of("message.send")) &&
            json_read_string(json_get(params, "text"), &text);
    struct outgoing *outgoing =
            is_message && conversation != NULL ? calloc(1, sizeof(*outgoing)) : NULL;

    if (outgoing != NULL) {
        list_init(&outgoing->of_app);
        list_append(&app->outgoing, &outgoing->of_app);
        buffer_add(&outgoing->text, text.data, text.size);
        outgoing->app = app;
        outgoing->conversation = conversation;
        outgoing->sending = sending;
        (void)!model_queue(model_of(app), conversation, text, clock_wall_ms(), outgoing);
        sender_claim(sending, on_sent, outgoing);
    }
    json_destroy(params);
}

static void on_handed_over(void *context, struct bytes peer)
{
    struct conversation *conversation = model_get(model_of(context), peer);

    if (conversation != NULL) {
        conversation->timeline.is_stale = true;
    }
}

void app_show_leftovers(struct app *app)
{
    sender_each_leftover(app->sender, show_leftover, app);
    sender_on_handed_over(app->sender, on_handed_over, app);
}

void app_forget_outgoing(struct app *app)
{
    LIST_EACH(sent, &app->outgoing) {
        drop_outgoing(LIST_OF(sent, struct outgoing, of_app));
    }
    LIST_EACH(changed, &app->changing) {
        drop_changing(LIST_OF(changed, struct changing, of_app));
    }
}
