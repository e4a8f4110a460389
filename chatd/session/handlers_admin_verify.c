// SPDX-License-Identifier: MIT
// admin.history.verify, admin.trace: both copies of a conversation are walked, one after the other
// and a slice at a time.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "session/entry.h"
#include "shared/limits.h"

struct finding {
    const char *copy; // NULL: all is good
    const char *problem;
    uint64_t seq; // 0: not known
};

struct verdict {
    struct finding finding;
    uint64_t head_seq, digest, entry_count;
};

struct walk {
    struct read read;
    struct call *call;
    struct scan scans[2]; // by side
    struct account_page accounts[2];
    enum side side;
    uint64_t part_seq;      // up to here the copies are alike
    struct verdict verdict; // of the first walk, while the second one looks for the entry
    void (*done)(struct walk *walk);
};

static void walk_end(struct walk *walk)
{
    for (int side = 0; side < 2; side++) {
        scan_finish(&walk->scans[side]);
        arena_finish(&walk->accounts[side].arena);
    }
    free(walk);
}

static void walk_fail(struct walk *walk, enum err err)
{
    char message[200];
    struct bytes user = walk->scans[walk->side].user;

    snprintf(message, sizeof(message),
            err == ERR_NOT_FOUND
                    ? "there is no user %.*s"
                    : "the copy of %.*s can't be read: its partition is out of service, and the "
                      "server's log says why",
            (int)user.size, user.data);
    call_fail(walk->call, err, err == ERR_NOT_FOUND || err == ERR_UNAVAILABLE ? message : NULL);
    walk_end(walk);
}

static void run_slice(struct read *read, struct partition *partition)
{
    struct walk *walk = TASK_OF(read, struct walk, read);
    struct scan *scan = &walk->scans[walk->side];

    read->err = ERR_OK;
    if (!scan->is_begun && scan->target != 0) {
        read->err = read_account(partition, scan->user, &walk->accounts[walk->side]);
    }
    if (read->err == ERR_OK) {
        read->err = inspect_scan(partition, scan);
    }
}

static void next_slice(struct walk *walk)
{
    enum err err = service_read(walk->call->service, walk->scans[walk->side].user, &walk->read);

    if (err != ERR_OK) {
        walk_fail(walk, err);
    }
}

static void on_slice(struct read *read)
{
    struct walk *walk = TASK_OF(read, struct walk, read);
    struct scan *scan = &walk->scans[walk->side];

    if (read->err != ERR_OK) {
        walk_fail(walk, read->err);
        return;
    }
    if (walk->call->caller == NULL) { // nobody waits any more
        walk_fail(walk, ERR_UNAVAILABLE);
        return;
    }
    if (!scan->is_complete) {
        next_slice(walk);
    } else if (walk->side == SIDE_USER) {
        // The other copy is walked to the same entry, whatever came behind it meanwhile.
        walk->side = SIDE_PEER;
        if (walk->scans[SIDE_PEER].upto == 0) {
            walk->scans[SIDE_PEER].upto = scan->upto;
        }
        next_slice(walk);
    } else {
        walk->done(walk);
    }
}

