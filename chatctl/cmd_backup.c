// SPDX-License-Identifier: MIT
// backup create asks the server; list, verify and restore read the files, with or without one.

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_files.h"
#include "command.h"
#include "job.h"
#include "output.h"
#include "shared/clock.h"

#define PATH_ROOM 1100

static uint64_t bytes_of_files(const struct manifest *manifest)
{
    uint64_t total = 0;

    for (size_t i = 0; i < manifest->count; i++) {
        total += manifest->files[i].bytes;
    }
    return total;
}

enum exit_code backup_create(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *directory = arguments->operands[0];
    struct buffer params = { 0 };
    struct job_result result;

    if (directory[0] != '/') {
        complain(rpc->is_json, "usage",
                "DIR is written by the server: give a path that begins "
                "with /");
        return EXIT_USAGE;
    }
    if (arguments->is_dry_run) {
        output_done(rpc->is_json, "{\"dry_run\":true,\"directory\":\"%s\"}",
                "a backup would be made below %s", directory);
        return EXIT_OK;
    }
    buffer_add_literal(&params, "{\"path\":");
    json_add_string(&params, bytes_of(directory));
    if (!job_add_rate(rpc, arguments->rate, false, &params)) {
        buffer_finish(&params);
        return EXIT_USAGE;
    }
    buffer_add_byte(&params, '}');
    enum exit_code code = job_run(rpc, "admin.backup.create", &params, "backing up", &result);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    code = job_outcome(rpc, &result);
    if (code == EXIT_OK && rpc->is_json) {
        output_json(result.status);
    } else if (code == EXIT_OK) {
        output_label(output_text(result.status, "path"));
        printf(": %" PRIu64 " files as of log index %" PRIu64 ", %s read; no partition stood "
               "still for longer than %.1f ms\n",
                output_uint(result.status, "files"), output_uint(result.status, "log_last"),
                output_size(output_uint(result.status, "bytes")),
                (double)output_uint(result.status, "pause_us_max") / 1000);
    }
    json_destroy(result.root);
    return code;
}

// False: said what is wrong.
static bool open_backup(const struct rpc *rpc, const char *path, struct manifest *manifest,
        enum exit_code *code)
{
    char file[PATH_ROOM], reason[1400];

    snprintf(file, sizeof(file), "%s/" MANIFEST_NAME, path);
    enum err err = manifest_read(manifest, file, reason, sizeof(reason));
    if (err == ERR_OK) {
        return true;
    }
    if (err == ERR_NOT_FOUND) {
        complain(rpc->is_json, "not_found",
                "%s is no complete backup: it has no manifest (chatctl backup list DIR lists them)",
                path);
        *code = EXIT_NOT_FOUND;
    } else {
        complain(rpc->is_json, "damaged", "%s", reason);
        *code = err == ERR_DAMAGED ? EXIT_CHECK_FAILED : EXIT_FAILED;
    }
    return false;
}

// "20261124T221500Z", or with ".partial" behind: nothing else is shown.
static int is_backup_name(const struct dirent *entry)
{
    const char *name = entry->d_name;

    return strspn(name, "0123456789") == 8 && name[8] == 'T' &&
            strspn(name + 9, "0123456789") == 6 && name[15] == 'Z' &&
            (name[16] == '\0' || strcmp(name + 16, ".partial") == 0);
}

static void print_backup(const struct rpc *rpc, const char *parent, const char *name)
{
    char file[PATH_ROOM + 300], reason[1400], created[TIMESTAMP_BYTES];
    struct manifest manifest;

    snprintf(file, sizeof(file), "%s/%s/" MANIFEST_NAME, parent, name);
    enum err err = manifest_read(&manifest, file, reason, sizeof(reason));
    if (err != ERR_OK) {
        const char *state = err == ERR_NOT_FOUND ? "incomplete" : "damaged";
        printf(rpc->is_json ? "{\"name\":\"%s\",\"state\":\"%s\"}\n" : "%-16s  %s\n", name, state);
        return;
    }
    clock_format(manifest.created_ms, created);
    if (rpc->is_json) {
        printf("{\"name\":\"%s\",\"state\":\"complete\",\"created\":\"%s\",\"files\":%zu,"
               "\"bytes\":%" PRIu64 ",\"log_last\":%" PRIu64 ",\"generation\":%" PRIu64 "}\n",
                name, created, manifest.count, bytes_of_files(&manifest), manifest.log_last,
                manifest.generation);
    } else {
        printf("%-16s  complete    %s %6zu files %10s  log index %" PRIu64 "\n", name, created,
                manifest.count, output_size(bytes_of_files(&manifest)), manifest.log_last);
    }
    manifest_finish(&manifest);
}

