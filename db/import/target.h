/* The importer's connection: signed in as the migrator, alone (an advisory lock), writing history.
 * For db/import/ only. */
#ifndef DB_IMPORT_TARGET_H
#define DB_IMPORT_TARGET_H

#include "db/arena.h"
#include "db/import/steps.h"

#include <libpq-fe.h>

struct target {
    PGconn *conn;
    struct fault *fault;
};

/* ERR_TIMEOUT: another import runs; ERR_CONFLICT "schema-mismatch": not migrated, or not the
 * migrator. */
enum err target_open(const char *url, struct fault *fault, struct target *out) FAILS;
void target_close(struct target *target);

/* Runs a list of statements, each with as many of the values as it has parameters. `out` may be
 * NULL, else it is the last one's result, the caller's to PQclear(). */
enum err target_run(struct target *target, const struct import_statement *list,
                    const char *const values[], PGresult **out) FAILS;

/* The first statement of a list, run while the caller does something else, and then its answer;
 * between the two the connection is the server's. */
enum err target_send(struct target *target, const struct import_statement *list,
                     const char *const values[]) FAILS;
enum err target_answer(struct target *target, const struct import_statement *list,
                       PGresult **out) FAILS;

/* Rows for a COPY that a list began. */
enum err target_copy(struct target *target, const char *bytes, size_t length) FAILS;
enum err target_copy_end(struct target *target) FAILS;

static inline void target_clear(PGresult **result)
{
    PQclear(*result);
}
#define TARGET_CLEAR CLEANUP(target_clear)

#endif
