#include "db/migrate/file.h"

#include "db/clock.h"
#include "db/migrate/catalogue.h"
#include "db/migrate/history.h"
#include "db/migrate/job.h"
#include "db/migrate/step.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { LOCK_ATTEMPTS = 20, LOCK_PAUSE_MS = 250 };

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

/* Whom a file can make wait: the tables that were there before it. */
static const char select_tables[] =
    "SELECT coalesce(array_agg(oid), '{}') FROM pg_catalog.pg_class"
    " WHERE relnamespace = to_regnamespace('clinicd') AND relkind IN ('r', 'p', 'm')";

/* Locks that stop readers or writers, of this transaction, on those. */
static const char select_held[] =
    "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_locks"
    "    WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted"
    "      AND relation = ANY ($1::oid[]) AND mode IN ('ShareLock', 'ShareRowExclusiveLock',"
    "          'ExclusiveLock', 'AccessExclusiveLock'))";

/* One file under way. */
struct work {
    struct migrator *migrator;
    const struct migration *file;
    struct migrate_done done;
    const char *tables; /* NULL: nobody can be made to wait */
    int64_t began_us;
    int64_t held_since_us; /* 0: nothing is held yet */
};

int files_latest(const struct migration *files)
{
    int latest = 0;
    for (; files->version > 0; files++)
        latest = files->version;
    return latest;
}

int migrate_latest(void)
{
    return files_latest(migrations);
}

const struct migration *files_of(const struct migrate_options *options)
{
    return options->files ? options->files : migrations;
}

static void rows_add(struct work *work, PGresult *result)
{
    static const char *const changes[] = {"INSERT", "UPDATE", "DELETE", "MERGE"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (strncmp(PQcmdStatus(result), changes[i], strlen(changes[i])) == 0)
            work->done.rows += strtoll(PQcmdTuples(result), NULL, 10);
}

/* Holding begins with the statement that got the first such lock, less what it waited for it. */
static enum err hold_look(struct work *work, int64_t began_us, int64_t waited_before_us)
{
    PGresult *result = NULL;
    if (!work->tables || work->held_since_us > 0)
        return ERR_NONE;
    enum err err = migrator_run_params(work->migrator, select_held, 1, &work->tables, &result);
    if (!err && *PQgetvalue(result, 0, 0) == 't')
        work->held_since_us = began_us + work->migrator->watch.waited_us - waited_before_us;
    return err;
}

static enum err run_statement(struct work *work, const struct place *place, const char *statement)
{
    PGresult *result = NULL;
    int64_t began_us = clock_monotonic_us();
    int64_t waited_us = work->migrator->watch.waited_us;
    enum err err = migrator_check_stop(work->migrator);
    if (!err)
        err = migrator_run_at(work->migrator, place, statement, &result);
    if (!err)
        rows_add(work, result);
    return err || !work->file->in_tx ? err : hold_look(work, began_us, waited_us);
}

static enum err run_section(struct work *work, const char *section, const char *const statements[])
{
    struct place place = {.file = work->file, .section = section};
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && statements[i]; i++) {
        place.number = (int)i + 1;
        err = run_statement(work, &place, statements[i]);
    }
    return err;
}

enum err file_verify(struct migrator *migrator, const struct migration *file)
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

enum err file_count_loss(struct migrator *migrator, const struct migration *file, int64_t *out)
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

static void measure(struct work *work)
{
    int64_t now = clock_monotonic_us();
    work->done.duration_ms = (now - work->began_us) / 1000;
    work->done.lock_wait_ms = work->migrator->watch.waited_us / 1000;
    work->done.lock_hold_ms = work->held_since_us > 0 ? (now - work->held_since_us) / 1000 : 0;
}

static enum err record(struct work *work)
{
    struct migrator *migrator = work->migrator;
    enum err err = migrator_run(migrator, give_to_owner, NULL);
    if (!err)
        err = catalogue_keep(migrator);
    measure(work);
    if (!err)
        err = history_add(migrator, work->file, &work->done);
    if (!err && !work->file->in_tx)
        err = step_end(migrator, work->file);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    return err;
}

static enum err apply_in_tx(struct work *work)
{
    PGresult *tables = NULL;
    enum err err = migrator_run(work->migrator, select_tables, &tables);
    if (!err && strcmp(PQgetvalue(tables, 0, 0), "{}") != 0)
        work->tables = PQgetvalue(tables, 0, 0);
    if (!err)
        err = migrator_run(work->migrator, "BEGIN", NULL);
    if (!err)
        err = run_section(work, "up", work->file->up);
    if (!err)
        err = file_verify(work->migrator, work->file);
    return err ? err : record(work);
}

