#include "db/store/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_EVERY = 1024 * 1024 }; /* bytes, then: is there still room? */

static enum err spool_make(struct spool *spool, struct fault *fault)
{
    unsigned char random[SPOOL_NAME_BYTES];
    randombytes_buf(random, sizeof random);
    char name[SPOOL_NAME_TEXT];
    sodium_bin2hex(name, sizeof name, random, sizeof random);
    spool->fd = openat(spool->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       S_IRUSR | S_IWUSR);
    if (spool->fd < 0)
        return folder_failed(fault, errno, "a spool cannot be made");
    memcpy(spool->name, name, sizeof name);
    spool->reading_fd = openat(spool->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (spool->reading_fd < 0)
        return folder_failed(fault, errno, "a spool cannot be opened");
    return ERR_NONE;
}

enum err spool_open(struct store *store, int64_t clinic, uint64_t most_bytes, struct fault *fault,
                    struct spool **out)
{
    enum err err = folder_has_room(store, fault);
    if (err)
        return err;
    struct spool *spool = calloc(1, sizeof *spool);
    if (!spool)
        abort();
    *spool = (struct spool){.store = store,
                            .clinic = clinic,
                            .folder = -1,
                            .fd = -1,
                            .reading_fd = -1,
                            .most = most_bytes,
                            .next_look = LOOK_EVERY};
    crypto_hash_sha256_init(&spool->hash);
    err = folder_spools(store, clinic, fault, &spool->folder);
    if (!err)
        err = spool_make(spool, fault);
    if (err) {
        spool_drop(spool);
        return err;
    }
    *out = spool;
    return ERR_NONE;
}

static enum err write_all(struct spool *spool, const unsigned char *bytes, size_t n,
                          struct fault *fault)
{
    while (n > 0) {
        ssize_t written = write(spool->fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return folder_failed(fault, written < 0 ? errno : ENOSPC, "a spool cannot be written");
        bytes += written;
        n -= (size_t)written;
    }
    return ERR_NONE;
}

static enum err write_checked(struct spool *spool, const void *bytes, size_t n, struct fault *fault)
{
    if (spool->is_broken || spool->is_finished)
        return fail_quietly(fault, ERR_INTERNAL, NULL, "a spool that is closed was written to");
    if (n > spool->most - spool->size)
        return fail(fault, ERR_INPUT, "payload-too-large",
                    "A file may have at most %" PRIu64 " bytes here.", spool->most);
    if (spool->size + n >= spool->next_look) {
        enum err err = folder_has_room(spool->store, fault);
        if (err)
            return err;
        spool->next_look = spool->size + n + LOOK_EVERY;
    }
    return write_all(spool, bytes, n, fault);
}

/* After a failure nobody knows what the disk has: the spool takes and gives nothing more. */
enum err spool_write(struct spool *spool, const void *bytes, size_t n, struct fault *fault)
{
    enum err err = write_checked(spool, bytes, n, fault);
    if (err) {
        spool->is_broken = true;
        return err;
    }
    crypto_hash_sha256_update(&spool->hash, bytes, n);
    spool->size += n;
    return ERR_NONE;
}

enum err spool_finish(struct spool *spool, struct fault *fault)
{
    if (spool->is_broken || spool->is_finished)
        return fail_quietly(fault, ERR_INTERNAL, NULL, "a spool that is closed was finished");
    /* The kernel may report a lost page once and never again: no second try. */
    if (fsync(spool->fd) != 0) {
        spool->is_broken = true;
        return folder_failed(fault, errno, "a spool cannot be synced");
    }
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&spool->hash, digest);
    sodium_bin2hex(spool->sha256, sizeof spool->sha256, digest, sizeof digest);
    spool->is_finished = true;
    return ERR_NONE;
}

uint64_t spool_size(const struct spool *spool)
{
    return spool->size;
}

const char *spool_sha256(const struct spool *spool)
{
    return spool->sha256;
}

int spool_fd(const struct spool *spool)
{
    return spool->reading_fd;
}

void spool_drop(struct spool *spool)
{
    if (!spool)
        return;
    if (spool->name[0] != '\0')
        unlinkat(spool->folder, spool->name, 0);
    fd_drop(&spool->reading_fd);
    fd_drop(&spool->fd);
    fd_drop(&spool->folder);
    free(spool);
}
