// SPDX-License-Identifier: MIT
#include "terminal.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <curses.h>
#include <openssl/evp.h>

#include "chat-tui/complain.h"

#define ESCAPE 27
#define ESCAPE_DELAY_MS 25
#define PASTE_BYTES_MAX (64 * 1024)

// Codes of our own, above those of curses.
enum own_key {
    OWN_PASTE_BEGIN = KEY_MAX + 1,
    OWN_PASTE_END,
    OWN_FOCUS_IN,
    OWN_FOCUS_OUT,
    OWN_ALT_UP,
    OWN_ALT_DOWN,
    OWN_ALT_HOME,
    OWN_ALT_END,
    OWN_ALT_LEFT,
    OWN_ALT_RIGHT,
};

// Modes that curses does not know: bracketed paste, focus reports (xterm's ctlseqs).
#define MODES_ON "\033[?2004h\033[?1004h"
#define MODES_OFF "\033[?2004l\033[?1004l"

static bool has_title; // one was set: the one before was kept by the terminal
static int clicked_y, clicked_x;

static void ask_of_terminal(const char *sequence)
{
    fputs(sequence, stdout);
    fflush(stdout);
}

bool terminal_start(bool has_mouse)
{
    if (setlocale(LC_ALL, "") == NULL || MB_CUR_MAX < 2) {
        // A terminal that can't show UTF-8 is rarer than a locale that nobody set.
        if (setlocale(LC_ALL, "C.UTF-8") == NULL) {
            complain("this needs a UTF-8 locale: LC_ALL=C.UTF-8 chat-tui");
            return false;
        }
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        complain("the screen needs a terminal; for scripts: chat-tui --json, send, listen");
        return false;
    }
    set_escdelay(ESCAPE_DELAY_MS);
    if (newterm(NULL, stdout, stdin) == NULL) {
        complain("the terminal \"%s\" is not known here: try TERM=xterm-256color",
                getenv("TERM") == NULL ? "" : getenv("TERM"));
        return false;
    }
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    if (has_colors() && getenv("NO_COLOR") == NULL) {
        start_color();
        use_default_colors();
    }
    define_key("\033[200~", OWN_PASTE_BEGIN);
    define_key("\033[201~", OWN_PASTE_END);
    define_key("\033[I", OWN_FOCUS_IN);
    define_key("\033[O", OWN_FOCUS_OUT);
    define_key("\033[1;3A", OWN_ALT_UP);
    define_key("\033[1;3B", OWN_ALT_DOWN);
    define_key("\033[1;3D", OWN_ALT_LEFT);
    define_key("\033[1;3C", OWN_ALT_RIGHT);
    define_key("\033[1;3H", OWN_ALT_HOME);
    define_key("\033[1;3F", OWN_ALT_END);
    if (has_mouse) {
        mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
        mouseinterval(0);
    }
    ask_of_terminal(MODES_ON);
    return true;
}

void terminal_stop(void)
{
    ask_of_terminal(MODES_OFF);
    if (has_title) {
        ask_of_terminal("\033[23;2t");
        has_title = false;
    }
    endwin();
}

void terminal_pause(void)
{
    ask_of_terminal(MODES_OFF);
    def_prog_mode();
    endwin();
}

void terminal_resume(void)
{
    reset_prog_mode();
    ask_of_terminal(MODES_ON);
    clearok(stdscr, TRUE);
}

void terminal_clicked(int *y, int *x)
{
    *y = clicked_y;
    *x = clicked_x;
}

void terminal_write(struct bytes sequence)
{
    fwrite(sequence.data, 1, sequence.size, stdout);
    fflush(stdout);
}

// Terminals that know OSC 2; others could print it.
static bool knows_titles(void)
{
    static const char *const terms[] = { "xterm", "tmux", "screen", "rxvt", "foot", "alacritty",
        "wezterm", "st-", "contour", "konsole", "gnome", "vte" };
    const char *term = getenv("TERM");

    for (size_t i = 0; term != NULL && i < sizeof(terms) / sizeof(terms[0]); i++) {
        if (strncmp(term, terms[i], strlen(terms[i])) == 0) {
            return true;
        }
    }
    return false;
}

void terminal_title(const char *title)
{
    if (!knows_titles()) {
        return;
    }
    printf("%s\033]2;%s\033\\", has_title ? "" : "\033[22;2t", title);
    fflush(stdout);
    has_title = true;
}

void terminal_bell(void)
{
    beep();
}

void terminal_copy(struct bytes text)
{
    unsigned char *encoded = malloc(4 * ((size_t)text.size + 2) / 3 + 1);

    if (encoded == NULL) {
        return;
    }
    EVP_EncodeBlock(encoded, (const unsigned char *)text.data, (int)text.size);
    printf("\033]52;c;%s\033\\", (const char *)encoded);
    fflush(stdout);
    free(encoded);
}

static void add_character(struct buffer *text, wint_t character)
{
    char bytes[MB_LEN_MAX];
    mbstate_t state = { 0 };
    size_t count = wcrtomb(bytes, (wchar_t)character, &state);

    if (count != (size_t)-1) {
        buffer_add(text, bytes, count);
    }
}

