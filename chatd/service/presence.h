// SPDX-License-Identifier: MIT
// Who is there. Soft state: it lives here, is made by the sessions and dies with the process.
//
// A user is online while one of its devices (named consumers do not count) has a live session; away
// when all of them say so; offline, to everybody, when one of them chose to be invisible. Changes
// are gathered and told to the watchers once a second. Who may see whom is decided by the viewer's
// own conversation: only somebody who has written to you and does not block you is shown to you.
//
// Owner: the service. Thread: the loop thread. Bound: WATCHES_MAX a member.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/list.h"

struct presence_set;

enum presence_state { PRESENCE_ONLINE, PRESENCE_AWAY, PRESENCE_OFFLINE, PRESENCE_UNKNOWN };
enum presence_choice { CHOICE_ONLINE, CHOICE_AWAY, CHOICE_INVISIBLE };

// One session of a user: makes it present, and may watch others.
struct member {
    struct list of_user;       // presence.members
    struct list watches;       // watch.of_member
    struct presence *presence; // NULL while it has not joined
    enum presence_choice choice;
    bool is_counted; // makes its user online
    unsigned watch_count;
    // last_seen is in milliseconds since 1970, 0 when there is none to tell.
    void (*on_presence)(struct member *member, struct bytes user, enum presence_state state,
            uint64_t last_seen);
};

// watches_max: of one user, on all its sessions together.
struct presence_set *presence_set_create(unsigned watches_max) MUST_USE;
void presence_set_destroy(struct presence_set *set);

// ERR_MEMORY. on_presence must have been set.
enum err presence_join(struct presence_set *set, struct bytes user, bool is_counted,
        struct member *member) MUST_USE;
// May be repeated. Its watches end.
void presence_leave(struct presence_set *set, struct member *member);

void presence_choose(struct presence_set *set, struct member *member, enum presence_choice choice);

// As everybody who may see the user sees it. *last_seen: when it was here last, 0 when unknown
// here.
enum presence_state presence_of(const struct presence_set *set, struct bytes user,
        uint64_t *last_seen);

// ERR_TOO_LARGE: too many watches. is_allowed: the viewer may see this user.
enum err presence_watch(struct presence_set *set, struct member *member, struct bytes user,
        bool is_allowed) MUST_USE;
void presence_unwatch(struct presence_set *set, struct member *member, struct bytes user);

// The user has written to the viewer for the first time, or has begun or ended to block them.
void presence_allow(struct presence_set *set, struct bytes viewer, struct bytes user,
        bool is_allowed);

// Once a second: tells the watchers what has changed. False when nobody is here.
bool presence_tick(struct presence_set *set);

const char *presence_word(enum presence_state state);

// Users that have a session, by visible state, and every one of them for administration.
unsigned presence_count(const struct presence_set *set);
void presence_each(struct presence_set *set,
        void (*visit)(void *context, struct bytes user, enum presence_state state,
                unsigned session_count),
        void *context);
