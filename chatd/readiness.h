// SPDX-License-Identifier: MIT
// Telling the service manager that started us how far we are: sd_notify(3)'s protocol, which is one
// datagram to a Unix socket, without its library.
//
// Thread: the loop thread.

#pragma once

#include <stdbool.h>

// state: lines as in sd_notify(3), such as "READY=1\nSTATUS=serving". False when nobody wants to
// know ($NOTIFY_SOCKET is not set) or it could not be told; that is never a reason to do anything
// else.
bool readiness_tell(const char *state);
