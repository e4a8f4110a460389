// SPDX-License-Identifier: MIT
#include "when.h"

#include <stdbool.h>
#include <time.h>

#include "shared/clock.h"

static struct tm local_time(int64_t ts)
{
    time_t seconds = (time_t)(ts / 1000);
    struct tm tm = { 0 };

    localtime_r(&seconds, &tm);
    return tm;
}

struct when when_clock(int64_t ts)
{
    const struct tm tm = local_time(ts);
    struct when when = { "" };

    strftime(when.text, sizeof(when.text), "%H:%M", &tm);
    return when;
}

struct when when_minute(int64_t ts)
{
    const struct tm tm = local_time(ts);
    struct when when = { "" };

    strftime(when.text, sizeof(when.text), "%Y-%m-%d %H:%M", &tm);
    return when;
}

struct when when_day(int64_t ts)
{
    const struct tm tm = local_time(ts);
    struct when when = { "" };

    strftime(when.text, sizeof(when.text), "%A, %e %B %Y", &tm);
    return when;
}

struct when when_short(int64_t ts)
{
    bool is_today = when_day_number(ts) == when_day_number(clock_wall_ms());

    return is_today ? when_clock(ts) : when_minute(ts);
}

int when_day_number(int64_t ts)
{
    const struct tm tm = local_time(ts);

    return (tm.tm_year * 366) + tm.tm_yday;
}
