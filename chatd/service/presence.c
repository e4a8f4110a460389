// SPDX-License-Identifier: MIT
#include "service/presence.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"
#include "shared/map.h"
#include "shared/name.h"

// Of one user: exists while it has sessions or is watched.
struct presence {
    struct map_node by_name;
    struct list members;  // member.of_user
    struct list watchers; // watch.of_target
    struct list changed;  // presence_set.changed
    struct name name;
    unsigned watch_count;     // of all its members
    enum presence_state told; // to the watchers
    uint64_t last_seen;       // when the last session ended
};

struct watch {
    struct list of_target;
    struct list of_member;
    struct presence *target;
    struct member *member;
    bool is_allowed;
};

struct presence_set {
    struct map by_name;
    struct list changed;
    unsigned present_count;
    unsigned watches_max; // of one user
};

struct presence_set *presence_set_create(unsigned watches_max)
{
    struct presence_set *set = calloc(1, sizeof(*set));

    if (set != NULL) {
        list_init(&set->changed);
        set->watches_max = watches_max;
    }
    return set;
}

void presence_set_destroy(struct presence_set *set)
{
    if (set == NULL) {
        return;
    }
    CHECK(set->by_name.count == 0);
    map_finish(&set->by_name);
    free(set);
}

const char *presence_word(enum presence_state state)
{
    static const char *const words[] = { "online", "away", "offline", "unknown" };

    return words[state];
}

static struct presence *find(const struct presence_set *set, struct bytes user)
{
    struct map_node *node = map_first(&set->by_name, map_hash(user.data, user.size));

    while (node != NULL) {
        struct presence *presence = MAP_OF(node, struct presence, by_name);
        if (bytes_equal(name_bytes(&presence->name), user)) {
            return presence;
        }
        node = map_next(node);
    }
    return NULL;
}

static struct presence *take(struct presence_set *set, struct bytes user)
{
    struct presence *presence = find(set, user);

    if (presence != NULL) {
        return presence;
    }
    presence = calloc(1, sizeof(*presence));
    if (presence == NULL) {
        return NULL;
    }
    presence->name = name_of(user);
    presence->told = PRESENCE_OFFLINE;
    list_init(&presence->members);
    list_init(&presence->watchers);
    list_init(&presence->changed);
    if (!map_insert(&set->by_name, &presence->by_name, map_hash(user.data, user.size))) {
        free(presence);
        return NULL;
    }
    return presence;
}

static void drop_if_unused(struct presence_set *set, struct presence *presence)
{
    if (list_is_empty(&presence->members) && list_is_empty(&presence->watchers)) {
        list_leave(&presence->changed);
        map_remove(&set->by_name, &presence->by_name);
        free(presence);
    }
}

static enum presence_state state_of(const struct presence *presence)
{
    enum presence_state state = PRESENCE_OFFLINE;

    LIST_EACH(node, &presence->members) {
        const struct member *member = LIST_OF(node, struct member, of_user);
        if (!member->is_counted) {
            continue;
        }
        if (member->choice == CHOICE_INVISIBLE) {
            return PRESENCE_OFFLINE;
        }
        if (member->choice == CHOICE_ONLINE) {
            state = PRESENCE_ONLINE;
        } else if (state == PRESENCE_OFFLINE) {
            state = PRESENCE_AWAY;
        }
    }
    return state;
}

static void note_change(struct presence_set *set, struct presence *presence)
{
    if (list_is_empty(&presence->changed)) {
        list_append(&set->changed, &presence->changed);
    }
}

enum err presence_join(struct presence_set *set, struct bytes user, bool is_counted,
        struct member *member)
{
    struct presence *presence = take(set, user);

    CHECK(member->presence == NULL);
    if (presence == NULL) {
        return ERR_MEMORY;
    }
    set->present_count += list_is_empty(&presence->members);
    list_init(&member->of_user);
    list_init(&member->watches);
    list_append(&presence->members, &member->of_user);
    member->presence = presence;
    member->choice = CHOICE_ONLINE;
    member->is_counted = is_counted;
    member->watch_count = 0;
    note_change(set, presence);
    return ERR_OK;
}

static void end_watch(struct presence_set *set, struct watch *watch)
{
    struct presence *target = watch->target;

    list_leave(&watch->of_target);
    list_leave(&watch->of_member);
    watch->member->watch_count--;
    watch->member->presence->watch_count--;
    free(watch);
    drop_if_unused(set, target);
}

void presence_leave(struct presence_set *set, struct member *member)
{
    struct presence *presence = member->presence;

    if (presence == NULL) {
        return;
    }
    LIST_EACH(node, &member->watches) {
        end_watch(set, LIST_OF(node, struct watch, of_member));
    }
    // One who was invisible was not here, as far as anybody is told.
    if (state_of(presence) != PRESENCE_OFFLINE) {
        presence->last_seen = (uint64_t)clock_wall_ms();
    }
    list_leave(&member->of_user);
    member->presence = NULL;
    set->present_count -= list_is_empty(&presence->members);
    note_change(set, presence);
    drop_if_unused(set, presence);
}

