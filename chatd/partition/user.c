// SPDX-License-Identifier: MIT
#include "partition/user.h"

#include <stdlib.h>

struct user *user_create(void)
{
    struct user *user = calloc(1, sizeof(*user));

    if (user != NULL) {
        list_init(&user->recent);
        list_init(&user->dirty);
        list_init(&user->conversations);
        user->next_useq = 1;
    }
    return user;
}

void user_destroy(struct user *user)
{
    if (user == NULL) {
        return;
    }
    CHECK(list_is_empty(&user->conversations));
    free(user->devices);
    free(user);
}

struct device *user_device(const struct user *user, uint64_t device)
{
    for (uint32_t i = 0; i < user->device_count; i++) {
        if (user->devices[i].id == device) {
            return &user->devices[i];
        }
    }
    return NULL;
}

struct device *user_add_device(struct user *user)
{
    if (user->device_count == user->device_capacity) {
        uint32_t capacity = user->device_capacity == 0 ? 2 : user->device_capacity * 2;
        struct device *devices = realloc(user->devices, capacity * sizeof(*devices));
        if (devices == NULL) {
            return NULL;
        }
        user->devices = devices;
        user->device_capacity = capacity;
    }
    struct device *device = &user->devices[user->device_count++];
    memset(device, 0, sizeof(*device));
    device->is_dirty = true;
    return device;
}

uint64_t user_bytes(const struct user *user)
{
    return sizeof(*user) + user->device_capacity * sizeof(struct device) + 32;
}
