// SPDX-License-Identifier: MIT
// When a certificate ends. The only file of chatctl that knows OpenSSL.

#pragma once

#include <stdbool.h>

#include "shared/check.h"

// Whole days from now until the first certificate of a PEM file ends; negative: it has ended.
// False: the file holds none.
bool certificate_days_left(const char *path, int *days) MUST_USE;
