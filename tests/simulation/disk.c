// SPDX-License-Identifier: MIT
#include "tests/simulation/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/check.h"
#include "tests/simulation/heap.h"
#include "tests/simulation/life.h"

#define SECTOR_BYTES 512
#define NAMES_MAX 4096

// What was not synced yet: a write, or a new size (data NULL).
struct change {
    char *data;
    size_t bytes;
    uint64_t offset;
    uint64_t order; // over the whole disk
};

struct content {
    char *data;
    uint64_t bytes;
    uint64_t capacity;
};

struct disk_file {
    struct content written; // what a reader sees
    struct content synced;  // what is there after a power loss, whatever happens
    struct change *changes;
    size_t change_count;
    size_t change_capacity;
    unsigned open_count;
    unsigned name_count; // in how many directory entries it is, written or synced
};

struct name {
    char path[DISK_PATH_BYTES];
    struct disk_file *written;
    struct disk_file *synced;
    uint64_t order; // of the last change that was not synced
};

struct trap {
    uint64_t countdown;
    uint64_t more;
    uint64_t bites;
};

const char *const disk_fault_names[DISK_FAULT_COUNT] = {
    [DISK_READ_ERROR] = "read errors",
    [DISK_READ_SHORT] = "short reads",
    [DISK_WRITE_ERROR] = "write errors",
    [DISK_WRITE_FULL] = "full writes",
    [DISK_SYNC_ERROR] = "sync errors",
};

static struct {
    struct name names[NAMES_MAX];
    size_t name_count;
    uint64_t order;
    struct chance chance;
    struct trap traps[DISK_FAULT_COUNT];
    bool is_full;
    struct disk_losses losses;
} disk;

static void resize(struct content *content, uint64_t bytes)
{
    if (bytes > content->capacity) {
        content->capacity = bytes + bytes / 2 + 4096;
        content->data = world_resize(content->data, content->capacity);
    }
    if (bytes > content->bytes) {
        memset(content->data + content->bytes, 0, bytes - content->bytes);
    }
    content->bytes = bytes;
}

static void put(struct content *content, const char *data, size_t bytes, uint64_t offset)
{
    if (bytes == 0) {
        return;
    }
    if (offset + bytes > content->bytes) {
        resize(content, offset + bytes);
    }
    memcpy(content->data + offset, data, bytes);
}

static void apply(struct content *content, const struct change *change)
{
    if (change->data == NULL) {
        resize(content, change->offset);
    } else {
        put(content, change->data, change->bytes, change->offset);
    }
}

static void forget_changes(struct disk_file *file)
{
    for (size_t i = 0; i < file->change_count; i++) {
        world_release(file->changes[i].data);
    }
    file->change_count = 0;
}

static void free_if_unused(struct disk_file *file)
{
    if (file == NULL || file->open_count > 0 || file->name_count > 0) {
        return;
    }
    forget_changes(file);
    world_release(file->changes);
    world_release(file->written.data);
    world_release(file->synced.data);
    world_release(file);
}

static void point(struct disk_file **place, struct disk_file *file)
{
    struct disk_file *before = *place;

    if (file != NULL) {
        file->name_count++;
    }
    *place = file;
    if (before != NULL) {
        before->name_count--;
        free_if_unused(before);
    }
}

static struct name *find(const char *path)
{
    for (size_t i = 0; i < disk.name_count; i++) {
        if (strcmp(disk.names[i].path, path) == 0) {
            return &disk.names[i];
        }
    }
    return NULL;
}

static struct name *find_or_add(const char *path)
{
    struct name *name = find(path);

    for (size_t i = 0; name == NULL && i < disk.name_count; i++) {
        if (disk.names[i].written == NULL && disk.names[i].synced == NULL) {
            name = &disk.names[i];
        }
    }
    if (name == NULL) {
        CHECK(disk.name_count < NAMES_MAX);
        name = &disk.names[disk.name_count++];
    }
    CHECK(strlen(path) < sizeof(name->path));
    strcpy(name->path, path);
    return name;
}

static void set_name(struct name *name, struct disk_file *file)
{
    point(&name->written, file);
    name->order = ++disk.order;
}

void disk_init(uint64_t seed)
{
    struct disk_losses losses = disk.losses;
    struct trap traps[DISK_FAULT_COUNT];

    memcpy(traps, disk.traps, sizeof(traps));
    disk_finish();
    chance_init(&disk.chance, seed, 1);
    disk.is_full = false;
    disk.losses = losses;
    for (int i = 0; i < DISK_FAULT_COUNT; i++) {
        disk.traps[i] = (struct trap){ .bites = traps[i].bites };
    }
}

