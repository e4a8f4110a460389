// SPDX-License-Identifier: MIT
// The server shows another certificate than the one that is remembered: what that means and what
// can be done, in plain words. Nothing is sent to such a server.

#pragma once

#include "profile.h"
#include "shared/buffer.h"

// Lines without an indent, of any length, with line ends; for web_is_certificate_other().
void trust_explain(const struct profile *profile, const struct web *web, struct buffer *out);
// The same on standard error.
void trust_complain(const struct profile *profile, const struct web *web);
