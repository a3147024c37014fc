/* What the files of db/store share: the folder under a store, and a spool's inside. Every step into
 * the folder is one openat() from the step before, with O_NOFOLLOW; the names of the steps are a
 * number, two hexadecimal digits, a UUID, or random bytes of ours. */
#ifndef DB_STORE_PARTS_H
#define DB_STORE_PARTS_H

#include "db/store/store.h"

#include <sodium.h>
#include <stdbool.h>

struct s3;
struct s3_stream;

struct store {
    int folder;    /* of all clinics */
    struct s3 *s3; /* the bucket; NULL: the folder keeps what was spooled, too */
    int least_free_percent;
};

enum { PLACE_TEXT = 3 }; /* the two digits, from the end of an id */

enum { SPOOL_NAME_BYTES = 16, SPOOL_NAME_TEXT = 2 * SPOOL_NAME_BYTES + 1 };

struct spool {
    struct store *store;
    int64_t clinic;
    int folder; /* tmp/ of the clinic */
    int fd;     /* to write; never given away */
    int reading_fd;
    char name[SPOOL_NAME_TEXT]; /* in tmp/; "": it is no longer there */
    uint64_t size, most, next_look;
    crypto_hash_sha256_state hash;
    char sha256[SHA256_TEXT];
    bool is_finished, is_broken;
};

void fd_drop(int *fd); /* closes it, unless it is -1 */

/* --- the folder --- */

enum err folder_open(const char *path, struct fault *fault, int *out) FAILS;

/* ERR_INPUT insufficient-storage below the floor. */
enum err folder_has_room(const struct store *store, struct fault *fault) FAILS;

/* tmp/ of the clinic, made when it is not there. */
enum err folder_spools(const struct store *store, int64_t clinic, struct fault *fault,
                       int *out) FAILS;

/* From tmp/ to its name, durably. ERR_CONFLICT id-taken: there is one of that name. */
enum err folder_keep(const struct store *store, const struct spool *spool, const char *id,
                     struct fault *fault) FAILS;
enum err folder_remove(const struct store *store, int64_t clinic, const char *id,
                       struct fault *fault) FAILS;

/* For reading; ERR_INTERNAL file-missing: it is not there. */
enum err folder_read(const struct store *store, int64_t clinic, const char *id, struct fault *fault,
                     int *out, uint64_t *size) FAILS;
enum err folder_remove_spool(const struct store *store, int64_t clinic, const char *name,
                             struct fault *fault) FAILS;
/* Its spools, and, unless only_spools, its files. */
enum err folder_walk(const struct store *store, int64_t clinic, bool only_spools, store_visit visit,
                     void *user, struct fault *fault) FAILS;

/* "the store: <what>: <errno>", for the log; ENOSPC and its kin are insufficient-storage. */
enum err folder_failed(struct fault *fault, int error, const char *what) FAILS;

/* --- the bucket: as of the folder; ERR_UNAVAILABLE store-unavailable: it does not answer --- */

enum err bucket_keep(struct s3 *s3, const struct spool *spool, const char *id,
                     struct fault *fault) FAILS;
enum err bucket_remove(struct s3 *s3, int64_t clinic, const char *id, struct fault *fault) FAILS;
enum err bucket_look(struct s3 *s3, int64_t clinic, const char *id, struct fault *fault,
                     uint64_t *size) FAILS;
/* At least one byte. `size`: how long the whole file is. */
enum err bucket_read(struct s3 *s3, int64_t clinic, const char *id, uint64_t offset,
                     uint64_t length, struct fault *fault, uint64_t *size,
                     struct s3_stream **out) FAILS;
enum err bucket_walk(struct s3 *s3, int64_t clinic, store_visit visit, void *user,
                     struct fault *fault) FAILS;

#endif
