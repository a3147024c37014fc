#include "db/store/store.h"

#include "db/arena.h"
#include "db/store/parts.h"
#include "db/store/s3.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store_reader {
    int fd;                   /* of a file in the folder, or -1 */
    struct s3_stream *stream; /* of one in the bucket */
    uint64_t at, left;
};

enum err store_open(const struct store_options *options, struct fault *fault, struct store **out)
{
    if (sodium_init() < 0)
        return fail_quietly(fault, ERR_INTERNAL, NULL, "libsodium does not start");
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        abort();
    *store = (struct store){.folder = -1, .least_free_percent = options->least_free_percent};
    enum err err = folder_open(options->folder, fault, &store->folder);
    if (!err && options->bucket_url && options->bucket_url[0])
        err = s3_open(options, fault, &store->s3);
    if (err) {
        store_close(store);
        return err;
    }
    *out = store;
    return ERR_NONE;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    s3_close(store->s3);
    fd_drop(&store->folder);
    free(store);
}

/* An id becomes a name only when it is a UUID, and then in one spelling. */
static enum err id_spell(const char *id, struct fault *fault, char out[UUID_TEXT])
{
    if (!uuid_is_valid(id))
        return fail_quietly(fault, ERR_INTERNAL, NULL, "the store was asked for what is no UUID");
    for (size_t i = 0; i < UUID_TEXT; i++)
        out[i] = (char)tolower((unsigned char)id[i]);
    return ERR_NONE;
}

enum err store_keep(struct store *store, struct spool *spool, const char *id, struct fault *fault)
{
    char name[UUID_TEXT];
    enum err err = id_spell(id, fault, name);
    if (!err && (!spool->is_finished || spool->name[0] == '\0'))
        err = fail_quietly(fault, ERR_INTERNAL, NULL, "a spool that is not finished was kept");
    if (err || store->s3)
        return err ? err : bucket_keep(store->s3, spool, name, fault);
    err = folder_keep(store, spool, name, fault);
    if (!err)
        spool->name[0] = '\0';
    return err;
}

enum err store_remove(struct store *store, int64_t clinic, const char *id, struct fault *fault)
{
    char name[UUID_TEXT];
    enum err err = id_spell(id, fault, name);
    if (err)
        return err;
    return store->s3 ? bucket_remove(store->s3, clinic, name, fault)
                     : folder_remove(store, clinic, name, fault);
}

enum err store_look(struct store *store, int64_t clinic, const char *id, struct fault *fault,
                    uint64_t *size)
{
    char name[UUID_TEXT];
    int fd CLEANUP(fd_drop) = -1;
    enum err err = id_spell(id, fault, name);
    if (err)
        return err;
    return store->s3 ? bucket_look(store->s3, clinic, name, fault, size)
                     : folder_read(store, clinic, name, fault, &fd, size);
}

/* Opens it and says how long the whole is. Of nothing, only whether it is there. */
static enum err reader_open(struct store *store, int64_t clinic, const char *name, uint64_t offset,
                            uint64_t length, struct fault *fault, struct store_reader *out,
                            uint64_t *found)
{
    if (!store->s3)
        return folder_read(store, clinic, name, fault, &out->fd, found);
    if (length == 0)
        return bucket_look(store->s3, clinic, name, fault, found);
    return bucket_read(store->s3, clinic, name, offset, length, fault, found, &out->stream);
}

enum err store_read(struct store *store, int64_t clinic, const char *id, uint64_t size,
                    uint64_t offset, uint64_t length, struct fault *fault,
                    struct store_reader **out)
{
    char name[UUID_TEXT];
    uint64_t found = 0;
    struct store_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        abort();
    *reader = (struct store_reader){.fd = -1, .at = offset, .left = length};
    enum err err = id_spell(id, fault, name);
    if (!err)
        err = reader_open(store, clinic, name, offset, length, fault, reader, &found);
    if (!err && (found != size || offset > size || length > size - offset))
        err = fail_quietly(fault, ERR_INTERNAL, "file-missing",
                           "the store: file %s of clinic %" PRId64 " has %" PRIu64
                           " bytes and should have %" PRIu64,
                           name, clinic, found, size);
    if (err) {
        store_reader_close(reader);
        return err;
    }
    *out = reader;
    return ERR_NONE;
}

static ssize_t reader_take(struct store_reader *reader, void *out, size_t room)
{
    ssize_t n;
    if (reader->stream)
        return s3_stream_read(reader->stream, out, room);
    do
        n = pread(reader->fd, out, room, (off_t)reader->at);
    while (n < 0 && errno == EINTR);
    return n;
}

/* A file that is shorter by now broke off. */
ssize_t store_reader_read(struct store_reader *reader, void *out, size_t room)
{
    if (reader->left == 0)
        return 0;
    ssize_t n = reader_take(reader, out, room < reader->left ? room : (size_t)reader->left);
    if (n <= 0)
        return -1;
    reader->at += (uint64_t)n;
    reader->left -= (uint64_t)n;
    return n;
}

void store_reader_close(struct store_reader *reader)
{
    if (!reader)
        return;
    s3_stream_close(reader->stream);
    fd_drop(&reader->fd);
    free(reader);
}

struct watch {
    store_visit visit;
    void *user;
    bool goes_on;
};

static bool watch_visit(void *user, const struct store_object *object)
{
    struct watch *watch = user;
    return watch->goes_on = watch->visit(watch->user, object);
}

enum err store_walk(struct store *store, int64_t clinic, store_visit visit, void *user,
                    struct fault *fault)
{
    struct watch watch = {.visit = visit, .user = user, .goes_on = true};
    enum err err = folder_walk(store, clinic, store->s3 != NULL, watch_visit, &watch, fault);
    if (!err && watch.goes_on && store->s3)
        err = bucket_walk(store->s3, clinic, visit, user, fault);
    return err;
}

enum err store_remove_spool(struct store *store, int64_t clinic, const char *name,
                            struct fault *fault)
{
    return folder_remove_spool(store, clinic, name, fault);
}
