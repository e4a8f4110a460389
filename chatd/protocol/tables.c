// SPDX-License-Identifier: MIT
#include "protocol/tables.h"

#include "shared/limits.h"

const struct method_entry method_table[METHOD_COUNT] = {
#define METHOD(identifier, name, access, required, optional)                                       \
    [METHOD_##identifier] = { name, ACCESS_##access, required, optional },
#include "shared/methods.def"
#undef METHOD
};

const struct param_entry param_table[] = {
#define PARAM(bit, field, member, name, type, least, most)                                         \
    { field, name, type, least, most, offsetof(struct params, member) },
    PARAM_TABLE(PARAM)
#undef PARAM
};

const size_t param_count = sizeof(param_table) / sizeof(param_table[0]);

enum access method_access(enum method method)
{
    return method_table[method].access;
}

const char *method_name(enum method method)
{
    return method_table[method].name;
}
