// SPDX-License-Identifier: MIT
#include "service/account_operation.h"

#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/random.h"

static void on_device_made(struct proposal *proposal, const struct applied *applied)
{
    operation_finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
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
    token_make(operation_user(operation), operation->device, operation->token, hash);
    struct record record = {
        .type = RECORD_DEVICE_CREATE,
        .user = operation_user(operation),
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
        operation_finish(operation, err);
    }
}

static void on_user_made(struct proposal *proposal, const struct applied *applied)
{
    struct operation *operation = TASK_OF(proposal, struct operation, proposal);

    if (applied->outcome == ERR_OK) {
        directory_learn(operation->service->directory, operation_user(operation));
    }
    if (applied->outcome == ERR_OK && operation->has_token) {
        make_device(operation);
        return;
    }
    operation_finish(operation, applied->outcome);
}

static enum err propose_user(struct operation *operation, struct bytes secret)
{
    unsigned char hash[TOKEN_HASH_BYTES];
    struct record record = {
        .type = RECORD_USER_CREATE,
        .user = operation_user(operation),
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
        operation_finish(operation, err);
    }
}

static void on_invited(struct proposal *proposal, const struct applied *applied)
{
    operation_finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
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
        .user = operation_user(operation),
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

static void on_device_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);

    if (read->err != ERR_OK) {
        operation_finish(operation, read->err);
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
    operation->read.run = operation_read_account;
    operation->read.done = on_device_account;
    enum err err = service_read(service, operation_user(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}

// For the meter, which is told by every entry from now on.
static void note_stored(const struct operation *operation)
{
    if (operation->read.err == ERR_OK) {
        meter_note_stored(operation->service->meter, operation_user(operation),
                operation->page.stored_bytes);
    }
}

static void forgive(const struct operation *operation)
{
    throttle_succeeded(operation->service->names, operation_user(operation));
    throttle_succeeded(operation->service->sources,
            (struct bytes){ operation->source, operation->source_bytes });
}

static void on_verified(struct hash_work *work)
{
    struct operation *operation = TASK_OF(work, struct operation, work);

    if (!work->is_match || operation->page.state != USER_ACTIVE) {
        operation_finish(operation, ERR_UNAUTHORIZED);
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
        operation_finish(operation, err);
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
    operation->read.run = operation_read_account;
    operation->read.done = on_login_account;
    enum err err = service_read(service, operation_user(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
        return err;
    }
    note_try(service, request);
    return ERR_OK;
}

static void on_password_set(struct proposal *proposal, const struct applied *applied)
{
    operation_finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
}

static void on_new_hashed(struct hash_work *work)
{
    struct operation *operation = TASK_OF(work, struct operation, work);
    enum err err = work->err;
    const struct record record = {
        .type = RECORD_PASSWORD_SET,
        .user = operation_user(operation),
        .secret = { work->stored, work->stored_bytes },
        .device = operation->device,
        .ts = (uint64_t)clock_wall_ms(),
    };

    operation->proposal.done = on_password_set;
    if (err == ERR_OK) {
        err = cell_propose(operation->service->cell, &record, &operation->proposal);
    }
    if (err != ERR_OK) {
        operation_finish(operation, err);
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
        operation_finish(operation, err);
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
        operation_finish(operation, err);
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
    operation->read.run = operation_read_account;
    operation->read.done = on_password_account;
    enum err err = service_read(service, operation_user(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
        return err;
    }
    note_try(service, request);
    return ERR_OK;
}

static void on_reset_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);
    struct bytes password = { operation->password, operation->password_bytes };
    enum err err = operation_check_changeable(operation, read->err);

    if (err == ERR_OK) {
        throttle_succeeded(operation->service->names, operation_user(operation));
        operation->device = 0; // no device keeps its token
        err = hasher_hash(operation->service->hasher, &operation->work, password, on_new_hashed);
    }
    if (err != ERR_OK) {
        operation_finish(operation, err);
    }
}

enum err accounts_reset_password(struct service *service, const struct account_request *request)
{
    struct operation *operation = operation_create(service, request);

    if (operation == NULL) {
        return ERR_MEMORY;
    }
    operation->read.run = operation_read_account;
    operation->read.done = on_reset_account;
    enum err err = service_read(service, operation_user(operation), &operation->read);
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
        operation_finish(operation, read->err);
        return;
    }
    operation->device = found->id;
    operation->is_consumer = found->is_consumer;
    operation_finish(operation, is_right ? ERR_OK : ERR_UNAUTHORIZED);
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
    operation->presented.user = operation_user(operation);
    operation->read.run = operation_read_account;
    operation->read.done = on_resume_account;
    enum err err = service_read(service, operation_user(operation), &operation->read);
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
