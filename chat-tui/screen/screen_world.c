// SPDX-License-Identifier: MIT
#include "screen_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

int world_begin(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    if (world == NULL) {
        return -1;
    }
    settings_init(&world->settings);
    if (!ui_init(&world->ui, &world->settings)) {
        free(world);
        return -1;
    }
    world->random = 1;
    world->model = &world->ui.model;
    world->model->user = name_of(bytes_of("ann"));
    world->bob = model_get(world->model, bytes_of("bob"));
    ui_open(&world->ui, world->bob);
    *state = world;
    return world->bob != NULL ? 0 : -1;
}

int world_end(void **state)
{
    struct world *world = *state;

    ui_finish(&world->ui);
    free(world);
    return 0;
}

uint32_t world_random(struct world *world, uint32_t limit)
{
    world->random = world->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(world->random >> 33) % limit;
}

struct message_view world_text(uint64_t seq, const char *from, const char *text)
{
    return (struct message_view){
        .peer = bytes_of("bob"),
        .from = bytes_of(from),
        .text = bytes_of(text),
        .seq = seq,
        .ts = (uint64_t)WORLD_TS + seq,
    };
}

struct message_view world_edit(uint64_t seq, const char *from, uint64_t target, const char *text)
{
    struct message_view edit = world_text(seq, from, text);

    edit.kind = MESSAGE_EDIT;
    edit.target = target;
    return edit;
}

struct message_view world_delete(uint64_t seq, const char *from, uint64_t target)
{
    struct message_view delete = world_edit(seq, from, target, "");

    delete.kind = MESSAGE_DELETE;
    return delete;
}

void world_event(struct world *world, struct message_view message)
{
    assert_true(model_add(world->model, world->bob, &message));
    world_check_timeline(&world->bob->timeline);
}

void world_says(struct world *world, uint64_t seq, const char *from, const char *text)
{
    world_event(world, world_text(seq, from, text));
}

void world_page(struct world *world, uint64_t from, uint64_t to)
{
    model_page_begin(world->bob, from, to, to >= world->bob->head_seq);
    for (uint64_t seq = from; seq <= to; seq++) {
        char text[32];
        snprintf(text, sizeof(text), "number %llu", (unsigned long long)seq);
        struct message_view message = world_text(seq, seq % 2 == 1 ? "bob" : "ann", text);
        assert_true(model_page_add(world->model, world->bob, &message));
    }
    world_check_timeline(&world->bob->timeline);
}

const char *world_text_of(const struct world *world, uint64_t seq)
{
    const struct message *message = timeline_find(&world->bob->timeline, seq);

    return message == NULL ? "(none)" : message->text;
}

void world_check_timeline(const struct timeline *timeline)
{
    uint64_t before = 0;

    assert_true(timeline->count <= timeline->capacity);
    for (uint32_t i = 0; i < timeline->count; i++) {
        const struct message *message = &timeline->messages[i];
        assert_true(message->seq > before);
        assert_true(message->seq >= timeline->first_seq && message->seq <= timeline->last_seq);
        assert_non_null(message->text);
        assert_int_equal(strlen(message->text), message->bytes);
        before = message->seq;
    }
}
