// SPDX-License-Identifier: MIT
#include "partition/changed.h"

#include <stdlib.h>

struct gather {
    struct partition *partition;
    struct user *user;
    struct changed *changed;
    uint64_t after;
    uint64_t before;
};

static bool is_within(const struct gather *gather, const struct conversation *conversation)
{
    return conversation->changed_useq > gather->after &&
            conversation->changed_useq < gather->before;
}

static enum err add(struct changed *changed, struct conversation *conversation)
{
    if (changed->count == changed->capacity) {
        uint32_t capacity = changed->capacity == 0 ? 16 : changed->capacity * 2;
        struct conversation **items =
                realloc(changed->items, capacity * sizeof(struct conversation *));
        if (items == NULL) {
            return ERR_MEMORY;
        }
        changed->items = items;
        changed->capacity = capacity;
    }
    changed->items[changed->count++] = conversation;
    return ERR_OK;
}

struct peer_list {
    struct name *names;
    uint32_t count;
    uint32_t capacity;
};

// Only remembers: loading a conversation needs the same statements that this walk is using.
static enum err remember_peer(void *context, struct bytes peer, uint64_t changed_useq)
{
    struct peer_list *list = context;

    (void)changed_useq;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct name *names = realloc(list->names, capacity * sizeof(*names));
        if (names == NULL) {
            return ERR_MEMORY;
        }
        list->names = names;
        list->capacity = capacity;
    }
    list->names[list->count++] = name_of(peer);
    return ERR_OK;
}

static enum err add_from_memory(const struct gather *gather)
{
    enum err err = ERR_OK;

    LIST_EACH(node, &gather->user->conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, of_user);
        if (err == ERR_OK && is_within(gather, conversation)) {
            err = add(gather->changed, conversation);
        }
    }
    return err;
}

// The file's candidates are brought into memory; what memory knows of them decides.
static enum err load_from_file(const struct gather *gather, uint32_t limit)
{
    struct peer_list list = { 0 };
    enum err err = store_each_changed(gather->partition->store, gather->user->id, gather->after,
            gather->before, limit, remember_peer, &list);

    if (err != ERR_OK && err != ERR_MEMORY) {
        partition_quarantine(gather->partition, "reading conversations", err);
    }
    for (uint32_t i = 0; err == ERR_OK && i < list.count; i++) {
        struct conversation *conversation;
        err = residence_conversation(gather->partition, gather->user, name_bytes(&list.names[i]),
                &conversation);
    }
    free(list.names);
    return err;
}

static int newest_first(const void *a, const void *b)
{
    const struct conversation *const *first = a;
    const struct conversation *const *second = b;

    return ((*first)->changed_useq < (*second)->changed_useq) -
            ((*first)->changed_useq > (*second)->changed_useq);
}

enum err changed_find(struct partition *partition, struct user *user, uint64_t after,
        uint64_t before, uint32_t limit, struct changed *changed)
{
    const struct gather gather = { partition, user, changed, after, before };
    uint64_t in_memory = 0;
    enum err err = ERR_OK;

    *changed = (struct changed){ 0 };
    // A row of the file may be outdated by memory and drop out of the range; that many more rows
    // than the limit make up for it.
    LIST_EACH(node, &user->conversations) {
        const struct conversation *conversation = LIST_OF(node, struct conversation, of_user);
        in_memory += conversation->changed_useq != conversation->stored_changed_useq;
    }
    if (partition->store != NULL) {
        err = load_from_file(&gather, limit + (uint32_t)in_memory);
    }
    if (err == ERR_OK) {
        err = add_from_memory(&gather);
    }
    if (err != ERR_OK) {
        changed_finish(changed);
        return err;
    }
    if (changed->count > 0) {
        qsort(changed->items, changed->count, sizeof(struct conversation *), newest_first);
    }
    if (changed->count > limit) {
        changed->count = limit;
    }
    return ERR_OK;
}

void changed_finish(struct changed *changed)
{
    free(changed->items);
    *changed = (struct changed){ 0 };
}
