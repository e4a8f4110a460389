// SPDX-License-Identifier: MIT
// The first run: which server, who, and how to get in. What goes wrong is explained and asked
// again; then there is a token.

#pragma once

#include "complain.h"
#include "profile.h"
#include "shared/check.h"

// Asks on the terminal, and keeps what was found out with the login.
enum exit_code assistant_run(struct profile *profile) MUST_USE;
