// SPDX-License-Identifier: MIT
#include "service/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "service/token.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/random.h"

// One operation under way: a few steps, each started by the one before.
struct operation {
    struct service *service;
    void (*done)(void *context, const struct account_result *result);
    void *context;
    struct proposal proposal;
    struct read read;
    struct hash_work work;
    struct account_page page;
    struct name user;
    char source[THROTTLE_KEY_BYTES_MAX];
    uint32_t source_bytes;
    char label[LABEL_BYTES_MAX];
    uint32_t label_bytes;
    char token[TOKEN_BYTES_MAX];
    char password[PASSWORD_BYTES_MAX];
    uint32_t password_bytes;
    char new_password[PASSWORD_BYTES_MAX];
    uint32_t new_password_bytes;
    struct token presented;
    uint64_t device;
    char invite[TOKEN_BYTES_MAX];
    uint32_t invite_bytes;
    enum user_state wanted_state;
    bool is_consumer;
    bool has_token;
};

static struct operation *operation_create(struct service *service,
        const struct account_request *request)
{
    struct operation *operation = calloc(1, sizeof(*operation));

    if (operation == NULL) {
        return NULL;
    }
    CHECK(request->password.size <= PASSWORD_BYTES_MAX && request->label.size <= LABEL_BYTES_MAX);
    operation->service = service;
    operation->done = request->done;
    operation->context = request->context;
    operation->user = name_of(request->user);
    operation->is_consumer = request->is_consumer;
    CHECK(request->source.size <= sizeof(operation->source));
    operation->source_bytes = request->source.size;
    if (request->source.size > 0) {
        memcpy(operation->source, request->source.data, request->source.size);
    }
    operation->has_token = request->has_token;
    CHECK(request->invite.size <= TOKEN_BYTES_MAX);
    operation->invite_bytes = request->invite.size;
    if (request->invite.size > 0) {
        memcpy(operation->invite, request->invite.data, request->invite.size);
    }
    operation->label_bytes = request->label.size;
    if (request->label.size > 0) {
        memcpy(operation->label, request->label.data, request->label.size);
    }
    operation->password_bytes = request->password.size;
    if (request->password.size > 0) {
        memcpy(operation->password, request->password.data, request->password.size);
    }
    return operation;
}

static void operation_destroy(struct operation *operation)
{
    arena_finish(&operation->page.arena);
    explicit_bzero(operation->password, sizeof(operation->password));
    explicit_bzero(operation->new_password, sizeof(operation->new_password));
    explicit_bzero(operation->token, sizeof(operation->token));
    free(operation);
}

static void finish(struct operation *operation, enum err err)
{
    struct account_result result = {
        .err = err,
        .identity = { operation->user, operation->device, operation->is_consumer },
        .token = operation->token,
    };

    for (uint32_t i = 0; err == ERR_OK && i < operation->page.device_count; i++) {
        const struct device *device = &operation->page.devices[i];
        if (device->id == operation->device) {
            result.acked_useq = device->acked_useq;
            result.counter = device->counter;
        }
    }
    operation->done(operation->context, &result);
    operation_destroy(operation);
}

static struct bytes user_of(const struct operation *operation)
{
    return name_bytes(&operation->user);
}

static void on_device_made(struct proposal *proposal, const struct applied *applied)
{
    finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
}

static bool has_room_for_device(const struct operation *operation)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < operation->page.device_count; i++) {
        count += !operation->page.devices[i].is_revoked;
    }
    return count < operation->service->quotas.devices_per_user;
}

static enum err propose_device(struct operation *operation)
{
    unsigned char hash[TOKEN_HASH_BYTES];

    operation->device = random_id();
    token_make(user_of(operation), operation->device, operation->token, hash);
    struct record record = {
        .type = RECORD_DEVICE_CREATE,
        .user = user_of(operation),
        .device = operation->device,
        .label = { operation->label, operation->label_bytes },
        .hash = { (const char *)hash, sizeof(hash) },
        .flags = operation->is_consumer ? DEVICE_IS_CONSUMER : 0,
        .ts = (uint64_t)clock_wall_ms(),
    };
    operation->proposal.done = on_device_made;
    return cell_propose(operation->service->cell, &record, &operation->proposal);
}

