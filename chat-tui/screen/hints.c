// SPDX-License-Identifier: MIT
#include "hints.h"

#include <stdio.h>
#include <string.h>

const char *hint_for(const char *name)
{
    static const struct {
        const char *names;
        const char *words;
    } hints[] = {
        { " join j part leave channel topic kick op ",
                "no channels here, only two people: /msg NAME" },
        { " names who ", "/list: your conversations; /whois NAME" },
        { " nick ", "a name stays; chat-tui --profile X is another" },
        { " win window buffer ", "Alt+1 to Alt+9, Ctrl+n, Ctrl+p, Ctrl+k" },
        { " close wc clear cls ", "nothing needs closing; Ctrl+l draws again" },
        { " ignore unignore ban ", "/block NAME, /unblock NAME" },
        { " me action say ", "just type it: only / begins a command" },
        { " set bind theme ", "see the files config and keys: man chat-tui" },
        { " server connect reconnect ", "/retry connects; chat-tui --server is another" },
        { " notify dcc ctcp mode ", "there is nothing like this here" },
    };
    char spaced[24];

    snprintf(spaced, sizeof(spaced), " %.20s ", name);
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (strstr(hints[i].names, spaced) != NULL) {
            return hints[i].words;
        }
    }
    return NULL;
}
