// SPDX-License-Identifier: MIT
#include "backup_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "progress.h"
#include "shared/data_format.h"
#include "shared/scoped.h"

#define CHUNK_BYTES (256 * 1024)
#define PAGE_BYTES 4096
#define PAGE_HASH_BYTES 8
#define PATH_ROOM 1200

// One file on its way: its hash, and its pages' own checksums, by which the place of the damage is
// named.
struct pass {
    const struct manifest_file *file;
    XXH3_state_t *hash;
    uint64_t bytes;
    uint64_t bad_page; // the first one, from 1
    char chunk[CHUNK_BYTES];
};

static uint64_t total_bytes(const struct manifest *manifest)
{
    uint64_t total = 0;

    for (size_t i = 0; i < manifest->count; i++) {
        total += manifest->files[i].bytes;
    }
    return total;
}

// Partition files carry a checksum at the end of each page, with the page's place as its seed.
static void look_at_pages(struct pass *pass, size_t bytes)
{
    for (size_t at = 0; at + PAGE_BYTES <= bytes && pass->bad_page == 0; at += PAGE_BYTES) {
        const char *page = pass->chunk + at;
        XXH64_hash_t stored;
        memcpy(&stored, page + PAGE_BYTES - PAGE_HASH_BYTES, sizeof(stored));
        if (stored != XXH3_64bits_withSeed(page, PAGE_BYTES - PAGE_HASH_BYTES, pass->bytes + at)) {
            pass->bad_page = (pass->bytes + at) / PAGE_BYTES + 1;
        }
    }
}

static ssize_t read_whole(int fd, char *chunk)
{
    size_t got = 0;

    while (got < CHUNK_BYTES) {
        ssize_t bytes = read(fd, chunk + got, CHUNK_BYTES - got);
        if (bytes < 0) {
            return -1;
        }
        if (bytes == 0) {
            break;
        }
        got += (size_t)bytes;
    }
    return (ssize_t)got;
}

// Reads the file, and writes it to target_fd unless that is -1. False: errno says why.
static bool go_through(struct pass *pass, int fd, int target_fd)
{
    bool has_pages = strncmp(pass->file->name, "partitions/", 11) == 0;
    ssize_t bytes;

    while ((bytes = read_whole(fd, pass->chunk)) > 0) {
        XXH3_64bits_update(pass->hash, pass->chunk, (size_t)bytes);
        if (has_pages) {
            look_at_pages(pass, (size_t)bytes);
        }
        if (target_fd >= 0 && write(target_fd, pass->chunk, (size_t)bytes) != bytes) {
            return false;
        }
        pass->bytes += (uint64_t)bytes;
    }
    return bytes == 0;
}

// What is wrong with the file; false: nothing.
static bool judge(const struct pass *pass, char *sentence, size_t sentence_bytes)
{
    if (pass->bytes == pass->file->bytes && XXH3_64bits_digest(pass->hash) == pass->file->hash) {
        return false;
    }
    if (pass->bytes != pass->file->bytes) {
        snprintf(sentence, sentence_bytes, "%s has %" PRIu64 " bytes instead of %" PRIu64,
                pass->file->name, pass->bytes, pass->file->bytes);
    } else if (pass->bad_page != 0) {
        snprintf(sentence, sentence_bytes,
                "%s is damaged: page %" PRIu64 " (from byte %" PRIu64 ") does not fit its checksum",
                pass->file->name, pass->bad_page, (pass->bad_page - 1) * PAGE_BYTES);
    } else {
        snprintf(sentence, sentence_bytes, "%s is damaged: it does not fit its checksum",
                pass->file->name);
    }
    return true;
}

static struct pass *pass_create(const struct manifest_file *file)
{
    struct pass *pass = calloc(1, sizeof(*pass));

    CHECK(pass != NULL);
    pass->file = file;
    pass->hash = XXH3_createState();
    CHECK(pass->hash != NULL && XXH3_64bits_reset(pass->hash) == XXH_OK);
    return pass;
}

static void pass_destroy(struct pass *pass)
{
    XXH3_freeState(pass->hash);
    free(pass);
}

static bool verify_file(const char *path, const struct manifest_file *file, char *sentence,
        size_t sentence_bytes)
{
    char name[PATH_ROOM];
    struct pass *pass = pass_create(file);
    bool is_bad;

    snprintf(name, sizeof(name), "%s/%s", path, file->name);
    SCOPED_FD int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !go_through(pass, fd, -1)) {
        snprintf(sentence, sentence_bytes, "%s cannot be read: %s", file->name, strerror(errno));
        is_bad = true;
    } else {
        is_bad = judge(pass, sentence, sentence_bytes);
    }
    pass_destroy(pass);
    return is_bad;
}

