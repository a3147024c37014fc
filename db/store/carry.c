/* Files out of the store into a backup, and from a backup back into a store. */
#include "db/arena.h"
#include "db/store/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536 };

static void reader_drop(struct store_reader **reader)
{
    store_reader_close(*reader);
}

static void spool_end(struct spool **spool)
{
    spool_drop(*spool);
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    for (ssize_t written; n > 0; bytes += written, n -= (size_t)written) {
        written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            written = 0;
        else if (written <= 0)
            return false;
    }
    return true;
}

/* A kept file never changes, so two names for it are as good as a copy. */
static bool link_make(const struct store *store, int64_t clinic, const char *id, uint64_t size,
                      const char *path)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault aside = {.arena = &arena};
    int fd CLEANUP(fd_drop) = -1;
    uint64_t found = 0;
    if (store->s3 || folder_read(store, clinic, id, &aside, &fd, &found) || found != size)
        return false;
    const char *name = arena_format(&arena, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

enum err store_save(struct store *store, int64_t clinic, const char *id, uint64_t size,
                    const char *path, struct fault *fault)
{
    char block[BLOCK];
    ssize_t n;
    struct store_reader *reader CLEANUP(reader_drop) = NULL;
    if (!uuid_is_valid(id))
        return fail_quietly(fault, ERR_INTERNAL, NULL, "the store was asked for what is no UUID");
    if (link_make(store, clinic, id, size, path))
        return ERR_NONE;
    enum err err = store_read(store, clinic, id, size, 0, size, fault, &reader);
    if (err)
        return err;
    int fd CLEANUP(fd_drop) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return folder_failed(fault, errno, path);
    while ((n = store_reader_read(reader, block, sizeof block)) > 0) {
        if (!write_all(fd, block, (size_t)n))
            return folder_failed(fault, errno, path);
    }
    return n == 0 ? ERR_NONE
                  : fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable",
                                 "the store: file %s of clinic %" PRId64 " broke off", id, clinic);
}

static enum err bytes_take(struct spool *spool, int fd, struct fault *fault)
{
    char block[BLOCK];
    ssize_t n;
    enum err err = ERR_NONE;
    while (!err && (n = read(fd, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        err = n < 0 ? folder_failed(fault, errno, "it cannot be read")
                    : spool_write(spool, block, (size_t)n, fault);
    }
    return err ? err : spool_finish(spool, fault);
}

/* The digest of what is there already, or "" when nothing is. */
static enum err digest_there(struct store *store, int64_t clinic, const char *id,
                             struct fault *fault, char sha256[SHA256_TEXT])
{
    char block[BLOCK];
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hash;
    uint64_t size = 0;
    ssize_t n;
    struct store_reader *reader CLEANUP(reader_drop) = NULL;
    struct fault aside = {.arena = fault->arena};
    sha256[0] = '\0';
    enum err err = store_look(store, clinic, id, &aside, &size);
    if (err == ERR_INTERNAL && aside.code && strcmp(aside.code, "file-missing") == 0)
        return ERR_NONE;
    if (!err)
        err = store_read(store, clinic, id, size, 0, size, &aside, &reader);
    if (err)
        return fail_quietly(fault, err, aside.code, "%s", aside.reason ? aside.reason : "-");
    crypto_hash_sha256_init(&hash);
    while ((n = store_reader_read(reader, block, sizeof block)) > 0)
        crypto_hash_sha256_update(&hash, (const unsigned char *)block, (unsigned long long)n);
    if (n < 0)
        return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable", "the store broke off");
    crypto_hash_sha256_final(&hash, sum);
    sodium_bin2hex(sha256, SHA256_TEXT, sum, sizeof sum);
    return ERR_NONE;
}

static enum err other_bytes(struct fault *fault, int64_t clinic, const char *id, const char *where)
{
    return fail(fault, ERR_CONFLICT, "id-taken",
                "file %s of clinic %" PRId64 " has other bytes in the %s", id, clinic, where);
}

enum err store_load(struct store *store, int64_t clinic, const char *id, int fd, const char *sha256,
                    struct fault *fault, bool *is_new)
{
    char there[SHA256_TEXT];
    struct stat about;
    struct spool *spool CLEANUP(spool_end) = NULL;
    enum err err = digest_there(store, clinic, id, fault, there);
    if (err)
        return err;
    if (there[0]) {
        *is_new = false;
        return strcmp(there, sha256) == 0 ? ERR_NONE : other_bytes(fault, clinic, id, "store");
    }
    if (fstat(fd, &about) != 0)
        return folder_failed(fault, errno, "it cannot be read");
    err = spool_open(store, clinic, (uint64_t)about.st_size, fault, &spool);
    if (!err)
        err = bytes_take(spool, fd, fault);
    if (!err && strcmp(spool_sha256(spool), sha256) != 0)
        err = other_bytes(fault, clinic, id, "backup");
    if (!err)
        err = store_keep(store, spool, id, fault);
    if (!err)
        *is_new = true;
    return err;
}
