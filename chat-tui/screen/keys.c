// SPDX-License-Identifier: MIT
#include "keys.h"

#include <stdio.h>
#include <string.h>

static const struct action_info infos[ACTION_COUNT] = {
#define ACTION(identifier, name, keys, does) [ACTION_##identifier] = { name, keys, does },
    ACTION_TABLE(ACTION)
#undef ACTION
};

const struct action_info *action_info(enum action action)
{
    return &infos[action];
}

enum action action_find(const char *name)
{
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        if (strcmp(infos[action].name, name) == 0) {
            return (enum action)action;
        }
    }
    return ACTION_NONE;
}

static bool add(struct key_table *table, const char *key, size_t size, enum action action)
{
    if (table->count == BINDINGS_MAX || size >= KEY_NAME_BYTES) {
        return false;
    }
    struct binding *binding = &table->bindings[table->count++];
    snprintf(binding->key, sizeof(binding->key), "%.*s", (int)size, key);
    binding->action = action;
    return true;
}

void keys_init(struct key_table *table)
{
    table->count = 0;
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        const char *keys = infos[action].keys;
        while (*keys != '\0') {
            const char *end = strstr(keys, ", ");
            size_t size = end == NULL ? strlen(keys) : (size_t)(end - keys);
            bool is_added = add(table, keys, size, (enum action)action);
            CHECK(is_added);
            keys += end == NULL ? size : size + 2;
        }
    }
}

static void release(struct key_table *table, const char *key)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < table->count; i++) {
        if (strcmp(table->bindings[i].key, key) != 0) {
            table->bindings[kept++] = table->bindings[i];
        }
    }
    table->count = kept;
}

bool keys_bind(struct key_table *table, const char *key, const char *actions, char *wrong,
        size_t wrong_bytes)
{
    char name[32];
    int size = 0;

    if (*key == '\0' || strlen(key) >= KEY_NAME_BYTES) {
        snprintf(wrong, wrong_bytes, "\"%s\" is no key: C-t, M-x, F5, PageUp, C-x e", key);
        return false;
    }
    release(table, key);
    while (sscanf(actions, "%31s%n", name, &size) == 1) {
        enum action action = action_find(name);
        actions += size;
        if (strcmp(name, "none") == 0) {
            continue;
        }
        if (action == ACTION_NONE) {
            snprintf(wrong, wrong_bytes, "there is no action \"%s\" (F1 and chat-tui(1) list them)",
                    name);
            return false;
        }
        if (!add(table, key, strlen(key), action)) {
            snprintf(wrong, wrong_bytes, "too many keys");
            return false;
        }
    }
    return true;
}

enum action keys_find(const struct key_table *table, const char *key, bool is_typing)
{
    enum action found = ACTION_NONE;

    for (unsigned i = 0; i < table->count; i++) {
        const struct binding *binding = &table->bindings[i];
        bool is_editing = binding->action >= ACTION_LEFT;
        bool is_better = is_editing == is_typing && (found >= ACTION_LEFT) != is_typing;
        if (strcmp(binding->key, key) == 0 && (found == ACTION_NONE || is_better)) {
            found = binding->action;
        }
    }
    return found;
}

bool keys_is_prefix(const struct key_table *table, const char *key)
{
    size_t size = strlen(key);

    for (unsigned i = 0; i < table->count; i++) {
        if (strncmp(table->bindings[i].key, key, size) == 0 &&
                table->bindings[i].key[size] == ' ') {
            return true;
        }
    }
    return false;
}

void keys_of(const struct key_table *table, enum action action, char shown[KEYS_SHOWN_BYTES])
{
    size_t size = 0;

    shown[0] = '\0';
    for (unsigned i = 0; i < table->count && size < KEYS_SHOWN_BYTES; i++) {
        if (table->bindings[i].action == action) {
            size += (size_t)snprintf(shown + size, KEYS_SHOWN_BYTES - size, "%s%s",
                    size > 0 ? ", " : "", table->bindings[i].key);
        }
    }
}
