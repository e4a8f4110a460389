// SPDX-License-Identifier: MIT
#include "tests/simulation/model_inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/check.h"
#include "tests/simulation/surroundings.h"

static const char *const names[USERS_MAX] = { "ann", "bob", "cyd", "dan" };

static struct {
    unsigned user_count;
    bool has_failed;
    char failure[400];
    struct sending sendings[SENDINGS_MAX];
    int sending_count;
    struct conversation conversations[USERS_MAX][USERS_MAX]; // the smaller user first
    uint64_t events[USERS_MAX][EVENTS_MAX]; // by useq: peer + 1 and seq of a message, 0 unknown
} model;

struct conversation *model_between(int user, int peer)
{
    CHECK(user != peer && user >= 0 && user < USERS_MAX && peer >= 0 && peer < USERS_MAX);
    return user < peer ? &model.conversations[user][peer] : &model.conversations[peer][user];
}

void model_reset(unsigned user_count)
{
    memset(&model, 0, sizeof(model));
    model.user_count = user_count;
}

bool model_has_failed(void)
{
    return model.has_failed;
}

const char *model_failure(void)
{
    return model.failure;
}

void model_fail(const char *invariant, const char *format, ...)
{
    va_list list;

    if (model.has_failed) {
        return;
    }
    model.has_failed = true;
    int start = snprintf(model.failure, sizeof(model.failure), "%s: ", invariant);
    va_start(list, format);
    vsnprintf(model.failure + start, sizeof(model.failure) - (size_t)start, format, list);
    va_end(list);
    trace("VIOLATED %s", model.failure);
}

const char *model_user_name(int user)
{
    return names[user];
}

int model_user_of(struct bytes name)
{
    for (unsigned i = 0; i < model.user_count; i++) {
        if (bytes_equal(name, bytes_of(names[i]))) {
            return (int)i;
        }
    }
    return -1;
}

// Sendings.

int model_add_sending(enum message_kind kind, int device, int user, int peer, uint64_t counter,
        uint64_t target)
{
    if (model.sending_count == SENDINGS_MAX ||
            model_between(user, peer)->seen_upto > ENTRIES_MAX - 100) {
        return NO_SENDING;
    }
    model.sendings[model.sending_count] = (struct sending){ .kind = kind,
        .device = device,
        .user = user,
        .peer = peer,
        .counter = counter,
        .target = target };
    return model.sending_count++;
}

struct sending *model_sending(int number)
{
    CHECK(number >= 0 && number < model.sending_count);
    return &model.sendings[number];
}

int model_sending_count(void)
{
    return model.sending_count;
}

const char *model_text(int number)
{
    static char text[TEXT_ROOM];
    static const char filling[] = "the quick brown fox jumps over the lazy dog, and again: ";
    int bytes = snprintf(text, sizeof(text), "m%d. ", number);
    int wanted = bytes + (int)((unsigned)number * 2654435761U >> 24);

    if (model.sendings[number].kind == MESSAGE_DELETE) {
        return "";
    }
    while (bytes < wanted && bytes < TEXT_ROOM - 1) {
        text[bytes] = filling[bytes % (int)(sizeof(filling) - 1)];
        bytes++;
    }
    text[bytes] = '\0';
    return text;
}

int model_sending_of_text(struct bytes text)
{
    char word[16] = "";

    if (text.data == NULL) {
        return NO_SENDING;
    }
    snprintf(word, sizeof(word), "%.*s", (int)(text.size < 12 ? text.size : 12), text.data);
    int number = word[0] == 'm' ? atoi(word + 1) : -1;
    if (number < 0 || number >= model.sending_count ||
            !bytes_equal(text, bytes_of(model_text(number)))) {
        return NO_SENDING;
    }
    return number;
}

void model_on_sent(int number)
{
    struct sending *sending = model_sending(number);

    sending->state = SENDING_IS_OPEN;
    if (!sending->was_sent) {
        sending->was_sent = true;
        sending->floor = model_between(sending->user, sending->peer)->stored_upto;
    }
}

// Entries.

