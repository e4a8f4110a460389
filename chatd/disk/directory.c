// SPDX-License-Identifier: MIT
#include "disk/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/data_format.h"
#include "shared/limits.h"
#include "shared/random.h"
#include "shared/scoped.h"

#define PATH_ROOM 600

static enum err errno_err(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

enum err directory_sync(const char *path)
{
    SCOPED_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0) {
        return errno_err();
    }
    return ERR_OK;
}

static enum err make_directory(const char *parent, const char *name)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof(path), "%s%s%s", parent, *name == '\0' ? "" : "/", name);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return errno_err();
    }
    return ERR_OK;
}

static int print_format(const struct data_directory *directory, char line[DATA_FORMAT_LINE_BYTES])
{
    return data_format_print(line, directory->partition_count, directory->generation,
            directory->cell_id);
}

static enum err write_format(const struct data_directory *directory)
{
    char path[PATH_ROOM], temporary[PATH_ROOM + 8], line[DATA_FORMAT_LINE_BYTES];

    snprintf(path, sizeof(path), "%s/chat.format", directory->path);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    int bytes = print_format(directory, line);
    SCOPED_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)bytes) != bytes || fsync(fd) != 0 ||
            rename(temporary, path) != 0) {
        return errno_err();
    }
    return directory_sync(directory->path);
}

static enum err read_format(struct data_directory *directory, char *reason, size_t reason_bytes)
{
    char path[PATH_ROOM], line[DATA_FORMAT_LINE_BYTES] = "", written[DATA_FORMAT_LINE_BYTES];
    unsigned version = 0, partitions = 0;

    snprintf(path, sizeof(path), "%s/chat.format", directory->path);
    SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return ERR_NOT_FOUND;
    }
    if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0) {
        snprintf(reason, reason_bytes, "cannot read %s: %s", path, strerror(errno));
        return ERR_IO;
    }
    int found = sscanf(line, "chatd data %u partitions %u generation %" SCNu64 " cell %" SCNx64,
            &version, &partitions, &directory->generation, &directory->cell_id);
    if (found >= 1 && version != DATA_FORMAT_VERSION) {
        snprintf(reason, reason_bytes,
                "%s is of format %u, this chatd reads format %d: run the chatd that wrote it, or "
                "restore a backup",
                path, version, DATA_FORMAT_VERSION);
        return ERR_INVALID;
    }
    bool is_right = found == 4 && partitions > 0 && partitions <= PARTITION_COUNT_MAX &&
            directory->generation > 0 && directory->cell_id > 0;
    directory->partition_count = is_right ? (uint16_t)partitions : 0;
    // Only what we would write: sscanf would take a line that was cut within a number.
    if (is_right) {
        print_format(directory, written);
        is_right = strcmp(line, written) == 0;
    }
    if (!is_right) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(reason, reason_bytes, "%s is damaged: \"%.60s\" is not a format line", path, line);
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

static enum err take_lock(struct data_directory *directory, char *reason, size_t reason_bytes)
{
    char path[PATH_ROOM], pid[32] = "";

    snprintf(path, sizeof(path), "%s/lock", directory->path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(reason, reason_bytes, "cannot open %s: %s", path, strerror(errno));
        return errno_err();
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t bytes = read(fd, pid, sizeof(pid) - 1);
        snprintf(reason, reason_bytes,
                "%s is in use by another chatd (pid %.*s): stop that one, or give this one another "
                "--data directory",
                directory->path, bytes > 0 ? (int)strcspn(pid, "\n") : 1, bytes > 0 ? pid : "?");
        close(fd);
        return ERR_EXISTS;
    }
    int bytes = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || write(fd, pid, (size_t)bytes) != bytes) {
        // Only the hint about who holds the lock is lost.
        errno = 0;
    }
    directory->lock_fd = fd;
    return ERR_OK;
}

static enum err stamp(struct data_directory *directory, uint16_t partition_count, char *reason,
        size_t reason_bytes)
{
    enum err err = read_format(directory, reason, reason_bytes);

    if (err != ERR_NOT_FOUND) {
        return err;
    }
    directory->partition_count = partition_count;
    directory->generation = 1;
    directory->cell_id = random_id();
    err = write_format(directory);
    if (err != ERR_OK) {
        snprintf(reason, reason_bytes, "cannot write %s/chat.format: %s", directory->path,
                strerror(errno));
    }
    return err;
}

bool data_directory_first(const char *paths, char *path, size_t path_bytes)
{
    size_t bytes = strcspn(paths, ",");

    while (bytes > 0 && paths[bytes - 1] == ' ') {
        bytes--;
    }
    if (bytes == 0 || bytes >= path_bytes) {
        return false;
    }
    memcpy(path, paths, bytes);
    path[bytes] = '\0';
    return true;
}

// Steps over the first path: "" when there is no other.
static const char *next_path(const char *paths)
{
    paths += strcspn(paths, ",");
    return *paths == ',' ? paths + 1 + strspn(paths + 1, " \t") : paths;
}

