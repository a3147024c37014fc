/* The catalogue as text: one line for each table, column, constraint, index, policy, trigger,
 * function, type, view and extension of schema clinicd, with owners and rights. It is the same for
 * the same schema on every server, so two of them can be compared. Partitions are left out: the
 * service makes them as time goes on. For db/migrate/ only.
 */
#ifndef DB_MIGRATE_CATALOGUE_H
#define DB_MIGRATE_CATALOGUE_H

#include "db/migrate/migrator.h"

/* Remembers the catalogue as it is now (ops.catalogue), inside the transaction that made it so. */
enum err catalogue_keep(struct migrator *migrator) FAILS;

/* What is different from what was remembered. ERR_CONFLICT "catalogue-unknown": nothing was. */
enum err catalogue_drift(struct migrator *migrator, struct arena *arena, struct drift **out,
                         size_t *count) FAILS;

/* All lines, by object. The texts live in the arena. */
enum err catalogue_read(struct migrator *migrator, struct arena *arena, struct catalogue_line **out,
                        size_t *count) FAILS;

/* What `found` has less, more, or else than `wanted`. */
size_t catalogue_compare(const struct catalogue_line *wanted, size_t wanted_n,
                         const struct catalogue_line *found, size_t found_n, struct arena *arena,
                         struct drift **out);

#endif
