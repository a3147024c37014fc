/* Where the bytes of files live: a folder, or a bucket of an S3-compatible server. What a file is
 * and whose stands in the database; here is nothing but bytes under a clinic's number and a name
 * that we made (a UUID). No name of a client's ever becomes a path.
 *
 *     struct spool *spool;                        arriving: a file of the clinic's folder tmp/,
 *     spool_open(store, clinic, most, f, &spool)  0600, hashed and counted as it comes
 *     spool_write(spool, bytes, n, f) …
 *     spool_finish(spool, f)                      fsync; size and SHA-256 are known
 *     store_keep(store, spool, id, f)             durable under its name, or nothing happened
 *     spool_drop(spool)                           always; what was not kept is gone
 *
 * What is kept is durable before the row that names it is written; what is kept and never named is
 * found by the sweep (models/file/custody.h). Everything may be called by any thread; a spool and a
 * reader belong to one at a time. */
#ifndef DB_STORE_STORE_H
#define DB_STORE_STORE_H

#include "db/error.h"
#include "db/uuid.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SHA256_TEXT = 65 };

struct store;
struct spool;
struct store_reader;

struct store_options {
    const char *folder; /* of the files, and in any case of what is arriving */
    const char
        *bucket_url;    /* "https://host/bucket[/prefix]": an S3 server; NULL or "": the folder */
    const char *region; /* of the bucket: "us-east-1" */
    const char *access_key; /* of the bucket */
    const char *secret_key;
    int least_free_percent; /* 5: below that nothing more is taken */
    int timeout_s;          /* 30: of one request to the bucket that does not get on */
};

/* Makes the folder (0700). ERR_INPUT, with a sentence for the operator: it cannot be used. */
enum err store_open(const struct store_options *options, struct fault *fault,
                    struct store **out) FAILS;
void store_close(struct store *store); /* NULL is fine */

/* Keeps, reads and removes a few bytes of nobody's. Fails with a reason when any of it does. */
enum err store_probe(struct store *store, struct fault *fault) FAILS;

/* ERR_INPUT insufficient-storage: too little space is left. */
enum err spool_open(struct store *store, int64_t clinic, uint64_t most_bytes, struct fault *fault,
                    struct spool **out) FAILS;
/* ERR_INPUT payload-too-large: more than most_bytes; insufficient-storage: the disk is full. */
enum err spool_write(struct spool *spool, const void *bytes, size_t n, struct fault *fault) FAILS;
enum err spool_finish(struct spool *spool, struct fault *fault) FAILS;
uint64_t spool_size(const struct spool *spool);
const char *spool_sha256(const struct spool *spool); /* 64 digits, after spool_finish() */
int spool_fd(const struct spool *spool);             /* to read it, from anywhere: pread() */
void spool_drop(struct spool *spool);                /* NULL is fine */

/* An fsync that failed is never tried again as if it had worked. ERR_UNAVAILABLE store-unavailable:
 * the bucket does not answer. */
enum err store_keep(struct store *store, struct spool *spool, const char *id,
                    struct fault *fault) FAILS;

/* Gone, or it was not there. */
enum err store_remove(struct store *store, int64_t clinic, const char *id,
                      struct fault *fault) FAILS;

/* `length` bytes from `offset` on. ERR_INTERNAL file-missing: it is not there, or not `size` bytes
 * long; never another file. */
enum err store_read(struct store *store, int64_t clinic, const char *id, uint64_t size,
                    uint64_t offset, uint64_t length, struct fault *fault,
                    struct store_reader **out) FAILS;
/* The next bytes, at most `room`; 0: that was all; -1: it broke off (the connection must too). */
ssize_t store_reader_read(struct store_reader *reader, void *out, size_t room);
void store_reader_close(struct store_reader *reader); /* NULL is fine */

/* Puts the whole at `path`, where nothing is yet: by a link where that is possible, else copied;
 * not durable. ERR_INTERNAL file-missing as above. */
enum err store_save(struct store *store, int64_t clinic, const char *id, uint64_t size,
                    const char *path, struct fault *fault) FAILS;

/* Takes what `fd` is open for, from where it stands, under its name. One that is there already with
 * the same bytes stays; ERR_CONFLICT id-taken: it has others, or the file's are not of `sha256`.
 * `is_new`: it was put. */
enum err store_load(struct store *store, int64_t clinic, const char *id, int fd, const char *sha256,
                    struct fault *fault, bool *is_new) FAILS;

/* --- for the sweep and for fsck (models/file/custody.h) --- */

struct store_object {
    char name[UUID_TEXT]; /* its id; of a spool, 32 digits */
    bool is_spool;
    uint64_t size;
    int64_t changed_us; /* when it was written, as clock_now_us() */
};

typedef bool (*store_visit)(void *user, const struct store_object *object); /* false: no more */

/* Everything that is there of a clinic, spools first, in no order; what comes or goes meanwhile may
 * be seen or not. Objects under names that are not ours are passed over. */
enum err store_walk(struct store *store, int64_t clinic, store_visit visit, void *user,
                    struct fault *fault) FAILS;

/* How long it is. ERR_INTERNAL file-missing. */
enum err store_look(struct store *store, int64_t clinic, const char *id, struct fault *fault,
                    uint64_t *size) FAILS;

/* Removes a spool that a crash has left. */
enum err store_remove_spool(struct store *store, int64_t clinic, const char *name,
                            struct fault *fault) FAILS;

#endif
