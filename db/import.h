/* Carrying a legacy database over: a SQLite file of any generation, or the same tables in
 * PostgreSQL, becomes clinics of this service.
 *
 * The source is copied privately and checked, its generation recognised, its content counted; then
 * its rows come in chunks, each with its place in one transaction, so that whatever ends the
 * process, the next run goes on behind the last chunk and the result is the same. What a row became
 * is remembered for ever: a second run of the same legacy database adds only what is new in it.
 * Clinics are invisible until the import is whole. In the end the file is read a second time and
 * everything is added up on both sides.
 */
#ifndef DB_IMPORT_H
#define DB_IMPORT_H

#include "db/arena.h"
#include "db/buf.h"
#include "db/stop.h"
#include "db/store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Told when a step begins, with what an earlier run had done of it, and whenever it has moved. */
struct import_progress {
    const char *verb; /* "import", then "verify" */
    const char *name; /* of the step: "patient" */
    int64_t done, total, rejected;
    int64_t bytes; /* of files, so far; 0: the step has none */
    int64_t chunk; /* rows at a time */
};

/* A clinic that the import makes, or one of an earlier import of the same source, which made it. */
struct import_clinic {
    const char *slug;
    const char *body; /* JSON as POST /clinics takes it, checked and normalised */
    const char *admin_username, *admin_password_hash;
};

struct import_options {
    const char *file;   /* or an address */
    const char *url;    /* the migrator's; a dry run needs none */
    const char *clinic; /* slug: for rows without a clinic, and for the file's only one; or NULL */
    const char *files;  /* where the legacy program kept reports, or NULL: they are left there */
    const struct store_options *store; /* where they go; needed with files, but for a dry run */
    uint64_t file_most;                /* bytes of one */
    bool scans;                        /* they wait for the scanner */
    bool is_dry;
    bool activates;          /* opens the clinics when all is whole */
    bool resets_passwords;   /* nobody keeps one */
    int chunk_rows;          /* rows a transaction; 0: 16000 */
    int64_t most_rejects;    /* -1: any number */
    int most_rejects_part;   /* of 10,000 of the source's rows, instead; 0: not given */
    const char *clinic_map;  /* {"legacy id or slug": "slug here"}, a JSON object; or NULL */
    const char *null_clinic; /* rows without one: "inherit" (or NULL), "reject", or a slug here */
    const char *duplicates;  /* "merge" (or NULL), "suffix" or "reject" */
    bool cuts;               /* what is too long, instead of rejecting it */
    const char *timezone;    /* of clinics that are made; or NULL */
    const struct import_clinic *made; /* whose all is, made for it; or NULL */
    struct stop *stop; /* asked, it ends behind the chunk that it is at; may be NULL */
    void (*progress)(void *user, const struct import_progress *progress); /* may be NULL */
    void *user;
};

/* "postgresql://…" or "postgres://…": no file. */
bool import_is_address(const char *source);

struct import_result {
    int64_t id; /* 0: a dry run */
    int64_t rejected;
    int64_t left; /* reports whose folder was not named */
    bool is_activated;
    bool has_made;    /* the options' clinic, just now */
    const char *slug; /* of a clinic that waits to be opened, or NULL */
};

/* Both write what they did for people and as one JSON value. ERR_CONFLICT: the file cannot be
 * imported (import-unreadable, import-not-legacy, import-discarded, import-unknown-columns) or not
 * now (import-needs-clinic, slug-taken, registration-number-taken, import-other-copy,
 * import-other-choice, import-other-database, import-needs-files, import-no-files, import-touched;
 * "stopped": somebody asked); ERR_INPUT "validation-failed": the options name what is not there,
 * with every fault; ERR_TIMEOUT: another import runs; ERR_INTERNAL "verification-failed": it does
 * not add up, or too much was rejected; what came in stays invisible, and both texts say how it
 * stands. `out` is filled however it ends. */
enum err import_run(const struct import_options *options, struct fault *fault, struct buf *text,
                    struct buf *json, struct import_result *out) FAILS;

/* Takes an import back, if nobody has changed anything of it since: its rows at once, then its
 * files one by one. When those cannot be removed, the same again goes on with them. `store` may be
 * NULL when it had none. */
enum err import_undo(const char *url, const struct store_options *store, int64_t id,
                     struct fault *fault, struct buf *text, struct buf *json) FAILS;

/* Opens the clinics of an import that is whole. */
enum err import_activate(const char *url, int64_t id, struct fault *fault) FAILS;

#endif
