// SPDX-License-Identifier: MIT
// Log lines on stderr: "event key=value ...". Never message text, never a secret.
// error: someone must act. warn: we go on, worse. info: start, stop, change of role. debug: free.
// When stderr is systemd's journal: "<priority>event key=value ...", without time and level.
//
// Thread: any. One write(2) a line.

#pragma once

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

// Control bytes in the formatted text are written as '?', so a name can't forge a line.
void log_line(enum log_level level, const char *event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
