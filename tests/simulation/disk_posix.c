// SPDX-License-Identifier: MIT
// What of chatd touches files without SQLite, led to the simulated disk: the journal's directory,
// the records of quarantined partitions (the linker's --wrap), and the data directory, which is
// always there and never locked (instead of chatd/disk/directory.c).

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/directory.h"
#include "shared/limits.h"
#include "tests/simulation/disk.h"

#define FILES_MAX 8
#define FIRST_DESCRIPTOR 100000

int wrapped_access(const char *path, int mode) __asm__("__wrap_access");
int wrapped_unlink(const char *path) __asm__("__wrap_unlink");
int wrapped_rename(const char *path, const char *to) __asm__("__wrap_rename");
int wrapped_scandir(const char *path, struct dirent ***names,
        int (*is_wanted)(const struct dirent *),
        int (*compare)(const struct dirent **, const struct dirent **)) __asm__("__wrap_scandir");
FILE *wrapped_fopen(const char *path, const char *mode) __asm__("__wrap_fopen");
int wrapped_fileno(FILE *stream) __asm__("__wrap_fileno");
int wrapped_fsync(int descriptor) __asm__("__wrap_fsync");

int wrapped_mkdir(const char *path, mode_t mode) __asm__("__wrap_mkdir");
int wrapped_open(const char *path, int flags, ...) __asm__("__wrap_open");
int wrapped_close(int descriptor) __asm__("__wrap_close");
ssize_t wrapped_pread(int descriptor, void *data, size_t bytes, off_t offset) __asm__(
        "__wrap_pread");
ssize_t wrapped_pwrite(int descriptor, const void *data, size_t bytes, off_t offset) __asm__(
        "__wrap_pwrite");
int wrapped_fdatasync(int descriptor) __asm__("__wrap_fdatasync");

// The one file that chatd has open by its descriptor: the list of known partitions.
static struct disk_file *known;

static struct stream {
    FILE *stream;
    struct disk_file *file;
    uint64_t offset;
} streams[FILES_MAX];

int wrapped_access(const char *path, int mode)
{
    (void)mode;
    errno = ENOENT;
    return disk_exists(path) ? 0 : -1;
}

static int fail_with(int error)
{
    errno = error;
    return error == 0 ? 0 : -1;
}

int wrapped_unlink(const char *path)
{
    return fail_with(disk_remove(path));
}

int wrapped_rename(const char *path, const char *to)
{
    return fail_with(disk_rename(path, to));
}

static int by_name(const void *a, const void *b)
{
    const struct dirent *const *first = a, *const *second = b;

    return strcmp((*first)->d_name, (*second)->d_name);
}

int wrapped_scandir(const char *path, struct dirent ***names,
        int (*is_wanted)(const struct dirent *),
        int (*compare)(const struct dirent **, const struct dirent **))
{
    size_t position = 0, count = 0;
    const char *name;
    struct dirent **found = NULL;

    (void)compare;
    while ((name = disk_list(path, &position)) != NULL) {
        struct dirent *entry = calloc(1, sizeof(*entry));
        struct dirent **more = realloc(found, (count + 1) * sizeof(struct dirent *));
        found = more == NULL ? found : more;
        if (entry == NULL || more == NULL) {
            free(entry);
            break;
        }
        snprintf(entry->d_name, sizeof(entry->d_name), "%s", name);
        if (is_wanted(entry)) {
            found[count++] = entry;
        } else {
            free(entry);
        }
    }
    if (name != NULL) {
        for (size_t i = 0; i < count; i++) {
            free(found[i]);
        }
        free(found);
        return fail_with(ENOMEM);
    }
    if (count > 0) {
        qsort(found, count, sizeof(struct dirent *), by_name);
    }
    *names = found;
    return (int)count;
}

static ssize_t on_read(void *cookie, char *data, size_t bytes)
{
    struct stream *stream = cookie;
    size_t done = 0;
    int error = disk_read(stream->file, data, bytes, stream->offset, &done);

    stream->offset += done;
    return error == 0 ? (ssize_t)done : fail_with(error);
}

