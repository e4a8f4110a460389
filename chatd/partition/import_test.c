// SPDX-License-Identifier: MIT
// Export, import, export: with two partitions, crashes and flushes between.

#include "partition/partition_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "disk/database.h"
#include "partition/inspect.h"
#include "partition/read.h"
#include "shared/import_entry.h"
#include "shared/limits.h"

#define PART_ENTRIES 7

// What was exported of ann and ada: the parts as records, and the whole as text.
struct export
{
    struct buffer texts[64];
    char hashes[64][16];
    uint64_t seqs[64];
    unsigned part_count;
    char *lines;
};

static void put_digest(char *at, uint64_t digest)
{
    for (int i = 0; i < 8; i++) {
        at[i] = (char)(digest >> (8 * i));
    }
}

static struct entries_page read_all(const char *user, const char *peer)
{
    const struct entries_query query = { bytes_of(user), bytes_of(peer), 0, 5000 };
    struct entries_page page;

    assert_int_equal(inspect_entries(home(query.user), &query, &page), ERR_OK);
    return page;
}

static char *lines_of(const struct entries_page *page)
{
    struct buffer out = { 0 };

    buffer_print(&out, "head %llu floor %llu digest %016llx\n",
            (unsigned long long)page->copy.head_seq, (unsigned long long)page->copy.floor_seq,
            (unsigned long long)page->copy.digest);
    for (uint32_t i = 0; i < page->count; i++) {
        const struct entry_view *entry = &page->entries[i];
        buffer_print(&out, "%llu ts %llu device %llu counter %llu %s kind %d target %llu %016llx",
                (unsigned long long)entry->seq, (unsigned long long)entry->ts,
                (unsigned long long)entry->device, (unsigned long long)entry->counter,
                entry->is_of_user ? "user" : "peer", entry->kind, (unsigned long long)entry->target,
                (unsigned long long)entry->text_hash);
        buffer_print(&out, " \"%.*s\"%s%s\n", (int)entry->text.size, entry->text.data,
                entry->is_edited ? " edited" : "", entry->is_deleted ? " deleted" : "");
    }
    buffer_add_byte(&out, '\0');
    return out.data;
}

static struct import_entry entry_of(const struct entry_view *view)
{
    return (struct import_entry){
        .ts = view->ts,
        .device = view->device,
        .counter = view->counter,
        .target = view->target,
        .text_hash = view->text_hash == history_text_hash(view->text) ? 0 : view->text_hash,
        .text = view->text,
        .kind = view->kind,
        .is_of_user = view->is_of_user,
        .is_edited = view->is_edited,
        .is_deleted = view->is_deleted,
    };
}

static struct export export_ann(void)
{
    struct entries_page page = read_all("ann", "ada");
    struct export export = { .lines = lines_of(&page) };
    uint64_t digest = page.copy.floor_digest;

    for (uint32_t i = 0; i < page.count; i++) {
        unsigned part = i / PART_ENTRIES;
        const struct import_entry entry = entry_of(&page.entries[i]);
        const struct history_entry history = import_entry_history(&entry, page.entries[i].seq,
                bytes_of(entry.is_of_user ? "ann" : "ada"));
        if (i % PART_ENTRIES == 0) {
            export.seqs[part] = page.entries[i].seq;
            put_digest(export.hashes[part], digest);
            export.part_count = part + 1;
        }
        import_entry_pack(&entry, i % PART_ENTRIES == 0 ? 0 : page.entries[i - 1].ts,
                &export.texts[part]);
        digest = history_next_digest(digest, &history);
        put_digest(export.hashes[part] + 8, digest);
    }
    assert_true(digest == page.copy.digest);
    arena_finish(&page.arena);
    return export;
}

static void export_finish(struct export *export)
{
    for (unsigned i = 0; i < export->part_count; i++) {
        buffer_finish(&export->texts[i]);
    }
    free(export->lines);
}

static struct applied import_part(const struct export *export, unsigned part)
{
    const struct record record = {
        .type = RECORD_IMPORT,
        .user = bytes_of("ann"),
        .peer = bytes_of("ada"),
        .cseq = export->seqs[part],
        .flags = part + 1 == export->part_count ? IMPORT_IS_COMPLETE : 0,
        .text = { export->texts[part].data, (uint32_t) export->texts[part].bytes },
        .hash = { export->hashes[part], 16 },
    };

