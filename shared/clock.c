// SPDX-License-Identifier: MIT
#include "shared/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

static void put_digits(char *text, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

// Written for the hot path (one a message): days to date after Howard Hinnant's civil_from_days.
void clock_format(int64_t wall_ms, char text[TIMESTAMP_BYTES])
{
    const int64_t day_ms = 86400000;
    int64_t in_day = wall_ms % day_ms;
    int64_t days = wall_ms / day_ms + 719468;
    int64_t era = days / 146097;
    int64_t of_era = days % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * of_year + 2) / 153;
    int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;

    put_digits(text, year_of_era + era * 400 + (month <= 2 ? 1 : 0), 4);
    text[4] = '-';
    put_digits(text + 5, month, 2);
    text[7] = '-';
    put_digits(text + 8, of_year - (153 * month_index + 2) / 5 + 1, 2);
    text[10] = 'T';
    put_digits(text + 11, in_day / 3600000, 2);
    text[13] = ':';
    put_digits(text + 14, in_day / 60000 % 60, 2);
    text[16] = ':';
    put_digits(text + 17, in_day / 1000 % 60, 2);
    text[19] = '.';
    put_digits(text + 20, in_day % 1000, 3);
    text[23] = 'Z';
    text[24] = '\0';
}
