// SPDX-License-Identifier: MIT
#include "partition/read.h"

#include "partition/changed.h"
#include "partition/views.h"
#include "shared/limits.h"

static enum err fill(struct partition *partition, struct user *user,
        const struct heads_query *query, struct heads_page *page)
{
    struct changed changed;
    enum err err =
            changed_find(partition, user, query->after, query->before, query->limit + 1, &changed);

    if (err != ERR_OK) {
        return err;
    }
    page->has_more = changed.count > query->limit;
    if (page->has_more) {
        changed.count = query->limit;
    }
    page->heads = arena_take(&page->arena, (changed.count + 1) * sizeof(*page->heads));
    if (page->heads == NULL) {
        err = ERR_MEMORY;
    }
    for (uint32_t i = 0; err == ERR_OK && i < changed.count; i++) {
        err = view_head(partition, &page->arena, changed.items[i], &page->heads[page->count]);
        page->count++;
    }
    changed_finish(&changed);
    return err;
}

enum err read_heads(struct partition *partition, const struct heads_query *query,
        struct heads_page *page)
{
    struct user *user;

    *page = (struct heads_page){ 0 };
    enum err err = view_owner(partition, query->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    page->head_useq = user->next_useq - 1;
    err = fill(partition, user, query, page);
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct heads_page){ 0 };
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

enum err read_backlog(struct partition *partition, struct bytes name, uint64_t after_useq,
        uint64_t *changed_count, uint64_t *head_useq)
{
    struct user *user;
    struct changed changed;

    enum err err = view_owner(partition, name, &user);
    if (err != ERR_OK) {
        return err;
    }
    *head_useq = user->next_useq - 1;
    *changed_count = 0;
    if (after_useq >= *head_useq) {
        return ERR_OK;
    }
    err = changed_find(partition, user, after_useq, UINT64_MAX, CATCH_UP_CONVERSATIONS_MAX + 1,
            &changed);
    if (err != ERR_OK) {
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    *changed_count = changed.count;
    changed_finish(&changed);
    return ERR_OK;
}

enum err read_blocked(struct partition *partition, struct bytes name, struct names_page *page)
{
    struct user *user;
    struct changed changed;

    *page = (struct names_page){ 0 };
    enum err err = view_owner(partition, name, &user);
    if (err != ERR_OK) {
        return err;
    }
    // A block is an event of its owner, so every blocked conversation has changed at some time.
    err = changed_find(partition, user, 0, UINT64_MAX, UINT32_MAX / 2, &changed);
    if (err != ERR_OK) {
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    page->names = arena_take(&page->arena, (changed.count + 1) * sizeof(*page->names));
    for (uint32_t i = 0; page->names != NULL && i < changed.count; i++) {
        if (changed.items[i]->is_blocked_by_owner) {
            page->names[page->count] =
                    arena_copy(&page->arena, name_bytes(&changed.items[i]->peer));
            page->count += page->names[page->count].data != NULL;
        }
    }
    changed_finish(&changed);
    return page->names == NULL ? ERR_MEMORY : ERR_OK;
}
