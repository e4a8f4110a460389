// SPDX-License-Identifier: MIT
// The devices of the simulated users: what they ask, what they remember over their own and the
// node's breaks, and what they make of answers and events, which they tell the model.
//
// A device's program outlives everything: it has its counter, its unsent messages and its cursors
// on a disk that never fails.
//
// Owner: the world. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulation/chance.h"
#include "tests/simulation/model.h"

void devices_reset(uint64_t seed);
int devices_count(void);

// An administrator makes the user and its first device; the answer comes later.
void devices_add_user(int user);
bool devices_are_ready(unsigned users); // every user has a device
void devices_hear_admin(void);          // the answers to devices_add_user()

// The connection of a device that has none yet; what comes of it comes later.
void device_connect(int device);
bool device_is_connected(int device);
bool device_is_live(int device);   // subscribed
bool device_is_usable(int device); // not revoked
bool device_is_poller(int device);
bool device_is_of(int device, int user);

// What it may do, if it is live and not too busy.
void device_send(int device);
void device_change(int device); // edit or delete
void device_resend(int device); // what has no answer, in order, once nothing is on its way
void device_ack(int device, bool all);
void device_read_history(int device);
void device_list(int device);
void device_mark_read(int device);
void device_block(int device);
void device_create_another(int device);
void device_revoke_another(int device);
void device_search(int device);
void device_poll(int device); // a long poll, for a device that does

// One message up or down the wire; what came down is understood. False: there was none.
bool device_move_up(int device);
bool device_move_down(int device);
// The connection breaks; some of what is on its way down may still arrive.
void device_cut(int device);
// The node is dead: so does every connection.
void devices_break(void);

// Everything it wanted stored has its answer.
bool device_has_settled(int device);
bool devices_have_settled(void);
// Everything that the others wrote has been shown to it.
void device_check_shown(int device);
// The connection of a revoked device must be closed by now.
void devices_check_revoked(void);

// Reads the whole history with a peer and hands it to the model, page by page.
void device_begin_final(int device, int peer);
bool device_final_is_done(int device);

uint64_t devices_operations(void); // in all
