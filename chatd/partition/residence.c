// SPDX-License-Identifier: MIT
#include "partition/residence.h"

#include <stdlib.h>

static uint64_t conversation_hash(const struct user *owner, struct bytes peer)
{
    return map_hash(peer.data, peer.size) ^ (owner->id * 0x9e3779b97f4a7c15ULL);
}

struct user *residence_find_user(const struct partition *partition, struct bytes name)
{
    struct map_node *node = map_first(&partition->users, map_hash(name.data, name.size));

    while (node != NULL) {
        struct user *user = MAP_OF(node, struct user, by_name);
        if (bytes_equal(name_bytes(&user->name), name)) {
            return user;
        }
        node = map_next(node);
    }
    return NULL;
}

static enum err keep_user(struct partition *partition, struct user *user)
{
    if (!map_insert(&partition->users, &user->by_name,
                map_hash(user->name.text, user->name.size))) {
        user_destroy(user);
        return ERR_MEMORY;
    }
    list_append(&partition->recent_users, &user->recent);
    partition->memory_bytes += user_bytes(user);
    return ERR_OK;
}

enum err residence_user(struct partition *partition, struct bytes name, struct user **user)
{
    *user = residence_find_user(partition, name);
    if (*user != NULL) {
        list_append(&partition->recent_users, &(*user)->recent);
        return ERR_OK;
    }
    if (partition->store == NULL) {
        return ERR_NOT_FOUND;
    }
    enum err err = store_get_user(partition->store, name, user);
    if (err == ERR_OK) {
        err = keep_user(partition, *user);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        partition_quarantine(partition, "reading a user", err);
    }
    return err;
}

enum err residence_add_user(struct partition *partition, struct bytes name, struct user **user)
{
    enum err err = ERR_MEMORY;

    *user = user_create();
    if (*user != NULL) {
        (*user)->name = name_of(name);
        (*user)->id = ++partition->last_user_id;
        err = keep_user(partition, *user);
    }
    if (err != ERR_OK) {
        partition_quarantine(partition, "adding a user", err);
        return err;
    }
    residence_mark_user(partition, *user);
    return ERR_OK;
}

static enum err keep_conversation(struct partition *partition, struct conversation *conversation)
{
    uint64_t hash = conversation_hash(conversation->owner, name_bytes(&conversation->peer));

    if (!map_insert(&partition->conversations, &conversation->by_peer, hash)) {
        conversation_destroy(conversation);
        return ERR_MEMORY;
    }
    list_append(&partition->recent, &conversation->recent);
    list_append(&conversation->owner->conversations, &conversation->of_user);
    partition->memory_bytes += sizeof(*conversation) + conversation->bytes;
    return ERR_OK;
}

enum err residence_conversation(struct partition *partition, struct user *owner, struct bytes peer,
        struct conversation **conversation)
{
    struct map_node *node = map_first(&partition->conversations, conversation_hash(owner, peer));

    while (node != NULL) {
        *conversation = MAP_OF(node, struct conversation, by_peer);
        if ((*conversation)->owner == owner &&
                bytes_equal(name_bytes(&(*conversation)->peer), peer)) {
            list_append(&partition->recent, &(*conversation)->recent);
            return ERR_OK;
        }
        node = map_next(node);
    }
    *conversation = NULL;
    if (partition->store == NULL) {
        return ERR_NOT_FOUND;
    }
    enum err err = store_get_conversation(partition->store, owner, peer, conversation);
    if (err == ERR_OK) {
        err = keep_conversation(partition, *conversation);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        partition_quarantine(partition, "reading a conversation", err);
    }
    return err;
}

enum err residence_add_conversation(struct partition *partition, struct user *owner,
        struct bytes peer, struct conversation **conversation)
{
    enum err err = ERR_MEMORY;

    *conversation = conversation_create();
    if (*conversation != NULL) {
        (*conversation)->owner = owner;
        (*conversation)->peer = name_of(peer);
        (*conversation)->id = ++partition->last_conversation_id;
        err = keep_conversation(partition, *conversation);
    }
    if (err != ERR_OK) {
        partition_quarantine(partition, "adding a conversation", err);
        return err;
    }
    residence_mark_conversation(partition, *conversation);
    return ERR_OK;
}

void residence_mark_user(struct partition *partition, struct user *user)
{
    if (list_is_empty(&user->dirty)) {
        list_append(&partition->dirty_users, &user->dirty);
    }
}

void residence_mark_conversation(struct partition *partition, struct conversation *conversation)
{
    if (list_is_empty(&conversation->dirty)) {
        list_append(&partition->dirty_conversations, &conversation->dirty);
    }
    residence_mark_user(partition, conversation->owner);
}

void residence_count_bytes(struct partition *partition, const struct conversation *conversation,
        uint64_t bytes_before)
{
    partition->memory_bytes += conversation->bytes - bytes_before;
}

static void forget_conversation(struct partition *partition, struct conversation *conversation)
{
    map_remove(&partition->conversations, &conversation->by_peer);
    list_leave(&conversation->recent);
    list_leave(&conversation->of_user);
    list_leave(&conversation->dirty);
    partition->memory_bytes -= sizeof(*conversation) + conversation->bytes;
    conversation_destroy(conversation);
}

static void forget_user(struct partition *partition, struct user *user)
{
    map_remove(&partition->users, &user->by_name);
    list_leave(&user->recent);
    list_leave(&user->dirty);
    partition->memory_bytes -= user_bytes(user);
    user_destroy(user);
}

void partition_shed(struct partition *partition)
{
    LIST_EACH(node, &partition->recent) {
        if (partition->memory_bytes <= partition->settings->cache_bytes_max) {
            return;
        }
        struct conversation *conversation = LIST_OF(node, struct conversation, recent);
        if (list_is_empty(&conversation->dirty)) {
            forget_conversation(partition, conversation);
        }
    }
    LIST_EACH(node, &partition->recent_users) {
        if (partition->memory_bytes <= partition->settings->cache_bytes_max) {
            return;
        }
        struct user *user = LIST_OF(node, struct user, recent);
        if (list_is_empty(&user->dirty) && list_is_empty(&user->conversations)) {
            forget_user(partition, user);
        }
    }
}

void residence_clear(struct partition *partition)
{
    LIST_EACH(node, &partition->recent) {
        forget_conversation(partition, LIST_OF(node, struct conversation, recent));
    }
    LIST_EACH(node, &partition->recent_users) {
        forget_user(partition, LIST_OF(node, struct user, recent));
    }
}
