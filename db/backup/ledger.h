/* The rows of a backup or a restore in ops.run and ops.backup, as the migrator. Best effort: what
 * cannot be noted is said, and the work goes on. For db/backup/ only. */
#ifndef DB_BACKUP_LEDGER_H
#define DB_BACKUP_LEDGER_H

#include "db/backup.h"
#include "db/migrate/migrator.h"

struct ledger {
    struct migrate_options options;
    struct fault aside; /* its troubles are not the command's */
    struct migrator migrator;
    const char *not_noted; /* why; NULL: it is noted */
};

/* `ledger` must stay where it is until ledger_end(). */
void ledger_begin(struct ledger *ledger, const struct backup_options *options, struct fault *fault);

/* A whole backup. sha256: of its manifest. */
void ledger_backup(struct ledger *ledger, const struct backup_facts *facts, const char *sha256,
                   const char *lsn, const char *manifest);

/* A backup that came back, within so long. */
void ledger_verified(struct ledger *ledger, const struct backup_facts *facts, int64_t restore_ms);

/* `err` and `fault`: how the command ends. result: a JSON object. */
void ledger_end(struct ledger *ledger, enum err err, const struct fault *fault, const char *result);

#endif
