/* The folder of a backup: written as a draft, renamed when it is whole; and read only after every
 * byte of it was found as it was written. For db/backup/ only. */
#ifndef DB_BACKUP_FOLDER_H
#define DB_BACKUP_FOLDER_H

#include "db/buf.h"
#include "db/keys.h"

#include <stdint.h>

struct draft {
    const char *path;  /* hidden, while it is written; NULL: there is none */
    const char *final; /* its name when it is whole */
    const char *parent;
    int lock; /* held as long as somebody writes it, however he ends */
    struct buf sums;
    int64_t bytes;
};

/* Makes it in `parent`, after sweeping what killed backups left there. */
enum err draft_begin(const char *parent, const char *name, struct fault *fault,
                     struct draft *out) FAILS;

/* On to the disk and into SHA256SUMS; `name` within the folder. `digest` may be NULL. */
enum err draft_seal(struct draft *draft, const char *name, struct fault *fault, int64_t *bytes,
                    char digest[DIGEST_TEXT]) FAILS;

/* A small file of ours, sealed. */
enum err draft_write(struct draft *draft, const char *name, const char *text, struct fault *fault,
                     char digest[DIGEST_TEXT]) FAILS;

/* Writes SHA256SUMS and renames. The draft is then over. */
enum err draft_finish(struct draft *draft, struct fault *fault) FAILS;

/* Removes one that was not finished. */
void draft_drop(struct draft *draft);

/* Reads a whole small file. "backup-damaged" when it is not there or too big. */
enum err dump_read(const char *folder, const char *name, struct fault *fault, char **out) FAILS;

/* Every file of SHA256SUMS is as it was written; manifest.json is among them, and the payload, with
 * the digest that the manifest has for it. `files`: how many lie in files/. */
enum err dump_check(const char *folder, const char *payload, const char *sha256,
                    struct fault *fault, int64_t *files) FAILS;

enum err dump_damaged(struct fault *fault, const char *folder, const char *format, ...)
    PRINTF(3, 4) FAILS;

#endif
