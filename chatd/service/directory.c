// SPDX-License-Identifier: MIT
#include "service/directory.h"

#include <stdlib.h>

#include "shared/limits.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

struct entry {
    struct map_node by_name;
    struct list age; // directory.entries, oldest first
    struct name name;
};

struct directory {
    struct cell *cell;
    struct map names;
    struct list entries;
};

struct directory *directory_create(struct cell *cell)
{
    struct directory *directory = calloc(1, sizeof(*directory));

    if (directory != NULL) {
        directory->cell = cell;
        list_init(&directory->entries);
    }
    return directory;
}

static void drop(struct directory *directory, struct entry *entry)
{
    map_remove(&directory->names, &entry->by_name);
    list_leave(&entry->age);
    free(entry);
}

void directory_destroy(struct directory *directory)
{
    if (directory == NULL) {
        return;
    }
    LIST_EACH(node, &directory->entries) {
        drop(directory, LIST_OF(node, struct entry, age));
    }
    map_finish(&directory->names);
    free(directory);
}

static struct entry *find(const struct directory *directory, struct bytes name)
{
    struct map_node *node = map_first(&directory->names, map_hash(name.data, name.size));

    while (node != NULL) {
        struct entry *entry = MAP_OF(node, struct entry, by_name);
        if (bytes_equal(name_bytes(&entry->name), name)) {
            return entry;
        }
        node = map_next(node);
    }
    return NULL;
}

bool directory_knows(struct directory *directory, struct bytes name)
{
    return find(directory, name) != NULL;
}

void directory_learn(struct directory *directory, struct bytes name)
{
    if (find(directory, name) != NULL) {
        return;
    }
    if (directory->names.count >= DIRECTORY_NAMES_MAX) {
        drop(directory, LIST_OF(directory->entries.next, struct entry, age));
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return; // it will be asked for again
    }
    entry->name = name_of(name);
    list_init(&entry->age);
    if (!map_insert(&directory->names, &entry->by_name, map_hash(name.data, name.size))) {
        free(entry);
        return;
    }
    list_append(&directory->entries, &entry->age);
}

void directory_forget(struct directory *directory, struct bytes name)
{
    struct entry *entry = find(directory, name);

    if (entry != NULL) {
        drop(directory, entry);
    }
}

struct question {
    struct read read;
    struct directory *directory;
    struct name name;
    enum user_state state;
    void (*done)(void *context, enum err err);
    void *context;
};

static void run(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);
    struct account_page page;

    read->err = read_account(partition, name_bytes(&question->name), &page);
    if (read->err == ERR_OK) {
        question->state = page.state;
        arena_finish(&page.arena);
    }
}

static void finish(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    enum err err = read->err;

    if (err == ERR_OK && (question->state == USER_DELETED || question->state == USER_INVITED)) {
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_OK) {
        directory_learn(question->directory, name_bytes(&question->name));
    }
    question->done(question->context, err);
    free(question);
}

enum err directory_ask(struct directory *directory, struct bytes name,
        void (*done)(void *context, enum err err), void *context)
{
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL) {
        return ERR_MEMORY;
    }
    question->read.run = run;
    question->read.done = finish;
    question->directory = directory;
    question->name = name_of(name);
    question->done = done;
    question->context = context;
    enum err err =
            cell_read(directory->cell, cell_partition_of(directory->cell, name), &question->read);
    if (err != ERR_OK) {
        free(question);
    }
    return err;
}
