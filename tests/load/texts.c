// SPDX-License-Identifier: MIT
#include "tests/load/texts.h"

#include <string.h>

#include "shared/check.h"
#include "tests/load/put.h"

enum { POOL_STARTS = 32768 };

static char pool[POOL_STARTS + TEXT_BYTES_MAX];

void texts_init(void)
{
    static const char letters[] =
            "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.0123456789";
    uint64_t state = 42;

    for (size_t i = 0; i < sizeof pool; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        pool[i] = letters[(state >> 40) % (sizeof letters - 1)];
    }
}

static const char *filling(unsigned sender, uint64_t number)
{
    return pool + (number * 7919 + sender * 104729ULL) % POOL_STARTS;
}

char *texts_put(char *at, unsigned sender, uint64_t number, size_t bytes)
{
    CHECK(bytes >= TEXT_BYTES_MIN && bytes <= TEXT_BYTES_MAX);
    char *end = at + bytes;

    at = put_number(at, sender);
    at = put_text(at, "-");
    at = put_number(at, number);
    at = put_text(at, "-");
    return put_bytes(at, filling(sender, number), (size_t)(end - at));
}

static const char *take_number(const char *at, const char *end, uint64_t *number)
{
    *number = 0;
    while (at < end && *at >= '0' && *at <= '9') {
        *number = *number * 10 + (uint64_t)(*at++ - '0');
    }
    return at < end && *at == '-' ? at + 1 : end;
}

bool texts_check(struct json_span text, unsigned sender, uint64_t *number)
{
    const char *end = text.at + text.bytes;
    uint64_t from;

    if (text.at == NULL || text.bytes < TEXT_BYTES_MIN || text.bytes > TEXT_BYTES_MAX) {
        return false;
    }
    const char *at = take_number(text.at, end, &from);
    at = take_number(at, end, number);
    return from == sender && memcmp(at, filling(sender, *number), (size_t)(end - at)) == 0;
}
