// SPDX-License-Identifier: MIT
// Any bytes as chatd's settings: taken, or refused with a sentence that names the line.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chatd/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct config config;
    int fd = memfd_create("config", 0);
    char path[40], program[] = "chatd", option[] = "--config", check[] = "--check",
                   reason[1000] = "";
    char *arguments[] = { program, option, path, check, NULL };
    enum config_action action;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
    enum err err = config_load(&config, 4, arguments, &action, reason, sizeof(reason));
    CHECK((err == ERR_OK) == (reason[0] == '\0'));
    close(fd);
    return 0;
}
