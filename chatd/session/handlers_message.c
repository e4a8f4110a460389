// SPDX-License-Identifier: MIT
// message.*, receipt.read, contact.*

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "service/messages.h"

static const char *message_of(const struct call *call, const struct applied *applied)
{
    if (applied->outcome == ERR_CONFLICT && !applied->is_duplicate) {
        return "this is not the message behind `after`: data.last is the counter stored last";
    }
    if (applied->outcome == ERR_TOO_LARGE) {
        return call_no_room;
    }
    if (applied->outcome == ERR_FORBIDDEN) {
        return "messages between you are blocked";
    }
    if (applied->outcome == ERR_INVALID && call->request.method == METHOD_RECEIPT_READ) {
        return "params.seq must be at most the head_seq of this conversation";
    }
    return call_usual_message(applied->outcome);
}

// Fills the error's details from what the partition said.
static void fail_applied(struct call *call, const struct applied *applied)
{
    const struct error_details details = {
        .message = message_of(call, applied),
        .has_last = applied->outcome == ERR_CONFLICT,
        .last = applied->last,
        // Durable, but the partition went out of service before it could say what it did.
        .is_outcome_unknown = applied->outcome == ERR_UNAVAILABLE,
        .retry_after_ms = err_is_retryable(applied->outcome) ? 1000 : 0,
    };

    call_fail_with(call, applied->outcome, &details);
}

void call_on_appended(struct proposal *proposal, const struct applied *applied)
{
    struct call *call = TASK_OF(proposal, struct call, proposal);
    const struct params *params = &call->request.params;
    struct buffer out = { 0 };

    if (applied->outcome != ERR_OK) {
        fail_applied(call, applied);
        return;
    }
    if (applied->has_event) {
        meter_note_stored(call->service->meter, name_bytes(&call->identity.user), applied->stored);
    }
    struct bytes peer = params->present & P_TO ? params->to : params->peer;
    buffer_reserve(&out, 300);
    call_begin_result(call, &out);
    buffer_add_literal(&out, "{\"peer\":\"");
    buffer_add(&out, peer.data, peer.size);
    buffer_add_literal(&out, "\",\"seq\":");
    json_add_uint(&out, applied->cseq);
    buffer_add_literal(&out, ",\"ts\":");
    encode_ts(&out, applied->ts);
    buffer_add_literal(&out, ",\"cursor\":\"");
    json_add_uint(&out, call->service->generation);
    buffer_add_byte(&out, '.');
    json_add_uint(&out, applied->useq);
    buffer_add_byte(&out, '"');
    if (applied->is_duplicate) {
        buffer_add_literal(&out, ",\"duplicate\":true");
    }
    buffer_add_byte(&out, '}');
    call_reply(call, &out);
}

static void on_done_empty(struct proposal *proposal, const struct applied *applied)
{
    struct call *call = TASK_OF(proposal, struct call, proposal);

    if (applied->outcome != ERR_OK) {
        fail_applied(call, applied);
    } else {
        call_reply_empty(call);
    }
}

static struct draft draft_of(const struct call *call)
{
    const struct params *params = &call->request.params;

    return (struct draft){
        .peer = params->present & P_TO ? params->to : params->peer,
        .text = params->text,
        .seq = params->seq,
        .counter = params->counter,
        .after = params->after,
        .has_after = (params->present & P_AFTER) != 0,
        .is_over_quota = call->is_over_quota,
    };
}

static void send(struct call *call)
{
    const struct draft draft = draft_of(call);

    call->proposal.done = call_on_appended;
    enum err err = messages_send(call->service, &call->identity, &draft, &call->proposal);
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_INVALID
                        ? "params.to must be somebody else: there is no conversation with oneself"
                        : NULL);
    }
}

static void on_peer_known(void *context, enum err err)
{
    struct call *call = context;

    if (err != ERR_OK) {
        call_fail(call, err, err == ERR_NOT_FOUND ? "there is no such user" : NULL);
        return;
    }
    // Proposed before the caller is relieved: what it sent later stays behind this.
    send(call);
}