    return apply(&record);
}

static void write_history(void)
{
    char text[32];

    for (uint64_t i = 1; i <= 20; i++) {
        snprintf(text, sizeof(text), "text %d", (int)i);
        send(i % 3 == 0 ? "ada" : "ann", i % 3 == 0 ? "ann" : "ada", i, text);
    }
    change(RECORD_EDIT, "ann", "ada", 1, "better");
    change(RECORD_EDIT, "ann", "ada", 1, "best");
    change(RECORD_EDIT, "ada", "ann", 3, "hers");
    change(RECORD_DELETE, "ada", "ann", 3, "");
    change(RECORD_DELETE, "ann", "ada", 5, "");
    change(RECORD_EDIT, "ann", "ada", 2, "text 2"); // the same again
}

static void start_anew(void **state)
{
    assert_int_equal(tear_down(state), 0);
    assert_int_equal(set_up(state), 0);
}

static void assert_same(const char *user, const char *peer, const char *expected)
{
    struct entries_page page = read_all(user, peer);
    char *lines = lines_of(&page);

    assert_string_equal(lines, expected);
    free(lines);
    arena_finish(&page.arena);
}

static struct export exported(void **state)
{
    write_history();
    struct export export = export_ann();
    assert_int_equal(export.part_count, 4);
    start_anew(state);
    return export;
}

static void what_was_exported_comes_back_the_same(void **state)
{
    struct export export = exported(state);

    for (unsigned i = 0; i < export.part_count; i++) {
        struct applied applied = import_part(&export, i);
        assert_int_equal(applied.outcome, ERR_OK);
        assert_int_equal(applied.has_event, i + 1 == export.part_count);
    }
    for (int round = 0; round < 3; round++) {
        assert_same("ann", "ada", export.lines);
        free(show_world(3)); // what is stored is counted there
        round == 0 ? flush_all() : crash();
    }
    // ada's copy has the same entries; the two sides are named the other way round.
    struct entries_page page = read_all("ada", "ann");
    assert_int_equal(page.count, 26);
    assert_true(page.copy.digest != 0 && !page.entries[0].is_of_user);
    arena_finish(&page.arena);
    export_finish(&export);
}

// Unread texts and events: one conversation, at the end.
static void an_import_is_one_event_and_nothing_is_unread(void **state)
{
    struct export export = exported(state);
    const struct events_query query = { bytes_of("ada"), 0, 100, 100000 };
    const struct heads_query all = { .user = query.user, .before = UINT64_MAX, .limit = 10 };
    struct events_page events;
    struct heads_page heads;

    for (unsigned i = 0; i < export.part_count; i++) {
        import_part(&export, i);
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(read_events(home(query.user), &query, &events), ERR_OK);
        assert_int_equal(events.count, 1 + round);
        assert_int_equal(events.events[0].kind, EVENT_CONVERSATION);
        assert_int_equal(events.events[0].head.unread, round);
        assert_true(events.is_complete);
        arena_finish(&events.arena);
        assert_int_equal(read_heads(home(all.user), &all, &heads), ERR_OK);
        assert_int_equal(heads.count, 1);
        assert_int_equal(heads.heads[0].read_seq, 26);
        assert_int_equal(heads.heads[0].peer_read_seq, 26);
        assert_int_equal(heads.heads[0].peer_delivered_seq, 26);
        arena_finish(&heads.arena);
        // What is written behind it is an event again, and only that.
        assert_int_equal(send("ann", "ada", 500 + (uint64_t)round, "new").cseq,
                27 + (uint64_t)round);
        flush_all();
    }
    export_finish(&export);
}

static void a_part_goes_only_onto_its_own_digest(void **state)
{
    struct export export = exported(state);

    assert_int_equal(import_part(&export, 1).outcome,
            ERR_OK); // as if retention had taken the first
    start_anew(state);
    assert_int_equal(import_part(&export, 0).outcome, ERR_OK);
    assert_int_equal(import_part(&export, 0).outcome, ERR_CONFLICT);
    assert_int_equal(import_part(&export, 2).outcome, ERR_CONFLICT);
    assert_int_equal(import_part(&export, 1).outcome, ERR_OK);
    send("ada", "ann", 900, "meanwhile");
    struct applied refused = import_part(&export, 2);
    assert_int_equal(refused.outcome, ERR_CONFLICT);
    assert_int_equal(refused.cseq, 15);
    export_finish(&export);
}

