// SPDX-License-Identifier: MIT
#include "service/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LISTENERS 4

struct listener {
    struct subscriber subscriber;
    int number;
    struct frame *frame; // held from the last event
    uint64_t revoked;
    uint64_t keeper;
};

static struct listener listeners[LISTENERS];
static int order[2 * LISTENERS]; // who heard, in that order
static int heard_count;
static int encode_count;

static void on_event(struct subscriber *subscriber, struct delivery *delivery)
{
    struct listener *listener = (struct listener *)(void *)subscriber;

    order[heard_count++] = listener->number;
    if (delivery->frame == NULL) {
        delivery->frame = frame_copy("x", 1);
        encode_count++;
    }
    frame_release(listener->frame);
    listener->frame = frame_hold(delivery->frame);
}

static void on_revoked(struct subscriber *subscriber, uint64_t device, uint64_t keeper)
{
    struct listener *listener = (struct listener *)(void *)subscriber;

    order[heard_count++] = listener->number;
    listener->revoked = device;
    listener->keeper = keeper;
}

static int set_up(void **state)
{
    heard_count = 0;
    encode_count = 0;
    for (int i = 0; i < LISTENERS; i++) {
        listeners[i] = (struct listener){ .number = i };
        listeners[i].subscriber.on_event = on_event;
        listeners[i].subscriber.on_revoked = on_revoked;
    }
    *state = hub_create();
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < LISTENERS; i++) {
        hub_leave(*state, &listeners[i].subscriber);
        frame_release(listeners[i].frame);
    }
    hub_destroy(*state);
    return 0;
}

static void join(struct hub *hub, const char *user, int number)
{
    assert_true(hub_join(hub, bytes_of(user), &listeners[number].subscriber));
}

static void publish(struct hub *hub, const char *user)
{
    struct event_view event = { .useq = 1 };
    struct delivery delivery = { .event = &event };

    heard_count = 0;
    hub_publish(hub, bytes_of(user), &delivery);
    assert_null(delivery.frame);
}

static void all_listeners_of_one_mailbox_share_one_frame(void **state)
{
    (void)state;
    join(*state, "ann", 0);
    join(*state, "ben", 1);
    join(*state, "ann", 2);
    publish(*state, "ann");
    assert_int_equal(heard_count, 2);
    assert_int_equal(order[0], 0);
    assert_int_equal(order[1], 2);
    assert_int_equal(encode_count, 1);
    assert_ptr_equal(listeners[0].frame, listeners[2].frame);
    assert_int_equal(listeners[0].frame->references, 2);
    assert_null(listeners[1].frame);
}

static void nobody_hears_of_a_mailbox_without_listeners(void **state)
{
    join(*state, "ann", 0);
    publish(*state, "an");
    publish(*state, "anna");
    publish(*state, "");
    assert_int_equal(heard_count, 0);
    assert_false(hub_has(*state, bytes_of("anna")));
    assert_true(hub_has(*state, bytes_of("ann")));
}

static void who_has_left_hears_nothing_and_may_leave_again(void **state)
{
    for (int i = 0; i < LISTENERS; i++) {
        join(*state, "ann", i);
    }
    hub_leave(*state, &listeners[1].subscriber);
    hub_leave(*state, &listeners[1].subscriber);
    publish(*state, "ann");
    assert_int_equal(heard_count, LISTENERS - 1);
    for (int i = 0; i < LISTENERS; i++) {
        hub_leave(*state, &listeners[i].subscriber);
    }
    assert_false(hub_has(*state, bytes_of("ann")));
    publish(*state, "ann");
    assert_int_equal(heard_count, 0);
    join(*state, "ben", 1);
    publish(*state, "ben");
    assert_int_equal(heard_count, 1);
}

static void a_revocation_reaches_the_mailbox_with_its_numbers(void **state)
{
    join(*state, "ann", 0);
    join(*state, "ann", 1);
    join(*state, "ben", 2);
    hub_revoke(*state, bytes_of("ann"), 7, 8);
    assert_int_equal(heard_count, 2);
    assert_int_equal(listeners[1].revoked, 7);
    assert_int_equal(listeners[1].keeper, 8);
    assert_int_equal(listeners[2].revoked, 0);
    hub_revoke(*state, bytes_of("cyd"), 7, 8);
    assert_int_equal(heard_count, 2);
}

static void count_visit(struct subscriber *subscriber, void *context)
{
    order[heard_count++] = ((struct listener *)(void *)subscriber)->number;
    assert_ptr_equal(context, &heard_count);
}

static void a_visit_reaches_each_listener_of_the_user_once(void **state)
{
    join(*state, "ann", 3);
    join(*state, "ben", 0);
    join(*state, "ann", 1);
    hub_each(*state, bytes_of("ann"), count_visit, &heard_count);
    assert_int_equal(heard_count, 2);
    assert_int_equal(order[0], 3);
    assert_int_equal(order[1], 1);
    hub_each(*state, bytes_of("cyd"), count_visit, &heard_count);
    assert_int_equal(heard_count, 2);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(all_listeners_of_one_mailbox_share_one_frame),
        CASE(nobody_hears_of_a_mailbox_without_listeners),
        CASE(who_has_left_hears_nothing_and_may_leave_again),
        CASE(a_revocation_reaches_the_mailbox_with_its_numbers),
        CASE(a_visit_reaches_each_listener_of_the_user_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