static void make_device(struct operation *operation)
{
    enum err err = has_room_for_device(operation) ? propose_device(operation) : ERR_TOO_LARGE;

    if (err != ERR_OK) {
        finish(operation, err);
    }
}

static void on_user_made(struct proposal *proposal, const struct applied *applied)
{
    struct operation *operation = TASK_OF(proposal, struct operation, proposal);

    if (applied->outcome == ERR_OK) {
        directory_learn(operation->service->directory, user_of(operation));
    }
    if (applied->outcome == ERR_OK && operation->has_token) {
        make_device(operation);
        return;
    }
    finish(operation, applied->outcome);
}

static enum err propose_user(struct operation *operation, struct bytes secret)
{
    unsigned char hash[TOKEN_HASH_BYTES];
    struct record record = {
        .type = RECORD_USER_CREATE,
        .user = user_of(operation),
        .secret = secret,
        .ts = (uint64_t)clock_wall_ms(),
    };

    if (operation->invite_bytes > 0) {
        token_hash((struct bytes){ operation->invite, operation->invite_bytes }, hash);
        record.type = RECORD_USER_CLAIM;
        record.hash = (struct bytes){ (const char *)hash, sizeof(hash) };
    }
    operation->proposal.done = on_user_made;
    return cell_propose(operation->service->cell, &record, &operation->proposal);
}

