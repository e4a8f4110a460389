// SPDX-License-Identifier: MIT
// Files that people write: lines "name = value", comments with '#' or ';', and sections "[name]".
// Read, never written.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"

// One line. False: wrong is what is wrong with it, to stand behind the file's name and the line's
// number.
typedef bool config_line(void *context, const char *name, const char *value, char *wrong,
        size_t wrong_bytes);

// The lines before any section, and those of the section. A file that is not there has no lines,
// unless it must_exist; then the section must be there, too, unless it is "default". False: said
// what is wrong.
bool config_read(const char *path, const char *section, bool must_exist, config_line *take,
        void *context) MUST_USE;
