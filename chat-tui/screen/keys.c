// SPDX-License-Identifier: MIT
#include "keys.h"

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

static bool has_key(const char *keys, const char *key)
{
    size_t length = strlen(key);

    for (const char *at = keys; at != NULL && *at != '\0'; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, key, length) == 0 && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

enum action keys_find(const char *key)
{
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        if (has_key(infos[action].keys, key)) {
            return (enum action)action;
        }
    }
    return ACTION_NONE;
}
