#include "db/migrate.h"

#include "db/clock.h"
#include "db/history.h"
#include "db/migrator.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOCK_ATTEMPTS = 20, LOCK_PAUSE_MS = 500 };

/* Files say nothing about owners: what one made is the migrator's, and this gives it to the owner
 * who cannot sign in. Whatever a file gave to somebody itself (a definer function), and what
 * belongs to an extension or a column (a sequence), is left alone. */
static const char give_to_owner[] =
    "DO $$ DECLARE command text; BEGIN"
    "    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'clinicd_owner') THEN RETURN; END "
    "IF;"
    "    FOR command IN"
    "        WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname = 'clinicd'),"
    "             me AS (SELECT oid FROM pg_roles WHERE rolname = current_user)"
    "        SELECT 'SCHEMA clinicd' FROM pg_namespace"
    "         WHERE oid IN (TABLE ours) AND nspowner IN (TABLE me)"
    "        UNION ALL"
    "        SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'"
    "                   WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE'"
    "                   ELSE 'TABLE' END || ' ' || c.oid::regclass"
    "          FROM pg_class c WHERE relnamespace IN (TABLE ours) AND relowner IN (TABLE me)"
    "           AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS ("
    "               SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
    "                  AND d.objid = c.oid AND (d.deptype = 'e'"
    "                      OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))"
    "        UNION ALL"
    "        SELECT 'ROUTINE ' || p.oid::regprocedure"
    "          FROM pg_proc p WHERE pronamespace IN (TABLE ours) AND proowner IN (TABLE me)"
    "           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass"
    "                  AND d.objid = p.oid AND d.deptype = 'e')"
    "        UNION ALL"
    "        SELECT 'TYPE ' || t.oid::regtype"
    "          FROM pg_type t WHERE typnamespace IN (TABLE ours) AND typowner IN (TABLE me)"
    "           AND (typtype IN ('d', 'e', 'r') OR EXISTS (SELECT 1 FROM pg_class c"
    "                  WHERE c.oid = t.typrelid AND c.relkind = 'c'))"
    "           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass"
    "                  AND d.objid = t.oid AND d.deptype = 'e')"
    "    LOOP"
    "        EXECUTE format('ALTER %s OWNER TO clinicd_owner', command);"
    "    END LOOP;"
    "END $$";

/* What CREATE INDEX CONCURRENTLY leaves behind when it fails; IF NOT EXISTS would take it for done.
 */
static const char drop_broken_indexes[] =
    "DO $$ DECLARE broken regclass; BEGIN"
    "    FOR broken IN SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    "         WHERE c.relnamespace = to_regnamespace('clinicd') AND c.relkind = 'i'"
    "           AND NOT i.indisvalid"
    "    LOOP"
    "        EXECUTE format('DROP INDEX %s', broken);"
    "    END LOOP;"
    "END $$";

static int latest_of(const struct migration *files)
{
    int latest = 0;
    for (; files->version > 0; files++)
        latest = files->version;
    return latest;
}

int migrate_latest(void)
{
    return latest_of(migrations);
}

static const struct migration *files_of(const struct migrate_options *options)
{
    return options->files ? options->files : migrations;
}

/* What the database says was applied must be what this program holds, from the first on. */
static enum err check_history(struct migrator *migrator, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct history_row *row = &history->rows[i];
        const struct migration *file =
            row->version <= latest_of(migrator->files) ? &migrator->files[row->version - 1] : NULL;
        char digest[DIGEST_TEXT];
        if (!file)
            return fail(migrator->fault, ERR_CONFLICT, "migration-unknown",
                        "the database has %04d_%s, which this program does not know: it is older",
                        row->version, row->name);
        if (row->version != (int)i + 1)
            return fail(migrator->fault, ERR_CONFLICT, "history-broken",
                        "%04d_%s is applied, but the one before it is not", row->version,
                        row->name);
        if (strcmp(row->sha256, migration_digest(file, digest)) != 0)
            return fail(migrator->fault, ERR_CONFLICT, "migration-edited",
                        "%04d_%s was edited after it had been applied", file->version, file->name);
    }
    return ERR_NONE;
}

static enum err run_section(struct migrator *migrator, const struct migration *file,
                            const char *section, const char *const statements[])
{
    struct place place = {.file = file, .section = section};
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && statements[i]; i++) {
        place.number = (int)i + 1;
        err = migrator_run_at(migrator, &place, statements[i], NULL);
    }
    return err;
}

