/* Does the store work: a few bytes are kept, given back and removed, under no clinic's number. */
#include "db/arena.h"
#include "db/clock.h"
#include "db/keys.h"
#include "db/store/parts.h"
#include "db/store/s3.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NOBODY = 0 };

static const char words[] = "clinicd doctor was here";

static bool words_write(int fd)
{
    return write(fd, words, sizeof words) == (ssize_t)sizeof words && fsync(fd) == 0;
}

static enum err folder_probe(const struct store *store, struct fault *fault)
{
    char found[sizeof words];
    const char *name = random_token(fault->arena, "probe-", SPOOL_NAME_BYTES);
    enum err err = folder_has_room(store, fault);
    if (err)
        return err;
    int fd CLEANUP(fd_drop) =
        openat(store->folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return folder_failed(fault, errno, "nothing can be kept");
    if (!words_write(fd) || pread(fd, found, sizeof found, 0) != (ssize_t)sizeof found)
        err = folder_failed(fault, errno, "what is kept does not come back");
    if (unlinkat(store->folder, name, 0) != 0 && !err)
        err = folder_failed(fault, errno, "nothing can be removed");
    return err;
}

static enum err words_compare(struct s3_stream *stream, struct fault *fault)
{
    char found[sizeof words];
    size_t length = 0;
    ssize_t n;
    while (length < sizeof found &&
           (n = s3_stream_read(stream, found + length, sizeof found - length)) > 0)
        length += (size_t)n;
    if (length == sizeof words && memcmp(found, words, sizeof words) == 0)
        return ERR_NONE;
    return fail_quietly(fault, ERR_INTERNAL, NULL, "the bucket gives back other bytes");
}

static enum err bucket_probe(struct s3 *s3, struct fault *fault)
{
    char id[UUID_TEXT];
    uint64_t size = 0;
    struct s3_stream *stream = NULL;
    int fd CLEANUP(fd_drop) = memfd_create("probe", MFD_CLOEXEC);
    struct spool spool = {.clinic = NOBODY, .reading_fd = fd, .size = sizeof words};
    if (fd < 0 || !words_write(fd))
        return fail_quietly(fault, ERR_INTERNAL, NULL, "no memory: %s", strerror(errno));
    digest_hex(words, sizeof words, spool.sha256);
    uuid_make(clock_now_us(), id);
    enum err err = bucket_keep(s3, &spool, id, fault);
    if (err)
        return err;
    err = bucket_read(s3, NOBODY, id, 0, sizeof words, fault, &size, &stream);
    if (!err)
        err = words_compare(stream, fault);
    s3_stream_close(stream);
    enum err leaving = bucket_remove(s3, NOBODY, id, fault);
    return err ? err : leaving;
}

enum err store_probe(struct store *store, struct fault *fault)
{
    return store->s3 ? bucket_probe(store->s3, fault) : folder_probe(store, fault);
}
