// SPDX-License-Identifier: MIT
// SQLite on the simulated disk: a VFS below chatd/disk/page_vfs.c.

#pragma once

#include "tests/simulation/chance.h"

// Makes SQLite use the simulated disk and heap. Once, before any database is opened, instead of
// database_global_init().
void disk_vfs_install(void);

// SQLite's own randomness (WAL salts) begins anew from this seed.
void disk_vfs_seed(uint64_t seed);