void disk_close_all(void)
{
    for (size_t i = 0; i < disk.name_count; i++) {
        struct name *name = &disk.names[i];
        if (name->written != NULL) {
            name->written->open_count = 0;
        }
        if (name->synced != NULL) {
            name->synced->open_count = 0;
        }
    }
}

void disk_finish(void)
{
    disk_close_all();
    for (size_t i = 0; i < disk.name_count; i++) {
        point(&disk.names[i].written, NULL);
        point(&disk.names[i].synced, NULL);
    }
    disk.name_count = 0;
}

// Power loss.

enum weather { ALL_DROPPED, ALL_KEPT, WHOLE_WRITES, SECTORS, IN_ORDER, WEATHER_COUNT };

struct loss {
    enum weather weather;
    uint64_t upto; // IN_ORDER: what came before this is kept
};

static bool keeps(const struct loss *loss, uint64_t order)
{
    switch (loss->weather) {
    case ALL_DROPPED:
        return false;
    case ALL_KEPT:
        return true;
    case IN_ORDER:
        return order <= loss->upto;
    case WHOLE_WRITES:
    case SECTORS:
    case WEATHER_COUNT:
        break;
    }
    return chance_one_in(&disk.chance, 2);
}

// The sectors of a write, each kept or not.
static void tear(struct content *content, const struct change *change)
{
    uint64_t at = change->offset, end = change->offset + change->bytes;
    size_t kept = 0, dropped = 0;

    while (at < end) {
        uint64_t next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
        size_t bytes = (size_t)((next < end ? next : end) - at);
        if (chance_one_in(&disk.chance, 2)) {
            put(content, change->data + (at - change->offset), bytes, at);
            kept++;
        } else {
            dropped++;
        }
        at += bytes;
    }
    disk.losses.writes_torn += kept > 0 && dropped > 0;
}

static void settle_file(struct disk_file *file, const struct loss *loss)
{
    for (size_t i = 0; i < file->change_count; i++) {
        const struct change *change = &file->changes[i];
        if (loss->weather == SECTORS && change->data != NULL) {
            tear(&file->synced, change);
        } else if (keeps(loss, change->order)) {
            apply(&file->synced, change);
            disk.losses.writes_kept++;
        } else {
            disk.losses.writes_dropped++;
        }
    }
    forget_changes(file);
    resize(&file->written, 0);
    put(&file->written, file->synced.data, file->synced.bytes, 0);
}

static void settle_name(struct name *name, const struct loss *loss)
{
    if (name->written == name->synced) {
        return;
    }
    if (keeps(loss, name->order)) {
        point(&name->synced, name->written);
        disk.losses.names_kept++;
    } else {
        point(&name->written, name->synced);
        disk.losses.names_dropped++;
    }
}

void disk_lose_power(void)
{
    const struct loss loss = {
        .weather = (enum weather)chance_below(&disk.chance, WEATHER_COUNT),
        .upto = disk.order - chance_below(&disk.chance, 1 + (disk.order < 64 ? disk.order : 64)),
    };

    disk_close_all();
    for (size_t i = 0; i < disk.name_count; i++) {
        settle_name(&disk.names[i], &loss);
    }
    for (size_t i = 0; i < disk.name_count; i++) {
        if (disk.names[i].written != NULL) {
            settle_file(disk.names[i].written, &loss);
        }
    }
}

struct disk_losses disk_losses(void)
{
    return disk.losses;
}

// Faults.

void disk_fail_at(enum disk_fault fault, uint64_t nth, uint64_t more)
{
    disk.traps[fault].countdown = nth;
    disk.traps[fault].more = more;
}

void disk_fill(bool is_full)
{
    disk.is_full = is_full;
}

bool disk_is_full(void)
{
    return disk.is_full;
}

uint64_t disk_bites(enum disk_fault fault)
{
    return disk.traps[fault].bites;
}

static bool bites(enum disk_fault fault)
{
    struct trap *trap = &disk.traps[fault];

    if (trap->countdown == 0) {
        return false;
    }
    trap->countdown--;
    if (trap->countdown > 0) {
        return false;
    }
    if (trap->more > 0) {
        trap->more--;
        trap->countdown = 1;
    }
    trap->bites++;
    return true;
}

// Calls.

int disk_open(const char *path, bool may_create, bool is_exclusive, struct disk_file **file)
{
    struct name *name = find(path);

    *file = NULL;
    if (name != NULL && name->written != NULL) {
        if (is_exclusive) {
            return EEXIST;
        }
        *file = name->written;
        (*file)->open_count++;
        return 0;
    }
    if (!may_create) {
        return ENOENT;
    }
    life_pass("disk.create");
    struct disk_file *made = world_resize(NULL, sizeof(*made));
    *made = (struct disk_file){ .open_count = 1 };
    set_name(find_or_add(path), made);
    *file = made;
    return 0;
}