void presence_choose(struct presence_set *set, struct member *member, enum presence_choice choice)
{
    struct presence *presence = member->presence;

    if (presence == NULL || member->choice == choice) {
        return;
    }
    if (state_of(presence) != PRESENCE_OFFLINE) {
        presence->last_seen = (uint64_t)clock_wall_ms();
    }
    member->choice = choice;
    note_change(set, presence);
}

enum presence_state presence_of(const struct presence_set *set, struct bytes user,
        uint64_t *last_seen)
{
    const struct presence *presence = find(set, user);

    *last_seen = presence == NULL ? 0 : presence->last_seen;
    return presence == NULL ? PRESENCE_OFFLINE : state_of(presence);
}

static struct watch *find_watch(const struct member *member, struct bytes user)
{
    LIST_EACH(node, &member->watches) {
        struct watch *watch = LIST_OF(node, struct watch, of_member);
        if (bytes_equal(name_bytes(&watch->target->name), user)) {
            return watch;
        }
    }
    return NULL;
}

enum err presence_watch(struct presence_set *set, struct member *member, struct bytes user,
        bool is_allowed)
{
    struct watch *watch = find_watch(member, user);

    if (watch != NULL) {
        watch->is_allowed = is_allowed;
        return ERR_OK;
    }
    if (member->watch_count >= WATCHES_MAX || member->presence->watch_count >= set->watches_max) {
        return ERR_TOO_LARGE;
    }
    struct presence *target = take(set, user);
    watch = target == NULL ? NULL : calloc(1, sizeof(*watch));
    if (watch == NULL) {
        if (target != NULL) {
            drop_if_unused(set, target);
        }
        return ERR_MEMORY;
    }
    *watch = (struct watch){ .target = target, .member = member, .is_allowed = is_allowed };
    list_init(&watch->of_target);
    list_init(&watch->of_member);
    list_append(&target->watchers, &watch->of_target);
    list_append(&member->watches, &watch->of_member);
    member->watch_count++;
    member->presence->watch_count++;
    return ERR_OK;
}

void presence_unwatch(struct presence_set *set, struct member *member, struct bytes user)
{
    struct watch *watch = find_watch(member, user);

    if (watch != NULL) {
        end_watch(set, watch);
    }
}

void presence_allow(struct presence_set *set, struct bytes viewer, struct bytes user,
        bool is_allowed)
{
    struct presence *target = find(set, user);

    if (target == NULL) {
        return;
    }
    LIST_EACH(node, &target->watchers) {
        struct watch *watch = LIST_OF(node, struct watch, of_target);
        const struct presence *own = watch->member->presence;
        if (own == NULL || !bytes_equal(name_bytes(&own->name), viewer) ||
                watch->is_allowed == is_allowed) {
            continue;
        }
        watch->is_allowed = is_allowed;
        watch->member->on_presence(watch->member, user,
                is_allowed ? state_of(target) : PRESENCE_OFFLINE,
                is_allowed ? target->last_seen : 0);
    }
}

static void tell_watchers(struct presence *presence)
{
    enum presence_state state = state_of(presence);
    uint64_t last_seen = state == PRESENCE_OFFLINE ? presence->last_seen : 0;

    if (state == presence->told) {
        return; // it came back before anybody was told
    }
    presence->told = state;
    if (state == PRESENCE_OFFLINE && PLANTED("presence_untold")) {
        return;
    }
    LIST_EACH(node, &presence->watchers) {
        struct watch *watch = LIST_OF(node, struct watch, of_target);
        if (watch->is_allowed) {
            watch->member->on_presence(watch->member, name_bytes(&presence->name), state,
                    last_seen);
        }
    }
}

bool presence_tick(struct presence_set *set)
{
    LIST_EACH(node, &set->changed) {
        struct presence *presence = LIST_OF(node, struct presence, changed);
        list_leave(&presence->changed);
        tell_watchers(presence);
    }
    return set->present_count > 0;
}

unsigned presence_count(const struct presence_set *set)
{
    return set->present_count;
}

struct visitor {
    void (*visit)(void *context, struct bytes user, enum presence_state state,
            unsigned session_count);
    void *context;
};

static void visit_one(struct map_node *node, void *context)
{
    const struct presence *presence = MAP_OF(node, struct presence, by_name);
    const struct visitor *visitor = context;
    unsigned count = 0;

    LIST_EACH(member, &presence->members) {
        count++;
    }
    if (count > 0) {
        visitor->visit(visitor->context, name_bytes(&presence->name), state_of(presence), count);
    }
}

void presence_each(struct presence_set *set,
        void (*visit)(void *context, struct bytes user, enum presence_state state,
                unsigned session_count),
        void *context)
{
    struct visitor visitor = { visit, context };

    map_each(&set->by_name, visit_one, &visitor);
}
