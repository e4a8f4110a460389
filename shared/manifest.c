// SPDX-License-Identifier: MIT
#include "shared/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/scoped.h"

#define MANIFEST_BYTES_MAX (4 * 1024 * 1024)
#define HASH_DIGITS 16

enum err manifest_add(struct manifest *manifest, const struct manifest_file *file)
{
    struct manifest_file *files =
            realloc(manifest->files, (manifest->count + 1) * sizeof(*manifest->files));

    if (files == NULL) {
        return ERR_MEMORY;
    }
    manifest->files = files;
    manifest->files[manifest->count++] = *file;
    return ERR_OK;
}

void manifest_finish(struct manifest *manifest)
{
    free(manifest->files);
    *manifest = (struct manifest){ 0 };
}

const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->count; i++) {
        if (strcmp(manifest->files[i].name, name) == 0) {
            return &manifest->files[i];
        }
    }
    return NULL;
}

enum err file_hash(const char *path, uint64_t *bytes, uint64_t *hash)
{
    char chunk[16384];
    ssize_t got = -1;
    XXH3_state_t *state = XXH3_createState();
    SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

    *bytes = 0;
    if (state != NULL && fd >= 0 && XXH3_64bits_reset(state) == XXH_OK) {
        while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
            XXH3_64bits_update(state, chunk, (size_t)got);
            *bytes += (uint64_t)got;
        }
        *hash = XXH3_64bits_digest(state);
    }
    XXH3_freeState(state);
    return got < 0 ? ERR_IO : ERR_OK;
}

static void print(const struct manifest *manifest, struct buffer *out)
{
    buffer_print(out,
            "{\"format\":%d,\"cell\":\"%012" PRIx64 "\",\"generation\":%" PRIu64
            ",\"created_ms\":%" PRId64 ",\"partitions\":%" PRIu64 ",\"log_first\":%" PRIu64
            ",\"log_last\":%" PRIu64 ",\"files\":[",
            MANIFEST_FORMAT, manifest->cell_id, manifest->generation, manifest->created_ms,
            manifest->partitions, manifest->log_first, manifest->log_last);
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        buffer_print(out,
                "%s{\"name\":\"%s\",\"bytes\":%" PRIu64 ",\"xxh3\":\"%016" PRIx64
                "\",\"index\":%" PRIu64 "}",
                i == 0 ? "" : ",", file->name, file->bytes, file->hash, file->index);
    }
    buffer_add_literal(out, "]}");
    XXH64_hash_t hash = buffer_is_whole(out) ? XXH3_64bits(out->data, out->bytes) : 0;
    buffer_print(out, "\n%016" PRIx64 "\n", (uint64_t)hash);
}

enum err manifest_write(const struct manifest *manifest, const char *path)
{
    struct buffer out = { 0 };
    enum err err = ERR_OK;

    print(manifest, &out);
    SCOPED_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!buffer_is_whole(&out)) {
        err = ERR_MEMORY;
    } else if (fd < 0 || write(fd, out.data, out.bytes) != (ssize_t)out.bytes || fsync(fd) != 0) {
        err = errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    }
    buffer_finish(&out);
    return err;
}

static bool read_hex(const struct json *value, uint64_t *number)
{
    struct bytes text;
    char digits[20], *end;

    if (!json_read_string(value, &text) || text.size == 0 || text.size > HASH_DIGITS) {
        return false;
    }
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    *number = strtoull(digits, &end, 16);
    return *end == '\0';
}

// "manifest.sh" it is not: letters, digits, one '/' inside, and no "..".
static bool is_safe_name(struct bytes name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789./";

    if (name.size == 0 || name.size >= sizeof(((struct manifest_file *)0)->name) ||
            name.data[0] == '/') {
        return false;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        bool is_climbing = i > 0 && name.data[i] == '.' && name.data[i - 1] == '.';
        if (name.data[i] == '\0' || strchr(allowed, name.data[i]) == NULL || is_climbing) {
            return false;
        }
    }
    return true;
}

static bool read_file(const struct json *value, struct manifest_file *file)
{
    struct bytes name;

    if (!json_read_string(json_get(value, "name"), &name) || !is_safe_name(name) ||
            !json_read_uint(json_get(value, "bytes"), &file->bytes) ||
            !read_hex(json_get(value, "xxh3"), &file->hash) ||
            !json_read_uint(json_get(value, "index"), &file->index)) {
        return false;
    }
    memcpy(file->name, name.data, name.size);
    file->name[name.size] = '\0';
    return true;
}

static enum err read_root(struct manifest *manifest, const struct json *root)
{
    const struct json *files = json_get(root, "files");
    uint64_t format = 0, created = 0;

    if (!json_read_uint(json_get(root, "format"), &format) || format != MANIFEST_FORMAT) {
        return ERR_INVALID;
    }
    if (!read_hex(json_get(root, "cell"), &manifest->cell_id) ||
            !json_read_uint(json_get(root, "generation"), &manifest->generation) ||
            !json_read_uint(json_get(root, "created_ms"), &created) ||
            !json_read_uint(json_get(root, "partitions"), &manifest->partitions) ||
            !json_read_uint(json_get(root, "log_first"), &manifest->log_first) ||
            !json_read_uint(json_get(root, "log_last"), &manifest->log_last)) {
        return ERR_DAMAGED;
    }
    manifest->created_ms = (int64_t)created;
    for (size_t i = 0; i < json_count(files); i++) {
        struct manifest_file file = { 0 };
        enum err err =
                read_file(json_at(files, i), &file) ? manifest_add(manifest, &file) : ERR_DAMAGED;
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err parse(struct manifest *manifest, const char *text, size_t bytes)
{
    const char *end = memchr(text, '\n', bytes);
    char hash[HASH_DIGITS + 3], why[100];

    if (end == NULL) {
        return ERR_DAMAGED;
    }
    size_t line = (size_t)(end - text);
    snprintf(hash, sizeof(hash), "\n%016" PRIx64 "\n", (uint64_t)XXH3_64bits(text, line));
    if (bytes - line != HASH_DIGITS + 2 || memcmp(end, hash, HASH_DIGITS + 2) != 0) {
        return ERR_DAMAGED;
    }
    struct json *root = json_parse(text, line, why, sizeof(why));
    enum err err = root == NULL ? ERR_DAMAGED : read_root(manifest, root);
    json_destroy(root);
    return err;
}

enum err manifest_read(struct manifest *manifest, const char *path, char *reason,
        size_t reason_bytes)
{
    struct stat status;
    SCOPED_FREE char *text = NULL;

    *manifest = (struct manifest){ 0 };
    SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(reason, reason_bytes, "cannot read %s: %s", path, strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    }
    if (status.st_size == 0 || status.st_size > MANIFEST_BYTES_MAX) {
        snprintf(reason, reason_bytes, "%s is damaged: it has %lld bytes", path,
                (long long)status.st_size);
        return ERR_DAMAGED;
    }
    text = malloc((size_t)status.st_size);
    if (text == NULL || read(fd, text, (size_t)status.st_size) != status.st_size) {
        snprintf(reason, reason_bytes, "cannot read %s", path);
        return text == NULL ? ERR_MEMORY : ERR_IO;
    }
    enum err err = parse(manifest, text, (size_t)status.st_size);
    if (err != ERR_OK) {
        manifest_finish(manifest);
        snprintf(reason, reason_bytes,
                err == ERR_INVALID ? "%s is of a format that this program does not know"
                                   : "%s is damaged: it does not fit its own checksum",
                path);
    }
    return err;
}
