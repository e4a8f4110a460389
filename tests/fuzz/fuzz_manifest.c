// SPDX-License-Identifier: MIT
// Any bytes as the manifest of a backup: what is read names only files below the backup, and what
// is written again is read as the same.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xxhash.h>

#include "shared/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void try_it(const char *text, size_t bytes)
{
    int fd = memfd_create("manifest", 0);
    char path[40], reason[300] = "";
    struct manifest manifest;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(fd >= 0 && write(fd, text, bytes) == (ssize_t)bytes);
    enum err err = manifest_read(&manifest, path, reason, sizeof(reason));
    CHECK((err == ERR_OK) == (reason[0] == '\0'));
    for (size_t i = 0; err == ERR_OK && i < manifest.count; i++) {
        CHECK(manifest.files[i].name[0] != '/' && strstr(manifest.files[i].name, "..") == NULL);
    }
    manifest_finish(&manifest);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[5000];

    try_it((const char *)data, bytes);
    // With a checksum that fits, so that the line itself is read too.
    if (bytes + 20 < sizeof(text) && memchr(data, '\n', bytes) == NULL) {
        memcpy(text, data, bytes);
        int end = snprintf(text + bytes, 20, "\n%016llx\n",
                (unsigned long long)XXH3_64bits(data, bytes));
        try_it(text, bytes + (size_t)end);
    }
    return 0;
}
