// SPDX-License-Identifier: MIT
// The sessions of a run: one connection for each token, resumed and subscribed, a bounded number
// of logins under way at once.
//
// Owner:  a mode; the sessions live as long as the crew.
// Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"
#include "tests/load/histogram.h"
#include "tests/load/json_scan.h"
#include "tests/load/put.h"
#include "tests/load/ws_client.h"

// Request ids below this belong to the crew.
enum { CREW_ID_RESUME = 1, CREW_ID_SUBSCRIBE = 2, CREW_ID_ACK = 3, CREW_ID_FREE = 16 };

enum { NAME_BYTES_MAX = 32, TOKEN_BYTES_MAX = 255, CURSOR_BYTES_MAX = 127 };

struct token {
    char user[NAME_BYTES_MAX + 1];
    char token[TOKEN_BYTES_MAX + 1];
};

enum session_state { SESSION_IDLE, SESSION_OPENING, SESSION_READY, SESSION_GONE };

struct session {
    struct ws_client client; // first: handlers get the client and want the session
    const struct token *token;
    unsigned index;
    enum session_state state;
    uint64_t opened_ns;
    uint64_t counter;                  // the device's highest, as told by session.resume
    unsigned window_events;            // as told by subscribe
    char cursor[CURSOR_BYTES_MAX + 1]; // of the newest durable event that came
};

struct crew {
    struct ws_loop loop; // first: handlers get the client and want the crew
    struct token *tokens;
    unsigned token_count;
    struct session *sessions;
    unsigned count;
    unsigned parallel;
    const char *from; // subscribe from here; NULL: only resume
    void *context;
    // Everything that comes on a ready session, but for the answers to the crew's own requests.
    void (*message)(void *context, struct session *session, const struct json_rpc *rpc);
    struct histogram logins; // from connect to subscribed
    unsigned started;
    unsigned ready;
    unsigned acked; // answers to crew_ack()
    unsigned gone;  // connections lost
    uint64_t errors;
    bool is_closing;
};

// Loads the tokens and makes count sessions (0: one for each token; more than tokens: they repeat).
// Says on stderr what failed.
bool crew_open(struct crew *crew, const char *server, const char *tokens, unsigned count) MUST_USE;
void crew_close(struct crew *crew);

// Returns false (and has said why) unless all sessions are ready within the time.
bool crew_muster(struct crew *crew, double seconds) MUST_USE;

// Acknowledges everything that came: a notification, or a request counted in acked.
void crew_ack(struct session *session, bool wants_answer);

// Remembers the cursor of a durable event.
void crew_note_cursor(struct session *session, struct json_span cursor);

// Counts an error; the first few are printed.
void crew_error(struct crew *crew, const struct session *session, const char *what,
        struct json_span detail);
