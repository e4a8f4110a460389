// SPDX-License-Identifier: MIT
// How far long work is: one line on stderr that is drawn over, on a terminal only.
//
// Thread: one.

#pragma once

#include <stdint.h>

// "what [####....] 45% 120.0 MB of 267.0 MB"; total 0: not known.
void progress_bytes(const char *what, uint64_t done, uint64_t total);
void progress_count(const char *what, uint64_t done, uint64_t total);

// Takes the line away.
void progress_end(void);
