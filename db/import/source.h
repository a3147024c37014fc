/* A legacy database that is read: a private copy of a SQLite file, or of the same tables in
 * PostgreSQL (db/import/postgres.h), checked before anything is believed of it. The source itself
 * is opened read-only and never written; the copy has no name before its first byte comes, so
 * nothing of it is left however the process ends.
 */
#ifndef DB_IMPORT_SOURCE_H
#define DB_IMPORT_SOURCE_H

#include "db/arena.h"
#include "db/buf.h"
#include "db/import.h"
#include "db/keys.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* What was copied. */
struct source_origin {
    const char *json;
    const char *text; /* of PostgreSQL, which moment of which database; of a file NULL */
};

struct source {
    sqlite3 *db;
    char sha256[DIGEST_TEXT]; /* of the copy */
    const char *identity;     /* the same for every copy of one legacy database */
    struct source_origin origin;
    int64_t bytes;
};

/* Copies options->file by SQLite's backup (a writer may be at work meanwhile), or from PostgreSQL,
 * then integrity_check. The folder of the copy is TMPDIR. ERR_CONFLICT "import-unreadable": no
 * database, or a damaged one; "stopped": somebody asked (while something is read, later, too); and
 * as postgres_copy() says. */
enum err source_open(const struct import_options *options, struct fault *fault,
                     struct source *out) FAILS;

/* From here on nothing that is read is interrupted by somebody's asking. */
void source_hear_nobody(struct source *source);
void source_close(struct source *source);

/* Only the copy, into a file that is there and empty. */
enum err source_copy(const char *path, const char *copy, struct fault *fault) FAILS;

/* One number; the text is a sqlite3_mprintf() format, where %w and %Q quote. */
enum err source_number(const struct source *source, struct fault *fault, int64_t *out,
                       const char *format, ...) FAILS;

enum err source_prepare(const struct source *source, struct fault *fault, sqlite3_stmt **out,
                        const char *format, ...) FAILS;

/* True: a row is there. After the last row, or a failure, the statement is finalized and NULL. */
bool source_step(const struct source *source, struct fault *fault, sqlite3_stmt **statement);

/* The row as one JSON object, its members in the order of the columns: the text that is staged, and
 * whose digest both sides add up. NUL bytes are left out, what is not UTF-8 becomes U+FFFD. */
void source_line(sqlite3_stmt *row, struct buf *out);

#endif