static enum err run_verify(struct migrator *migrator, const struct migration *file)
{
    struct place place = {.file = file, .section = "verify"};
    for (size_t i = 0; file->verify[i]; i++) {
        PGresult *result = NULL;
        place.number = (int)i + 1;
        enum err err = migrator_run_at(migrator, &place, file->verify[i], &result);
        if (err)
            return err;
        if (PQntuples(result) != 1 || PQnfields(result) != 1 ||
            strcmp(PQgetvalue(result, 0, 0), "t") != 0)
            return fail(migrator->fault, ERR_INTERNAL, "verification-failed",
                        "%04d_%s, section verify, statement %d does not say true", file->version,
                        file->name, place.number);
    }
    return ERR_NONE;
}

static enum err record(struct migrator *migrator, const struct migration *file, int64_t began_us)
{
    enum err err = migrator_run(migrator, give_to_owner, NULL);
    if (!err)
        err = history_add(migrator, file, (clock_monotonic_us() - began_us) / 1000);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    return err;
}

static enum err apply_in_tx(struct migrator *migrator, const struct migration *file)
{
    int64_t began_us = clock_monotonic_us();
    enum err err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = run_section(migrator, file, "up", file->up);
    if (!err)
        err = run_verify(migrator, file);
    return err ? err : record(migrator, file, began_us);
}

/* Statements that cannot be in a transaction; each can be run again, as a file that failed half-way
 * begins at its first. */
static enum err apply_without_tx(struct migrator *migrator, const struct migration *file)
{
    int64_t began_us = clock_monotonic_us();
    enum err err = migrator_run(migrator, drop_broken_indexes, NULL);
    if (!err)
        err = run_section(migrator, file, "up", file->up);
    if (!err)
        err = run_verify(migrator, file);
    if (!err)
        err = migrator_run(migrator, "BEGIN", NULL);
    return err ? err : record(migrator, file, began_us);
}

/* Leaves no transaction open, whatever happened; the story stays that of the failure. */
static void roll_back(struct migrator *migrator)
{
    if (PQtransactionStatus(migrator->conn) != PQTRANS_IDLE)
        PQclear(PQexecParams(migrator->conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0));
}

/* A file waits for a lock 2 s at most, because everybody else queues behind it; then it steps back,
 * lets them through and tries again (operations.md A3.6). */
static enum err apply(struct migrator *migrator, const struct migration *file)
{
    enum err err = migrator_name(migrator, file->version);
    for (int attempt = 1; !err; attempt++) {
        int64_t began_us = clock_monotonic_us();
        err = file->in_tx ? apply_in_tx(migrator, file) : apply_without_tx(migrator, file);
        roll_back(migrator);
        if (!err) {
            migrator_say(migrator, "ok %04d %s %lld ms", file->version, file->name,
                         (long long)((clock_monotonic_us() - began_us) / 1000));
            return ERR_NONE;
        }
        if (!migrator_lost_a_lock(migrator) || attempt == LOCK_ATTEMPTS)
            return err;
        migrator_say(migrator, "%04d %s did not get a lock, tries again", file->version,
                     file->name);
        fault_reset(migrator->fault);
        err = ERR_NONE;
        long pause_ms = LOCK_PAUSE_MS + (long)randombytes_uniform(LOCK_PAUSE_MS);
        nanosleep(
            &(struct timespec){.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000L},
            NULL);
    }
    return err;
}

/* Opened, locked, and with a history that fits this program. */
static enum err begin(struct migrator *migrator, struct history *history)
{
    enum err err = migrator_open(migrator);
    if (!err)
        err = migrator_lock(migrator);
    if (!err)
        err = history_prepare(migrator);
    if (!err)
        err = history_read(migrator, history);
    if (!err)
        err = check_history(migrator, history);
    return err;
}

enum err migrate_up(const struct migrate_options *options, struct fault *fault, int *applied)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    int done = 0;
    int to = options->to < 0 ? latest_of(migrator.files) : options->to;
    if (to > latest_of(migrator.files))
        return fail(fault, ERR_INPUT, "migration-unknown", "there is no migration %04d", to);
    enum err err = begin(&migrator, &history);
    for (int version = err ? 0 : (int)history.count + 1; !err && version <= to; version++) {
        err = apply(&migrator, &migrator.files[version - 1]);
        done += !err;
    }
    if (!err)
        *applied = done;
    return err;
}

/* Rows that going down would lose, as the file itself counts them. */
static enum err count_loss(struct migrator *migrator, const struct migration *file, int64_t *out)
{
    struct place place = {.file = file, .section = "loss"};
    int64_t rows = 0;
    for (size_t i = 0; file->loss && file->loss[i]; i++) {
        PGresult *result = NULL;
        place.number = (int)i + 1;
        enum err err = migrator_run_at(migrator, &place, file->loss[i], &result);
        if (err)
            return err;
        for (int row = 0; row < PQntuples(result); row++)
            rows += strtoll(PQgetvalue(result, row, 0), NULL, 10);
    }
    *out = rows;
    return ERR_NONE;
}

