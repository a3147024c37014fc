/* A connection that looks at a whole database in one snapshot: which tables there are, how many
 * rows they have, what their rows add up to. And what PostgreSQL's own tools need to connect the
 * same way. For db/backup/ only. */
#ifndef DB_BACKUP_SURVEY_H
#define DB_BACKUP_SURVEY_H

#include "db/backup.h"
#include "db/backup/manifest.h"

#include <libpq-fe.h>

struct survey {
    PGconn *conn;
    struct fault *fault;
    struct stop *stop; /* NULL after survey_open(): nobody can ask it to */
};

/* database: another one than the url's, or NULL. Values look the same in every such survey. */
enum err survey_open(const char *url, const char *database, struct fault *fault,
                     struct survey *out) FAILS;
void survey_close(struct survey *survey);

/* One statement; `out` may be NULL, else it is tied to the arena of the fault. Canceled when
 * somebody asks to stop: ERR_CONFLICT "stopped". */
enum err survey_run(const struct survey *survey, const char *sql, int n, const char *const values[],
                    PGresult **out) FAILS;

/* One value of one row, never NULL. */
enum err survey_text(const struct survey *survey, const char *sql, int n,
                     const char *const values[], const char **out) FAILS;

/* All that this role may read, in the transaction's snapshot. */
enum err survey_sums(const struct survey *survey, const struct backup_options *options,
                     struct manifest *out) FAILS;
/* The rows of clinicd.file, in the order of clinic and id; none when there is no such table. */
enum err survey_files(const struct survey *survey, struct file_mark **out, size_t *n) FAILS;
enum err survey_sequences(const struct survey *survey, struct manifest *out) FAILS;

/* Where pg_dump and pg_restore find the same database, without a password among the arguments. */
struct tool_target {
    const char *connection;     /* for --dbname */
    const char *environment[4]; /* what is not for everybody's eyes */
    const char *url;            /* all of it in one, for this process only */
};
void survey_target(const struct survey *survey, struct tool_target *out);

/* The path of a PostgreSQL program whose major version is `least` or newer, and its own words about
 * its version. ERR_CONFLICT "tool-missing". */
enum err tool_find(const char *name, int least, struct fault *fault, const char **path,
                   const char **version) FAILS;

#endif
