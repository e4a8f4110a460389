// SPDX-License-Identifier: MIT
#include "session/session_set.h"

#include "protocol/encode.h"
#include "session/session.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

#define CLOSE_GOING_AWAY 1001
#define CLOSE_POLICY 1008

void session_set_init(struct session_set *set, struct service *service,
        void (*on_timed)(void *context), void *context)
{
    *set = (struct session_set){ .service = service, .on_timed = on_timed, .context = context };
    list_init(&set->alive);
    list_init(&set->held);
    list_init(&set->lazy);
}

void session_set_need_tick(const struct session_set *set)
{
    set->on_timed(set->context);
}

static bool is_due(const struct session *session, int64_t now_ms)
{
    if (!session->caller.is_authenticated) {
        return now_ms - session->alive_ms >= AUTHENTICATION_DEADLINE_MS;
    }
    return now_ms - session->alive_ms >= IDLE_PING_MS;
}

static void tend(struct session *session, int64_t now_ms)
{
    if (!session->caller.is_authenticated) {
        session_close(session, CLOSE_POLICY, "not authenticated in time");
    } else if (now_ms - session->alive_ms >= IDLE_CLOSE_MS) {
        session_close(session, CLOSE_GOING_AWAY, "silent for too long");
    } else if (!session->is_pinged && !session->is_paused) {
        session->is_pinged = true;
        net_link_ping(session->link);
    }
}

bool session_set_tick(struct session_set *set, int64_t now_ms)
{
    LIST_EACH(node, &set->lazy) {
        feed_settle(LIST_OF(node, struct feed, lazy));
    }
    LIST_EACH(silent, &set->alive) {
        struct session *session = LIST_OF(silent, struct session, alive);
        if (now_ms - session->alive_ms < AUTHENTICATION_DEADLINE_MS) {
            break; // the others have been heard of later
        }
        if (is_due(session, now_ms) && !session->is_closing) {
            tend(session, now_ms);
        }
    }
    return set->count > 0;
}

void session_set_turn_end(struct session_set *set)
{
    LIST_EACH(node, &set->held) {
        struct session *session = LIST_OF(node, struct session, held);
        if (!cell_has_room(set->service->cell)) {
            return;
        }
        list_leave(&session->held);
        session->caller.relieved(&session->caller);
    }
}

void session_set_drain(struct session_set *set, uint64_t retry_after_ms)
{
    set->is_draining = true;
    LIST_EACH(node, &set->alive) {
        struct session *session = LIST_OF(node, struct session, alive);
        session->caller.is_draining = true;
        session_push(session, encode_server_event("draining", retry_after_ms));
        (void)FAILPOINT("drain.half");
    }
}

bool session_set_is_drained(const struct session_set *set)
{
    LIST_EACH(node, &set->alive) {
        const struct session *session = LIST_OF(node, struct session, alive);
        if (session->caller.call_count > 0 || session->output_count > 0) {
            return false;
        }
    }
    return true;
}

void session_set_close_all(struct session_set *set)
{
    LIST_EACH(node, &set->alive) {
        session_close(LIST_OF(node, struct session, alive), CLOSE_GOING_AWAY,
                "the server is stopping");
    }
}
