// SPDX-License-Identifier: MIT
#include "service/meter.h"

#include <stdlib.h>

#include "shared/limits.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

#define NS_PER_MS 1000000
#define NS_PER_SECOND (1000LL * NS_PER_MS)
#define NS_PER_DAY (86400 * NS_PER_SECOND)

// Each limit is a token bucket, kept as the time at which it will be full again.
struct metered {
    struct map_node by_name;
    struct list age; // meter.users, longest quiet first
    struct name name;
    int64_t messages_full_ns;
    int64_t bytes_full_ns;
    uint64_t stored;   // as told last
    uint64_t starting; // begun and not ended
};

struct meter {
    struct meter_limits limits;
    struct map by_name;
    struct list users;
};

static_assert(TEXT_BYTES_MAX <= INT64_MAX / NS_PER_DAY, "the cost of a text fits");

struct meter *meter_create(const struct meter_limits *limits)
{
    struct meter *meter = calloc(1, sizeof(*meter));

    if (meter != NULL) {
        meter->limits = *limits;
        list_init(&meter->users);
    }
    return meter;
}

static void drop(struct meter *meter, struct metered *user)
{
    map_remove(&meter->by_name, &user->by_name);
    list_leave(&user->age);
    free(user);
}

void meter_destroy(struct meter *meter)
{
    if (meter == NULL) {
        return;
    }
    LIST_EACH(node, &meter->users) {
        drop(meter, LIST_OF(node, struct metered, age));
    }
    map_finish(&meter->by_name);
    free(meter);
}

static struct metered *find(struct meter *meter, struct bytes name)
{
    uint64_t hash = map_hash(name.data, name.size);
    struct map_node *node = map_first(&meter->by_name, hash);

    while (node != NULL) {
        struct metered *user = MAP_OF(node, struct metered, by_name);
        if (bytes_equal(name_bytes(&user->name), name)) {
            return user;
        }
        node = map_next(node);
    }
    if (meter->by_name.count >= METERED_USERS_MAX) {
        drop(meter, LIST_OF(meter->users.next, struct metered, age));
    }
    struct metered *user = calloc(1, sizeof(*user));
    if (user == NULL) {
        return NULL;
    }
    user->name = name_of(name);
    list_init(&user->age);
    if (!map_insert(&meter->by_name, &user->by_name, hash)) {
        free(user);
        return NULL;
    }
    return user;
}

// When the bucket would be full again after this; and how long before it holds that much.
static int64_t fill(int64_t full_ns, int64_t now_ns, int64_t cost_ns, int64_t capacity_ns,
        int64_t *wait_ns)
{
    int64_t full_again_ns = (full_ns > now_ns ? full_ns : now_ns) + cost_ns;
    int64_t early_ns = full_again_ns - now_ns - capacity_ns;

    if (early_ns > *wait_ns) {
        *wait_ns = early_ns;
    }
    return full_again_ns;
}

uint64_t meter_take(struct meter *meter, struct bytes name, uint32_t bytes, int64_t now_ms)
{
    const struct meter_limits *limits = &meter->limits;
    int64_t now_ns = now_ms * NS_PER_MS;
    int64_t wait_ns = 0;

    if (limits->messages_per_second == 0 && limits->bytes_per_day == 0) {
        return 0;
    }
    struct metered *user = find(meter, name);
    if (user == NULL) {
        return 0; // without memory the limits are not what matters
    }
    list_append(&meter->users, &user->age);
    int64_t message_ns = limits->messages_per_second == 0
            ? 0
            : NS_PER_SECOND / (int64_t)limits->messages_per_second;
    int64_t bytes_ns =
            limits->bytes_per_day == 0 ? 0 : bytes * NS_PER_DAY / (int64_t)limits->bytes_per_day;
    int64_t messages_full_ns = fill(user->messages_full_ns, now_ns, message_ns,
            METER_BURST_SECONDS * NS_PER_SECOND, &wait_ns);
    int64_t bytes_full_ns = fill(user->bytes_full_ns, now_ns, bytes_ns, NS_PER_DAY, &wait_ns);
    if (wait_ns > 0) {
        return (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS);
    }
    user->messages_full_ns = messages_full_ns;
    user->bytes_full_ns = bytes_full_ns;
    return 0;
}

bool meter_store_begin(struct meter *meter, struct bytes name, uint32_t bytes)
{
    uint64_t most = meter->limits.stored_bytes;

    if (most == 0) {
        return true;
    }
    struct metered *user = find(meter, name);
    if (user == NULL) {
        return true; // as above
    }
    list_append(&meter->users, &user->age);
    if (user->stored + user->starting + bytes > most) {
        return false;
    }
    user->starting += bytes;
    return true;
}

void meter_store_end(struct meter *meter, struct bytes name, uint32_t bytes)
{
    struct metered *user = meter->limits.stored_bytes == 0 ? NULL : find(meter, name);

    if (user != NULL) {
        list_append(&meter->users, &user->age);
        // It may have been forgotten meanwhile.
        user->starting -= user->starting < bytes ? user->starting : bytes;
    }
}

void meter_note_stored(struct meter *meter, struct bytes name, uint64_t bytes)
{
    struct metered *user = meter->limits.stored_bytes == 0 ? NULL : find(meter, name);

    if (user != NULL) {
        list_append(&meter->users, &user->age);
        user->stored = bytes;
    }
}
