// SPDX-License-Identifier: MIT
// What chat-tui can be asked to do, and how (chat-tui(1)). One table: option parser, help and the
// check of the manual.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "complain.h"
#include "profile.h"

struct arguments {
    struct profile_choice profile;
    const char *consumer; // NULL each: not said
    const char *from;
    const char *label;
    const char *operands[3];
    int operand_count;
    uint64_t count;     // 0: not said
    int64_t timeout_ms; // 0: not said
    int64_t wait_ms;    // -1: not said
    bool is_json;
    bool is_following;
    bool is_never_ws;
    bool is_plain;
};

enum exit_code cmd_json(struct profile *profile, struct web *web,
        const struct arguments *arguments);
enum exit_code cmd_send(struct profile *profile, struct web *web,
        const struct arguments *arguments);
enum exit_code cmd_listen(struct profile *profile, struct web *web,
        const struct arguments *arguments);
enum exit_code cmd_screen(struct profile *profile, struct web *web,
        const struct arguments *arguments);
enum exit_code cmd_login(struct profile *profile, struct web *web,
        const struct arguments *arguments);

// Gets a token for the profile, if it has none: a consumer's from the device, a device's with the
// password command. False: said what is wrong; *code is then how to exit.
bool obtain_token(struct profile *profile, struct web *web, const struct arguments *arguments,
        enum exit_code *code) MUST_USE;
// session.login with this password; keeps the token.
enum exit_code login_with(struct profile *profile, struct web *web, const char *password,
        const char *label) MUST_USE;
