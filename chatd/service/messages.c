// SPDX-License-Identifier: MIT
#include "service/messages.h"

#include "shared/clock.h"
#include "shared/limits.h"

static bool is_oneself(const struct identity *who, struct bytes peer)
{
    return bytes_equal(name_bytes(&who->user), peer);
}

static struct record record_of(enum record_type type, const struct identity *who,
        const struct draft *draft)
{
    return (struct record){
        .type = type,
        .user = name_bytes(&who->user),
        .peer = draft->peer,
        .device = who->device,
        .counter = draft->counter,
        .after = draft->has_after ? draft->after + 1 : 0,
        .cseq = draft->seq,
        .ts = (uint64_t)clock_wall_ms(),
        .text = draft->text,
    };
}

enum err messages_send(struct service *service, const struct identity *who,
        const struct draft *draft, struct proposal *proposal)
{
    enum record_type type = draft->is_over_quota ? RECORD_AGAIN : RECORD_SEND;
    struct record record = record_of(type, who, draft);

    if (is_oneself(who, draft->peer)) {
        return ERR_INVALID;
    }
    return cell_propose(service->cell, &record, proposal);
}

enum err messages_check_target(const struct target_view *target, bool is_edit)
{
    if (!target->is_own) {
        return ERR_FORBIDDEN;
    }
    if (!target->is_text || target->is_deleted) {
        return ERR_INVALID;
    }
    if (is_edit && target->edit_count >= EDITS_PER_MESSAGE_MAX) {
        return ERR_TOO_LARGE;
    }
    return ERR_OK;
}

enum err messages_change(struct service *service, const struct identity *who, bool is_edit,
        const struct draft *draft, struct proposal *proposal)
{
    enum record_type type = !is_edit ? RECORD_DELETE
            : draft->is_over_quota   ? RECORD_AGAIN
                                     : RECORD_EDIT;
    struct record record = record_of(type, who, draft);

    return cell_propose(service->cell, &record, proposal);
}

enum err messages_read(struct service *service, const struct identity *who, struct bytes peer,
        uint64_t seq, struct proposal *proposal)
{
    struct draft draft = { .peer = peer, .seq = seq };
    struct record record = record_of(RECORD_READ, who, &draft);

    if (is_oneself(who, peer)) {
        return ERR_INVALID;
    }
    return cell_propose(service->cell, &record, proposal);
}

enum err messages_block(struct service *service, const struct identity *who, struct bytes peer,
        bool is_blocked, struct proposal *proposal)
{
    struct draft draft = { .peer = peer };
    struct record record = record_of(RECORD_BLOCK, who, &draft);

    if (is_oneself(who, peer)) {
        return ERR_INVALID;
    }
    record.flags = is_blocked;
    return cell_propose(service->cell, &record, proposal);
}
