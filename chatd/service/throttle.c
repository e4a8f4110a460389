// SPDX-License-Identifier: MIT
#include "service/throttle.h"

#include <stdlib.h>

#include "shared/limits.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

#define WAIT_MS_FIRST 1000
#define WAIT_MS_MAX 60000
#define DOUBLINGS_MAX 6

struct suspect {
    struct map_node by_key;
    struct list age; // throttle.suspects, longest quiet first
    char key[THROTTLE_KEY_BYTES_MAX];
    uint32_t key_bytes;
    unsigned failures;
    int64_t tried_ms;
    int64_t allowed_ms; // not before
};

struct throttle {
    struct throttle_rule rule;
    struct map by_key;
    struct list suspects;
};

struct throttle *throttle_create(const struct throttle_rule *rule)
{
    struct throttle *throttle = calloc(1, sizeof(*throttle));

    if (throttle != NULL) {
        throttle->rule = *rule;
        list_init(&throttle->suspects);
    }
    return throttle;
}

static void drop(struct throttle *throttle, struct suspect *suspect)
{
    map_remove(&throttle->by_key, &suspect->by_key);
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
    map_finish(&throttle->by_key);
    free(throttle);
}

static struct suspect *find(const struct throttle *throttle, struct bytes key)
{
    struct map_node *node = map_first(&throttle->by_key, map_hash(key.data, key.size));

    while (node != NULL) {
        struct suspect *suspect = MAP_OF(node, struct suspect, by_key);
        if (bytes_equal((struct bytes){ suspect->key, suspect->key_bytes }, key)) {
            return suspect;
        }
        node = map_next(node);
    }
    return NULL;
}

uint64_t throttle_wait_ms(const struct throttle *throttle, struct bytes key, int64_t now_ms)
{
    const struct suspect *suspect = find(throttle, key);

    return suspect == NULL || suspect->allowed_ms <= now_ms
            ? 0
            : (uint64_t)(suspect->allowed_ms - now_ms);
}

static struct suspect *add(struct throttle *throttle, struct bytes key, int64_t now_ms)
{
    if (throttle->by_key.count >= THROTTLED_KEYS_MAX) {
        drop(throttle, LIST_OF(throttle->suspects.next, struct suspect, age));
    }
    struct suspect *suspect = calloc(1, sizeof(*suspect));
    if (suspect == NULL) {
        return NULL;
    }
    CHECK(key.size > 0 && key.size <= sizeof(suspect->key));
    memcpy(suspect->key, key.data, key.size);
    suspect->key_bytes = key.size;
    suspect->tried_ms = now_ms;
    if (now_ms < throttle->rule.strict_until_ms && throttle->rule.free_failures > 0) {
        suspect->failures = throttle->rule.free_failures - 1;
    }
    list_init(&suspect->age);
    if (!map_insert(&throttle->by_key, &suspect->by_key, map_hash(key.data, key.size))) {
        free(suspect);
        return NULL;
    }
    return suspect;
}

static void forget(const struct throttle *throttle, struct suspect *suspect, int64_t now_ms)
{
    if (throttle->rule.forget_ms == 0) {
        return;
    }
    int64_t forgotten = (now_ms - suspect->tried_ms) / throttle->rule.forget_ms;
    suspect->failures -= forgotten < suspect->failures ? (unsigned)forgotten : suspect->failures;
    suspect->tried_ms += forgotten * throttle->rule.forget_ms;
}

void throttle_tried(struct throttle *throttle, struct bytes key, int64_t now_ms)
{
    struct suspect *suspect = key.size == 0 ? NULL : find(throttle, key);

    if (suspect == NULL && key.size > 0) {
        suspect = add(throttle, key, now_ms);
    }
    if (suspect == NULL) {
        return;
    }
    list_append(&throttle->suspects, &suspect->age);
    forget(throttle, suspect, now_ms);
    suspect->failures++;
    if (suspect->failures > throttle->rule.free_failures) {
        unsigned doublings = suspect->failures - throttle->rule.free_failures - 1;
        int64_t wait_ms =
                doublings >= DOUBLINGS_MAX ? WAIT_MS_MAX : (int64_t)WAIT_MS_FIRST << doublings;
        suspect->allowed_ms = now_ms + wait_ms;
    }
}

void throttle_succeeded(struct throttle *throttle, struct bytes key)
{
    struct suspect *suspect = find(throttle, key);

    if (suspect == NULL) {
        return;
    }
    if (throttle->rule.success_forgives_all) {
        drop(throttle, suspect);
    } else {
        suspect->failures -= suspect->failures > 0;
    }
}
