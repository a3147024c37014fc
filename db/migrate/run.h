/* ops.run: every run that may write, from its beginning: who (role and system user), where, which
 * tool, with which arguments (never a secret), and when it ended how it ended. An ended row holds
 * the hash of the one that ended before it. For db/migrate/ only.
 */
#ifndef DB_MIGRATE_RUN_H
#define DB_MIGRATE_RUN_H

#include "db/migrate/migrator.h"

/* After the lock was taken and schema ops is there. `command` when the options name none. */
enum err run_begin(struct migrator *migrator, const char *command) FAILS;

/* Notes how it ended, `err` being what the run gives back. A failure to note it is only said, and
 * given back in words: the row then stays without an end. NULL result: the files of the report. */
const char *run_end(struct migrator *migrator, enum err err, const char *result);

/* ERR_CONFLICT "history-broken": a row was changed or removed. */
enum err run_check_chain(struct migrator *migrator) FAILS;

#endif
