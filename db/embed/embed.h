/* The jobs of the build tool: .sql files become const tables of C. What was refused is said on
 * stderr as "path:line: sentence", all of it; then nothing is written and false comes back. */
#ifndef DB_EMBED_EMBED_H
#define DB_EMBED_EMBED_H

#include "db/embed/text.h"

/* What to take out of every statement, for tests that prove row level security alone. */
enum query_gap {
    GAP_NONE,
    GAP_WALL_1,  /* `clinic_id = $clinic` is true */
    GAP_PATIENT, /* `($patient IS NULL OR x = $patient)` is true */
};

/* Writes out/queries.h and out/queries.c (formats: db/query.h). */
bool embed_queries(struct store *store, const char *out, enum query_gap gap, char *const paths[],
                   size_t paths_n);

/* Writes out/migrations.c (formats: db/embed/migrations.c, db/migrate.h). */
bool embed_migrations(struct store *store, const char *out, char *const paths[], size_t paths_n);

/* Writes out/imports.c (format: db/import/steps.h). */
bool embed_imports(struct store *store, const char *out, char *const paths[], size_t paths_n);

/* Writes out/lists.h and out/lists.c (format: db/embed/lists.c). */
bool embed_lists(struct store *store, const char *out, char *const paths[], size_t paths_n);

#endif
