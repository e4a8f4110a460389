// SPDX-License-Identifier: MIT
#include "service/throttle.h"

#include <stdlib.h>

#include "shared/limits.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

#define FREE_FAILURES 4
#define WAIT_MS_FIRST 1000
#define WAIT_MS_MAX 60000

struct suspect {
    struct map_node by_name;
    struct list age; // throttle.suspects, longest quiet first
    struct name name;
    unsigned failures;
    int64_t allowed_ms; // not before
};

struct throttle {
    struct map by_name;
    struct list suspects;
};

struct throttle *throttle_create(void)
{
    struct throttle *throttle = calloc(1, sizeof(*throttle));

    if (throttle != NULL) {
        list_init(&throttle->suspects);
    }
    return throttle;
}

static void drop(struct throttle *throttle, struct suspect *suspect)
{
    map_remove(&throttle->by_name, &suspect->by_name);
    list_leave(&suspect->age);
    free(suspect);
}

void throttle_destroy(struct throttle *throttle)
{
    if (throttle == NULL) {
        return;
    }
    LIST_EACH(node, &throttle->suspects) {
        drop(throttle, LIST_OF(node, struct suspect, age));
    }
    map_finish(&throttle->by_name);
    free(throttle);
}

static struct suspect *find(const struct throttle *throttle, struct bytes name)
{
    struct map_node *node = map_first(&throttle->by_name, map_hash(name.data, name.size));

    while (node != NULL) {
        struct suspect *suspect = MAP_OF(node, struct suspect, by_name);
        if (bytes_equal(name_bytes(&suspect->name), name)) {
            return suspect;
        }
        node = map_next(node);
    }
    return NULL;
}

uint64_t throttle_wait_ms(const struct throttle *throttle, struct bytes name, int64_t now_ms)
{
    const struct suspect *suspect = find(throttle, name);

    return suspect == NULL || suspect->allowed_ms <= now_ms
            ? 0
            : (uint64_t)(suspect->allowed_ms - now_ms);
}

static struct suspect *add(struct throttle *throttle, struct bytes name)
{
    if (throttle->by_name.count >= THROTTLED_NAMES_MAX) {
        drop(throttle, LIST_OF(throttle->suspects.next, struct suspect, age));
    }
    struct suspect *suspect = calloc(1, sizeof(*suspect));
    if (suspect == NULL) {
        return NULL;
    }
    suspect->name = name_of(name);
    list_init(&suspect->age);
    if (!map_insert(&throttle->by_name, &suspect->by_name, map_hash(name.data, name.size))) {
        free(suspect);
        return NULL;
    }
    return suspect;
}

void throttle_failed(struct throttle *throttle, struct bytes name, int64_t now_ms)
{
    struct suspect *suspect = find(throttle, name);

    if (suspect == NULL) {
        suspect = add(throttle, name);
    }
    if (suspect == NULL) {
        return;
    }
    list_append(&throttle->suspects, &suspect->age);
    suspect->failures++;
    if (suspect->failures > FREE_FAILURES) {
        unsigned doublings = suspect->failures - FREE_FAILURES - 1;
        int64_t wait_ms = doublings > 6 ? WAIT_MS_MAX : (int64_t)WAIT_MS_FIRST << doublings;
        suspect->allowed_ms = now_ms + (wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX);
    }
}

void throttle_succeeded(struct throttle *throttle, struct bytes name)
{
    struct suspect *suspect = find(throttle, name);

    if (suspect != NULL) {
        drop(throttle, suspect);
    }
}
