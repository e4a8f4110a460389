// SPDX-License-Identifier: MIT
#include "disk/places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/directory.h"
#include "shared/log.h"

#define PARTITIONS "/partitions"

void places_init(struct places *places)
{
    *places = (struct places){ .known_fd = -1 };
}

void places_finish(struct places *places)
{
    if (places->known_fd >= 0) {
        close(places->known_fd);
        places->known_fd = -1;
    }
}

static int is_copy_name(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name), suffix = strlen(PLACE_COPY_SUFFIX);

    return bytes > suffix && strcmp(entry->d_name + bytes - suffix, PLACE_COPY_SUFFIX) == 0;
}

static void remove_copies(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, is_copy_name, NULL);

    for (int i = 0; i < count; i++) {
        char file[PLACE_BYTES_MAX + 300];
        snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
        log_info("unfinished_copy_removed", "path=%s", file);
        unlink(file);
        free(names[i]);
    }
    free(names);
}

enum err places_add(struct places *places, const char *directory)
{
    char *path = places->paths[places->count];

    CHECK(places->count < PLACES_MAX);
    int bytes = snprintf(path, PLACE_BYTES_MAX, "%s" PARTITIONS, directory);
    if (bytes >= PLACE_BYTES_MAX) {
        return ERR_INVALID;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    }
    remove_copies(path);
    places->count++;
    return ERR_OK;
}

void places_file(const struct places *places, unsigned place, uint16_t partition,
        char path[PLACE_PATH_BYTES])
{
    snprintf(path, PLACE_PATH_BYTES, "%s/p%03u.db", places->paths[place], partition);
}

unsigned places_find(const struct places *places, uint16_t partition)
{
    char path[PLACE_PATH_BYTES];
    unsigned found = 0;

    for (unsigned i = 0; i < places->count; i++) {
        places_file(places, i, partition, path);
        found |= access(path, F_OK) == 0 ? 1U << i : 0;
    }
    return found;
}

unsigned places_choose(const struct places *places, uint16_t partition)
{
    return partition % places->count;
}

struct bytes places_directory(const struct places *places, unsigned place)
{
    struct bytes path = bytes_of(places->paths[place]);

    return (struct bytes){ path.data, path.size - (uint32_t)strlen(PARTITIONS) };
}

unsigned places_of(const struct places *places, const char *directory)
{
    size_t bytes = strlen(directory);

    while (bytes > 1 && directory[bytes - 1] == '/') {
        bytes--;
    }
    for (unsigned i = 0; i < places->count; i++) {
        const char *path = places->paths[i];
        bool begins = strncmp(path, directory, bytes) == 0;
        if (begins && (path[bytes] == '\0' || strcmp(path + bytes, PARTITIONS) == 0)) {
            return i;
        }
    }
    return PLACES_MAX;
}

enum err places_open_known(struct places *places, uint16_t partition_count)
{
    char path[PLACE_PATH_BYTES];
    enum err err = ERR_OK;

    snprintf(path, sizeof(path), "%s/known", places->paths[0]);
    places->known_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (places->known_fd < 0) {
        return ERR_IO;
    }
    err = directory_sync(places->paths[0]);
    for (uint16_t i = 0; err == ERR_OK && i < partition_count; i++) {
        if (!places_is_known(places, i) && places_find(places, i) != 0) {
            err = places_remember(places, i);
        }
    }
    return err;
}

bool places_is_known(const struct places *places, uint16_t partition)
{
    char mark = 0;

    return pread(places->known_fd, &mark, 1, partition) == 1 && mark == 1;
}

enum err places_remember(const struct places *places, uint16_t partition)
{
    const char mark = 1;

    errno = 0;
    if (places_is_known(places, partition)) {
        return ERR_OK;
    }
    if (pwrite(places->known_fd, &mark, 1, partition) != 1 || fdatasync(places->known_fd) != 0) {
        return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    }
    return ERR_OK;
}
