// SPDX-License-Identifier: MIT
#include "partition/read.h"

#include <stdlib.h>

#include "partition/views.h"

enum err read_account(struct partition *partition, struct bytes name, struct account_page *page)
{
    struct user *user;

    *page = (struct account_page){ 0 };
    enum err err = view_owner(partition, name, &user);
    if (err != ERR_OK) {
        return err;
    }
    page->name = user->name;
    page->state = user->state;
    page->is_admin = user->is_admin;
    page->created = user->created;
    page->stored_bytes = user->stored_bytes;
    page->retention = user->retention;
    page->head_useq = user->next_useq - 1;
    page->secret = arena_copy(&page->arena, (struct bytes){ user->secret, user->secret_bytes });
    page->devices = arena_take(&page->arena, (user->device_count + 1) * sizeof(*page->devices));
    if (page->secret.data == NULL || page->devices == NULL) {
        arena_finish(&page->arena);
        return ERR_MEMORY;
    }
    page->device_count = user->device_count;
    if (user->device_count > 0) {
        memcpy(page->devices, user->devices, user->device_count * sizeof(*page->devices));
    }
    return ERR_OK;
}

struct listing {
    struct users_page *page;
    uint32_t capacity;
};

static enum err add_line(struct listing *listing, struct bytes name, enum user_state state,
        uint64_t created)
{
    struct users_page *page = listing->page;

    if (page->count == listing->capacity) {
        uint32_t capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
        struct user_line *users = arena_take(&page->arena, capacity * sizeof(*users));
        if (users == NULL) {
            return ERR_MEMORY;
        }
        if (page->count > 0) {
            memcpy(users, page->users, page->count * sizeof(*users));
        }
        page->users = users;
        listing->capacity = capacity;
    }
    struct bytes copy = arena_copy(&page->arena, name);
    page->users[page->count++] = (struct user_line){ copy, state, created };
    return copy.data == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err add_stored(void *context, struct bytes name, enum user_state state,
        uint64_t created)
{
    return add_line(context, name, state, created);
}

static int by_name(const void *a, const void *b)
{
    const struct user_line *first = a;
    const struct user_line *second = b;

    return strcmp(first->name.data, second->name.data);
}

// The file's users, with those in memory over them.
static enum err gather(struct partition *partition, struct listing *listing)
{
    struct users_page *page = listing->page;
    enum err err = ERR_OK;

    if (partition->store != NULL) {
        err = store_each_user(partition->store, (struct bytes){ 0 }, UINT32_MAX, add_stored,
                listing);
    }
    uint32_t stored_count = page->count;
    LIST_EACH(node, &partition->dirty_users) {
        const struct user *user = LIST_OF(node, struct user, dirty);
        uint32_t i = 0;
        while (i < stored_count && !bytes_equal(page->users[i].name, name_bytes(&user->name))) {
            i++;
        }
        if (i < stored_count) {
            page->users[i].state = user->state;
        } else if (err == ERR_OK) {
            err = add_line(listing, name_bytes(&user->name), user->state, user->created);
        }
    }
    return err;
}

enum err read_users(struct partition *partition, struct users_page *page)
{
    struct listing listing = { page, 0 };

    *page = (struct users_page){ 0 };
    if (partition->state == PARTITION_QUARANTINED) {
        return ERR_UNAVAILABLE;
    }
    enum err err = gather(partition, &listing);
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct users_page){ 0 };
        return err;
    }
    if (page->count > 0) {
        qsort(page->users, page->count, sizeof(*page->users), by_name);
    }
    return ERR_OK;
}

enum err read_count(struct partition *partition, struct partition_count *count)
{
    struct store_count stored = { 0 };

    *count = (struct partition_count){
        .memory_bytes = partition->memory_bytes,
        .applied_index = partition->applied_index,
        .disk_index = partition->disk_index,
        .is_absent = partition->state == PARTITION_ABSENT,
        .place = partition->place,
    };
    if (partition->state == PARTITION_QUARANTINED) {
        return ERR_UNAVAILABLE;
    }
    if (partition->store == NULL) {
        return ERR_OK;
    }
    enum err err = store_count(partition->store, &stored);
    count->users = stored.users;
    count->conversations = stored.conversations;
    count->messages = stored.messages;
    count->file_bytes = stored.file_bytes;
    return err;
}

static enum err add_largest(void *context, struct bytes name, uint64_t entries,
        uint64_t stored_bytes)
{
    struct largest_users *largest = context;
    uint32_t i = largest->count++;

    largest->users[i].name = name_of(name);
    largest->users[i].entries = entries;
    largest->users[i].stored_bytes = stored_bytes;
    return ERR_OK;
}

enum err read_largest_users(struct partition *partition, struct largest_users *largest)
{
    *largest = (struct largest_users){ .count = 0 };
    if (partition->store == NULL) {
        return ERR_OK;
    }
    return store_each_largest(partition->store, LARGEST_USERS_MAX, add_largest, largest);
}
