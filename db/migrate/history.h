/* ops.migration: which files were applied, when and by whom, and what they said then. Every row
 * holds the hash of the one before it, so that a changed or missing row is seen. The service's role
 * reads the versions and nothing else. What a file cost is beside the hashed columns, not in them.
 * For db/migrate/ only.
 */
#ifndef DB_MIGRATE_HISTORY_H
#define DB_MIGRATE_HISTORY_H

#include "db/keys.h"
#include "db/migrate/migrator.h"

struct history_row {
    int version;
    const char *name;
    const char *kind;
    const char *sha256;      /* of the file's text */
    const char *text_sha256; /* of the text that the row holds */
    const char *applied_at_us;
    const char *applied_at; /* RFC 3339 */
    const char *duration_ms;
    const char *applied_by;
    const char *tool;
    const char *prev_hash;
    const char *hash;
};

struct history {
    struct history_row *rows; /* in the fault's arena, by version */
    size_t count;
};

/* Makes schema ops and all its tables when they are not there, and lets the service and backups see
 * what is theirs to see. */
enum err history_prepare(struct migrator *migrator) FAILS;

/* Empty when there is no table yet. */
enum err history_read(struct migrator *migrator, struct history *out) FAILS;

/* The row that says a file is applied; inside the file's transaction. */
enum err history_add(struct migrator *migrator, const struct migration *file,
                     const struct migrate_done *done) FAILS;
enum err history_remove(struct migrator *migrator, int version) FAILS;

/* Whether the file is still the one that was applied: to the byte, or but for comments and space,
 * or because somebody accepted the edit (ops.migration_accepted). */
enum err history_is_same(struct migrator *migrator, const struct history_row *row,
                         const struct migration *file, bool *is_same) FAILS;

/* Accepts the edited file of a version from now on; the row and its hash stay as they are. */
enum err history_accept(struct migrator *migrator, const struct migration *file,
                        const char *reason) FAILS;

/* What the database says was applied must be what this program holds, from the first on. */
enum err history_check(struct migrator *migrator, const struct history *history) FAILS;

/* ERR_CONFLICT "history-broken": a row does not fit the one before it, or itself. */
enum err history_check_chain(struct migrator *migrator, const struct history *history) FAILS;

const char *migration_digest(const struct migration *file, char out[DIGEST_TEXT]);

#endif
