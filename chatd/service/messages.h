// SPDX-License-Identifier: MIT
// Sending, changing and acknowledging messages: what a device may do, as records.
//
// Thread: the loop thread. The proposal's done() says what became of it; after an error here it is
// not called.

#pragma once

#include "service/service.h"

struct draft {
    struct bytes peer;
    struct bytes text;
    uint64_t seq;     // edits and deletes: the target
    uint64_t counter; // 0: none
    uint64_t after;
    bool has_after;
    bool is_over_quota; // not to be stored: only answered as before, if it was stored before
};

// The peer must be known to exist (directory.h). ERR_INVALID: to oneself.
enum err messages_send(struct service *service, const struct identity *who,
        const struct draft *draft, struct proposal *proposal) MUST_USE;

// Edits (text given) or deletes. Checked against the target first: that answer must be given.
enum err messages_check_target(const struct target_view *target, bool is_edit) MUST_USE;
enum err messages_change(struct service *service, const struct identity *who, bool is_edit,
        const struct draft *draft, struct proposal *proposal) MUST_USE;

enum err messages_read(struct service *service, const struct identity *who, struct bytes peer,
        uint64_t seq, struct proposal *proposal) MUST_USE;

enum err messages_block(struct service *service, const struct identity *who, struct bytes peer,
        bool is_blocked, struct proposal *proposal) MUST_USE;