enum exit_code backup_list(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *parent = arguments->operands[0];
    struct dirent **names = NULL;
    int count = scandir(parent, &names, is_backup_name, alphasort);

    if (count < 0) {
        complain(rpc->is_json, "not_found", "cannot read %s", parent);
        return EXIT_NOT_FOUND;
    }
    for (int i = 0; i < count; i++) {
        print_backup(rpc, parent, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    if (count == 0 && !rpc->is_json) {
        printf("no backups in %s\n", parent);
    }
    return EXIT_OK;
}

static int is_whole_name(const struct dirent *entry)
{
    return is_backup_name(entry) && entry->d_name[16] == '\0';
}

// The directory of backups stands for the newest one in it. Returns path, or the newest's.
static const char *newest_of(const char *path, char *room, size_t room_bytes)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, is_whole_name, alphasort);

    if (count > 0) {
        snprintf(room, room_bytes, "%s/%s", path, names[count - 1]->d_name);
        path = room;
    }
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return path;
}

static void print_finding(void *context, const char *sentence)
{
    const struct rpc *rpc = context;
    struct buffer line = { 0 };

    if (!rpc->is_json) {
        output_label(bytes_of(sentence));
        putchar('\n');
        return;
    }
    buffer_add_literal(&line, "{\"finding\":");
    json_add_string(&line, bytes_of(sentence));
    buffer_add_literal(&line, "}\n");
    fwrite(line.data, 1, line.bytes, stdout);
    buffer_finish(&line);
}

enum exit_code backup_verify(const struct rpc *rpc, const struct arguments *arguments)
{
    char newest[PATH_ROOM];
    const char *path = newest_of(arguments->operands[0], newest, sizeof(newest));
    struct rpc mine = *rpc;
    struct manifest manifest;
    enum exit_code code;

    if (!open_backup(rpc, path, &manifest, &code)) {
        return code;
    }
    size_t found = backup_files_verify(path, &manifest, print_finding, &mine);
    if (rpc->is_json) {
        printf("{\"files\":%zu,\"bytes\":%" PRIu64 ",\"findings\":%zu}\n", manifest.count,
                bytes_of_files(&manifest), found);
    } else if (found == 0) {
        printf("%s is good: %zu files, %s, as of log index %" PRIu64 "\n", path, manifest.count,
                output_size(bytes_of_files(&manifest)), manifest.log_last);
    }
    manifest_finish(&manifest);
    return found == 0 ? EXIT_OK : EXIT_CHECK_FAILED;
}

// Cursors of the life before must not fit: the time makes generations of several restores of one
// backup differ too.
static uint64_t next_generation(const struct manifest *manifest)
{
    uint64_t now = (uint64_t)clock_wall_ms() / 1000;

    return now > manifest->generation ? now : manifest->generation + 1;
}

static void print_restored(const struct rpc *rpc, const struct arguments *arguments,
        const struct manifest *manifest)
{
    const char *would = rpc->is_json ? ",\"dry_run\":true" : ": would be restored";

    printf(rpc->is_json ? "{\"files\":%zu,\"bytes\":%" PRIu64 ",\"log_last\":%" PRIu64 "%s}\n"
                        : "%zu files, %" PRIu64 " bytes, as of log index %" PRIu64 "%s\n",
            manifest->count, bytes_of_files(manifest), manifest->log_last,
            arguments->is_dry_run ? would : "");
    if (!rpc->is_json && !arguments->is_dry_run) {
        printf("to serve it: chatd --data %s\n", arguments->to);
    }
}

enum exit_code backup_restore(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *path = arguments->operands[0];
    char reason[2600];
    struct manifest manifest;
    enum exit_code code = EXIT_OK;
    enum err err = ERR_OK;

    if (arguments->to == NULL) {
        complain(rpc->is_json, "usage", "--to is missing: the data directory to be made");
        return EXIT_USAGE;
    }
    if (!open_backup(rpc, path, &manifest, &code)) {
        return code;
    }
    if (!arguments->is_dry_run) {
        err = backup_files_restore(path, &manifest, arguments->to, next_generation(&manifest),
                reason, sizeof(reason));
    }
    if (err == ERR_OK) {
        print_restored(rpc, arguments, &manifest);
    } else {
        complain(rpc->is_json, err == ERR_DAMAGED ? "damaged" : err_kind(err), "%s", reason);
        code = err == ERR_DAMAGED   ? EXIT_CHECK_FAILED
                : err == ERR_EXISTS ? EXIT_REFUSED
                                    : EXIT_FAILED;
    }
    manifest_finish(&manifest);
    return code;
}
