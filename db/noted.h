/* What commands that are no migration leave in ops.run: a row from the beginning of the run, its
 * end in the chain of hashes, and the report of an import inside of it, so that a report that was
 * kept elsewhere can be held against it for ever.
 */
#ifndef DB_NOTED_H
#define DB_NOTED_H

#include "db/error.h"

#include <stdbool.h>
#include <stdint.h>

struct noted;

/* url: the migrator's. arguments: a JSON array without secrets. ERR_CONFLICT "schema-mismatch": the
 * database is not migrated, or this is not the migrator. */
enum err noted_begin(const char *url, const char *command, const char *arguments,
                     struct fault *fault, struct noted **out) FAILS;

/* How the run ended, by its fault, and what came of it, as a JSON object. Gives back NULL, or why
 * it could not be noted. */
const char *noted_end(struct noted *noted, const struct fault *fault, const char *result);

/* The report of an import, as its run has it. */
struct noted_report {
    const char *import; /* its number */
    const char *text, *sha256;
    const char *ended_at, *by, *host, *tool;
    bool is_true; /* the text has the hash that stands beside it */
};

/* By the hash of its text, or by the import's number; the other is NULL. Looks at the whole chain
 * first. ERR_CONFLICT "history-broken"; ERR_NOT_FOUND. */
enum err noted_find(const char *url, const char *sha256, const char *import, struct fault *fault,
                    struct noted_report *out) FAILS;

#endif