static void start(struct call *call, uint64_t target, void (*done)(struct walk *walk))
{
    const struct params *params = &call->request.params;
    struct walk *walk = calloc(1, sizeof(*walk));

    if (walk == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    walk->call = call;
    walk->done = done;
    walk->read.run = run_slice;
    walk->read.done = on_slice;
    for (int side = 0; side < 2; side++) {
        struct scan *scan = &walk->scans[side];
        scan->user = side == SIDE_USER ? params->user : params->peer;
        scan->peer = side == SIDE_USER ? params->peer : params->user;
        scan->mark_every = target == 0 ? SCAN_MARK_ROWS : 0;
        scan->target = target;
    }
    next_slice(walk);
}

// The last mark that both copies have alike; false when they part before the first one they share.
static bool last_common_mark(const struct walk *walk, uint64_t *seq, uint64_t *digest)
{
    const struct scan *user = &walk->scans[SIDE_USER], *peer = &walk->scans[SIDE_PEER];
    uint64_t first = user->first_mark > peer->first_mark ? user->first_mark : peer->first_mark;
    bool has_any = false;

    for (uint64_t mark = first; user->mark_count > 0 && peer->mark_count > 0; mark++) {
        uint64_t user_at = mark - user->first_mark, peer_at = mark - peer->first_mark;
        if (user_at >= user->mark_count || peer_at >= peer->mark_count ||
                user->marks[user_at] != peer->marks[peer_at]) {
            break;
        }
        *seq = mark * user->mark_every;
        *digest = user->marks[user_at];
        has_any = true;
    }
    return has_any;
}

// Walks the part behind the last common mark again, with a mark behind each entry.
static void narrow(struct walk *walk)
{
    const struct copy_view *user = &walk->scans[SIDE_USER].copy,
                           *peer = &walk->scans[SIDE_PEER].copy;
    uint64_t seq = 0, digest = 0;
    bool has_common = last_common_mark(walk, &seq, &digest);
    uint64_t floor = user->floor_seq > peer->floor_seq ? user->floor_seq : peer->floor_seq;
    uint64_t upto = (has_common ? seq : floor) + SCAN_MARK_ROWS;

    upto = upto < walk->scans[SIDE_USER].upto ? upto : walk->scans[SIDE_USER].upto;
    for (int side = 0; side < 2; side++) {
        struct scan *scan = &walk->scans[side];
        const struct scan again = {
            .user = scan->user,
            .peer = scan->peer,
            .first = has_common ? seq + 1 : 0,
            .upto = upto,
            .digest = digest,
            .mark_every = 1,
        };
        scan_finish(scan);
        *scan = again;
    }
    walk->part_seq = seq;
    walk->side = SIDE_USER;
    next_slice(walk);
}

static const char *const faults[] = {
    [SCAN_GOOD] = NULL,
    [SCAN_MISSING] = "this entry is missing",
    [SCAN_TIME_BACK] = "this entry is older than the one before it",
    [SCAN_PLACE_BACK] = "this entry's place in the mailbox is before that of the one before it",
    [SCAN_DIGEST] = "the entries do not give the digest that is kept with them",
};

static struct finding find(const struct scan scans[2])
{
    static const char *const copies[] = { "user", "peer" };

    for (int side = 0; side < 2; side++) {
        if (scans[side].fault != SCAN_GOOD && scans[side].fault != SCAN_DIGEST) {
            return (struct finding){ copies[side], faults[scans[side].fault],
                scans[side].fault_seq };
        }
    }
    for (int side = 0; side < 2; side++) {
        if (scans[side].is_absent && scans[1 - side].copy.head_seq > 0) {
            return (struct finding){ copies[side], "this user's copy is missing", 0 };
        }
    }
    bool is_user_wrong = scans[SIDE_USER].fault == SCAN_DIGEST;
    bool is_peer_wrong = scans[SIDE_PEER].fault == SCAN_DIGEST;
    if (is_user_wrong || is_peer_wrong) {
        return (struct finding){ is_user_wrong && is_peer_wrong ? "both"
                    : is_user_wrong                             ? "user"
                                                                : "peer",
            faults[SCAN_DIGEST], 0 };
    }
    if (scans[SIDE_USER].digest != scans[SIDE_PEER].digest) {
        return (struct finding){ "both", "the two copies are not alike", 0 };
    }
    return (struct finding){ 0 };
}

static void tell(struct call *call, const struct verdict *verdict)
{
    struct buffer out = { 0 };

    call_begin_result(call, &out);
    buffer_add_literal(&out, "{\"peer\":");
    json_add_string(&out, call->request.params.peer);
    buffer_print(&out, ",\"head_seq\":%" PRIu64 ",\"digest\":", verdict->head_seq);
    encode_digest(&out, verdict->digest);
    buffer_print(&out, ",\"entries\":%" PRIu64 ",\"good\":%s", verdict->entry_count,
            verdict->finding.copy == NULL ? "true" : "false");
    if (verdict->finding.copy != NULL) {
        buffer_print(&out, ",\"copy\":\"%s\"", verdict->finding.copy);
        if (verdict->finding.seq > 0) {
            buffer_print(&out, ",\"seq\":%" PRIu64, verdict->finding.seq);
        }
        buffer_add_literal(&out, ",\"problem\":");
        json_add_string(&out, bytes_of(verdict->finding.problem));
    }
    buffer_add_byte(&out, '}');
    call_reply(call, &out);
}

static struct verdict verdict_of(const struct walk *walk)
{
    const struct scan *scan = &walk->scans[SIDE_USER];

    return (struct verdict){
        .finding = find(walk->scans),
        .head_seq = scan->upto,
        .digest = scan->digest,
        .entry_count = scan->entry_count,
    };
}

// Copies that differ somewhere are walked once more, to say where.
static void on_narrowed(struct walk *walk)
{
    uint64_t seq = walk->part_seq, digest = 0;

    (void)last_common_mark(walk, &seq, &digest);
    walk->verdict.finding.seq = seq + 1;
    tell(walk->call, &walk->verdict);
    walk_end(walk);
}

static void on_verified(struct walk *walk)
{
    const struct scan *user = &walk->scans[SIDE_USER], *peer = &walk->scans[SIDE_PEER];
    const struct verdict verdict = verdict_of(walk);
    bool is_there = !user->is_absent && !peer->is_absent;

    if (is_there && verdict.finding.copy != NULL && verdict.finding.seq == 0 &&
            user->digest != peer->digest) {
        walk->verdict = verdict;
        walk->done = on_narrowed;
        narrow(walk);
        return;
    }
    tell(walk->call, &verdict);
    walk_end(walk);
}

void handle_ADMIN_HISTORY_VERIFY(struct call *call)
{
    start(call, 0, on_verified);
}

static void add_flag(struct buffer *out, const char *name, bool is_set)
{
    buffer_print(out, ",\"%s\":%s", name, is_set ? "true" : "false");
}

static void add_name(struct buffer *out, const char *key, struct bytes name)
{
    buffer_print(out, "\"%s\":", key);
    json_add_string(out, name);
}

static void add_message(struct buffer *out, const struct walk *walk)
{
    const struct scan *scan = &walk->scans[SIDE_USER];
    const struct entry_view *entry = &scan->entry;

    buffer_print(out, "{\"seq\":%" PRIu64 ",\"ts\":", entry->seq);
    encode_ts(out, entry->ts);
    buffer_add_byte(out, ',');
    add_name(out, "from", entry->is_of_user ? scan->user : scan->peer);
    buffer_add_byte(out, ',');
    add_name(out, "to", entry->is_of_user ? scan->peer : scan->user);
    entry_add_origin(out, entry);
    add_flag(out, "edited", entry->is_edited);
    add_flag(out, "deleted", entry->is_deleted);
    add_flag(out, "imported", entry->is_imported);
}

// Retention took it from this copy; the other one may be kept for longer.
static bool is_expired(const struct scan *scan)
{
    return !scan->has_target && scan->copy.floor_seq > scan->target;
}

static void add_copies(struct buffer *out, const struct walk *walk)
{
    buffer_add_literal(out, ",\"copies\":[");
    for (int side = 0; side < 2; side++) {
        const struct scan *scan = &walk->scans[side];
        buffer_print(out, "%s{", side == 0 ? "" : ",");
        add_name(out, "user", scan->user);
        buffer_print(out, ",\"partition\":%u,\"there\":%s,\"place\":%" PRIu64 ",\"digest\":",
                cell_partition_of(walk->call->service->cell, scan->user),
                scan->has_target ? "true" : "false", scan->entry.useq);
        encode_digest(out, scan->target_digest);
        add_flag(out, "expired", is_expired(scan));
        add_flag(out, "in_file", scan->is_in_file);
        buffer_print(out, ",\"on_disk\":%" PRIu64 ",\"applied\":%" PRIu64 "}", scan->disk_index,
                scan->applied_index);
    }
    buffer_add_byte(out, ']');
}

static void add_changes(struct buffer *out, const struct scan *scan)
{
    buffer_add_literal(out, ",\"changes\":[");
    for (uint32_t i = 0; i < scan->change_count; i++) {
        buffer_print(out, "%s{\"seq\":%" PRIu64 ",\"ts\":", i == 0 ? "" : ",",
                scan->changes[i].seq);
        encode_ts(out, scan->changes[i].ts);
        buffer_print(out, ",\"kind\":\"%s\",",
                scan->changes[i].kind == MESSAGE_EDIT ? "edit" : "delete");
        add_name(out, "from", scan->changes[i].is_of_user ? scan->user : scan->peer);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

// Every device of the two, and whether it has acknowledged its mailbox up to this message.
static void add_devices(struct buffer *out, const struct walk *walk)
{
    bool is_first = true;

    buffer_add_literal(out, ",\"devices\":[");
    for (int side = 0; side < 2; side++) {
        const struct account_page *account = &walk->accounts[side];
        const struct entry_view *entry = &walk->scans[side].entry;
        // Where the message has expired, its place in the mailbox is not known any more.
        for (uint32_t i = 0; walk->scans[side].has_target && i < account->device_count; i++) {
            const struct device *device = &account->devices[i];
            buffer_print(out, "%s{", is_first ? "" : ",");
            is_first = false;
            add_name(out, "user", walk->scans[side].user);
            buffer_add_literal(out, ",\"device\":");
            encode_device(out, device->id);
            buffer_add_literal(out, ",\"label\":");
            json_add_string(out, (struct bytes){ device->label, device->label_bytes });
            add_flag(out, "consumer", device->is_consumer);
            add_flag(out, "revoked", device->is_revoked);
            add_flag(out, "wrote", entry->is_of_user && device->id == entry->device);
            add_flag(out, "acknowledged", device->acked_useq >= entry->useq);
            buffer_add_byte(out, '}');
        }
    }
    buffer_add_byte(out, ']');
}

static bool is_alike(const struct scan *a, const struct scan *b)
{
    const struct entry_view *one = &a->entry, *other = &b->entry;

    if (is_expired(b)) {
        return true;
    }
    return a->has_target && b->has_target && one->ts == other->ts && one->device == other->device &&
            one->text_hash == other->text_hash && one->kind == other->kind &&
            one->target == other->target && one->is_of_user != other->is_of_user &&
            one->is_edited == other->is_edited && one->is_deleted == other->is_deleted &&
            a->target_digest == b->target_digest;
}

static void on_traced(struct walk *walk)
{
    struct call *call = walk->call;
    const struct scan *user = &walk->scans[SIDE_USER], *peer = &walk->scans[SIDE_PEER];
    struct buffer out = { 0 };

    if (!user->has_target) {
        call_fail(call, ERR_NOT_FOUND,
                is_expired(user)
                        ? "this message has expired in this user's copy; if it is to be found, "
                          "then in the other one: ask with the two names exchanged"
                        : "there is no such message: params.seq is above the conversation's head");
        walk_end(walk);
        return;
    }
    bool is_own = user->entry.is_of_user;
    call_begin_result(call, &out);
    add_message(&out, walk);
    add_flag(&out, "delivered",
            (is_own ? user->peer_delivered_seq : user->delivered_seq) >= user->target);
    add_flag(&out, "read", (is_own ? user->peer_read_seq : user->read_seq) >= user->target);
    add_flag(&out, "alike", is_alike(user, peer));
    add_copies(&out, walk);
    add_changes(&out, user);
    add_devices(&out, walk);
    buffer_add_byte(&out, '}');
    call_reply(call, &out);
    walk_end(walk);
}

void handle_ADMIN_TRACE(struct call *call)
{
    start(call, call->request.params.seq, on_traced);
}