/* From the statement after the last one that is known to be done. */
static enum err run_steps(struct work *work)
{
    struct place place = {.file = work->file, .section = "up"};
    int step = 0;
    enum err err = step_begin(work->migrator, work->file, &step);
    if (!err && step > 0)
        migrator_say(work->migrator, "%04d %s goes on after statement %d", work->file->version,
                     work->file->name, step);
    for (; !err && work->file->up[step]; step++) {
        place.number = step + 1;
        err = run_statement(work, &place, work->file->up[step]);
        if (!err)
            err = step_done(work->migrator, work->file, step + 1);
    }
    return err;
}

static enum err apply_without_tx(struct work *work)
{
    int dropped = 0;
    enum err err = step_drop_broken_indexes(work->migrator, &dropped);
    if (!err)
        err = run_steps(work);
    if (!err && work->file->chunk)
        err = job_run(work->migrator, work->file, &work->done.rows);
    if (!err)
        err = file_verify(work->migrator, work->file);
    if (err) {
        step_note(work->migrator, work->file);
        return err;
    }
    err = migrator_run(work->migrator, "BEGIN", NULL);
    return err ? err : record(work);
}

static enum err attempt(struct work *work)
{
    work->tables = NULL;
    work->held_since_us = 0;
    work->done.rows = 0;
    enum err err = work->file->in_tx ? apply_in_tx(work) : apply_without_tx(work);
    migrator_roll_back(work->migrator);
    return err;
}

/* Whether it is worth another try; then after a pause that differs from run to run. */
static bool may_try_again(struct work *work)
{
    struct migrator *migrator = work->migrator;
    int most =
        migrator->options->lock_attempts > 0 ? migrator->options->lock_attempts : LOCK_ATTEMPTS;
    if (!migrator_lost_a_lock(migrator) || ++work->done.retries >= most)
        return false;
    migrator_notice(migrator, migrator->fault->detail);
    migrator_say(migrator, "%04d %s did not get a lock, tries again (%d of %d)",
                 work->file->version, work->file->name, work->done.retries, most - 1);
    stop_sleep(migrator->options->stop, LOCK_PAUSE_MS + (int)randombytes_uniform(LOCK_PAUSE_MS));
    if (stop_asked(migrator->options->stop) > 0)
        return false;
    fault_reset(migrator->fault);
    return true;
}

static void say_done(struct work *work)
{
    const struct migrate_done *done = &work->done;
    struct migrate_report *report = &work->migrator->report;
    migrator_say(work->migrator, "ok %04d %s %.1f s (lock %lld ms, %lld rows)", done->version,
                 done->name, (double)done->duration_ms / 1000, (long long)done->lock_hold_ms,
                 (long long)done->rows);
    report->done[report->done_n++] = *done;
}

enum err file_apply(struct migrator *migrator, const struct migration *file)
{
    struct work work = {.migrator = migrator,
                        .file = file,
                        .done = {.version = file->version, .name = file->name},
                        .began_us = clock_monotonic_us()};
    watch_reset(&migrator->watch);
    enum err err = migrator_check_stop(migrator);
    if (!err)
        err = migrator_name(migrator, file->version);
    if (err)
        return err;
    do {
        err = attempt(&work);
    } while (err && may_try_again(&work));
    if (!err)
        say_done(&work);
    return err;
}

static enum err check_loss(struct migrator *migrator, const struct migration *file, int64_t loss)
{
    int64_t loss_now = 0;
    enum err err = file_count_loss(migrator, file, &loss_now);
    if (!err && loss_now > loss)
        err = fail(migrator->fault, ERR_CONFLICT, "data-loss-unconfirmed",
                   "%04d_%s would lose %lld rows by now, %lld were counted before", file->version,
                   file->name, (long long)loss_now, (long long)loss);
    return err;
}

static enum err revert(struct work *work, int64_t loss)
{
    struct migrator *migrator = work->migrator;
    enum err err = ERR_NONE;
    if (work->file->in_tx)
        err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = check_loss(migrator, work->file, loss);
    if (!err)
        err = run_section(work, "down", work->file->down);
    if (!err && !work->file->in_tx)
        err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = history_remove(migrator, work->file->version);
    if (!err && work->file->chunk)
        err = job_forget(migrator, work->file->version);
    if (!err)
        err = catalogue_keep(migrator);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    migrator_roll_back(migrator);
    return err;
}

enum err file_revert(struct migrator *migrator, const struct migration *file, int64_t loss)
{
    struct work work = {.migrator = migrator,
                        .file = file,
                        .done = {.version = file->version, .name = file->name},
                        .began_us = clock_monotonic_us()};
    watch_reset(&migrator->watch);
    enum err err = migrator_check_stop(migrator);
    if (!err)
        err = migrator_name(migrator, file->version);
    if (err)
        return err;
    do {
        err = revert(&work, loss);
    } while (err && may_try_again(&work));
    if (!err) {
        measure(&work);
        migrator_say(migrator, "reverted %04d %s", file->version, file->name);
        migrator->report.done[migrator->report.done_n++] = work.done;
    }
    return err;
}
