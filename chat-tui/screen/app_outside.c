// SPDX-License-Identifier: MIT
// Programs beside the screen: links are opened, and what is typed is written on in an editor, while
// messages go on coming.
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app_state.h"
#include "outside.h"
#include "shared/clock.h"
#include "shared/limits.h"
#include "terminal.h"
#include "view.h"

void app_open_link(void *context, const char *link)
{
    struct app *app = context;
    const char *command = app->profile->settings.open_cmd;

    app->opener = outside_open(command, link);
    if (app->opener < 0) {
        app->opener = 0;
        model_notice(model_of(app), clock_monotonic_ms() + 10000, "can't start %s: %s", command,
                strerror(errno));
    }
}

static const char *editor_of(const struct app *app)
{
    const char *chosen = app->profile->settings.editor;
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");

    return chosen[0] != '\0'                      ? chosen
            : visual != NULL && visual[0] != '\0' ? visual
            : editor != NULL && editor[0] != '\0' ? editor
                                                  : "vi";
}

// The file that the editor gets: only this user can read it.
static bool write_typed(struct app *app)
{
    struct bytes typed = line_editor_text(app->ui.editor);

    snprintf(app->edited_path, sizeof(app->edited_path), "%s/typed-XXXXXX.txt",
            app->profile->directory);
    int fd = mkstemps(app->edited_path, 4);
    bool is_written = fd >= 0 && write(fd, typed.data, typed.size) == (ssize_t)typed.size &&
            (typed.size == 0 || write(fd, "\n", 1) == 1);
    if (fd >= 0) {
        close(fd);
    }
    return is_written;
}

void app_edit(void *context)
{
    struct app *app = context;

    if (!write_typed(app)) {
        model_notice(model_of(app), clock_monotonic_ms() + 10000, "can't write %s: %s",
                app->edited_path, strerror(errno));
        unlink(app->edited_path);
        return;
    }
    terminal_pause();
    app->editor = outside_edit(editor_of(app), app->edited_path);
    if (app->editor < 0) {
        app->editor = 0;
        terminal_resume();
        ui_say(&app->ui, "the editor can't be started");
        unlink(app->edited_path);
    }
}

// False: why was said, and the file stays.
static bool take_edited(struct app *app)
{
    char text[TEXT_BYTES_MAX + 2];
    FILE *file = fopen(app->edited_path, "re");
    size_t size = file == NULL ? 0 : fread(text, 1, sizeof(text), file);

    if (file == NULL) {
        model_notice(model_of(app), clock_monotonic_ms() + 10000, "can't read %s: %s",
                app->edited_path, strerror(errno));
        return false;
    }
    fclose(file);
    size -= size > 0 && text[size - 1] == '\n'; // editors end the last line
    if (size <= TEXT_BYTES_MAX &&
            line_editor_set(app->ui.editor, (struct bytes){ text, (uint32_t)size }) == ERR_OK) {
        return true;
    }
    model_notice(model_of(app), INT64_MAX, "a message has at most 16,384 bytes; it is in %s",
            app->edited_path);
    return false;
}

static void end_editor(struct app *app, int status)
{
    app->editor = 0;
    terminal_resume();
    view_resize(); // it may have another size by now
    app->is_dirty = true;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        ui_say(&app->ui, "the editor failed; what was typed is as it was");
        unlink(app->edited_path);
    } else if (take_edited(app)) {
        unlink(app->edited_path);
    }
}

void app_name_left_behind(struct app *app)
{
    char pattern[PATH_BYTES + 32];
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/typed-*.txt", app->profile->directory);
    if (glob(pattern, 0, NULL, &found) == 0) {
        model_notice(model_of(app), INT64_MAX, "what you wrote in an editor is in %s",
                found.gl_pathv[0]);
        globfree(&found);
    }
}

void app_reap(struct app *app)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == app->editor) {
            end_editor(app, status);
        } else if (pid == app->opener && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
            model_notice(model_of(app), clock_monotonic_ms() + 10000,
                    "the link was not opened; y copies one (open_cmd = %.100s)",
                    app->profile->settings.open_cmd);
            app->is_dirty = true;
        }
    }
}
