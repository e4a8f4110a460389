// SPDX-License-Identifier: MIT
#include "shared/cli/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/scoped.h"

enum token_file_verdict token_file_read(const char *path, char token[TOKEN_BUFFER_BYTES],
        char *says, size_t says_bytes)
{
    SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(says, says_bytes, "can't read the token file %s: %s", path, strerror(errno));
        return errno == ENOENT ? TOKEN_FILE_MISSING : TOKEN_FILE_UNREADABLE;
    }
    if ((status.st_mode & 077) != 0) {
        snprintf(says, says_bytes, "others may use the token file %s (mode %04o): chmod 600 %s",
                path, (unsigned)status.st_mode & 07777, path);
        return TOKEN_FILE_PUBLIC;
    }
    ssize_t bytes = read(fd, token, TOKEN_BUFFER_BYTES - 1);
    token[bytes > 0 ? bytes : 0] = '\0';
    token[strcspn(token, " \t\r\n")] = '\0';
    if (token[0] == '\0' || strlen(token) > TOKEN_BYTES_MAX) {
        snprintf(says, says_bytes,
                "the token file %s must hold one token, as chat-tui login writes it and "
                "\"chatctl user add NAME --token\" prints it",
                path);
        return TOKEN_FILE_EMPTY;
    }
    return TOKEN_FILE_GOOD;
}
