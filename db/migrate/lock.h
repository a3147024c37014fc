/* The lock that lets one runner in at a time: a session's advisory lock, which dies with its
 * connection. For db/migrate/ only.
 */
#ifndef DB_MIGRATE_LOCK_H
#define DB_MIGRATE_LOCK_H

#include "db/migrate/migrator.h"

/* Polls until the lock is ours; says who holds it. ERR_TIMEOUT "migration-locked" names him too. */
enum err lock_take(struct migrator *migrator) FAILS;

/* Nothing happens when it is not ours. */
void lock_free(struct migrator *migrator);

/* pid 0: nobody. */
enum err lock_holder(struct migrator *migrator, struct migrate_holder *out) FAILS;

#endif
