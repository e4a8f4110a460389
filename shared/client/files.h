// SPDX-License-Identifier: MIT
// A program's own files: for their user only, and whole or not there at all.

#pragma once

#include <stdbool.h>

#include "shared/check.h"

#define FILES_PATH_BYTES 440

// Each missing directory of the path, mode 0700. False: errno says why.
bool files_make_directory(const char *path) MUST_USE;
// Mode 0600, over an older one in one step, on disk. False: errno says why.
bool files_write(const char *path, const char *text) MUST_USE;
