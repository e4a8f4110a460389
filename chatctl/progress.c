// SPDX-License-Identifier: MIT
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "shared/clock.h"

#define BAR_CELLS 20
#define REDRAW_MS 50

static bool is_shown;
static int64_t shown_ms;

static void draw(const char *what, uint64_t done, uint64_t total, const char *amounts)
{
    char bar[BAR_CELLS + 1] = "";
    double share = total == 0 ? 0 : (double)done / (double)total;

    int64_t now_ms = clock_monotonic_ms();

    if (isatty(STDERR_FILENO) == 0 || (is_shown && now_ms - shown_ms < REDRAW_MS)) {
        return;
    }
    shown_ms = now_ms;
    share = share > 1 ? 1 : share;
    for (int i = 0; i < BAR_CELLS; i++) {
        bar[i] = i < (int)(share * BAR_CELLS) ? '#' : '.';
    }
    if (total == 0) {
        fprintf(stderr, "\r\033[K%s %s", what, amounts);
    } else {
        fprintf(stderr, "\r\033[K%s [%s] %3d%% %s", what, bar, (int)(share * 100), amounts);
    }
    is_shown = true;
}

void progress_bytes(const char *what, uint64_t done, uint64_t total)
{
    char amounts[80];

    snprintf(amounts, sizeof(amounts), total == 0 ? "%s" : "%s of %s", output_size(done),
            output_size(total));
    draw(what, done, total, amounts);
}

void progress_count(const char *what, uint64_t done, uint64_t total)
{
    char amounts[80];

    snprintf(amounts, sizeof(amounts), total == 0 ? "%" PRIu64 : "%" PRIu64 " of %" PRIu64, done,
            total);
    draw(what, done, total, amounts);
}

void progress_end(void)
{
    if (is_shown) {
        fputs("\r\033[K", stderr);
        is_shown = false;
    }
}