static void learn_sending(struct entry *entry, uint64_t seq, int number)
{
    struct sending *sending = model_sending(number);

    if (entry->sending != NO_SENDING && entry->sending != number) {
        model_fail("I4", "seq %" PRIu64 " was m%d and is m%d", seq, entry->sending, number);
    }
    entry->sending = number;
    if (!sending->was_sent || sending->state == SENDING_REFUSED) {
        model_fail("I2", "m%d is there as seq %" PRIu64 ", it was %s", number, seq,
                sending->was_sent ? "refused" : "never sent");
    }
    if (sending->seq != 0 && sending->seq != seq) {
        model_fail("I3", "m%d is seq %" PRIu64 " and seq %" PRIu64, number, sending->seq, seq);
    }
    sending->seq = seq;
    if (seq <= sending->floor) {
        model_fail("I5", "m%d was sent after seq %" PRIu64 " was stored and is seq %" PRIu64,
                number, sending->floor, seq);
    }
}

static bool is_same_entry(const struct entry *a, const struct entry *b)
{
    return a->from == b->from && a->kind == b->kind && a->target == b->target &&
            strcmp(a->ts, b->ts) == 0;
}

static void check_times(const struct conversation *conversation, uint64_t seq)
{
    const struct entry *entry = &conversation->entries[seq];
    const struct entry *before = seq > 1 ? entry - 1 : entry;
    const struct entry *after = seq + 1 < ENTRIES_MAX ? entry + 1 : entry;

    if ((before->is_known && strcmp(before->ts, entry->ts) > 0) ||
            (after->is_known && strcmp(after->ts, entry->ts) < 0)) {
        model_fail("I15", "the time of seq %" PRIu64 " is %s, beside %s and %s", seq, entry->ts,
                before->ts, after->ts);
    }
}

// The entry of this number, as it was just observed, with everything before.
static struct entry *learn(struct conversation *conversation, uint64_t seq,
        const struct entry *observed)
{
    static struct entry nowhere;

    if (seq == 0 || seq >= ENTRIES_MAX) {
        model_fail("I4", "seq %" PRIu64 " can't be", seq);
        return &nowhere;
    }
    struct entry *entry = &conversation->entries[seq];
    if (!entry->is_known) {
        struct entry known = *observed;
        known.has_digest = entry->has_digest;
        known.digest = entry->digest;
        *entry = known;
        entry->is_known = true;
        entry->sending = NO_SENDING;
    } else if (!is_same_entry(entry, observed)) {
        model_fail("I4",
                "seq %" PRIu64 " was from %d kind %d target %" PRIu64 " at %s and is from "
                "%d kind %d target %" PRIu64 " at %s",
                seq, entry->from, entry->kind, entry->target, entry->ts, observed->from,
                observed->kind, observed->target, observed->ts);
    }
    if (seq > conversation->seen_upto) {
        conversation->seen_upto = seq;
    }
    check_times(conversation, seq);
    return entry;
}

static void learn_event(int user, int peer, uint64_t useq, uint64_t seq)
{
    if (useq == 0 || useq >= EVENTS_MAX) {
        return;
    }
    uint64_t value = (uint64_t)(peer + 1) << 32 | seq;
    uint64_t *event = &model.events[user][useq];
    if (*event != 0 && *event != value) {
        model_fail("I6",
                "event %" PRIu64 " of %s was seq %" PRIu64 " with %s and is seq %" PRIu64
                " with %s",
                useq, names[user], *event & 0xffffffff, names[(*event >> 32) - 1], seq,
                names[peer]);
    }
    *event = value;
}

static void copy_ts(char to[28], struct bytes ts)
{
    snprintf(to, 28, "%.*s", (int)(ts.size < 27 ? ts.size : 27), ts.data == NULL ? "" : ts.data);
}

