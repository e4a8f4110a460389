// SPDX-License-Identifier: MIT
// What this machine's disk allows with no server at all, in the same run as the server's figures:
// append and fdatasync at a given rate, and SQLite inserts with synchronous=FULL.
//
//   ceilings append DIR SECONDS RATE BYTES      records at a planned rate, group commit
//   ceilings sqlite DIR SECONDS BATCH BYTES     rows in transactions of BATCH
//
// Each prints one JSON line.

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/scoped.h"

enum { SAMPLES_MAX = 4 * 1000 * 1000, BATCH_MAX = 512, BYTES_MAX = 16384 };

static uint64_t sample_ns[SAMPLES_MAX];
static char block[(size_t)BATCH_MAX * BYTES_MAX];

struct plan {
    const char *directory;
    double seconds;
    double rate; // append; rows a transaction for sqlite
    size_t bytes;
};

struct samples {
    uint64_t *ns;
    size_t count;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double cpu_seconds(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static double percentile_us(const struct samples *samples, double share)
{
    if (samples->count == 0) {
        return 0;
    }
    size_t index = (size_t)((double)samples->count * share);
    return (double)samples->ns[index < samples->count ? index : samples->count - 1] / 1000;
}

static void report(const char *what, struct samples *samples, uint64_t syncs, double seconds,
        double cpu)
{
    double count = (double)samples->count;

    qsort(samples->ns, samples->count, sizeof *samples->ns, compare);
    printf("{\"ceiling\":\"%s\",\"records\":%zu,\"records_per_s\":%.0f,\"syncs\":%llu,"
           "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"cpu_us_per_record\":%.3f}\n",
            what, samples->count, count / seconds, (unsigned long long)syncs,
            percentile_us(samples, 0.5), percentile_us(samples, 0.99),
            percentile_us(samples, 0.999), count > 0 ? cpu * 1e6 / count : 0);
}

// The planning thread says how many records are due; the writer takes all of them at once, as a
// server with group commit would.
struct appender {
    const struct plan *plan;
    uint64_t start_ns;
    atomic_bool is_over;
    struct samples samples;
    uint64_t syncs;
    int fd;
    bool has_failed;
};

static void *append_loop(void *context)
{
    struct appender *appender = context;
    const struct plan *plan = appender->plan;
    double period_ns = 1e9 / plan->rate;
    uint64_t written = 0;

    while (!atomic_load(&appender->is_over)) {
        uint64_t due = (uint64_t)((double)(now_ns() - appender->start_ns) / period_ns);
        size_t batch = (size_t)(due - written);

        if (batch == 0) {
            struct timespec pause = { 0, (long)(period_ns < 200000 ? period_ns : 200000) };
            nanosleep(&pause, NULL);
            continue;
        }
        batch = batch < BATCH_MAX ? batch : BATCH_MAX;
        ssize_t bytes = write(appender->fd, block, batch * plan->bytes);
        if (bytes < 0 || fdatasync(appender->fd) != 0) {
            appender->has_failed = true;
            break;
        }
        appender->syncs++;
        uint64_t done = now_ns();
        for (size_t i = 0; i < batch && appender->samples.count < SAMPLES_MAX; i++) {
            uint64_t planned =
                    appender->start_ns + (uint64_t)((double)(written + i + 1) * period_ns);
            appender->samples.ns[appender->samples.count++] = done > planned ? done - planned : 0;
        }
        written += batch;
    }
    return NULL;
}

static int run_append(const struct plan *plan)
{
    struct appender appender = { .plan = plan };
    char path[512];
    pthread_t thread;

    snprintf(path, sizeof path, "%s/ceiling.log", plan->directory);
    SCOPED_FD int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        fprintf(stderr, "ceilings: %s: %s\n", path, strerror(errno));
        return 1;
    }
    appender.fd = fd;
    appender.samples.ns = sample_ns;
    double cpu = cpu_seconds();
    appender.start_ns = now_ns();
    if (pthread_create(&thread, NULL, append_loop, &appender) != 0) {
        return 1;
    }
    struct timespec length = { (time_t)plan->seconds,
        (long)((plan->seconds - (double)(time_t)plan->seconds) * 1e9) };
    nanosleep(&length, NULL);
    atomic_store(&appender.is_over, true);
    pthread_join(thread, NULL);
    unlink(path);
    report("append_fdatasync", &appender.samples, appender.syncs, plan->seconds,
            cpu_seconds() - cpu);
    return appender.has_failed ? 1 : 0;
}

static bool execute(sqlite3 *database, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(database, sql, NULL, NULL, &message) == SQLITE_OK) {
        return true;
    }
    fprintf(stderr, "ceilings: %s: %s\n", sql, message == NULL ? "" : message);
    sqlite3_free(message);
    return false;
}

