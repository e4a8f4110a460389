// SPDX-License-Identifier: MIT
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *model)
{
    *model = (struct model){ .transport = "offline", .has_focus = true };
    list_init(&model->conversations);
}

static void clear_message(struct message *message)
{
    free(message->text);
    message->text = NULL;
}

void timeline_clear(struct timeline *timeline)
{
    for (uint32_t i = 0; i < timeline->count; i++) {
        clear_message(&timeline->messages[i]);
    }
    free(timeline->messages);
    *timeline = (struct timeline){ 0 };
}

void model_finish(struct model *model)
{
    LIST_EACH(node, &model->conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, of_model);
        timeline_clear(&conversation->timeline);
        timeline_clear(&conversation->pending);
        buffer_finish(&conversation->draft);
        free(conversation);
    }
    map_finish(&model->by_peer);
}

struct conversation *model_find(const struct model *model, struct bytes peer)
{
    struct map_node *node = map_first(&model->by_peer, map_hash(peer.data, peer.size));

    for (; node != NULL; node = map_next(node)) {
        struct conversation *conversation = MAP_OF(node, struct conversation, by_peer);
        if (bytes_equal(name_bytes(&conversation->peer), peer)) {
            return conversation;
        }
    }
    return NULL;
}

struct conversation *model_get(struct model *model, struct bytes peer)
{
    struct conversation *conversation = model_find(model, peer);

    if (conversation != NULL || !name_is_valid(peer)) {
        return conversation;
    }
    conversation = calloc(1, sizeof(*conversation));
    if (conversation == NULL ||
            !map_insert(&model->by_peer, &conversation->by_peer, map_hash(peer.data, peer.size))) {
        free(conversation);
        return NULL;
    }
    conversation->peer = name_of(peer);
    conversation->place.is_at_end = true;
    list_init(&conversation->of_model);
    list_append(&model->conversations, &conversation->of_model);
    model->conversation_count++;
    return conversation;
}

void model_touch(struct model *model, struct conversation *conversation, int64_t ts)
{
    if (ts < conversation->changed_ts) {
        return;
    }
    conversation->changed_ts = ts;
    list_leave(&conversation->of_model);
    // Before the first that changed earlier.
    struct list *place = model->conversations.next;
    while (place != &model->conversations &&
            LIST_OF(place, struct conversation, of_model)->changed_ts > ts) {
        place = place->next;
    }
    list_append(place, &conversation->of_model);
}

// Room for one more, in the place of that seq. NULL: no memory.
static struct message *make_room(struct timeline *timeline, uint64_t seq)
{
    if (timeline->count == timeline->capacity) {
        uint32_t capacity = timeline->capacity == 0 ? 64 : timeline->capacity * 2;
        struct message *messages = realloc(timeline->messages, capacity * sizeof(*messages));
        if (messages == NULL) {
            return NULL;
        }
        timeline->messages = messages;
        timeline->capacity = capacity;
    }
    uint32_t place = timeline->count;
    while (place > 0 && seq != 0 && timeline->messages[place - 1].seq > seq) {
        place--;
    }
    memmove(timeline->messages + place + 1, timeline->messages + place,
            (timeline->count - place) * sizeof(timeline->messages[0]));
    timeline->count++;
    timeline->messages[place] = (struct message){ .seq = seq };
    return &timeline->messages[place];
}

static bool set_text(struct message *message, struct bytes text)
{
    char *copy = malloc((size_t)text.size + 1);

    if (copy == NULL) {
        return false;
    }
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    copy[text.size] = '\0';
    free(message->text);
    message->text = copy;
    message->bytes = text.size;
    return true;
}

