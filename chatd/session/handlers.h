// SPDX-License-Identifier: MIT
// One handler per method: it must end the call, now or later. What it does is the service's; what
// it answers is here.

#pragma once

#include "session/call.h"

#define METHOD(identifier, name, access, required, optional)                                       \
    void handle_##identifier(struct call *call);
#include "shared/methods.def"
#undef METHOD
