// SPDX-License-Identifier: MIT
// What each record type does to a partition. Pure: the outcome follows from the records before it.
// Two-sided records decide only by state that both copies share (head, senders, blocks,
// watermarks), so that both partitions come to the same outcome.
//
// Thread: the partition's. A disk error on the way quarantines the partition; the outcome is then
// of no interest.

#pragma once

#include "partition/partition.h"
#include "shared/record.h"

struct user;

enum err apply_record(struct partition *partition, const struct record *record, enum side side,
        struct applied *applied) MUST_USE;

// One file each: apply_account.c, apply_import.c, apply_message.c, apply_receipt.c,
// apply_retention.c. `owner` is the user of this side, who exists.
enum err apply_account(struct partition *partition, const struct record *record,
        struct applied *applied) MUST_USE;
enum err apply_message(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied) MUST_USE;
enum err apply_again(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied) MUST_USE;
enum err apply_import(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied) MUST_USE;
enum err apply_expire(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied) MUST_USE;
enum err apply_receipt(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied) MUST_USE;

// Moves a device's resume point forward, never past the mailbox's end.
void apply_acknowledge(struct partition *partition, struct user *owner, uint64_t device,
        uint64_t useq, struct applied *applied);
