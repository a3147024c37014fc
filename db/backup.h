/* Backups that prove themselves (operations.md A5, A10; security.md R24).
 *
 * A backup is a folder: `database.dump` (pg_dump -Fc), `files/` (those that the rows of that
 * snapshot name, out of the folder or the bucket, each with the SHA-256 of its row),
 * `manifest.json` and `SHA256SUMS` over all of it (`sha256sum -c` reads that too). The manifest
 * holds the number of rows and an order-free checksum of every table, taken in the very snapshot
 * that was dumped, so a dump that left rows out is found out. The folder is written under another
 * name and renamed when everything in it is on the disk: one that bears its name is whole.
 *
 * The dump is made as a role with BYPASSRLS: anybody else's would fail, or be empty, under forced
 * row security. A restore goes into a database of its own, is counted and added up again there, and
 * is then dropped (a proof) or renamed (a restore). Nothing is ever restored over something.
 *
 * ops.backup and ops.run get a row each, as the migrator. When he cannot be had, that is only said:
 * a backup is better than none.
 */
#ifndef DB_BACKUP_H
#define DB_BACKUP_H

#include "db/arena.h"
#include "db/stop.h"

#include <stdint.h>

struct store_options;

/* What both directions need. */
struct backup_options {
    const char *ledger_url;            /* the migrator's; NULL: nothing is noted */
    const char *command;               /* for ops.run */
    const char *arguments;             /* the same: a JSON array without secrets */
    struct stop *stop;                 /* may be NULL */
    const struct store_options *store; /* of the files: where they are, or, of a restore, where they
                                          go; NULL: none, or nowhere */
    void (*progress)(void *user, const char *what, int64_t done, int64_t total);
    void *user;
};

struct backup_facts {
    const char *id;                                            /* of the backup */
    const char *folder;                                        /* absolute, or as it was given */
    const char *kind;                                          /* "postgresql" "sqlite" */
    const char *database, *server_version, *system_identifier; /* NULL of a SQLite file */
    int schema_version;
    int64_t tables, rows, bytes, files;
    const char *const *missing; /* "7001/0190…": rows whose file is not in the backup */
    size_t missing_n;
    int64_t duration_ms;
    const char *not_noted; /* why there is no row in ops.backup; NULL: there is */
};

/* url: the backup role's. to: the folder that the backup's folder is made in (made when missing).
 * ERR_CONFLICT: the role may not see everything, or there is no pg_dump that is new enough;
 * "stopped". "verification-failed" (ERR_INTERNAL): it was made, and `out` tells of it, but rows
 * name files that the store does not have as they say. */
enum err backup_run(const struct backup_options *options, const char *url, const char *to,
                    struct fault *fault, struct backup_facts *out) FAILS;

/* A legacy SQLite file, by SQLite's own backup, with rows and checksums likewise. */
enum err backup_legacy(const struct backup_options *options, const char *file, const char *to,
                       struct fault *fault, struct backup_facts *out) FAILS;

/* One thing that is not as the manifest says. */
struct backup_difference {
    const char *what; /* "table clinicd.patient" */
    const char *wanted, *found;
};

struct restore_report {
    struct backup_facts facts; /* duration_ms: of everything */
    int64_t restore_ms;        /* of pg_restore alone */
    int64_t files_put;         /* back into the store; the others were there already */
    struct backup_difference *differences;
    size_t differences_n;
};

/* A restore proves also that every file that a row names is there; with `into` and a store they are
 * put there before the database gets its name. url: a role that may make databases (of a SQLite
 * file's backup: NULL). into: NULL proves only,
 * else the name of a database that is not there yet, or is empty. "backup-damaged" (ERR_INTERNAL)
 * before anything is done; "verification-failed" (ERR_INTERNAL) with the differences, and nothing
 * is left. */
enum err backup_restore(const struct backup_options *options, const char *url, const char *folder,
                        const char *into, struct fault *fault, struct restore_report *out) FAILS;

#endif
