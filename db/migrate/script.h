/* A migration file read while the program runs, for plan and lint: its statements as tokens, each
 * with its section, its line, what it does to which table, and the rules that it waives. The build
 * reads the same text more strictly (db/embed/migrations.c) before anything is embedded.
 */
#ifndef DB_MIGRATE_SCRIPT_H
#define DB_MIGRATE_SCRIPT_H

#include "db/embed/token.h"
#include "db/migrate.h"

enum script_section {
    SCRIPT_PRECHECK,
    SCRIPT_UP,
    SCRIPT_CHUNK,
    SCRIPT_VERIFY,
    SCRIPT_DOWN,
    SCRIPT_LOSS,
    SCRIPT_NONE
};

/* What a statement does to the table it names, and how long that keeps whom away. The coefficients
 * are operations.md A8's. */
struct effect {
    const char *operation;      /* "create index" */
    const char *lock;           /* "ACCESS EXCLUSIVE"; NULL: none that anybody waits for */
    double seconds_per_million; /* rows of the table */
};

struct statement {
    enum script_section section;
    int number; /* in its section, from 1 */
    int line;
    const struct token *tokens;
    size_t n;
    const char *table; /* without its schema; NULL: none */
    struct effect effect;
    bool is_new; /* the table was made in the same file, before */
};

struct script {
    struct source source;
    const char *name; /* "0012_index" */
    const char *kind; /* "" when the header does not say */
    bool in_tx;
    struct statement *statements;
    size_t n;
};

/* False when the text is no SQL: a quote that is not closed. The path is for stories. */
bool script_read(struct store *store, const char *path, const char *text, struct script *out);

/* The index behind the first place from `at` on where the words follow one another; 0: none. */
size_t statement_find(const struct statement *statement, size_t at, const char *words);

static inline bool statement_has(const struct statement *statement, const char *words)
{
    return statement_find(statement, 0, words) > 0;
}

/* A waiver's reason, or NULL: `-- lint: allow L05 reason="…"` right before the statement. */
const char *statement_waiver(struct store *store, const struct statement *statement,
                             const char *rule);

/* True when the files differ in comments and space only; header and sections count. */
bool script_is_same(const char *one, const char *other);

#endif