void handle_MESSAGE_SEND(struct call *call)
{
    struct directory *directory = call->service->directory;

    if (directory_knows(directory, call->request.params.to)) {
        send(call);
        return;
    }
    call_block(call);
    enum err err = directory_ask(directory, call->request.params.to, on_peer_known, call);
    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

// An edit or delete is checked against its target before it is proposed.
struct change {
    struct read read;
    struct call *call;
    struct target_view target;
};

static void run_target(struct read *read, struct partition *partition)
{
    struct change *change = TASK_OF(read, struct change, read);
    struct call *call = change->call;

    read->err = read_target(partition, name_bytes(&call->identity.user), call->request.params.peer,
            call->request.params.seq, &change->target);
}

static void on_target(struct read *read)
{
    struct change *change = TASK_OF(read, struct change, read);
    struct call *call = change->call;
    bool is_edit = call->request.method == METHOD_MESSAGE_EDIT;
    const struct draft draft = draft_of(call);
    enum err err = read->err;

    if (err == ERR_OK) {
        err = messages_check_target(&change->target, is_edit);
        // A retried delete finds its target deleted by itself: apply knows the counter.
        if (err == ERR_INVALID && draft.counter != 0 && change->target.is_deleted) {
            err = ERR_OK;
        }
    }
    free(change);
    call->proposal.done = call_on_appended;
    if (err == ERR_OK) {
        err = messages_change(call->service, &call->identity, is_edit, &draft, &call->proposal);
    }
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_FORBIDDEN ? "only one's own messages can be changed"
                        : err == ERR_INVALID
                        ? "params.seq must be of a text: this one is deleted, or an edit or "
                          "delete itself"
                        : err == ERR_TOO_LARGE ? "this message was edited too often"
                        : err == ERR_NOT_FOUND ? "there is no such message"
                                               : NULL);
    }
}

static void change(struct call *call)
{
    struct change *change = calloc(1, sizeof(*change));

    if (change == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    call_block(call);
    change->call = call;
    change->read.run = run_target;
    change->read.done = on_target;
    enum err err = service_read(call->service, name_bytes(&call->identity.user), &change->read);
    if (err != ERR_OK) {
        free(change);
        call_fail(call, err, NULL);
    }
}

void handle_MESSAGE_EDIT(struct call *call)
{
    change(call);
}

void handle_MESSAGE_DELETE(struct call *call)
{
    change(call);
}

static void mark_read(struct call *call)
{
    const struct params *params = &call->request.params;

    call->proposal.done = on_done_empty;
    enum err err = messages_read(call->service, &call->identity, params->peer, params->seq,
            &call->proposal);
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_INVALID
                        ? "params.peer must be somebody else: there is no conversation with oneself"
                        : NULL);
    }
}

static void on_author_known(void *context, enum err err)
{
    struct call *call = context;

    if (err != ERR_OK) {
        call_fail(call, err, err == ERR_NOT_FOUND ? "there is no such user" : NULL);
        return;
    }
    mark_read(call);
}

void handle_RECEIPT_READ(struct call *call)
{
    struct directory *directory = call->service->directory;

    if (directory_knows(directory, call->request.params.peer)) {
        mark_read(call);
        return;
    }
    call_block(call);
    enum err err = directory_ask(directory, call->request.params.peer, on_author_known, call);
    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

static void block(struct call *call)
{
    call->proposal.done = on_done_empty;
    enum err err = messages_block(call->service, &call->identity, call->request.params.user,
            call->request.method == METHOD_CONTACT_BLOCK, &call->proposal);
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_INVALID ? "params.user must be somebody else: one cannot block oneself"
                                   : NULL);
    }
}

static void on_contact_known(void *context, enum err err)
{
    struct call *call = context;

    if (err != ERR_OK) {
        call_fail(call, err, err == ERR_NOT_FOUND ? "there is no such user" : NULL);
        return;
    }
    block(call);
}

static void ask_and_block(struct call *call)
{
    call_block(call);
    enum err err = directory_ask(call->service->directory, call->request.params.user,
            on_contact_known, call);
    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

void handle_CONTACT_BLOCK(struct call *call)
{
    ask_and_block(call);
}

void handle_CONTACT_UNBLOCK(struct call *call)
{
    ask_and_block(call);
}
