/* A migration is one file, db/migrations/NNNN_what.sql, in sections that comments begin:
 *
 *     -- 0001_house.sql
 *     -- migrate: kind=expand tx=yes needs=0003 (kind: expand backfill contract; needs may miss)
 *     -- section precheck                       (may be absent: what must hold before `up`)
 *     -- finds: patients without a code         (every statement says what its count counts,
 *     -- cure: give each one a code              and what to do about it)
 *     SELECT count(*), (array_agg(id))[1:5] FROM …;
 *     -- section up
 *     …statements…
 *     -- section chunk                          (a backfill in pieces: db/migrate/job.h; up may
 * then …its end… ; …a piece…                      be absent)
 *     -- section verify
 *     SELECT …boolean…;
 *     -- section down loss=none|rows            (may be absent: it cannot be reverted)
 *     …statements…
 *     -- section loss                           (with loss=rows: counts what down would lose)
 *
 * and is split into single statements here, because the runner sends one to a message. Beside them
 * stands roles.sql: a plain list of statements for a superuser, no migration.
 */
#ifndef DB_EMBED_MIGRATION_FILE_H
#define DB_EMBED_MIGRATION_FILE_H

#include "db/embed/token.h"

enum { NEEDS_MAX = 16 };

enum section {
    SECTION_PRECHECK,
    SECTION_UP,
    SECTION_CHUNK,
    SECTION_VERIFY,
    SECTION_DOWN,
    SECTION_LOSS,
    SECTION_COUNT,
    SECTION_NONE
};

struct migration_file {
    struct source source;
    struct tokens sql;
    int version;
    const char *name;
    const char *kind;
    int needs[NEEDS_MAX];
    size_t needs_n;
    bool in_tx;
    bool loses_rows;
    bool has[SECTION_COUNT];
    size_t statements_n[SECTION_COUNT];
    struct text statements[SECTION_COUNT]; /* as C literals */
};

extern const char *const section_names[SECTION_COUNT];

/* The last part of a path. */
const char *file_name(const char *path);

/* Reads one file; false when something in it was refused. */
bool migration_file_read(struct store *store, const char *path, struct migration_file *out);

/* Adds a statement as a C literal, one line of an array. */
void statement_add(struct text *out, const struct tokens *sql, size_t from, size_t to);

#endif