static enum err make_parts(struct data_directory *directory, char *reason, size_t reason_bytes)
{
    static const char *const parts[] = { "", "journal", "quarantine" };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        enum err err = make_directory(directory->path, parts[i]);
        if (err != ERR_OK) {
            snprintf(reason, reason_bytes, "cannot make %s/%s: %s", directory->path, parts[i],
                    strerror(errno));
            return err;
        }
    }
    return ERR_OK;
}

// A further directory belongs to this cell alone: the format file in it says so. The mount point of
// a disk that is not there looks like a new one and is taken; what should be in it is then missed
// by the list of known partitions.
static enum err stamp_further(const struct data_directory *directory, const char *path,
        char *reason, size_t reason_bytes)
{
    struct data_directory further = { .lock_fd = -1 };

    snprintf(further.path, sizeof(further.path), "%s", path);
    enum err err = make_directory(path, "");
    if (err == ERR_OK) {
        err = read_format(&further, reason, reason_bytes);
    }
    if (err == ERR_OK && further.cell_id != directory->cell_id) {
        snprintf(reason, reason_bytes,
                "%s holds the partitions of another server (cell %012" PRIx64
                ", this one is %012" PRIx64 "): name an empty directory",
                path, further.cell_id, directory->cell_id);
        return ERR_INVALID;
    }
    if (err == ERR_NOT_FOUND) {
        further.partition_count = directory->partition_count;
        further.generation = directory->generation;
        further.cell_id = directory->cell_id;
        err = write_format(&further);
    }
    if (err != ERR_OK && *reason == '\0') {
        snprintf(reason, reason_bytes, "cannot use %s: %s", path, strerror(errno));
    }
    return err;
}

static enum err add_place(struct data_directory *directory, const char *path, char *reason,
        size_t reason_bytes)
{
    enum err err = ERR_OK;

    if (directory->places.count == PLACES_MAX ||
            places_of(&directory->places, path) != PLACES_MAX) {
        snprintf(reason, reason_bytes, "data names %s twice, or more than %d directories", path,
                PLACES_MAX);
        return ERR_INVALID;
    }
    if (directory->places.count > 0) {
        err = stamp_further(directory, path, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = places_add(&directory->places, path);
    }
    if (err == ERR_OK) {
        // Names that a process left which was killed count from now on.
        err = directory_sync(directory->places.paths[directory->places.count - 1]);
    }
    if (err != ERR_OK && *reason == '\0') {
        snprintf(reason, reason_bytes, "cannot make %s/partitions: %s", path, strerror(errno));
    }
    return err;
}

static enum err add_places(struct data_directory *directory, const char *paths, char *reason,
        size_t reason_bytes)
{
    char path[sizeof(directory->path)];
    enum err err = ERR_OK;

    for (; err == ERR_OK && *paths != '\0'; paths = next_path(paths)) {
        if (!data_directory_first(paths, path, sizeof(path))) {
            snprintf(reason, reason_bytes, "a path in data is empty or too long: \"%.60s\"", paths);
            return ERR_INVALID;
        }
        err = add_place(directory, path, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = places_open_known(&directory->places, directory->partition_count);
        if (err != ERR_OK) {
            snprintf(reason, reason_bytes, "cannot write %s/known: %s", directory->places.paths[0],
                    strerror(errno));
        }
    }
    return err;
}

enum err data_directory_open(struct data_directory *directory, const char *paths,
        uint16_t partition_count, char *reason, size_t reason_bytes)
{
    *directory = (struct data_directory){ .lock_fd = -1 };
    places_init(&directory->places);
    if (!data_directory_first(paths, directory->path, sizeof(directory->path))) {
        snprintf(reason, reason_bytes, "the path of the data directory is empty or too long");
        return ERR_INVALID;
    }
    *reason = '\0';
    enum err err = make_parts(directory, reason, reason_bytes);
    if (err == ERR_OK) {
        err = take_lock(directory, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = stamp(directory, partition_count, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = add_places(directory, paths, reason, reason_bytes);
    }
    if (err != ERR_OK) {
        data_directory_close(directory);
    }
    return err;
}

void data_directory_close(struct data_directory *directory)
{
    places_finish(&directory->places);
    if (directory->lock_fd >= 0) {
        close(directory->lock_fd);
        directory->lock_fd = -1;
    }
}

uint64_t data_directory_free_bytes(const struct data_directory *directory)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < directory->places.count; i++) {
        struct statvfs space;
        if (statvfs(directory->places.paths[i], &space) != 0) {
            return 0;
        }
        uint64_t bytes = (uint64_t)space.f_bavail * space.f_frsize;
        least = bytes < least ? bytes : least;
    }
    return least;
}

void data_directory_reserve_release(const struct data_directory *directory)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof(path), "%s/reserve", directory->path);
    unlink(path);
}

bool data_directory_reserve_restore(const struct data_directory *directory)
{
    char path[PATH_ROOM];
    struct stat status;

    snprintf(path, sizeof(path), "%s/reserve", directory->path);
    if (stat(path, &status) == 0 && status.st_size == RESERVE_FILE_BYTES) {
        return true;
    }
    SCOPED_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, RESERVE_FILE_BYTES) != 0) {
        unlink(path);
        return false;
    }
    return true;
}