/* All that is to be reverted is counted before anything is, so that one number confirms it. */
static enum err confirm_loss(struct migrator *migrator, int from, int to, int64_t losses[])
{
    int64_t total = 0;
    for (int version = from; version > to; version--) {
        const struct migration *file = &migrator->files[version - 1];
        if (!file->down)
            return fail(migrator->fault, ERR_CONFLICT, "migration-irreversible",
                        "%04d_%s cannot be reverted: restore a backup", version, file->name);
        enum err err = count_loss(migrator, file, &losses[version]);
        if (err)
            return err;
        total += losses[version];
    }
    if (migrator->options->data_loss_ok != total &&
        (total > 0 || migrator->options->data_loss_ok > 0))
        return fail(migrator->fault, ERR_CONFLICT, "data-loss-unconfirmed",
                    "this loses %lld rows; to confirm, say exactly that number", (long long)total);
    return ERR_NONE;
}

static enum err revert(struct migrator *migrator, const struct migration *file, int64_t loss)
{
    int64_t loss_now = 0;
    enum err err = migrator_name(migrator, file->version);
    if (!err && file->in_tx)
        err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = count_loss(migrator, file, &loss_now);
    if (!err && loss_now > loss)
        err = fail(migrator->fault, ERR_CONFLICT, "data-loss-unconfirmed",
                   "%04d_%s would lose %lld rows by now, %lld were counted before", file->version,
                   file->name, (long long)loss_now, (long long)loss);
    if (!err)
        err = run_section(migrator, file, "down", file->down);
    if (!err && !file->in_tx)
        err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = history_remove(migrator, file->version);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    roll_back(migrator);
    if (!err)
        migrator_say(migrator, "reverted %04d %s", file->version, file->name);
    return err;
}

enum err migrate_down(const struct migrate_options *options, int steps, struct fault *fault,
                      int *reverted)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    int done = 0;
    enum err err = begin(&migrator, &history);
    if (err)
        return err;
    int from = (int)history.count;
    int to = steps < from ? from - steps : 0;
    int64_t *losses = arena_array(fault->arena, int64_t, history.count + 1);
    err = confirm_loss(&migrator, from, to, losses);
    for (int version = from; !err && version > to; version--) {
        err = revert(&migrator, &migrator.files[version - 1], losses[version]);
        done += !err;
    }
    if (!err)
        *reverted = done;
    return err;
}

static struct migration_status status_of(const struct history_row *row,
                                         const struct migration *file)
{
    char digest[DIGEST_TEXT];
    struct migration_status status = {.state = MIGRATION_PENDING};
    if (file) {
        status.version = file->version;
        status.name = file->name;
    }
    if (row) {
        status.version = row->version;
        status.name = row->name;
        status.applied_at = row->applied_at;
        status.duration_ms = strtoll(row->duration_ms, NULL, 10);
        status.state = !file ? MIGRATION_UNKNOWN
                       : strcmp(row->sha256, migration_digest(file, digest)) != 0
                           ? MIGRATION_EDITED
                           : MIGRATION_APPLIED;
    }
    return status;
}

enum err migrate_status(const struct migrate_options *options, struct arena *arena,
                        struct fault *fault, struct migration_status **out, size_t *count)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = history_read(&migrator, &history);
    if (err)
        return err;
    size_t files_n = (size_t)latest_of(migrator.files);
    struct migration_status *all =
        arena_array(arena, struct migration_status, files_n + history.count + 1);
    size_t n = 0;
    size_t row = 0;
    for (size_t i = 0; i < files_n; i++) {
        bool is_applied =
            row < history.count && history.rows[row].version == migrator.files[i].version;
        all[n++] = status_of(is_applied ? &history.rows[row++] : NULL, &migrator.files[i]);
    }
    for (; row < history.count; row++)
        all[n++] = status_of(&history.rows[row], NULL);
    for (size_t i = 0; i < n; i++) {
        all[i].name = arena_copy(arena, all[i].name);
        all[i].applied_at = arena_copy(arena, all[i].applied_at);
    }
    *out = all;
    *count = n;
    return ERR_NONE;
}

enum err migrate_verify(const struct migrate_options *options, struct fault *fault)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = history_read(&migrator, &history);
    if (!err)
        err = history_check_chain(&migrator, &history);
    if (!err)
        err = check_history(&migrator, &history);
    if (!err)
        err = migrator_run(&migrator, "BEGIN READ ONLY", NULL);
    for (size_t i = 0; !err && i < history.count; i++)
        err = run_verify(&migrator, &migrator.files[i]);
    return err;
}