struct message *timeline_find(const struct timeline *timeline, uint64_t seq)
{
    uint32_t low = 0, high = timeline->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (timeline->messages[middle].seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < timeline->count && timeline->messages[low].seq == seq ? &timeline->messages[low]
                                                                       : NULL;
}

static void remove_at(struct timeline *timeline, uint32_t place)
{
    clear_message(&timeline->messages[place]);
    timeline->count--;
    memmove(timeline->messages + place, timeline->messages + place + 1,
            (timeline->count - place) * sizeof(timeline->messages[0]));
}

static bool is_text(const struct message_view *incoming)
{
    return incoming->kind == MESSAGE_TEXT;
}

static bool change_target(struct timeline *timeline, const struct message_view *incoming)
{
    struct message *target = timeline_find(timeline, incoming->target);

    if (target == NULL || target->is_deleted) {
        return true;
    }
    if (incoming->kind == MESSAGE_DELETE) {
        target->is_deleted = true;
        return set_text(target, (struct bytes){ "", 0 });
    }
    target->is_edited = true;
    return set_text(target, incoming->text);
}

// In its place, once.
static bool put(const struct model *model, struct timeline *timeline,
        const struct message_view *incoming)
{
    if (!is_text(incoming)) {
        return change_target(timeline, incoming);
    }
    struct message *message = timeline_find(timeline, incoming->seq);
    if (message == NULL) {
        message = make_room(timeline, incoming->seq);
    }
    if (message == NULL || !set_text(message, incoming->text)) {
        return false;
    }
    message->ts = (int64_t)incoming->ts;
    message->is_own = bytes_equal(incoming->from, name_bytes(&model->user));
    message->is_edited = incoming->is_edited;
    message->is_deleted = incoming->is_deleted;
    return true;
}

static void set_snippet(struct conversation *conversation, struct bytes text, bool is_own)
{
    uint32_t size = text.size < SNIPPET_BYTES - 1 ? text.size : SNIPPET_BYTES - 1;

    while (size > 0 && size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80) {
        size--; // not in the middle of a character
    }
    for (uint32_t i = 0; i < size; i++) {
        conversation->snippet[i] = (char)(text.data[i] == '\n' ? ' ' : text.data[i]);
    }
    conversation->snippet[size] = '\0';
    conversation->is_snippet_own = is_own;
}

// Where there is no room for one more, of many, so that it is seldom done.
static void drop_oldest(struct timeline *timeline)
{
    uint32_t dropped = timeline->count < MODEL_MESSAGES_MAX ? 0 : MODEL_MESSAGES_MAX / 4;

    for (uint32_t i = 0; i < dropped; i++) {
        clear_message(&timeline->messages[i]);
    }
    if (dropped > 0) {
        timeline->count -= dropped;
        memmove(timeline->messages, timeline->messages + dropped,
                timeline->count * sizeof(timeline->messages[0]));
        timeline->first_seq = timeline->messages[0].seq;
    }
}

bool model_add(struct model *model, struct conversation *conversation,
        const struct message_view *incoming)
{
    struct timeline *timeline = &conversation->timeline;
    bool is_own = bytes_equal(incoming->from, name_bytes(&model->user));

    if (incoming->seq > conversation->head_seq) {
        conversation->head_seq = incoming->seq;
        conversation->unread += !is_own && is_text(incoming);
        set_snippet(conversation, incoming->text, is_own); // as a head would say, whatever it is
        if (!is_own) {
            conversation->typing_until_ms = 0;
        }
        model_touch(model, conversation, (int64_t)incoming->ts);
    }
    // Of an entry that comes again the text may have been changed since.
    if (timeline->last_seq == 0 || incoming->seq <= timeline->last_seq) {
        return true;
    }
    if (incoming->seq != timeline->last_seq + 1) { // the one before it is not here
        timeline->is_stale |= !timeline->is_apart;
        return is_text(incoming) || put(model, timeline, incoming);
    }
    drop_oldest(timeline);
    timeline->last_seq = incoming->seq;
    return put(model, timeline, incoming);
}

void model_head(struct model *model, const struct head_view *head)
{
    struct conversation *conversation = model_get(model, head->peer);

    if (conversation == NULL) {
        return;
    }
    model_delivered(conversation, head->peer_delivered_seq);
    model_peer_read(conversation, head->peer_read_seq);
    if (head->read_seq > conversation->read_seq) {
        conversation->read_seq = head->read_seq;
        conversation->told_read_seq = head->read_seq;
    }
    if (head->seq >= conversation->head_seq && head->read_seq >= conversation->read_seq) {
        conversation->unread = head->unread; // else it was overtaken
    }
    if (head->seq <= conversation->head_seq) {
        return;
    }
    conversation->head_seq = head->seq;
    conversation->timeline.is_stale |=
            conversation->timeline.last_seq > 0 && !conversation->timeline.is_apart;
    if (head->has_last) { // its text stands in the list, whatever it was
        set_snippet(conversation, head->last.text,
                bytes_equal(head->last.from, name_bytes(&model->user)));
        model_touch(model, conversation, (int64_t)head->last.ts);
    }
}

void model_page_begin(struct conversation *conversation, uint64_t from, uint64_t to, bool is_newest)
{
    struct timeline *timeline = &conversation->timeline;
    bool joins = timeline->last_seq > 0 && from <= timeline->last_seq + 1 &&
            to + 1 >= timeline->first_seq && timeline->count < MODEL_MESSAGES_MAX;

    timeline->is_loading = false;
    if (from <= to && !joins) {
        timeline_clear(timeline);
        timeline->first_seq = from;
        timeline->last_seq = to;
        timeline->is_apart = !is_newest && to < conversation->head_seq;
    } else if (from <= to) {
        timeline->first_seq = from < timeline->first_seq ? from : timeline->first_seq;
        timeline->last_seq = to > timeline->last_seq ? to : timeline->last_seq;
        timeline->is_stale = timeline->is_stale && timeline->last_seq < conversation->head_seq;
        timeline->is_apart = timeline->is_apart && timeline->last_seq < conversation->head_seq;
    }
    timeline->page_from = from;
    timeline->page_to = to;
    // What was read before has the later edits already; only the newest page tells of some.
    timeline->page_changes_below = is_newest ? from : 0;
}

bool model_page_add(struct model *model, struct conversation *conversation,
        const struct message_view *incoming)
{
    struct timeline *timeline = &conversation->timeline;
    bool is_of_page = incoming->seq >= timeline->page_from && incoming->seq <= timeline->page_to;
    bool is_known = !is_text(incoming) && incoming->target >= timeline->page_changes_below;

    return !is_of_page || is_known || put(model, timeline, incoming);
}

struct message *model_queue(struct model *model, struct conversation *conversation,
        struct bytes text, int64_t ts, void *handle)
{
    struct message *message = make_room(&conversation->pending, 0);