// Up to its end, however it is cut; line ends become '\n'.
static void read_paste(struct buffer *text)
{
    wint_t character;
    int kind;

    timeout(200);
    while ((kind = get_wch(&character)) != ERR && text->bytes < PASTE_BYTES_MAX) {
        if (kind == KEY_CODE_YES) {
            if (character == OWN_PASTE_END) {
                break;
            }
        } else {
            add_character(text, character == '\r' ? '\n' : character);
        }
    }
    timeout(0);
}

static enum terminal_input read_named(wint_t code, char key[KEY_NAME_BYTES])
{
    static const struct {
        wint_t code;
        const char *name;
    } names[] = {
        { KEY_UP, "Up" },
        { KEY_DOWN, "Down" },
        { KEY_LEFT, "Left" },
        { KEY_RIGHT, "Right" },
        { KEY_HOME, "Home" },
        { KEY_END, "End" },
        { KEY_PPAGE, "PageUp" },
        { KEY_NPAGE, "PageDown" },
        { KEY_DC, "Delete" },
        { KEY_IC, "Insert" },
        { KEY_BACKSPACE, "Backspace" },
        { KEY_ENTER, "Enter" },
        { KEY_BTAB, "S-Tab" },
        { KEY_SR, "S-Up" },
        { KEY_SF, "S-Down" },
        { OWN_ALT_UP, "M-Up" },
        { OWN_ALT_DOWN, "M-Down" },
        { OWN_ALT_LEFT, "M-Left" },
        { OWN_ALT_RIGHT, "M-Right" },
        { OWN_ALT_HOME, "M-Home" },
        { OWN_ALT_END, "M-End" },
    };

    if (code >= KEY_F(1) && code <= KEY_F(12)) {
        snprintf(key, KEY_NAME_BYTES, "F%d", (int)(code - KEY_F0));
        return TERMINAL_KEY;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].code == code) {
            snprintf(key, KEY_NAME_BYTES, "%s", names[i].name);
            return TERMINAL_KEY;
        }
    }
    return TERMINAL_NOTHING;
}

// The name of a plain character or control character, without Alt.
static void name_character(wint_t character, char *name, size_t bytes)
{
    if (character == '\r') {
        snprintf(name, bytes, "Enter");
    } else if (character == '\t') {
        snprintf(name, bytes, "Tab");
    } else if (character == 127 || character == 8) {
        snprintf(name, bytes, "Backspace");
    } else if (character == ESCAPE) {
        snprintf(name, bytes, "Escape");
    } else if (character == 0) {
        snprintf(name, bytes, "C-Space");
    } else if (character < 32) {
        snprintf(name, bytes, "C-%c", (char)(character + (character <= 26 ? 96 : 64)));
    } else {
        snprintf(name, bytes, "%lc", character);
    }
}

static enum terminal_input read_escape(char key[KEY_NAME_BYTES])
{
    char name[KEY_NAME_BYTES - 2];
    wint_t character;
    int kind = get_wch(&character);

    if (kind == ERR) {
        snprintf(key, KEY_NAME_BYTES, "Escape");
        return TERMINAL_KEY;
    }
    if (kind == KEY_CODE_YES) {
        char plain[KEY_NAME_BYTES];
        if (read_named(character, plain) != TERMINAL_KEY) {
            return TERMINAL_NOTHING;
        }
        snprintf(key, KEY_NAME_BYTES, "M-%.12s", plain);
        return TERMINAL_KEY;
    }
    name_character(character, name, sizeof(name));
    snprintf(key, KEY_NAME_BYTES, "M-%s", name);
    return TERMINAL_KEY;
}

// The wheel is a key; a click is one where it may mean something.
static enum terminal_input read_mouse(char key[KEY_NAME_BYTES])
{
    MEVENT event;

    if (getmouse(&event) != OK) {
        return TERMINAL_NOTHING;
    }
    clicked_y = event.y;
    clicked_x = event.x;
    if ((event.bstate & BUTTON1_PRESSED) != 0) {
        return TERMINAL_CLICK;
    }
    snprintf(key, KEY_NAME_BYTES, (event.bstate & BUTTON4_PRESSED) != 0 ? "WheelUp" : "WheelDown");
    return TERMINAL_KEY;
}

enum terminal_input terminal_read(char key[KEY_NAME_BYTES], struct buffer *text)
{
    wint_t character;
    int kind = get_wch(&character);

    buffer_clear(text);
    if (kind == ERR) {
        return TERMINAL_NOTHING;
    }
    if (kind == KEY_CODE_YES) {
        switch ((int)character) {
        case KEY_RESIZE:
            return TERMINAL_RESIZE;
        case KEY_MOUSE:
            return read_mouse(key);
        case OWN_FOCUS_IN:
            return TERMINAL_FOCUS;
        case OWN_FOCUS_OUT:
            return TERMINAL_BLUR;
        case OWN_PASTE_BEGIN:
            read_paste(text);
            return TERMINAL_TEXT;
        default:
            return read_named(character, key);
        }
    }
    if (character == ESCAPE) {
        return read_escape(key);
    }
    if (character < 32 || character == 127) {
        name_character(character, key, KEY_NAME_BYTES);
        return TERMINAL_KEY;
    }
    add_character(text, character);
    return TERMINAL_TEXT;
}
