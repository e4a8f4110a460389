// SPDX-License-Identifier: MIT
#include "readiness.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shared/scoped.h"

bool readiness_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t bytes = path == NULL ? 0 : strlen(path);

    if (bytes < 2 || bytes >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
        return false;
    }
    memcpy(address.sun_path, path, bytes);
    if (path[0] == '@') { // an abstract one: unix(7)
        address.sun_path[0] = '\0';
    }
    SCOPED_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    return fd >= 0 &&
            sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const void *)&address, length) ==
            (ssize_t)strlen(state);
}
