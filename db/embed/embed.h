/* The two jobs of the build tool: .sql files become const tables of C. What was refused is said on
 * stderr as "path:line: sentence", all of it; then nothing is written and false comes back. */
#ifndef DB_EMBED_EMBED_H
#define DB_EMBED_EMBED_H

#include "db/embed/text.h"

/* Writes out/queries.h and out/queries.c (formats: db/query.h). without_wall_1 is for tests that
 * prove row level security alone: `clinic_id = $clinic` is then true everywhere. */
bool embed_queries(struct pool *pool, const char *out, bool without_wall_1, char *const paths[],
                   size_t paths_n);

/* Writes out/migrations.c (formats: db/embed/migrations.c, db/migrate.h). */
bool embed_migrations(struct pool *pool, const char *out, char *const paths[], size_t paths_n);

#endif