static bool insert_batch(sqlite3 *database, sqlite3_stmt *insert, int64_t *next,
        const struct plan *plan)
{
    if (!execute(database, "BEGIN IMMEDIATE")) {
        return false;
    }
    for (int i = 0; i < (int)plan->rate; i++) {
        sqlite3_bind_int64(insert, 1, *next % 200);
        sqlite3_bind_int64(insert, 2, ++*next);
        sqlite3_bind_blob(insert, 3, block, (int)plan->bytes, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) {
            return false;
        }
        sqlite3_reset(insert);
    }
    return execute(database, "COMMIT");
}

static bool insert_until(sqlite3 *database, const struct plan *plan, struct samples *samples,
        uint64_t *syncs)
{
    sqlite3_stmt *insert = NULL;
    uint64_t until = now_ns() + (uint64_t)(plan->seconds * 1e9);
    int64_t next = 0;
    bool is_good = sqlite3_prepare_v2(database, "INSERT INTO message VALUES (?, ?, ?)", -1, &insert,
                           NULL) == SQLITE_OK;

    while (is_good && now_ns() < until) {
        uint64_t start = now_ns();
        is_good = insert_batch(database, insert, &next, plan);
        uint64_t took = now_ns() - start;
        for (int i = 0; i < (int)plan->rate && samples->count < SAMPLES_MAX; i++) {
            samples->ns[samples->count++] = took;
        }
        ++*syncs;
    }
    sqlite3_finalize(insert);
    return is_good;
}

static int run_sqlite(const struct plan *plan)
{
    char path[512], beside[520];
    sqlite3 *database = NULL;
    uint64_t syncs = 0;
    struct samples samples = { sample_ns, 0 };

    snprintf(path, sizeof path, "%s/ceiling.db", plan->directory);
    unlink(path);
    bool is_good = sqlite3_open(path, &database) == SQLITE_OK &&
            execute(database, "PRAGMA journal_mode=WAL") &&
            execute(database, "PRAGMA synchronous=FULL") &&
            execute(database,
                    "CREATE TABLE message (conversation INTEGER, seq INTEGER, body BLOB, "
                    "PRIMARY KEY (conversation, seq)) WITHOUT ROWID");
    double cpu = cpu_seconds();
    is_good = is_good && insert_until(database, plan, &samples, &syncs);
    report("sqlite_insert_full", &samples, syncs, plan->seconds, cpu_seconds() - cpu);
    sqlite3_close(database);
    unlink(path);
    snprintf(beside, sizeof beside, "%s-wal", path);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s-shm", path);
    unlink(beside);
    return is_good ? 0 : 1;
}

int main(int count, char **words)
{
    if (count != 6) {
        fprintf(stderr, "usage: ceilings append|sqlite DIR SECONDS RATE|BATCH BYTES\n");
        return 2;
    }
    struct plan plan = { words[2], strtod(words[3], NULL), strtod(words[4], NULL),
        (size_t)strtoul(words[5], NULL, 10) };
    if (plan.seconds <= 0 || plan.rate < 1 || plan.bytes < 1 || plan.bytes > BYTES_MAX) {
        fprintf(stderr, "ceilings: seconds, rate and bytes (at most 16384) are positive\n");
        return 2;
    }
    return strcmp(words[1], "append") == 0 ? run_append(&plan) : run_sqlite(&plan);
}