// Files that the manifest does not name would be taken for data by the server.
static size_t find_strangers(const char *path, const struct manifest *manifest, const char *part,
        void (*found)(void *context, const char *sentence), void *context)
{
    char name[PATH_ROOM];
    struct dirent **names = NULL;
    size_t count = 0;

    snprintf(name, sizeof(name), "%s/%s", path, part);
    int entries = scandir(name, &names, NULL, alphasort);
    for (int i = 0; i < entries; i++) {
        snprintf(name, sizeof(name), "%s/%.255s", part, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && manifest_find(manifest, name) == NULL) {
            char sentence[400];
            snprintf(sentence, sizeof(sentence), "%.300s is not of this backup", name);
            found(context, sentence);
            count++;
        }
        free(names[i]);
    }
    free(names);
    return count;
}

size_t backup_files_verify(const char *path, const struct manifest *manifest,
        void (*found)(void *context, const char *sentence), void *context)
{
    uint64_t done = 0, total = total_bytes(manifest);
    size_t count = 0;

    for (size_t i = 0; i < manifest->count; i++) {
        char sentence[400];
        progress_bytes("reading the backup", done, total);
        if (verify_file(path, &manifest->files[i], sentence, sizeof(sentence))) {
            progress_end();
            found(context, sentence);
            count++;
        }
        done += manifest->files[i].bytes;
    }
    progress_end();
    count += find_strangers(path, manifest, "partitions", found, context);
    return count + find_strangers(path, manifest, "journal", found, context);
}

static enum err errno_err(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

static enum err restore_file(const char *path, const struct manifest_file *file,
        const char *directory, char *reason, size_t reason_bytes)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    struct pass *pass = pass_create(file);
    enum err err = ERR_OK;

    snprintf(from, sizeof(from), "%s/%s", path, file->name);
    snprintf(to, sizeof(to), "%s/%s", directory, file->name);
    SCOPED_FD int fd = open(from, O_RDONLY | O_CLOEXEC);
    SCOPED_FD int target_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || target_fd < 0 || !go_through(pass, fd, target_fd) || fsync(target_fd) != 0) {
        err = errno_err();
        snprintf(reason, reason_bytes, "copying %s to %s: %s", from, to, strerror(errno));
    } else if (judge(pass, reason, reason_bytes)) {
        err = ERR_DAMAGED;
    }
    pass_destroy(pass);
    return err;
}

static bool sync_directory(const char *directory, const char *part)
{
    char name[PATH_ROOM];

    snprintf(name, sizeof(name), "%s%s", directory, part);
    SCOPED_FD int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static bool is_empty(const char *directory)
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, NULL, NULL);

    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return count == 2; // "." and ".."
}

static enum err make_directories(const char *directory, char *reason, size_t reason_bytes)
{
    static const char *const parts[] = { "", "/partitions", "/journal" };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char name[PATH_ROOM];
        snprintf(name, sizeof(name), "%s%s", directory, parts[i]);
        if (mkdir(name, 0700) != 0 && (i > 0 || errno != EEXIST || !is_empty(name))) {
            snprintf(reason, reason_bytes,
                    errno == EEXIST ? "%s is not empty: name a directory that does not exist%.0s"
                                    : "cannot make %s: %s",
                    name, strerror(errno));
            return errno == EEXIST ? ERR_EXISTS : errno_err();
        }
    }
    return ERR_OK;
}

// The last thing: with it the directory is one that chatd takes.
static bool write_format(const char *directory, const struct manifest *manifest,
        uint64_t generation)
{
    char line[DATA_FORMAT_LINE_BYTES], name[PATH_ROOM];
    int bytes =
            data_format_print(line, (unsigned)manifest->partitions, generation, manifest->cell_id);

    snprintf(name, sizeof(name), "%s/" DATA_FORMAT_NAME, directory);
    SCOPED_FD int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd >= 0 && write(fd, line, (size_t)bytes) == bytes && fsync(fd) == 0 &&
            sync_directory(directory, "");
}

enum err backup_files_restore(const char *path, const struct manifest *manifest,
        const char *directory, uint64_t generation, char *reason, size_t reason_bytes)
{
    uint64_t done = 0, total = total_bytes(manifest);
    enum err err = make_directories(directory, reason, reason_bytes);

    for (size_t i = 0; err == ERR_OK && i < manifest->count; i++) {
        progress_bytes("restoring", done, total);
        err = restore_file(path, &manifest->files[i], directory, reason, reason_bytes);
        done += manifest->files[i].bytes;
    }
    progress_end();
    if (err == ERR_OK &&
            (!sync_directory(directory, "/partitions") || !sync_directory(directory, "/journal") ||
                    !write_format(directory, manifest, generation))) {
        err = errno_err();
        snprintf(reason, reason_bytes, "cannot finish %s: %s", directory, strerror(errno));
    }
    return err;
}
