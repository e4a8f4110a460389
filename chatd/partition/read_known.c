// SPDX-License-Identifier: MIT
#include "partition/read.h"

#include "partition/views.h"

static enum err look_at(struct partition *partition, struct user *user, struct acquaintance *peer)
{
    struct conversation *conversation;
    enum err err = residence_conversation(partition, user, name_bytes(&peer->name), &conversation);

    peer->has_written = false;
    peer->is_blocked = false;
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        peer->has_written = conversation->last_peer_cseq > 0;
        peer->is_blocked = conversation->is_blocked_by_owner || conversation->is_blocked_by_peer;
    }
    return err;
}

enum err read_known(struct partition *partition, struct bytes name, struct acquaintance *peers,
        uint32_t count)
{
    struct user *user;
    enum err err = view_owner(partition, name, &user);

    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        err = look_at(partition, user, &peers[i]);
    }
    return err == ERR_OK || err == ERR_NOT_FOUND ? err : ERR_UNAVAILABLE;
}
