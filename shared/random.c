// SPDX-License-Identifier: MIT
#include "shared/random.h"

#include <errno.h>
#include <sys/random.h>

#include "shared/check.h"

void random_fill(void *data, size_t bytes)
{
    char *room = data;

    while (bytes > 0) {
        ssize_t count = getrandom(room, bytes, 0);
        if (count < 0) {
            CHECK(errno == EINTR);
            continue;
        }
        room += count;
        bytes -= (size_t)count;
    }
}

uint64_t random_id(void)
{
    uint64_t id = 0;

    while (id == 0) {
        random_fill(&id, sizeof(id));
        id &= 0xffffffffffffULL;
    }
    return id;
}
