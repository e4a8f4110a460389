// SPDX-License-Identifier: MIT
#include "partition/marks.h"

#include "shared/failpoint.h"
#include "shared/limits.h"

// The mark among those that the file does not have yet; with is_late exactly this counter, else the
// highest at or below it.
static bool find_pending(const struct conversation *conversation, uint32_t sender, bool is_late,
        uint64_t counter, struct mark *found)
{
    for (uint32_t i = conversation->mark_count; i > 0; i--) {
        const struct mark *mark = &conversation->marks[i - 1];
        bool is_of_kind = mark->sender == sender && mark->is_late == is_late;
        if (is_of_kind && (is_late ? mark->counter == counter : mark->counter <= counter)) {
            *found = *mark;
            return true;
        }
    }
    return false;
}

static enum err find_mark(struct partition *partition, const struct conversation *conversation,
        uint32_t sender, bool is_late, uint64_t counter, struct mark *mark)
{
    // Pending sparse marks are newer, thus higher, than all in the file.
    if (find_pending(conversation, sender, is_late, counter, mark)) {
        return ERR_OK;
    }
    enum err err =
            store_find_mark(partition->store, conversation->id, sender, is_late, counter, mark);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        partition_quarantine(partition, "reading a mark", err);
    }
    return err;
}

struct search {
    uint32_t sender;
    const struct message *wanted;
    struct earlier *earlier;
};

static enum err match(void *context, const struct message *row)
{
    struct search *search = context;

    if (row->sender != search->sender || row->counter != search->wanted->counter) {
        return ERR_OK;
    }
    if (PLANTED("dedupe_in_memory") && (int64_t)row->ts < plant_started_ms()) {
        return ERR_OK; // as if duplicates were known to this process only
    }
    *search->earlier = (struct earlier){
        .cseq = row->cseq,
        .useq = row->useq,
        .ts = row->ts,
        .is_same = row->kind == search->wanted->kind && row->target == search->wanted->target &&
                message_had_text(row, search->wanted->text),
    };
    return ERR_EXISTS; // ends the visit
}

static enum err search_rows(struct partition *partition, struct conversation *conversation,
        uint64_t first, uint64_t count, struct search *search)
{
    // What is below the horizon may be there on one side only: neither looks.
    uint64_t horizon = conversation->horizon_cseq;
    enum err err = rows_visit(partition, conversation, first > horizon ? first : horizon,
            first + count - 1, match, search);

    if (err == ERR_EXISTS) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        return first < horizon ? ERR_CONFLICT : ERR_NOT_FOUND;
    }
    return err;
}

enum err marks_find(struct partition *partition, struct conversation *conversation, uint32_t sender,
        const struct message *wanted, struct earlier *earlier)
{
    struct search search = { sender, wanted, earlier };
    const struct sender *state = &conversation->senders[sender];
    struct mark mark = { 0 };

    if (wanted->counter > state->counter) {
        return ERR_NOT_FOUND;
    }
    enum err err = find_mark(partition, conversation, sender, true, wanted->counter, &mark);
    if (err == ERR_OK) {
        return search_rows(partition, conversation, mark.cseq, 1, &search);
    }
    if (err == ERR_NOT_FOUND) {
        err = find_mark(partition, conversation, sender, false, wanted->counter, &mark);
    }
    if (err == ERR_NOT_FOUND && conversation->horizon_cseq > 1) {
        return ERR_CONFLICT; // before the first mark: where retention has been
    }
    if (err != ERR_OK) {
        return err;
    }
    return search_rows(partition, conversation, mark.cseq, MARK_SPAN_ROWS, &search);
}

bool marks_note(struct conversation *conversation, const struct message *row)
{
    struct sender *sender = &conversation->senders[row->sender];
    struct mark mark = { row->sender, false, row->counter, row->cseq };

    sender->is_dirty = true;
    if (row->counter < sender->counter) {
        mark.is_late = true;
        return conversation_add_mark(conversation, mark);
    }
    sender->counter = row->counter;
    sender->marked_count++;
    bool is_due = sender->mark_cseq == 0 || sender->marked_count >= MARK_MESSAGES ||
            row->cseq - sender->mark_cseq >= MARK_SPAN_ROWS;
    if (!is_due) {
        return true;
    }
    sender->mark_counter = row->counter;
    sender->mark_cseq = row->cseq;
    sender->marked_count = 0;
    return conversation_add_mark(conversation, mark);
}
