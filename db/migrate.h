/* The migration runner: applies, reverts, shows and verifies the files of db/migrations, which are
 * embedded and split into single statements at build time (operations.md A3 1-4, 8, 9).
 *
 * It works on a connection of its own, as the migrator (BYPASSRLS), under a session advisory lock
 * that is polled; each file is one transaction: up, verify, history row, COMMIT. History is
 * ops.migration; every row holds the hash of the one before it. The service never migrates at
 * start.
 *
 * Files run as the migrator and say nothing about owners: at the end of each the runner gives what
 * the migrator then owns in schema clinicd to clinicd_owner. What a file itself gave to another
 * role (a definer function) stays there.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* One file, as embed.c made it. */
struct migration {
    int version;
    const char *name; /* "house" of 0001_house.sql */
    const char *kind; /* expand backfill contract */
    bool in_tx;
    const char *text;          /* the file; its SHA-256 is what history remembers */
    const char *const *up;     /* NULL-terminated statements */
    const char *const *verify; /* each a boolean query that must say true */
    const char *const *down;   /* NULL: cannot be reverted */
    const char *const *loss;   /* queries that count rows which `down` would lose, or NULL */
};

extern const struct migration migrations[]; /* ends with version 0 */

/* db/migrations/roles.sql, for a superuser: idempotent statements, no migration. */
extern const char *const migration_roles[]; /* NULL-terminated */

int migrate_latest(void); /* version of the newest embedded file */

struct migrate_options {
    const char *url; /* the migrator's */
    int64_t lock_wait_ms;
    int to;               /* target version; -1: up to the newest */
    int64_t data_loss_ok; /* -1: none; else exactly the rows that down may lose */
    void (*say)(void *user, const char *line); /* progress, may be NULL */
    void *user;
    const struct migration *files; /* NULL: those of this program */
};

enum migration_state { MIGRATION_APPLIED, MIGRATION_PENDING, MIGRATION_EDITED, MIGRATION_UNKNOWN };

struct migration_status {
    int version;
    const char *name;
    enum migration_state state;
    const char *applied_at; /* RFC 3339 or NULL */
    int64_t duration_ms;
};

/* All give ERR_UNAVAILABLE (cannot connect), ERR_TIMEOUT (lock not got; the fault names the
 * holder), ERR_CONFLICT (edited or unknown files, data loss not confirmed), ERR_INTERNAL (failed,
 * rolled back; or a verification failed: code "verification-failed"). */
enum err migrate_up(const struct migrate_options *options, struct fault *fault, int *applied) FAILS;
enum err migrate_down(const struct migrate_options *options, int steps, struct fault *fault,
                      int *reverted) FAILS;
enum err migrate_status(const struct migrate_options *options, struct arena *arena,
                        struct fault *fault, struct migration_status **out, size_t *count) FAILS;
enum err migrate_verify(const struct migrate_options *options, struct fault *fault) FAILS;

#endif
