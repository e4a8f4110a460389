// SPDX-License-Identifier: MIT
// Who may use an account: disabling, enabling and deleting it.

#include "service/account_operation.h"
#include "shared/clock.h"
#include "shared/failpoint.h"

static void on_state_set(struct proposal *proposal, const struct applied *applied)
{
    operation_finish(TASK_OF(proposal, struct operation, proposal), applied->outcome);
}

static enum err propose_state(struct operation *operation)
{
    const struct record record = {
        .type = RECORD_USER_STATE,
        .user = operation_user(operation),
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
        operation_finish(operation, err);
    }
}

// First the secrets, then the name: a crash between the two leaves an account that nobody can use,
// and that can be deleted again.
static enum err propose_deletion(struct operation *operation)
{
    const struct record record = {
        .type = RECORD_PASSWORD_SET,
        .user = operation_user(operation),
        .ts = (uint64_t)clock_wall_ms(),
    };

    operation->proposal.done = on_secrets_gone;
    return cell_propose(operation->service->cell, &record, &operation->proposal);
}

static void on_state_account(struct read *read)
{
    struct operation *operation = TASK_OF(read, struct operation, read);
    enum err err = operation_check_changeable(operation, read->err);
    bool is_deletion = operation->wanted_state == USER_DELETED;

    if (is_deletion && err == ERR_INVALID) {
        err = ERR_OK; // takes an invite back
    }
    if (err == ERR_OK && operation->wanted_state == USER_ACTIVE) {
        // Who was disabled will have tried the right password, too.
        throttle_succeeded(operation->service->names, operation_user(operation));
    }
    if (err == ERR_OK && operation->page.state == operation->wanted_state) {
        operation_finish(operation, ERR_OK);
        return;
    }
    if (err == ERR_OK) {
        err = is_deletion ? propose_deletion(operation) : propose_state(operation);
    }
    if (err != ERR_OK) {
        operation_finish(operation, err);
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
    operation->read.run = operation_read_account;
    operation->read.done = on_state_account;
    enum err err = service_read(service, operation_user(operation), &operation->read);
    if (err != ERR_OK) {
        operation_destroy(operation);
    }
    return err;
}
