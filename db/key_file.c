#include "db/key_file.h"

#include "db/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16384, HEX_TEXT = 2 * SECRET_BYTES + 1 };

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void json_free(json_t **json)
{
    json_decref(*json);
}

static enum err fail_errno(struct fault *fault, const char *path, const char *what)
{
    return fail(fault, ERR_INTERNAL, NULL, "the key file %s: %s: %s", path, what, strerror(errno));
}

void key_file_wipe(struct key_file *file)
{
    sodium_memzero(file, sizeof *file);
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

/* A name is durable when its folder is. */
static bool folder_sync(struct arena *arena, const char *path)
{
    int folder CLEANUP(fd_close) =
        open(dirname(arena_copy(arena, path)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder >= 0 && fsync(folder) == 0;
}

static bool first_write(int fd)
{
    unsigned char master[SECRET_BYTES];
    char hex[HEX_TEXT];
    char at[CLOCK_TEXT];
    char text[256];
    randombytes_buf(master, sizeof master);
    sodium_bin2hex(hex, sizeof hex, master, sizeof master);
    int length = snprintf(text, sizeof text,
                          "{\"keys\": [{\"id\": 1, \"made_at\": \"%s\", \"key\": \"%s\"}]}\n",
                          clock_text(clock_now_us(), 0, at), hex);
    bool is_written = write_all(fd, text, (size_t)length) && fsync(fd) == 0;
    sodium_memzero(master, sizeof master);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(text, sizeof text);
    return is_written;
}

/* Complete under another name first, then linked: link() never replaces, so of two first starts at
 * once one wins and the other reads the winner's file. */
static enum err key_file_make(const char *path, struct fault *fault)
{
    const char *draft = random_token(fault->arena, arena_format(fault->arena, "%s.", path), 9);
    int fd CLEANUP(fd_close) =
        open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(fault, path, "cannot be made");
    enum err err = ERR_NONE;
    if (!first_write(fd))
        err = fail_errno(fault, path, "cannot be written");
    else if (link(draft, path) != 0 && errno != EEXIST)
        err = fail_errno(fault, path, "cannot be made");
    unlink(draft);
    if (!err && !folder_sync(fault->arena, path))
        err = fail_errno(fault, path, "its folder cannot be synced");
    return err;
}

static enum err check_owner(const char *path, int fd, struct fault *fault)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return fail_errno(fault, path, "cannot be examined");
    if (!S_ISREG(found.st_mode))
        return fail(fault, ERR_INTERNAL, NULL, "the key file %s is not a file", path);
    if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fail(fault, ERR_INTERNAL, NULL,
                    "the key file %s can be reached by others: its mode must be 0600", path);
    if (geteuid() != 0 && found.st_uid != geteuid())
        return fail(fault, ERR_INTERNAL, NULL, "the key file %s belongs to somebody else", path);
    return ERR_NONE;
}

static bool entry_read(json_t *item, struct key_entry *out)
{
    json_t *id = json_object_get(item, "id");
    const char *hex = json_string_value(json_object_get(item, "key"));
    size_t length = 0;
    if (!json_is_integer(id) || json_integer_value(id) < 1 || !hex || strlen(hex) != HEX_TEXT - 1 ||
        sodium_hex2bin(out->master, SECRET_BYTES, hex, HEX_TEXT - 1, NULL, &length, NULL) != 0)
        return false;
    out->id = json_integer_value(id);
    return length == SECRET_BYTES;
}

/* Ids ascend, so none is there twice and the last is the newest. */
static bool entries_read(const char *text, size_t length, struct key_file *out)
{
    json_t *root CLEANUP(json_free) = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    json_t *list = json_object_get(root, "keys");
    size_t count = json_array_size(list);
    if (count == 0 || count > KEYS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!entry_read(json_array_get(list, i), &out->entries[i]) ||
            (i > 0 && out->entries[i].id <= out->entries[i - 1].id))
            return false;
    }
    out->count = count;
    return true;
}

enum err key_file_read(const char *path, struct fault *fault, struct key_file *out)
{
    int fd CLEANUP(fd_close) = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        enum err err = key_file_make(path, fault);
        if (err)
            return err;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0)
        return fail_errno(fault, path, "cannot be opened");
    enum err err = check_owner(path, fd, fault);
    if (err)
        return err;
    char text[FILE_MAX];
    size_t length = 0;
    ssize_t n = 0;
    while (length < sizeof text && (n = read(fd, text + length, sizeof text - length)) > 0)
        length += (size_t)n;
    struct key_file file CLEANUP(key_file_wipe) = {.count = 0};
    bool is_read = n == 0 && entries_read(text, length, &file);
    sodium_memzero(text, sizeof text);
    if (!is_read)
        return fail(fault, ERR_INTERNAL, NULL,
                    "the key file %s does not hold keys as it should; it was not touched", path);
    *out = file;
    return ERR_NONE;
}
