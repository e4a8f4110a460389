// SPDX-License-Identifier: MIT
// Somebody else's message is new, and nobody looks: the bell, a notification of the terminal (OSC
// 9, OSC 777), the user's own command. And the title of the window, which tells how much is new.
//
// Thread: one.

#pragma once

#include "chat-tui/settings.h"
#include "model.h"
#include "shared/bytes.h"

void notify_message(const struct settings *settings, struct bytes from, struct bytes text);
// After each turn; written only when it has changed.
void notify_title(const struct settings *settings, const struct model *model);
