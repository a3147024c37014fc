/* Rules for migrations (operations.md A7). L-rules: what locks, rewrites or loses more than it
 * seems to, aware of tables that were made in the same file. M-rules: what a table of many clinics
 * needs. A statement waives a rule by `-- lint: allow L05 reason="…"` right before it; without a
 * reason it does not.
 */
#ifndef DB_MIGRATE_LINT_H
#define DB_MIGRATE_LINT_H

#include "db/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct migration;

struct lint_rule {
    const char *id;   /* "L05" */
    const char *says; /* what is wrong with it, and what to do instead */
};

struct lint_finding {
    const struct lint_rule *rule;
    const char *file; /* "0012_index" */
    const char *path; /* as it was given */
    int line;
    const char *reason; /* why it is allowed; NULL: it is not */
};

const struct lint_rule *lint_rule_at(size_t i); /* NULL: there is none any more */

/* Adds to *out what a file's text breaks, waived or not. in_use: the tables that have rows, to the
 * NULL at its end, or NULL: nobody knows, so every table that the file does not make has.
 * ERR_INPUT: it cannot be read as SQL. */
enum err lint_text(const char *path, const char *text, const char *const *in_use,
                   struct arena *arena, struct fault *fault, struct lint_finding **out,
                   size_t *count) FAILS;

#endif
