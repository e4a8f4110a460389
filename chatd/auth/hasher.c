// SPDX-License-Identifier: MIT
#include "auth/hasher.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define THREADS 2

struct hasher {
    struct worker *workers[THREADS];
    unsigned next;
};

enum err hasher_create(struct completions *completions, struct hasher **out)
{
    struct hasher *hasher = calloc(1, sizeof(*hasher));
    enum err err = ERR_OK;

    *out = NULL;
    if (hasher == NULL) {
        return ERR_MEMORY;
    }
    for (int i = 0; err == ERR_OK && i < THREADS; i++) {
        err = worker_create("auth", HASHES_WAITING_MAX / THREADS, completions, &hasher->workers[i]);
    }
    if (err != ERR_OK) {
        hasher_destroy(hasher);
        return err;
    }
    *out = hasher;
    return ERR_OK;
}

void hasher_destroy(struct hasher *hasher)
{
    if (hasher == NULL) {
        return;
    }
    for (int i = 0; i < THREADS; i++) {
        worker_destroy(hasher->workers[i]);
    }
    free(hasher);
}

static void run(struct task *task)
{
    struct hash_work *work = TASK_OF(task, struct hash_work, task);
    struct bytes password = { work->password, work->password_bytes };

    if (work->is_verify) {
        work->is_match =
                scrypt_verify(password, (struct bytes){ work->stored, work->stored_bytes });
    } else {
        work->err = scrypt_hash(password, work->stored);
        work->stored_bytes = (uint32_t)strlen(work->stored);
    }
    OPENSSL_cleanse(work->password, sizeof(work->password));
}

static void done_work(struct task *task)
{
    struct hash_work *work = TASK_OF(task, struct hash_work, task);

    work->done(work);
}

static enum err post(struct hasher *hasher, struct hash_work *work, struct bytes password,
        void (*done)(struct hash_work *work))
{
    CHECK(password.size <= PASSWORD_BYTES_MAX);
    work->password_bytes = password.size;
    memcpy(work->password, password.data, password.size);
    work->err = ERR_OK;
    work->is_match = false;
    work->done = done;
    work->task.run = run;
    work->task.done = done_work;
    hasher->next = (hasher->next + 1) % THREADS;
    return worker_post(hasher->workers[hasher->next], &work->task);
}

enum err hasher_hash(struct hasher *hasher, struct hash_work *work, struct bytes password,
        void (*done)(struct hash_work *work))
{
    work->is_verify = false;
    work->stored[0] = '\0';
    return post(hasher, work, password, done);
}

enum err hasher_verify(struct hasher *hasher, struct hash_work *work, struct bytes password,
        struct bytes stored, void (*done)(struct hash_work *work))
{
    work->is_verify = true;
    work->stored_bytes = stored.size < SCRYPT_TEXT_BYTES ? stored.size : 0;
    memcpy(work->stored, stored.data == NULL ? "" : stored.data, work->stored_bytes);
    return post(hasher, work, password, done);
}