// Each byte of a part, and each of its digests: whatever is not as exported changes nothing.
static void a_part_that_is_not_as_it_was_is_refused_whole(void **state)
{
    struct export export = exported(state);
    unsigned refused_count = 0;

    for (size_t i = 0; i < export.texts[0].bytes; i++) {
        export.texts[0].data[i] ^= 1;
        struct applied applied = import_part(&export, 0);
        // Devices, counters and the texts of edited ones are not in the digest.
        if (applied.outcome == ERR_OK) {
            start_anew(state);
        } else {
            refused_count++;
            assert_int_equal(applied.outcome, ERR_INVALID);
            assert_int_equal(applied.cseq, 0);
        }
        export.texts[0].data[i] ^= 1;
    }
    assert_true(refused_count > 40);
    export.hashes[0][9] ^= 1;
    assert_int_equal(import_part(&export, 0).outcome, ERR_INVALID);
    export.hashes[0][9] ^= 1;
    assert_int_equal(import_part(&export, 0).outcome, ERR_OK);
    export_finish(&export);
}

static void edits_go_on_where_they_ended(void **state)
{
    struct export export = exported(state);

    for (unsigned i = 0; i < export.part_count; i++) {
        import_part(&export, i);
        flush_all();
    }
    // The edits before the import are emptied with their message.
    change(RECORD_DELETE, "ann", "ada", 1, "");
    char *world_shown = show_world(5);
    assert_null(strstr(world_shown, "better"));
    assert_null(strstr(world_shown, "best"));
    free(world_shown);
    // The device's counters are known.
    assert_true(send("ann", "ada", 7, "text 7").is_duplicate);
    assert_int_equal(send("ann", "ada", 7, "another").outcome, ERR_CONFLICT);
    export_finish(&export);
}

static void a_scan_finds_what_the_copies_hold(void **state)
{
    struct scan scan = { .user = bytes_of("ann"),
        .peer = bytes_of("ada"),
        .target = 1,
        .mark_every = 5 };

    (void)state;
    write_history();
    while (!scan.is_complete) {
        assert_int_equal(inspect_scan(home(scan.user), &scan), ERR_OK);
    }
    assert_int_equal(scan.fault, SCAN_GOOD);
    assert_int_equal(scan.entry_count, 26);
    assert_true(scan.digest == scan.copy.digest);
    assert_int_equal(scan.mark_count, 5);
    assert_int_equal(scan.first_mark, 1);
    assert_true(scan.has_target && scan.entry.is_edited);
    assert_int_equal(scan.change_count, 2);
    assert_int_equal(scan.changes[1].seq, 22);
    scan_finish(&scan);
}

static void conversations_are_listed_by_name_in_pages(void **state)
{
    struct copies_query query = { .user = bytes_of("ada"), .limit = 1 };
    struct copies_page page;

    (void)state;
    send("ada", "cyd", 1, "x");
    flush_all();
    send("ann", "ada", 1, "y");
    assert_int_equal(inspect_copies(home(query.user), &query, &page), ERR_OK);
    assert_true(page.count == 1 && page.has_more);
    assert_true(bytes_equal(page.copies[0].peer, bytes_of("ann")));
    arena_finish(&page.arena);
    query.after = bytes_of("ann");
    assert_int_equal(inspect_copies(home(query.user), &query, &page), ERR_OK);
    assert_true(page.count == 1 && !page.has_more);
    assert_true(bytes_equal(page.copies[0].peer, bytes_of("cyd")));
    arena_finish(&page.arena);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    database_global_init();
    const struct CMUnitTest tests[] = {
        CASE(what_was_exported_comes_back_the_same),
        CASE(an_import_is_one_event_and_nothing_is_unread),
        CASE(a_part_goes_only_onto_its_own_digest),
        CASE(a_part_that_is_not_as_it_was_is_refused_whole),
        CASE(edits_go_on_where_they_ended),
        CASE(a_scan_finds_what_the_copies_hold),
        CASE(conversations_are_listed_by_name_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
