// SPDX-License-Identifier: MIT
// admin.presence.*: an admin sees everybody, as everybody else would if they were acquainted.

#include "session/handlers.h"

struct listing {
    struct buffer *out;
    struct bytes wanted; // a state's word; empty: all
    unsigned counts[PRESENCE_UNKNOWN + 1];
    bool is_first;
};

static void add_user(void *context, struct bytes user, enum presence_state state,
        unsigned session_count)
{
    struct listing *listing = context;

    listing->counts[state]++;
    if (listing->out == NULL ||
            (listing->wanted.size > 0 &&
                    !bytes_equal(listing->wanted, bytes_of(presence_word(state))))) {
        return;
    }
    buffer_print(listing->out, "%s{\"user\":\"%.*s\",\"state\":\"%s\",\"sessions\":%u}",
            listing->is_first ? "" : ",", (int)user.size, user.data, presence_word(state),
            session_count);
    listing->is_first = false;
}

void handle_ADMIN_PRESENCE_LIST(struct call *call)
{
    struct buffer out = { 0 };
    struct listing listing = { .out = &out,
        .wanted = call->request.params.state,
        .is_first = true };

    call_begin_result(call, &out);
    buffer_add_literal(&out, "{\"presence\":[");
    presence_each(call->service->presence, add_user, &listing);
    buffer_add_literal(&out, "]}");
    call_reply(call, &out);
}

void handle_ADMIN_PRESENCE_COUNT(struct call *call)
{
    struct buffer out = { 0 };
    struct listing listing = { .out = NULL };

    presence_each(call->service->presence, add_user, &listing);
    call_begin_result(call, &out);
    buffer_print(&out, "{\"online\":%u,\"away\":%u,\"invisible\":%u}",
            listing.counts[PRESENCE_ONLINE], listing.counts[PRESENCE_AWAY],
            listing.counts[PRESENCE_OFFLINE]);
    call_reply(call, &out);
}
