// SPDX-License-Identifier: MIT
#include "shared/clock.h"

#include <string.h>

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

static bool take_digits(const char *text, int count, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

// The date to days, after Howard Hinnant's days_from_civil.
bool clock_parse(const char *text, size_t bytes, int64_t *wall_ms)
{
    int64_t year, month, day, hour, minute, second, ms;
    char again[TIMESTAMP_BYTES];

    if (bytes != TIMESTAMP_BYTES - 1 || !take_digits(text, 4, &year) ||
            !take_digits(text + 5, 2, &month) || !take_digits(text + 8, 2, &day) ||
            !take_digits(text + 11, 2, &hour) || !take_digits(text + 14, 2, &minute) ||
            !take_digits(text + 17, 2, &second) || !take_digits(text + 20, 3, &ms)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12) {
        return false;
    }
    int64_t shifted = year - (month <= 2 ? 1 : 0);
    int64_t era = shifted / 400, year_of_era = shifted % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    int64_t days = era * 146097 + of_era - 719468;
    *wall_ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms;
    // Whatever else is wrong with it does not come back the same.
    if (*wall_ms < 0) {
        return false;
    }
    clock_format(*wall_ms, again);
    return memcmp(again, text, bytes) == 0;
}
