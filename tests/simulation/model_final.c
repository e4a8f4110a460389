// SPDX-License-Identifier: MIT
// The end: both users' histories are read whole, and must be what was said along the way.

#include "tests/simulation/model_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/check.h"

// The final history under way.
static struct {
    uint64_t seq;
    uint64_t digest;
} final;

static int shown[ENTRIES_MAX]; // the sending whose text is shown
static bool is_shown_deleted[ENTRIES_MAX];

static uint64_t parse_ts(const char *ts)
{
    struct tm time = { 0 };
    unsigned ms = 0;

    CHECK(sscanf(ts, "%d-%d-%dT%d:%d:%d.%uZ", &time.tm_year, &time.tm_mon, &time.tm_mday,
                  &time.tm_hour, &time.tm_min, &time.tm_sec, &ms) == 7);
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    return (uint64_t)timegm(&time) * 1000 + ms;
}

void model_begin_final(int user, int peer)
{
    (void)user;
    (void)peer;
    final.seq = final.digest = 0;
    memset(shown, -1, sizeof(shown));
    memset(is_shown_deleted, 0, sizeof(is_shown_deleted));
}

static void add_to_digest(struct conversation *conversation, struct entry *entry, uint64_t seq)
{
    const char *text = entry->kind == MESSAGE_DELETE ? "" : model_text(entry->sending);
    const struct history_entry hashed = {
        .seq = seq,
        .ts = parse_ts(entry->ts),
        .target = entry->target,
        .text_hash = history_text_hash(bytes_of(text)),
        .from = bytes_of(model_user_name(entry->from)),
        .kind = entry->kind,
    };

    (void)conversation;
    final.digest = history_next_digest(final.digest, &hashed);
    if (entry->has_digest && entry->digest != final.digest) {
        model_fail("I4",
                "the digest of seq %" PRIu64 " was %016" PRIx64 ", its entries make %016" PRIx64,
                seq, entry->digest, final.digest);
    }
}

void model_see_final(int user, int peer, const struct json *message)
{
    struct seen_message seen = { 0 };
    struct conversation *conversation = model_between(user, peer);

    if (!model_see_message(user, message, 0, &seen)) {
        return;
    }
    if (seen.seq != final.seq + 1) {
        model_fail("I4", "%s with %s: seq %" PRIu64 " behind %" PRIu64, model_user_name(user),
                model_user_name(peer), seen.seq, final.seq);
        return;
    }
    final.seq = seen.seq;
    shown[seen.seq] = model_sending_of_text(model_string_of(message, "text"));
    is_shown_deleted[seen.seq] = model_flag_of(message, "deleted");
    struct entry *entry = &conversation->entries[seen.seq];
    if (entry->sending == NO_SENDING && entry->from == user) {
        model_fail("I2", "%s with %s: nobody knows who wrote seq %" PRIu64, model_user_name(user),
                model_user_name(peer), seen.seq);
    }
}

// What each text shows follows from the changes behind it.
static void expect_shown(const struct conversation *conversation, uint64_t head, int *expected,
        bool *is_deleted)
{
    for (uint64_t seq = 1; seq <= head; seq++) {
        const struct entry *entry = &conversation->entries[seq];
        expected[seq] = entry->sending;
        is_deleted[seq] = false;
        if (entry->kind == MESSAGE_EDIT && entry->target < seq && !is_deleted[entry->target]) {
            expected[entry->target] = entry->sending;
        }
        if (entry->kind == MESSAGE_DELETE && entry->target < seq) {
            is_deleted[entry->target] = true;
        }
    }
}

static void check_shown(const struct conversation *conversation, uint64_t head, const char *name)
{
    static int expected[ENTRIES_MAX];
    static bool is_deleted[ENTRIES_MAX];

    expect_shown(conversation, head, expected, is_deleted);
    for (uint64_t seq = 1; seq <= head; seq++) {
        const struct entry *entry = &conversation->entries[seq];
        if (entry->kind != MESSAGE_TEXT || entry->sending == NO_SENDING) {
            continue;
        }
        if (is_shown_deleted[seq] != is_deleted[seq] ||
                (!is_deleted[seq] && shown[seq] != expected[seq])) {
            model_fail("I1", "%s: seq %" PRIu64 " shows m%d, deleted %d; expected m%d, deleted %d",
                    name, seq, shown[seq], is_shown_deleted[seq], expected[seq], is_deleted[seq]);
        }
    }
}

static bool is_fully_known(const struct conversation *conversation, uint64_t head)
{
    for (uint64_t seq = 1; seq <= head; seq++) {
        if (conversation->entries[seq].sending == NO_SENDING) {
            return false;
        }
    }
    return true;
}

void model_end_final(int user, int peer, uint64_t head, struct bytes digest)
{
    struct conversation *conversation = model_between(user, peer);

    model_see_head(user, peer, head, conversation->seen_upto, digest);
    if (final.seq != head) {
        model_fail("I1", "%s with %s: %" PRIu64 " entries, the head is %" PRIu64,
                model_user_name(user), model_user_name(peer), final.seq, head);
    }
    if (model_has_failed()) {
        return;
    }
    check_shown(conversation, head, model_user_name(user));
    // Of both users' histories, the second one knows every author.
    if (is_fully_known(conversation, head)) {
        for (uint64_t seq = 1; seq <= head; seq++) {
            add_to_digest(conversation, &conversation->entries[seq], seq);
        }
    } else if (user > peer) {
        model_fail("I2", "%s with %s: entries that nobody wrote", model_user_name(user),
                model_user_name(peer));
    }
}
