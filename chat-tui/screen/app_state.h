// SPDX-License-Identifier: MIT
// The parts of the running screen, for the files that make it: app.c (the loop, the client's
// words), app_needs.c (what the model needs of the server), app_outgoing.c (what the user sends and
// changes), app_read.c, app_search.c, app_people.c (what the user asks of the server),
// app_outside.c (other programs), app_screen.c and app_plain.c (the faces).
//
// Owner: app_run(). Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "actions.h"
#include "app.h"
#include "shared/buffer.h"
#include "shared/client/client.h"
#include "shared/client/sender.h"
#include "shared/list.h"
#include "store.h"
#include "ui.h"

struct app;

// How the program meets the user: on a whole terminal (app_screen.c) or in lines (app_plain.c).
struct face {
    bool (*start)(struct app *app); // false: said what is wrong
    void (*stop)(struct app *app);
    void (*read)(struct app *app); // what is typed
    void (*draw)(struct app *app); // the model has changed
    void (*resize)(void);
    // Before draw: an event's message; is_beyond: nothing told of it before.
    void (*hear)(struct app *app, const struct message_view *message, bool is_beyond);
    void (*more)(struct app *app); // older messages are asked for
};

extern const struct face screen_face, plain_face;
extern const struct actor app_actor;

// A question of the user's that the server has not answered yet.
struct asked {
    struct list of_app;
    struct app *app;
    uint64_t serial;   // of a search
    char says[96];     // when it is done
    struct name about; // whose presence is shown; size 0: nobody's
};

struct app {
    const struct face *face;
    struct profile *profile;
    const struct web *web;
    const struct app_options *options;
    struct client *client;
    struct outbox *outbox;
    struct sender *sender;
    struct ui ui;
    struct store *store;
    struct list outgoing; // struct outgoing.of_app
    struct list pages;    // struct page_request.of_app
    struct list changing; // struct changing.of_app
    struct list asking;   // struct asked.of_app
    int signal_fd;
    bool is_holding; // the outbox
    bool is_fresh;   // nothing was kept here when it subscribed
    bool is_subscribed;
    unsigned watched; // users whose presence is told
    unsigned listed_pages;
    bool is_listed; // the server has told of all conversations
    bool is_dirty;  // to be drawn, at draw_at_ms
    bool is_over;
    bool is_input_over;  // standard input has ended
    bool has_freed_much; // memory
    int64_t hold_at_ms;
    int64_t typing_at_ms;
    int64_t draw_at_ms;
    int64_t draft_due_ms;              // INT64_MAX: it is kept
    char cursor[CURSOR_BYTES_MAX + 1]; // to be acknowledged; or ""
    pid_t editor;                      // that has the terminal; 0: none
    char edited_path[PATH_BYTES + 32];
    pid_t opener; // of the last link
    enum exit_code code;
};

static inline struct model *model_of(struct app *app)
{
    return &app->ui.model;
}

// The outbox or a draft can't be written: it stands on the screen.
void app_fail_disk(struct app *app);

// Heads of all conversations, and whose presence is watched.
void app_list_conversations(struct app *app);
// The newest conversation, when none is open.
void app_open_first(struct app *app);
// From "unread" or "now".
void app_subscribe(struct app *app, const char *from);
// After each turn: messages that are missing are asked for, what was seen is said.
void app_ask_for_needs(struct app *app);
void app_forget_needs(struct app *app);

// What the user asks for, as an actor (actions.h); context is the app.
void app_mark(void *context, bool is_read);
void app_be(void *context, const char *state);
void app_whois(void *context, const char *name);
void app_block(void *context, const char *name, bool is_blocked);
void app_open_link(void *context, const char *link);
void app_edit(void *context);

// A call that may be asked again after a break. False: no memory.
bool app_call(struct app *app, const char *method, const struct buffer *params,
        client_answered *done, void *context) MUST_USE;
// NULL: no memory. Ends with app_answered().
struct asked *app_asked(struct app *app, const struct asked *what) MUST_USE;
void app_answered(struct asked *asked);
// After each turn: what the open one shows was seen, when it is.
void app_say_seen(struct app *app, struct conversation *open);
// Up to its newest message.
void app_tell_read(struct app *app, struct conversation *conversation);
// After each turn: what is to be found is asked for.
void app_search(struct app *app, int64_t now_ms);
// What a chat-tui that ended meanwhile left to an editor is named.
void app_name_left_behind(struct app *app);
// Some child has ended.
void app_reap(struct app *app);

// On disk before they return. False: it is not, and said why. context is the app.
bool app_send(void *context, struct conversation *conversation, struct bytes text);
bool app_change(void *context, struct conversation *conversation, uint64_t seq, struct bytes text);
// The outbox is held: what an earlier chat-tui left in it stands on the screen again.
void app_show_leftovers(struct app *app);
void app_forget_outgoing(struct app *app);
