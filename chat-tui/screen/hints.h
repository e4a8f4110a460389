// SPDX-License-Identifier: MIT
// What does here what a command does in other programs (irssi, weechat, IRC), for whoever types
// that.

#pragma once

// The name without the slash. NULL: none is known.
const char *hint_for(const char *name);
