// SPDX-License-Identifier: MIT
#include "shared/client/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool files_make_directory(const char *path)
{
    char part[FILES_PATH_BYTES];
    size_t length = strlen(path);

    if (length >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

bool files_write(const char *path, const char *text)
{
    char next[FILES_PATH_BYTES + 8];
    size_t bytes = strlen(text);

    snprintf(next, sizeof(next), "%s.new", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool is_written = write(fd, text, bytes) == (ssize_t)bytes && fsync(fd) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return is_written && rename(next, path) == 0;
}