    if (message == NULL) {
        return NULL;
    }
    if (!set_text(message, text)) {
        conversation->pending.count--;
        return NULL;
    }
    message->ts = ts;
    message->is_own = true;
    message->handle = handle;
    set_snippet(conversation, text, true);
    model_touch(model, conversation, ts);
    return message;
}

static uint32_t find_pending(const struct conversation *conversation, const void *handle)
{
    uint32_t i = 0;

    while (i < conversation->pending.count && conversation->pending.messages[i].handle != handle) {
        i++;
    }
    return i;
}

void model_stored(struct model *model, struct conversation *conversation, void *handle,
        uint64_t seq, int64_t ts)
{
    uint32_t place = find_pending(conversation, handle);

    if (place == conversation->pending.count) {
        return;
    }
    const struct message *message = &conversation->pending.messages[place];
    const struct message_view incoming = {
        .seq = seq,
        .ts = (uint64_t)ts,
        .from = name_bytes(&model->user),
        .text = { message->text, message->bytes },
    };
    // Without memory for it, it is read again from the server.
    conversation->timeline.is_stale |= !model_add(model, conversation, &incoming);
    remove_at(&conversation->pending, place);
}

void model_refused(struct conversation *conversation, void *handle)
{
    uint32_t place = find_pending(conversation, handle);

    if (place < conversation->pending.count) {
        conversation->pending.messages[place].is_failed = true;
        conversation->pending.messages[place].handle = NULL; // another one may get it
    }
}

void model_dismiss(struct conversation *conversation, struct message *message)
{
    remove_at(&conversation->pending, (uint32_t)(message - conversation->pending.messages));
}

static void raise(uint64_t *mark, uint64_t seq)
{
    *mark = seq > *mark ? seq : *mark;
}

void model_delivered(struct conversation *conversation, uint64_t seq)
{
    raise(&conversation->peer_delivered_seq, seq);
}

void model_peer_read(struct conversation *conversation, uint64_t seq)
{
    raise(&conversation->peer_read_seq, seq);
    raise(&conversation->peer_delivered_seq, seq);
}

void model_own_read(struct conversation *conversation, uint64_t seq)
{
    raise(&conversation->read_seq, seq);
    raise(&conversation->told_read_seq, seq);
    if (conversation->read_seq >= conversation->head_seq) {
        conversation->unread = 0;
    }
}

enum tick model_tick(const struct conversation *conversation, const struct message *message)
{
    if (!message->is_own || message->is_deleted) {
        return TICK_NONE;
    }
    if (message->seq == 0) {
        return message->is_failed ? TICK_FAILED : TICK_QUEUED;
    }
    if (message->seq <= conversation->peer_read_seq) {
        return TICK_READ;
    }
    return message->seq <= conversation->peer_delivered_seq ? TICK_DELIVERED : TICK_STORED;
}

void model_notice(struct model *model, int64_t until_ms, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(model->notice, sizeof(model->notice), format, list);
    va_end(list);
    model->notice_until_ms = until_ms;
}

const char *model_presence_word(enum shown_presence presence)
{
    static const char *const words[] = {
        [PRESENCE_UNKNOWN] = "",
        [PRESENCE_OFFLINE] = "offline",
        [PRESENCE_AWAY] = "away",
        [PRESENCE_ONLINE] = "online",
    };

    return words[presence];
}

bool model_is_offline(const struct model *model)
{
    return strcmp(model->transport, "offline") == 0;
}
