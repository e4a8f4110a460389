// SPDX-License-Identifier: MIT
#include "notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "outside.h"
#include "shared/buffer.h"
#include "shared/cli/text.h"
#include "shared/clock.h"
#include "terminal.h"

#define SHOWN_BYTES 200
#define NOTIFY_EVERY_MS 1000

// Cut between characters, and safe to stand in an escape sequence: text.h leaves nothing that could
// end one; ';' separates the fields of OSC 777.
static void add_shown(struct buffer *out, struct bytes text)
{
    uint32_t size = text.size < SHOWN_BYTES ? text.size : SHOWN_BYTES;

    while (size > 0 && size < text.size && ((unsigned char)text.data[size] & 0xC0U) == 0x80U) {
        size--;
    }
    size_t from = out->bytes;
    text_add_safely(out, (struct bytes){ text.data, size });
    for (size_t i = from; i < out->bytes; i++) {
        if (out->data[i] == ';') {
            out->data[i] = ',';
        }
    }
}

static void tell_terminal(const struct settings *settings, struct bytes from, struct bytes text)
{
    struct buffer words = { 0 };

    buffer_add_literal(&words, "\033]");
    buffer_print(&words, settings->notify == NOTIFY_OSC9 ? "9;" : "777;notify;");
    add_shown(&words, from);
    if (settings->notify_text == SAID_YES) {
        buffer_print(&words, settings->notify == NOTIFY_OSC9 ? ": " : ";");
        add_shown(&words, text);
    } else {
        buffer_print(&words, settings->notify == NOTIFY_OSC9 ? " wrote to you" : ";wrote to you");
    }
    buffer_add_literal(&words, "\033\\");
    if (buffer_is_whole(&words)) {
        terminal_write((struct bytes){ words.data, (uint32_t)words.bytes });
    }
    buffer_finish(&words);
}

static void tell_command(const struct settings *settings, struct bytes from, struct bytes text)
{
    struct buffer words = { 0 };
    char name[NAME_BYTES_MAX + 1];

    snprintf(name, sizeof(name), "%.*s", (int)from.size, from.data);
    add_shown(&words, settings->notify_text == SAID_YES ? text : (struct bytes){ "", 0 });
    buffer_add_byte(&words, '\0');
    if (buffer_is_whole(&words)) {
        (void)!outside_tell(settings->notify_cmd, name, words.data);
    }
    buffer_finish(&words);
}

void notify_message(const struct settings *settings, struct bytes from, struct bytes text)
{
    static int64_t quiet_until_ms; // a flood of messages is one piece of news
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms < quiet_until_ms) {
        return;
    }
    quiet_until_ms = now_ms + NOTIFY_EVERY_MS;
    if (settings->notify == NOTIFY_BELL) {
        terminal_bell();
    } else if (settings->notify != NOTIFY_NONE) {
        tell_terminal(settings, from, text);
    }
    if (settings->notify_cmd[0] != '\0') {
        tell_command(settings, from, text);
    }
}

void notify_title(const struct settings *settings, const struct model *model)
{
    static char shown[64];
    char title[64];
    unsigned count = 0;

    if (settings->title != SAID_YES) {
        return;
    }
    LIST_EACH(node, &model->conversations) {
        count += model_is_unread(LIST_OF(node, struct conversation, of_model));
    }
    snprintf(title, sizeof(title), "%s%.0u%schat-tui%s%s", count > 0 ? "(" : "", count,
            count > 0 ? ") " : "", model->open != NULL ? " - " : "",
            model->open != NULL ? model->open->peer.text : "");
    if (strcmp(title, shown) != 0) {
        snprintf(shown, sizeof(shown), "%s", title);
        terminal_title(shown);
    }
}
