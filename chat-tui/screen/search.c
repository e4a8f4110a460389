// SPDX-License-Identifier: MIT
#include "search.h"

#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 250 // of typing, before it is asked for
#define BEFORE_BYTES 32

void search_finish(struct search *search)
{
    free(search->found);
    *search = (struct search){ .due_ms = INT64_MAX, .serial = search->serial + 1 };
}

void search_changed(struct search *search, int64_t now_ms)
{
    search->count = 0;
    search->choice = 0;
    search->serial++;
    search->is_looking = false;
    search->is_asking = false;
    search->is_cut_off = false;
    search->wants_more = false;
    search->next[0] = '\0';
    search->due_ms = search->pattern.bytes > 0 ? now_ms + PAUSE_MS : INT64_MAX;
}

static bool is_newer(const struct found *one, const struct found *other)
{
    if (one->ts != other->ts) {
        return one->ts > other->ts;
    }
    return one->seq > other->seq;
}

static uint32_t to_code_point(struct bytes text, uint32_t place)
{
    while (place > 0 && place < text.size && ((unsigned char)text.data[place] & 0xC0U) == 0x80U) {
        place--;
    }
    return place;
}

// Where the words are, letter for letter; the fold of the search finds more, and then the text's
// beginning has to do.
static uint32_t place_of(struct bytes text, struct bytes words)
{
    for (uint32_t at = 0; words.size <= text.size && at <= text.size - words.size; at++) {
        if (strncasecmp(text.data + at, words.data, words.size) == 0) {
            return at;
        }
    }
    return 0;
}

static void set_excerpt(struct found *found, struct bytes text, struct bytes words)
{
    uint32_t at = place_of(text, words);
    uint32_t start = at > BEFORE_BYTES ? to_code_point(text, at - BEFORE_BYTES) : 0;
    uint32_t end = text.size;

    if (end - start > SEARCH_EXCERPT_BYTES) {
        end = to_code_point(text, start + SEARCH_EXCERPT_BYTES);
    }
    found->bytes = end - start;
    memcpy(found->text, text.data + start, found->bytes);
}

static bool make_room(struct search *search)
{
    if (search->count < search->capacity) {
        return true;
    }
    uint32_t capacity = search->capacity == 0 ? 32 : search->capacity * 2;
    struct found *found = realloc(search->found, capacity * sizeof(*found));
    if (found == NULL) {
        return false;
    }
    search->found = found;
    search->capacity = capacity;
    return true;
}

bool search_add(struct search *search, const struct message_view *message, struct bytes user)
{
    struct found found = { .seq = message->seq,
        .ts = (int64_t)message->ts,
        .is_own = bytes_equal(message->from, user) };

    if (!name_is_valid(message->peer) || search->count >= SEARCH_FOUND_MAX) {
        return true;
    }
    found.peer = name_of(message->peer);
    uint32_t place = search->count;
    while (place > 0 && is_newer(&found, &search->found[place - 1])) {
        place--;
    }
    // One of the same time and number may be of another conversation.
    for (uint32_t i = place; i > 0 && !is_newer(&search->found[i - 1], &found); i--) {
        if (bytes_equal(name_bytes(&search->found[i - 1].peer), message->peer)) {
            return true;
        }
    }
    if (!make_room(search)) {
        return false;
    }
    set_excerpt(&found, message->text, pattern_bytes(&search->pattern));
    memmove(search->found + place + 1, search->found + place,
            (search->count - place) * sizeof(found));
    search->found[place] = found;
    search->count++;
    search->choice += place < search->choice; // the chosen one stays chosen
    return true;
}

void search_move(struct search *search, int by)
{
    int64_t choice = (int64_t)search->choice + by;
    int64_t last = search->count > 0 ? (int64_t)search->count - 1 : 0;

    search->wants_more |= choice > last - 5;
    search->choice = (uint32_t)(choice < 0 ? 0 : choice > last ? last : choice);
}