void model_on_stored(int number, uint64_t seq, struct bytes ts, uint64_t useq, bool is_duplicate)
{
    struct sending *sending = model_sending(number);
    struct conversation *conversation = model_between(sending->user, sending->peer);
    struct entry observed = { .from = sending->user,
        .kind = sending->kind,
        .target = sending->target };

    copy_ts(observed.ts, ts);
    if (is_duplicate && !sending->may_be_stored && sending->state != SENDING_STORED) {
        model_fail("I3", "m%d is called a duplicate, and was sent once", number);
    }
    struct entry *entry = learn(conversation, seq, &observed);
    learn_sending(entry, seq, number);
    learn_event(sending->user, sending->peer, useq, seq);
    sending->state = SENDING_STORED;
    sending->useq = useq;
    strcpy(sending->ts, observed.ts);
    if (seq > conversation->stored_upto) {
        conversation->stored_upto = seq;
    }
}

void model_on_refused(int number, const char *kind)
{
    struct sending *sending = model_sending(number);

    sending->state = SENDING_REFUSED;
    if (sending->seq != 0) {
        model_fail("I1", "m%d is seq %" PRIu64 " and was refused: %s", number, sending->seq, kind);
    }
}

// Observations.

struct bytes model_string_of(const struct json *object, const char *key)
{
    struct bytes text = { "", 0 };

    (void)json_read_string(json_get(object, key), &text);
    return text;
}

static uint64_t number_of(const struct json *object, const char *key)
{
    uint64_t number = 0;

    (void)json_read_uint(json_get(object, key), &number);
    return number;
}

bool model_flag_of(const struct json *object, const char *key)
{
    bool flag = false;

    (void)json_read_bool(json_get(object, key), &flag);
    return flag;
}

static enum message_kind kind_of(const struct json *message)
{
    struct bytes kind = model_string_of(message, "kind");

    return kind.size == 0                         ? MESSAGE_TEXT
            : bytes_equal(kind, bytes_of("edit")) ? MESSAGE_EDIT
                                                  : MESSAGE_DELETE;
}

// Which sending the entry itself is, as far as this text says.
static void learn_text(struct entry *entry, int user, int peer, uint64_t seq,
        const struct json *message)
{
    int number = model_sending_of_text(model_string_of(message, "text"));

    if (model_flag_of(message, "deleted") || entry->kind == MESSAGE_DELETE ||
            model_string_of(message, "text").size == 0) {
        return; // gone
    }
    if (number == NO_SENDING) {
        model_fail("I2", "seq %" PRIu64 " of %s with %s has a text that nobody wrote", seq,
                names[user], names[peer]);
        return;
    }
    const struct sending *sending = model_sending(number);
    bool is_here = sending->user == entry->from &&
            model_between(sending->user, sending->peer) == model_between(user, peer);
    bool is_edited = model_flag_of(message, "edited");
    bool is_own_text =
            !is_edited && sending->kind == entry->kind && sending->target == entry->target;
    bool is_its_edit = is_edited && entry->kind == MESSAGE_TEXT && sending->kind == MESSAGE_EDIT &&
            sending->target == seq;
    if (!is_here || !sending->was_sent || (!is_own_text && !is_its_edit)) {
        model_fail("I2", "seq %" PRIu64 " of %s with %s shows the text of m%d", seq, names[user],
                names[peer], number);
    } else if (is_own_text) {
        learn_sending(entry, seq, number);
    }
}

// One's own entries say which counter of which device they are.
static void learn_counter(struct entry *entry, int user, int peer, uint64_t seq,
        const struct json *message)
{
    uint64_t counter = number_of(message, "counter");

    for (int i = 0; counter != 0 && i < model.sending_count; i++) {
        const struct sending *sending = &model.sendings[i];
        // Counters are unique over all devices of the simulation.
        if (sending->counter != counter) {
            continue;
        }
        if (sending->user != user || sending->peer != peer || sending->kind != entry->kind) {
            model_fail("I2", "seq %" PRIu64 " of %s has the counter of m%d", seq, names[user], i);
            return;
        }
        learn_sending(entry, seq, i);
        return;
    }
}

bool model_see_message(int user, const struct json *message, uint64_t useq,
        struct seen_message *seen)
{
    CHECK(user >= 0 && user < USERS_MAX);
    struct entry observed = {
        .from = model_user_of(model_string_of(message, "from")),
        .kind = kind_of(message),
        .target = number_of(message, "target"),
    };
    int peer = model_user_of(model_string_of(message, "peer"));
    uint64_t seq = number_of(message, "seq");

