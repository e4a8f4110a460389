// SPDX-License-Identifier: MIT
#include "hyperlinks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat-tui/grapheme.h"
#include "shared/buffer.h"

#define VTE_VERSION_WITH_LINKS 5000

static struct buffer written;
static bool is_on_now;

bool hyperlinks_are_known_here(void)
{
    static const char *const terms[] = { "xterm-kitty", "foot", "foot-extra", "wezterm",
        "alacritty", "contour", "xterm-ghostty" };
    const char *term = getenv("TERM"), *vte = getenv("VTE_VERSION");

    if (term == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        if (strcmp(terms[i], term) == 0) {
            return true;
        }
    }
    return vte != NULL && strncmp(term, "xterm", 5) == 0 && atoi(vte) >= VTE_VERSION_WITH_LINKS;
}

void hyperlinks_begin(bool is_on)
{
    buffer_clear(&written);
    is_on_now = is_on;
}

// What stands in the sequence is printable ASCII; links.h lets nothing else through but other
// scripts' letters.
static void add_escaped(struct bytes link)
{
    for (uint32_t i = 0; i < link.size; i++) {
        unsigned char byte = (unsigned char)link.data[i];
        if (byte > 32 && byte < 127) {
            buffer_add_byte(&written, (char)byte);
        } else {
            buffer_print(&written, "%%%02X", byte);
        }
    }
}

static void add_drawn(int x, int end, struct bytes text)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    while (grapheme_next(text, &position, &grapheme) && x + grapheme.cells <= end) {
        if (grapheme.cells > 0) {
            buffer_add(&written, grapheme.drawn, grapheme.drawn_size);
        }
        x += grapheme.cells;
    }
}

void hyperlinks_add(int y, int x, int end, struct bytes text, struct bytes link)
{
    if (!is_on_now) {
        return;
    }
    // ECMA-48: CUP counts from 1; 0 and 4 of SGR are plain and underlined.
    buffer_print(&written, "\033[%d;%dH\033[0;4m\033]8;;", y + 1, x + 1);
    add_escaped(link);
    buffer_add_literal(&written, "\033\\");
    add_drawn(x, end, text);
    buffer_add_literal(&written, "\033]8;;\033\\");
}

void hyperlinks_write(void)
{
    if (written.bytes == 0 || !buffer_is_whole(&written)) {
        return;
    }
    // DECSC and DECRC: the cursor and the attributes are again what curses believes.
    fputs("\0337", stdout);
    fwrite(written.data, 1, written.bytes, stdout);
    fputs("\0338", stdout);
    fflush(stdout);
}
