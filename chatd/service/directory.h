// SPDX-License-Identifier: MIT
// Which names are known to exist: "the receiver exists" is one-sided state, so it is checked before
// a record is proposed, and remembered, because names never go away. Only deletion makes one
// unusable, and then it is forgotten here.
//
// Owner: the service. Thread: the loop thread. Bound: DIRECTORY_NAMES_MAX names, oldest out.

#pragma once

#include <stdbool.h>

#include "cluster/cell.h"
#include "shared/bytes.h"
#include "shared/check.h"

struct directory;

struct directory *directory_create(struct cell *cell) MUST_USE;
void directory_destroy(struct directory *directory);

bool directory_knows(struct directory *directory, struct bytes name);
void directory_learn(struct directory *directory, struct bytes name);
void directory_forget(struct directory *directory, struct bytes name);

// Asks the name's partition. done gets ERR_OK (and the name is known), ERR_NOT_FOUND or another
// error, always later. Returns ERR_BUSY or ERR_MEMORY when it can't ask; done is then not called.
enum err directory_ask(struct directory *directory, struct bytes name,
        void (*done)(void *context, enum err err), void *context) MUST_USE;
