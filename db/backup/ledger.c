#include "db/backup/ledger.h"

#include "db/migrate/history.h"
#include "db/migrate/lock.h"
#include "db/migrate/run.h"

enum { LOCK_WAIT_MS = 10000 };

/* A database that was never migrated has no such thing, and gets none by a backup. */
static const char has_schema[] =
    "SELECT to_regclass('ops.run') IS NOT NULL, to_regclass('ops.backup') IS NOT NULL";

static const char insert_backup[] =
    "INSERT INTO ops.backup (id, run_id, made_at, folder, sha256, bytes, snapshot_lsn, manifest,"
    "    duration_ms)"
    " VALUES ($1::uuid, $2::bigint, clock_timestamp(), $3, $4, $5::bigint, $6, $7::jsonb,"
    "    $8::bigint)";

static const char update_verified[] =
    "UPDATE ops.backup SET verified_at = clock_timestamp(), restore_ms = $2::bigint"
    " WHERE id = $1::uuid";

static void give_up(struct ledger *ledger, const char *why)
{
    ledger->not_noted = why ? why : ledger->aside.detail ? ledger->aside.detail : "unknown";
    fault_reset(&ledger->aside);
}

/* Nobody of ours stays connected where nothing is noted: a restore may be to take that place. */
static void leave(struct ledger *ledger, const char *why)
{
    give_up(ledger, why);
    migrator_close(&ledger->migrator);
}

/* The table of an older program's database is made now, when no migration is under way. */
static enum err prepare(struct migrator *migrator)
{
    migrator_say(migrator, "makes table ops.backup");
    enum err err = lock_take(migrator);
    if (!err)
        err = history_prepare(migrator);
    lock_free(migrator);
    return err;
}

void ledger_begin(struct ledger *ledger, const struct backup_options *options, struct fault *fault)
{
    PGresult *result = NULL;
    *ledger = (struct ledger){
        .options = {.url = options->ledger_url,
                    .lock_wait_ms = LOCK_WAIT_MS,
                    .command = options->command,
                    .arguments = options->arguments},
        .aside = {.arena = fault->arena},
    };
    ledger->migrator = (struct migrator){.options = &ledger->options, .fault = &ledger->aside};
    if (!options->ledger_url) {
        leave(ledger, "nothing names the database as the role clinicd_migrator");
        return;
    }
    enum err err = migrator_open(&ledger->migrator);
    if (!err)
        err = migrator_run(&ledger->migrator, has_schema, &result);
    if (!err && *PQgetvalue(result, 0, 0) != 't') {
        leave(ledger, "the database was never migrated");
        return;
    }
    if (!err && *PQgetvalue(result, 0, 1) != 't')
        err = prepare(&ledger->migrator);
    if (!err)
        err = run_begin(&ledger->migrator, options->command);
    if (err)
        leave(ledger, NULL);
}

void ledger_backup(struct ledger *ledger, const struct backup_facts *facts, const char *sha256,
                   const char *lsn, const char *manifest)
{
    struct arena *arena = ledger->aside.arena;
    const char *const values[] = {
        facts->id,
        ledger->migrator.run_id,
        facts->folder,
        sha256,
        arena_format(arena, "%lld", (long long)facts->bytes),
        lsn,
        manifest,
        arena_format(arena, "%lld", (long long)facts->duration_ms),
    };
    if (!ledger->not_noted &&
        migrator_run_params(&ledger->migrator, insert_backup, 8, values, NULL))
        give_up(ledger, NULL);
}

void ledger_verified(struct ledger *ledger, const struct backup_facts *facts, int64_t restore_ms)
{
    const char *const values[] = {facts->id,
                                  arena_format(ledger->aside.arena, "%lld", (long long)restore_ms)};
    if (!ledger->not_noted &&
        migrator_run_params(&ledger->migrator, update_verified, 2, values, NULL))
        give_up(ledger, NULL);
}

void ledger_end(struct ledger *ledger, enum err err, const struct fault *fault, const char *result)
{
    if (ledger->migrator.run_id) {
        struct fault story = *fault;
        ledger->migrator.fault = &story; /* run_end() notes how it ended, by this */
        run_end(&ledger->migrator, err, result);
        ledger->migrator.fault = &ledger->aside;
    }
    migrator_close(&ledger->migrator);
}
