// SPDX-License-Identifier: MIT
#include "session/subscription.h"

#include <stdlib.h>

#include "protocol/encode.h"
#include "shared/limits.h"

struct start {
    struct read read;
    struct feed *feed; // NULL: it was stopped meanwhile
    struct subscription_from from;
    struct identity identity;
    struct subscription result;
    void (*done)(void *context, enum err err, const struct subscription *subscription);
    void *context;
};

bool subscription_parse(struct bytes text, uint64_t generation, struct subscription_from *from)
{
    *from = (struct subscription_from){ .kind = FROM_CURSOR };
    if (bytes_equal(text, bytes_of("now"))) {
        from->kind = FROM_NOW;
        return true;
    }
    if (bytes_equal(text, bytes_of("unread"))) {
        from->kind = FROM_UNREAD;
        return true;
    }
    enum cursor_kind kind = decode_cursor(text, generation, &from->useq);
    from->is_other_generation = kind == CURSOR_OTHER_GENERATION;
    return kind != CURSOR_MALFORMED;
}

static enum err find_cursor(struct start *start, struct partition *partition, struct bytes user)
{
    struct account_page account;
    struct subscription *result = &start->result;
    enum err err = read_account(partition, user, &account);

    if (err != ERR_OK) {
        return err;
    }
    result->head = account.head_useq;
    result->after = start->from.kind == FROM_NOW ? result->head : start->from.useq;
    for (uint32_t i = 0; i < account.device_count; i++) {
        uint64_t acked = account.devices[i].acked_useq;
        if (account.devices[i].id != start->identity.device) {
            continue;
        }
        bool is_behind = start->from.kind == FROM_SEEN && acked < start->from.useq &&
                start->from.useq - acked <= CATCH_UP_SEEN_MAX && start->from.useq <= result->head;
        if (start->from.kind == FROM_UNREAD || is_behind) {
            result->after = acked;
        }
    }
    arena_finish(&account.arena);
    return ERR_OK;
}

// Whoever names a cursor and no more keeps a cache, which is refreshed faster from heads when much
// has changed. From the beginning there is none, and those who go on behind what they have
// acknowledged or seen want every event.
static bool has_cache(const struct subscription_from *from)
{
    return from->kind == FROM_CURSOR && from->useq > 0 && from->seen == 0;
}

static void run_start(struct read *read, struct partition *partition)
{
    struct start *start = TASK_OF(read, struct start, read);
    struct subscription *result = &start->result;
    struct bytes user = name_bytes(&start->identity.user);
    uint64_t changed_count = 0;

    result->is_reset = start->from.is_other_generation;
    read->err = find_cursor(start, partition, user);
    if (read->err == ERR_OK && !result->is_reset) {
        read->err = read_backlog(partition, user, result->after, &changed_count, &result->head);
        result->is_reset = result->after > result->head || start->from.seen > result->head ||
                (has_cache(&start->from) && changed_count > CATCH_UP_CONVERSATIONS_MAX);
    }
    const struct heads_query query = {
        .user = user,
        .after = result->is_reset ? 0 : result->after,
        .before = UINT64_MAX,
        .limit = HEADS_PER_PAGE_MAX,
    };
    if (read->err == ERR_OK) {
        read->err = read_heads(partition, &query, &result->heads);
    }
    if (result->is_reset) {
        result->after = result->head;
    }
}

static void on_started(struct read *read)
{
    struct start *start = TASK_OF(read, struct start, read);
    struct feed *feed = start->feed;

    if (feed != NULL) {
        feed->start = NULL;
    }
    if (feed != NULL && read->err != ERR_OK) {
        feed_stop(feed);
    }
    start->done(start->context, read->err, &start->result);
    if (feed != NULL && feed->state == FEED_STARTING) {
        feed_run(feed, start->result.after, start->result.head);
    }
    arena_finish(&start->result.heads.arena);
    free(start);
}

void subscription_forget(struct start *start)
{
    start->feed = NULL;
}

enum err subscription_begin(struct feed *feed, const struct subscription_from *from, unsigned kinds,
        void (*done)(void *context, enum err err, const struct subscription *subscription),
        void *context)
{
    struct start *start = calloc(1, sizeof(*start));

    if (start == NULL) {
        return ERR_MEMORY;
    }
    feed_start(feed, kinds);
    feed->claimed = from->is_other_generation ? 0 : from->seen;
    feed->start = start;
    start->feed = feed;
    start->from = *from;
    start->identity = feed->identity;
    start->done = done;
    start->context = context;
    start->read.run = run_start;
    start->read.done = on_started;
    enum err err = service_read(feed->set->service, name_bytes(&feed->identity.user), &start->read);
    if (err != ERR_OK) {
        feed->start = NULL;
        feed_stop(feed);
        free(start);
    }
    return err;
}
