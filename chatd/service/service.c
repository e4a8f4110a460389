// SPDX-License-Identifier: MIT
#include "service/service.h"

#include <string.h>

#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

// What a key has failed is forgotten by a restart; so names begin a restarted server with one free
// failure instead of all.
static int64_t strict_until(const struct cell *cell)
{
    struct cell_status status;

    cell_get_status(cell, &status);
    return status.log_index == 0 ? 0 : clock_monotonic_ms() + STRICT_AFTER_START_MS;
}

enum err service_init(struct service *service, struct cell *cell, struct hasher *hasher,
        const struct quotas *quotas)
{
    service->quotas = *quotas;
    service->cell = cell;
    service->hasher = hasher;
    service->hub = hub_create();
    service->directory = directory_create(cell);
    service->receipts = receipts_create(cell);
    service->presence = presence_set_create((unsigned)quotas->watches_per_user);
    service->meter = meter_create(&quotas->meter);
    service->retention = retention_create(cell, quotas->retention_s);
    service->names = throttle_create(&(struct throttle_rule){
            .free_failures = NAME_FREE_FAILURES,
            .success_forgives_all = true,
            .strict_until_ms = strict_until(cell),
    });
    service->sources = throttle_create(&(struct throttle_rule){
            .free_failures = SOURCE_FREE_FAILURES,
            .forget_ms = SOURCE_FORGET_MS,
    });
    if (service->meter == NULL || service->names == NULL || service->sources == NULL ||
            service->presence == NULL || service->hub == NULL || service->directory == NULL ||
            service->receipts == NULL || service->retention == NULL) {
        service_finish(service);
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void service_finish(struct service *service)
{
    receipts_destroy(service->receipts);
    service->receipts = NULL;
    retention_destroy(service->retention);
    meter_destroy(service->meter);
    throttle_destroy(service->names);
    throttle_destroy(service->sources);
    presence_set_destroy(service->presence);
    directory_destroy(service->directory);
    hub_destroy(service->hub);
    *service = (struct service){ 0 };
}

static bool view_of(const struct record *record, const struct applied *applied,
        struct event_view *event)
{
    bool is_actor = applied->side == SIDE_USER;
    struct bytes peer = is_actor ? record->peer : record->user;

    *event = (struct event_view){ .useq = applied->useq };
    switch (record->type) {
    case RECORD_SEND:
    case RECORD_EDIT:
    case RECORD_DELETE:
        event->kind = EVENT_MESSAGE;
        event->message = (struct message_view){
            .peer = peer,
            .from = record->user,
            .text = record->text,
            .seq = applied->cseq,
            .useq = applied->useq,
            .previous = applied->previous,
            .target = record->cseq,
            .counter = is_actor ? record->counter : 0,
            .device = is_actor ? record->device : 0,
            .ts = applied->ts,
            .kind = record->type == RECORD_SEND   ? MESSAGE_TEXT
                    : record->type == RECORD_EDIT ? MESSAGE_EDIT
                                                  : MESSAGE_DELETE,
        };
        return true;
    case RECORD_DELIVERED:
        (void)FAILPOINT("session.receipt_durable");
        event->kind = EVENT_RECEIPT;
        event->receipt = (struct receipt_view){ peer, record->user, applied->cseq, 0 };
        return true;
    case RECORD_READ:
        event->kind = EVENT_RECEIPT;
        event->receipt = (struct receipt_view){ peer, record->user, 0, applied->cseq };
        return true;
    case RECORD_BLOCK:
    case RECORD_IMPORT:
        // The conversation's head is not at hand: sessions pull it.
        event->kind = EVENT_CONVERSATION;
        return true;
    case RECORD_USER_CREATE:
    case RECORD_USER_STATE:
    case RECORD_PASSWORD_SET:
    case RECORD_DEVICE_CREATE:
    case RECORD_DEVICE_REVOKE:
    case RECORD_ACK:
    case RECORD_SEEN:
    case RECORD_USER_CLAIM:
    case RECORD_AGAIN:
    case RECORD_EXPIRE:
    case RECORD_RETENTION:
    case RECORD_TYPE_COUNT:
        break;
    }
    return false;
}

// What a record means for those who are connected, beside mailbox events.
static void note_account(struct service *service, const struct record *record)
{
    if (PLANTED("revoke_not_broadcast")) {
        return;
    }
    if (record->type == RECORD_DEVICE_REVOKE) {
        hub_revoke(service->hub, record->user, record->device, 0);
    } else if (record->type == RECORD_PASSWORD_SET) {
        hub_revoke(service->hub, record->user, 0, record->device);
    } else if (record->type == RECORD_USER_STATE && record->flags != USER_ACTIVE) {
        directory_forget(service->directory, record->user);
        hub_revoke(service->hub, record->user, 0, 0);
    }
}

// Who has written to somebody may be seen by them; who blocks them, or is blocked, may not.
static void note_acquaintance(struct service *service, const struct record *record,
        const struct applied *applied)
{
    if (applied->outcome != ERR_OK || applied->side != SIDE_PEER) {
        return;
    }
    if (record->type == RECORD_SEND && applied->previous == 0 && applied->has_event) {
        presence_allow(service->presence, record->peer, record->user, true);
    } else if (record->type == RECORD_BLOCK && record->flags != 0) {
        presence_allow(service->presence, record->peer, record->user, false);
        presence_allow(service->presence, record->user, record->peer, false);
    }
}

void service_on_event(struct service *service, const struct record *record,
        const struct applied *applied, struct proposal *proposal)
{
    struct event_view event;
    struct bytes mailbox = applied->side == SIDE_USER ? record->user : record->peer;

    if (applied->outcome == ERR_OK && !record_is_two_sided(record->type)) {
        note_account(service, record);
    }
    note_acquaintance(service, record, applied);
    service->entries += applied->side == SIDE_USER && applied->has_event &&
            (record->type == RECORD_SEND || record->type == RECORD_EDIT ||
                    record->type == RECORD_DELETE);
    if (!applied->has_event || !hub_has(service->hub, mailbox) ||
            !view_of(record, applied, &event)) {
        return;
    }
    struct delivery delivery = { .event = &event, .origin = proposal };
    hub_publish(service->hub, mailbox, &delivery);
}

bool service_is_admin(const struct service *service, const struct identity *identity)
{
    const char *rest = service->admin_users;

    for (;;) {
        rest += strspn(rest, " \t");
        uint32_t bytes = (uint32_t)strcspn(rest, " \t");
        if (bytes == 0 || identity->is_consumer) {
            return false;
        }
        if (bytes_equal(name_bytes(&identity->user), (struct bytes){ rest, bytes })) {
            return true;
        }
        rest += bytes;
    }
}

enum err service_read(struct service *service, struct bytes user, struct read *read)
{
    return cell_read(service->cell, cell_partition_of(service->cell, user), read);
}