static void on_hashed(struct hash_work *work)
{
    struct operation *operation = TASK_OF(work, struct operation, work);
    enum err err = work->err;

    if (err == ERR_OK) {
        err = propose_user(operation, (struct bytes){ work->stored, work->stored_bytes });
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

static void on_invited(struct proposal *proposal, const struct applied *applied)
{
    finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
}

enum err accounts_invite(struct service *service, const struct account_request *request)
{
    struct operation *operation = operation_create(service, request);
    unsigned char hash[TOKEN_HASH_BYTES];

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    token_make_code(operation->token, hash);
    const struct record record = {
        .type = RECORD_USER_CREATE,
        .user = user_of(operation),
        .secret = { (const char *)hash, sizeof(hash) },
        .flags = USER_IS_INVITED,
        .ts = (uint64_t)clock_wall_ms(),
    };
    operation->proposal.done = on_invited;
    enum err err = cell_propose(service->cell, &record, &operation->proposal);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

enum err accounts_add(struct service *service, const struct account_request *request)
{
    struct operation *operation = operation_create(service, request);
    enum err err;

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    if (request->password.size > 0) {
        err = hasher_hash(service->hasher, &operation->work, request->password, on_hashed);
    } else {
        err = propose_user(operation, (struct bytes){ 0 });
    }
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

static void run_account(struct read *read, struct partition *partition)
{
    struct operation *operation = TASK_OF(read, struct operation, read);

    read->err = read_account(partition, user_of(operation), &operation->page);
}

static void on_device_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);

    if (read->err != ERR_OK) {
        finish(operation, read->err);
        return;
    }
    make_device(operation);
}

enum err accounts_add_device(struct service *service, const struct account_request *request)
{
    struct operation *operation = operation_create(service, request);

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    operation->read.run = run_account;
    operation->read.done = on_device_account;
    enum err err = service_read(service, user_of(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

// For the meter, which is told by every entry from now on.
static void note_stored(const struct operation *operation)
{
    if (operation->read.err == ERR_OK) {
        meter_note_stored(operation->service->meter, user_of(operation),
                operation->page.stored_bytes);
    }
}

static void forgive(const struct operation *operation)
{
    throttle_succeeded(operation->service->names, user_of(operation));
    throttle_succeeded(operation->service->sources,
            (struct bytes){ operation->source, operation->source_bytes });
}

static void on_verified(struct hash_work *work)
{
    struct operation *operation = TASK_OF(work, struct operation, work);

    if (!work->is_match || operation->page.state != USER_ACTIVE) {
        finish(operation, ERR_UNAUTHORIZED);
        return;
    }
    forgive(operation);
    make_device(operation);
}

// An unknown user goes on with an empty hash: the same work, the same answer.
static void on_login_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);

    note_stored(operation);
    enum err err = read->err == ERR_NOT_FOUND ? ERR_OK : read->err;

    if (err == ERR_OK) {
        struct bytes password = { operation->password, operation->password_bytes };
        err = hasher_verify(operation->service->hasher, &operation->work, password,
                operation->page.secret, on_verified);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

uint64_t accounts_wait_ms(const struct service *service, const struct account_request *request)
{
    int64_t now = clock_monotonic_ms();
    uint64_t of_name = throttle_wait_ms(service->names, request->user, now);
    uint64_t of_source = throttle_wait_ms(service->sources, request->source, now);

    return of_name > of_source ? of_name : of_source;
}

// A password is about to be tried.
static void note_try(struct service *service, const struct account_request *request)
{
    throttle_tried(service->names, request->user, clock_monotonic_ms());
    throttle_tried(service->sources, request->source, clock_monotonic_ms());
}

enum err accounts_login(struct service *service, const struct account_request *request)
{
    if (accounts_wait_ms(service, request) > 0) {
        return ERR_RATE_LIMITED;
    }
    struct operation *operation = operation_create(service, request);

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    operation->read.run = run_account;
    operation->read.done = on_login_account;
    enum err err = service_read(service, user_of(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
        return err;
    }
    note_try(service, request);
    return ERR_OK;
}

static void on_password_set(struct proposal *proposal, const struct applied *applied)
{
    finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
}

static void on_new_hashed(struct hash_work *work)
{
    struct operation *operation = TASK_OF(work, struct operation, work);
    enum err err = work->err;
    const struct record record = {
        .type = RECORD_PASSWORD_SET,
        .user = user_of(operation),
        .secret = { work->stored, work->stored_bytes },
        .device = operation->device,
        .ts = (uint64_t)clock_wall_ms(),
    };

    operation->proposal.done = on_password_set;
    if (err == ERR_OK) {
        err = cell_propose(operation->service->cell, &record, &operation->proposal);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

static void on_old_verified(struct hash_work *work)
{
    struct operation *operation = TASK_OF(work, struct operation, work);
    struct bytes new_password = { operation->new_password, operation->new_password_bytes };
    enum err err = work->is_match ? ERR_OK : ERR_UNAUTHORIZED;

    if (err == ERR_OK) {
        forgive(operation);
        err = hasher_hash(operation->service->hasher, work, new_password, on_new_hashed);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

static void on_password_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);
    enum err err = read->err;

    if (err == ERR_OK) {
        struct bytes password = { operation->password, operation->password_bytes };
        err = hasher_verify(operation->service->hasher, &operation->work, password,
                operation->page.secret, on_old_verified);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

enum err accounts_set_password(struct service *service, const struct account_request *request,
        struct bytes new_password, uint64_t keeper)
{
    if (accounts_wait_ms(service, request) > 0) {
        return ERR_RATE_LIMITED;
    }
    struct operation *operation = operation_create(service, request);

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    CHECK(new_password.size <= PASSWORD_BYTES_MAX);
    memcpy(operation->new_password, new_password.data, new_password.size);
    operation->new_password_bytes = new_password.size;
    operation->device = keeper;
    operation->read.run = run_account;
    operation->read.done = on_password_account;
    enum err err = service_read(service, user_of(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
        return err;
    }
    note_try(service, request);
    return ERR_OK;
}

// Of a name that administration may change: what reserves one and what is gone are refused.
static enum err check_changeable(const struct operation *operation, enum err err)
{
    if (err != ERR_OK) {
        return err;
    }
    switch (operation->page.state) {
    case USER_ACTIVE:
    case USER_DISABLED:
        return ERR_OK;
    case USER_INVITED:
        return ERR_INVALID;
    case USER_DELETED:
        break;
    }
    return ERR_NOT_FOUND;
}

static void on_reset_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);
    struct bytes password = { operation->password, operation->password_bytes };
    enum err err = check_changeable(operation, read->err);

    if (err == ERR_OK) {
        throttle_succeeded(operation->service->names, user_of(operation));
        operation->device = 0; // no device keeps its token
        err = hasher_hash(operation->service->hasher, &operation->work, password, on_new_hashed);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

enum err accounts_reset_password(struct service *service, const struct account_request *request)
{
    struct operation *operation = operation_create(service, request);

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    operation->read.run = run_account;
    operation->read.done = on_reset_account;
    enum err err = service_read(service, user_of(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

static void on_state_set(struct proposal *proposal, const struct applied *applied)
{
    finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
}

static enum err propose_state(struct operation *operation)
{
    const struct record record = {
        .type = RECORD_USER_STATE,
        .user = user_of(operation),
        .flags = (uint64_t)operation->wanted_state,
        .ts = (uint64_t)clock_wall_ms(),
    };

    operation->proposal.done = on_state_set;
    return cell_propose(operation->service->cell, &record, &operation->proposal);
}

static void on_secrets_gone(struct proposal *proposal, const struct applied *applied)
{
    struct operation *operation = TASK_OF(proposal, struct operation, proposal);
    enum err err = applied->outcome;

    (void)FAILPOINT("accounts.half_deleted");
    if (err == ERR_OK) {
        err = propose_state(operation);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

// First the secrets, then the name: a crash between the two leaves an account that nobody can use,
// and that can be deleted again.
static enum err propose_deletion(struct operation *operation)
{
    const struct record record = {
        .type = RECORD_PASSWORD_SET,
        .user = user_of(operation),
        .ts = (uint64_t)clock_wall_ms(),
    };

    operation->proposal.done = on_secrets_gone;
    return cell_propose(operation->service->cell, &record, &operation->proposal);
}

static void on_state_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);
    enum err err = check_changeable(operation, read->err);
    bool is_deletion = operation->wanted_state == USER_DELETED;

    if (is_deletion && err == ERR_INVALID) {
        err = ERR_OK; // takes an invite back
    }
    if (err == ERR_OK && operation->wanted_state == USER_ACTIVE) {
        // Who was disabled will have tried the right password, too.
        throttle_succeeded(operation->service->names, user_of(operation));
    }
    if (err == ERR_OK && operation->page.state == operation->wanted_state) {
        finish(operation, ERR_OK);
        return;
    }
    if (err == ERR_OK) {
        err = is_deletion ? propose_deletion(operation) : propose_state(operation);
    }
    if (err != ERR_OK) {
        finish(operation, err);
    }
}

enum err accounts_set_state(struct service *service, const struct account_request *request,
        enum user_state state)
{
    struct operation *operation = operation_create(service, request);

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    operation->wanted_state = state;
    operation->read.run = run_account;
    operation->read.done = on_state_account;
    enum err err = service_read(service, user_of(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

static void on_resume_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);

    note_stored(operation);
    static const struct device nobody;
    const struct device *found = &nobody;

    for (uint32_t i = 0; read->err == ERR_OK && i < operation->page.device_count; i++) {
        if (operation->page.devices[i].id == operation->presented.device) {
            found = &operation->page.devices[i];
        }
    }
    bool is_right = token_matches(&operation->presented, found->token_hash) && found != &nobody &&
            !found->is_revoked && operation->page.state == USER_ACTIVE;
    if (read->err != ERR_OK && read->err != ERR_NOT_FOUND) {
        finish(operation, read->err);
        return;
    }
    operation->device = found->id;
    operation->is_consumer = found->is_consumer;
    finish(operation, is_right ? ERR_OK : ERR_UNAUTHORIZED);
}

enum err accounts_resume(struct service *service, struct bytes token,
        void (*done)(void *context, const struct account_result *result), void *context)
{
    struct token presented;

    if (!token_parse(token, &presented)) {
        return ERR_UNAUTHORIZED;
    }
    struct account_request request = { .user = presented.user, .done = done, .context = context };
    struct operation *operation = operation_create(service, &request);
    if (operation == NULL) {
        return ERR_MEMORY;
    }
    operation->presented = presented;
    operation->presented.user = user_of(operation);
    operation->read.run = run_account;
    operation->read.done = on_resume_account;
    enum err err = service_read(service, user_of(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

enum err accounts_revoke(struct service *service, struct bytes user, uint64_t device,
        struct proposal *proposal)
{
    struct record record = {
        .type = RECORD_DEVICE_REVOKE,
        .user = user,
        .device = device,
        .ts = (uint64_t)clock_wall_ms(),
    };

    return cell_propose(service->cell, &record, proposal);
}
