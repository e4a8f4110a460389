// SPDX-License-Identifier: MIT
// What users and admins can do, and everything that doing it needs: one struct, made by main,
// handed to each session.
//
// Owner: main. Thread: the loop thread.

#pragma once

#include <stdbool.h>

#include "auth/hasher.h"
#include "cluster/cell.h"
#include "cluster/job.h"
#include "service/directory.h"
#include "service/hub.h"
#include "service/meter.h"
#include "service/presence.h"
#include "service/receipts.h"
#include "service/retention.h"
#include "service/throttle.h"
#include "shared/check.h"
#include "shared/name.h"

struct session_set;

// What one user may take of the server.
struct quotas {
    struct meter_limits meter;
    uint64_t devices_per_user;
    uint64_t watches_per_user;
    uint64_t retention_s; // how long messages are kept; 0: for ever
};

// Each one allows what the ones before it do.
enum registration { REGISTRATION_CLOSED, REGISTRATION_INVITE, REGISTRATION_OPEN };

struct service {
    struct cell *cell;
    struct hub *hub;
    struct directory *directory;
    struct receipts *receipts;
    struct presence_set *presence;
    struct throttle *names;   // whose passwords are guessed
    struct throttle *sources; // from where
    struct meter *meter;      // who writes how fast
    struct retention *retention;
    struct hasher *hasher;
    uint64_t generation; // of cursors
    enum registration registration;
    struct quotas quotas;
    const char *admin_users; // whose tokens may call admin.* over HTTP: names with spaces between
    const char *data_path;   // for admin.status only
    const char *server_name;
    uint16_t partition_count;
    int64_t started_ms;
    uint64_t entries;                   // of conversations, stored since the start
    const struct session_set *sessions; // for admin.status only
};

// Who is asking: an authenticated device.
struct identity {
    struct name user;
    uint64_t device;
    bool is_consumer;
};

// The cell and hasher must exist. ERR_MEMORY.
enum err service_init(struct service *service, struct cell *cell, struct hasher *hasher,
        const struct quotas *quotas) MUST_USE;
void service_finish(struct service *service);

// From the cell: fan the event out to the sessions of its mailbox.
void service_on_event(struct service *service, const struct record *record,
        const struct applied *applied, struct proposal *proposal);

// Whether this device may administrate from elsewhere. Named consumers may not: their tokens lie
// around in scripts.
bool service_is_admin(const struct service *service, const struct identity *identity);

// A question to the partition of this user.
enum err service_read(struct service *service, struct bytes user, struct read *read) MUST_USE;
