// SPDX-License-Identifier: MIT
#include "service/account_operation.h"

#include <stdlib.h>
#include <string.h>

struct operation *operation_create(struct service *service, const struct account_request *request)
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

void operation_destroy(struct operation *operation)
{
    arena_finish(&operation->page.arena);
    explicit_bzero(operation->password, sizeof(operation->password));
    explicit_bzero(operation->new_password, sizeof(operation->new_password));
    explicit_bzero(operation->token, sizeof(operation->token));
    free(operation);
}

void operation_finish(struct operation *operation, enum err err)
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

void operation_read_account(struct read *read, struct partition *partition)
{
    struct operation *operation = TASK_OF(read, struct operation, read);

    read->err = read_account(partition, operation_user(operation), &operation->page);
}

enum err operation_check_changeable(const struct operation *operation, enum err err)
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