    if (peer < 0 || peer == user || (observed.from != user && observed.from != peer)) {
        model_fail("I2", "%s is shown a message of nobody", names[user]);
        return false;
    }
    copy_ts(observed.ts, model_string_of(message, "ts"));
    struct entry *entry = learn(model_between(user, peer), seq, &observed);
    if (!model.has_failed) {
        learn_text(entry, user, peer, seq, message);
        learn_counter(entry, user, peer, seq, message);
        learn_event(user, peer, useq, seq);
    }
    *seen = (struct seen_message){ peer, observed.from, seq, entry->sending };
    return !model.has_failed;
}

uint64_t model_seen_upto(int user, int peer)
{
    return model_between(user, peer)->seen_upto;
}

void model_see_head(int user, int peer, uint64_t head, uint64_t floor, struct bytes digest)
{
    struct conversation *conversation = model_between(user, peer);
    char text[20];

    snprintf(text, sizeof(text), "%.*s", digest.size < 17 ? (int)digest.size : 17,
            digest.data == NULL ? "" : digest.data);
    uint64_t value = strtoull(text, NULL, 16);
    if (head < floor) {
        model_fail("I7", "%s with %s: head %" PRIu64 ", but seq %" PRIu64 " was seen before",
                names[user], names[peer], head, floor);
    }
    if (head >= ENTRIES_MAX || model.has_failed) {
        return;
    }
    struct entry *entry = &conversation->entries[head];
    if (entry->has_digest && entry->digest != value) {
        model_fail("I4", "%s with %s: the digest of seq %" PRIu64 " was another one", names[user],
                names[peer], head);
    }
    entry->has_digest = true;
    entry->digest = value;
    if (head > conversation->seen_upto) {
        conversation->seen_upto = head;
    }
}

// Receipts.

static void raise(uint64_t *mark, uint64_t value)
{
    *mark = value > *mark ? value : *mark;
}

void model_on_ack(int user, int peer, uint64_t seq)
{
    raise(&model_between(user, peer)->acked[user], seq);
}

void model_on_read(int user, int peer, uint64_t seq)
{
    raise(&model_between(user, peer)->read[user], seq);
}

void model_see_receipt(int viewer, int by, uint64_t delivered, uint64_t read)
{
    const struct conversation *conversation = model_between(viewer, by);

    if (delivered > conversation->acked[by]) {
        model_fail("I8", "%s is told that %s has got seq %" PRIu64 "; it acknowledged %" PRIu64,
                names[viewer], names[by], delivered, conversation->acked[by]);
    }
    if (read > conversation->read[by]) {
        model_fail("I8", "%s is told that %s has read seq %" PRIu64 "; it said %" PRIu64,
                names[viewer], names[by], read, conversation->read[by]);
    }
}

uint64_t model_pick_own(int user, int peer, uint64_t at)
{
    const struct conversation *conversation = model_between(user, peer);

    for (uint64_t i = 0; i < conversation->seen_upto; i++) {
        uint64_t seq = 1 + (at + i) % conversation->seen_upto;
        const struct entry *entry = &conversation->entries[seq];
        if (entry->is_known && entry->from == user && entry->kind == MESSAGE_TEXT) {
            return seq;
        }
    }
    return 0;
}

uint64_t model_head(int user, int peer)
{
    return model_between(user, peer)->seen_upto;
}

int model_entry_sending(int user, int peer, uint64_t seq)
{
    return model_between(user, peer)->entries[seq].sending;
}

void model_check_stored(void)
{
    for (int i = 0; i < model.sending_count; i++) {
        const struct sending *sending = &model.sendings[i];
        if (sending->state != SENDING_STORED) {
            continue;
        }
        const struct entry *entry =
                &model_between(sending->user, sending->peer)->entries[sending->seq];
        if (!entry->is_known || entry->sending != i || strcmp(entry->ts, sending->ts) != 0) {
            model_fail("I1", "m%d was stored as seq %" PRIu64 " and is not there", i, sending->seq);
        }
    }
}