static ssize_t on_write(void *cookie, const char *data, size_t bytes)
{
    struct stream *stream = cookie;
    int error = disk_write(stream->file, data, bytes, stream->offset);

    if (error != 0) {
        errno = error;
        return 0;
    }
    stream->offset += bytes;
    return (ssize_t)bytes;
}

static int on_close(void *cookie)
{
    struct stream *stream = cookie;

    disk_close(stream->file);
    *stream = (struct stream){ 0 };
    return 0;
}

FILE *wrapped_fopen(const char *path, const char *mode)
{
    const cookie_io_functions_t functions = { .read = on_read,
        .write = on_write,
        .close = on_close };
    struct stream *stream = streams;

    // One that was open when the process died is forgotten; its buffer is libc's and stays.
    while (stream->stream != NULL && stream < streams + FILES_MAX - 1) {
        stream++;
    }
    *stream = (struct stream){ 0 };
    bool is_write = mode[0] == 'w';
    int error = disk_open(path, is_write, is_write, &stream->file);
    if (error != 0) {
        errno = error;
        return NULL;
    }
    stream->stream = fopencookie(stream, is_write ? "w" : "r", functions);
    return stream->stream;
}

int wrapped_fileno(FILE *stream)
{
    for (int i = 0; i < FILES_MAX; i++) {
        if (streams[i].stream == stream) {
            return FIRST_DESCRIPTOR + i;
        }
    }
    return fail_with(EBADF);
}

int wrapped_fsync(int descriptor)
{
    if (descriptor < FIRST_DESCRIPTOR || descriptor >= FIRST_DESCRIPTOR + FILES_MAX) {
        return fail_with(EBADF);
    }
    return fail_with(disk_sync(streams[descriptor - FIRST_DESCRIPTOR].file));
}

int wrapped_mkdir(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return 0; // directories are always there
}

int wrapped_open(const char *path, int flags, ...)
{
    (void)flags;
    int error = disk_open(path, true, false, &known);
    return error == 0 ? FIRST_DESCRIPTOR + FILES_MAX : fail_with(error);
}

int wrapped_close(int descriptor)
{
    (void)descriptor;
    disk_close(known);
    return 0;
}

ssize_t wrapped_pread(int descriptor, void *data, size_t bytes, off_t offset)
{
    size_t done = 0;
    int error = disk_read(known, data, bytes, (uint64_t)offset, &done);

    (void)descriptor;
    return error == 0 ? (ssize_t)done : fail_with(error);
}

ssize_t wrapped_pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
{
    int error = disk_write(known, data, bytes, (uint64_t)offset);

    (void)descriptor;
    return error == 0 ? (ssize_t)bytes : fail_with(error);
}

int wrapped_fdatasync(int descriptor)
{
    (void)descriptor;
    return fail_with(disk_sync(known));
}

// The data directory.

enum err data_directory_open(struct data_directory *directory, const char *path,
        uint16_t partition_count, char *reason, size_t reason_bytes)
{
    enum err err;

    *directory = (struct data_directory){
        .lock_fd = -1,
        .partition_count = partition_count,
        .generation = 1,
        .cell_id = 1,
    };
    snprintf(directory->path, sizeof(directory->path), "%s", path);
    places_init(&directory->places);
    err = places_add(&directory->places, path);
    if (err == ERR_OK) {
        err = places_open_known(&directory->places, partition_count);
    }
    if (err != ERR_OK) {
        snprintf(reason, reason_bytes, "the list of known partitions can't be had");
        places_finish(&directory->places);
    }
    return err;
}

void data_directory_close(struct data_directory *directory)
{
    places_finish(&directory->places);
}

uint64_t data_directory_free_bytes(const struct data_directory *directory)
{
    (void)directory;
    return disk_is_full() ? 0 : 2 * (uint64_t)(DISK_LOW_BYTES + RESERVE_FILE_BYTES);
}

void data_directory_reserve_release(const struct data_directory *directory)
{
    (void)directory;
}

bool data_directory_reserve_restore(const struct data_directory *directory)
{
    (void)directory;
    return !disk_is_full();
}

enum err directory_sync(const char *path)
{
    return disk_sync_directory(path) == 0 ? ERR_OK : ERR_IO;
}