void disk_close(struct disk_file *file)
{
    CHECK(file->open_count > 0);
    file->open_count--;
    free_if_unused(file);
}

int disk_read(struct disk_file *file, void *data, size_t bytes, uint64_t offset, size_t *done)
{
    uint64_t left = offset < file->written.bytes ? file->written.bytes - offset : 0;

    if (bites(DISK_READ_ERROR)) {
        *done = 0;
        return EIO;
    }
    *done = left < bytes ? (size_t)left : bytes;
    if (*done > 0 && bites(DISK_READ_SHORT)) {
        *done = (size_t)chance_below(&disk.chance, *done);
    }
    if (*done > 0) {
        memcpy(data, file->written.data + offset, *done);
    }
    return 0;
}

static struct change *note_change(struct disk_file *file)
{
    if (file->change_count == file->change_capacity) {
        file->change_capacity = file->change_capacity * 2 + 16;
        file->changes = world_resize(file->changes, file->change_capacity * sizeof(*file->changes));
    }
    struct change *change = &file->changes[file->change_count++];
    *change = (struct change){ .order = ++disk.order };
    return change;
}

static void write_bytes(struct disk_file *file, const void *data, size_t bytes, uint64_t offset)
{
    if (bytes == 0) {
        return;
    }
    struct change *change = note_change(file);
    change->data = world_resize(NULL, bytes);
    change->bytes = bytes;
    change->offset = offset;
    memcpy(change->data, data, bytes);
    put(&file->written, data, bytes, offset);
}

int disk_write(struct disk_file *file, const void *data, size_t bytes, uint64_t offset)
{
    life_pass("disk.write");
    bool needs_room = offset + bytes > file->written.bytes;
    bool is_full = (needs_room && disk.is_full) || bites(DISK_WRITE_FULL);
    if (is_full || bites(DISK_WRITE_ERROR)) {
        write_bytes(file, data, (size_t)chance_below(&disk.chance, bytes + 1), offset);
        return is_full ? ENOSPC : EIO;
    }
    write_bytes(file, data, bytes, offset);
    return 0;
}

int disk_truncate(struct disk_file *file, uint64_t bytes)
{
    life_pass("disk.truncate");
    note_change(file)->offset = bytes;
    resize(&file->written, bytes);
    return 0;
}

int disk_sync(struct disk_file *file)
{
    life_pass("disk.sync");
    if (bites(DISK_SYNC_ERROR)) {
        return EIO;
    }
    for (size_t i = 0; i < file->change_count; i++) {
        apply(&file->synced, &file->changes[i]);
    }
    forget_changes(file);
    life_pass("disk.synced");
    return 0;
}

uint64_t disk_bytes(const struct disk_file *file)
{
    return file->written.bytes;
}

bool disk_exists(const char *path)
{
    const struct name *name = find(path);

    return name != NULL && name->written != NULL;
}

int disk_remove(const char *path)
{
    struct name *name = find(path);

    life_pass("disk.remove");
    if (name == NULL || name->written == NULL) {
        return ENOENT;
    }
    set_name(name, NULL);
    return 0;
}

// Both names change together, or neither: the directory is synced with it.
int disk_rename(const char *path, const char *to)
{
    struct name *name = find(path);

    life_pass("disk.rename");
    if (name == NULL || name->written == NULL) {
        return ENOENT;
    }
    struct name *target = find_or_add(to);
    point(&target->written, name->written);
    point(&target->synced, name->written);
    point(&name->written, NULL);
    point(&name->synced, NULL);
    return 0;
}

static bool is_in(const char *path, const char *directory)
{
    size_t bytes = strlen(directory);

    return strncmp(path, directory, bytes) == 0 && path[bytes] == '/' &&
            strchr(path + bytes + 1, '/') == NULL;
}

int disk_sync_directory(const char *path)
{
    life_pass("disk.sync_directory");
    if (bites(DISK_SYNC_ERROR)) {
        return EIO;
    }
    for (size_t i = 0; i < disk.name_count; i++) {
        if (is_in(disk.names[i].path, path)) {
            point(&disk.names[i].synced, disk.names[i].written);
        }
    }
    return 0;
}

const char *disk_list(const char *directory, size_t *position)
{
    while (*position < disk.name_count) {
        const struct name *name = &disk.names[(*position)++];
        if (name->written != NULL && is_in(name->path, directory)) {
            return name->path + strlen(directory) + 1;
        }
    }
    return NULL;
}
