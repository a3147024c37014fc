#include "db/migrate/guard.h"

#include "db/buf.h"
#include "db/doctor.h"
#include "db/migrate/history.h"
#include "db/migrate/step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CONDITIONS_N] = {"backup", "doctor", "rehearsal", "window"};

static const char select_backup[] =
    "SELECT max(made_at) >= clock_timestamp() - $1::bigint * interval '1 ms',"
    "       to_char(max(made_at), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    "  FROM ops.backup WHERE verified_at IS NOT NULL";

/* The newest green rehearsal of exactly these texts, that began no later than we do. */
static const char select_rehearsal[] =
    "WITH runs AS MATERIALIZED (SELECT number, started_at, result FROM ops.run"
    "    WHERE command = 'migrate rehearse' AND outcome = 'done')"
    " SELECT to_char(started_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    "        coalesce((result::jsonb ->> 'lock_hold_ms')::bigint, 0) FROM runs"
    " WHERE result::jsonb -> 'hashes' @> $1::jsonb AND (result::jsonb ->> 'from')::int <= $2::int"
    " ORDER BY number DESC LIMIT 1";

struct guard {
    struct migrator *migrator;
    int from, to;
    int64_t rehearsed_hold_ms;
    struct migrate_condition *all;
};

const char *guard_hashes(struct arena *arena, const struct migration *files, int from, int to)
{
    struct buf out;
    char digest[DIGEST_TEXT];
    buf_begin(&out, arena, 128);
    buf_char(&out, '{');
    for (int version = from; version < to; version++)
        buf_format(&out, "%s\"%d\": \"%s\"", version > from ? ", " : "", files[version].version,
                   migration_digest(&files[version], digest));
    buf_char(&out, '}');
    return out.text;
}

static void note(struct guard *guard, enum condition condition, bool holds, const char *found)
{
    const struct migrate_guard *rules = guard->migrator->options->guard;
    guard->all[condition] = (struct migrate_condition){.name = names[condition],
                                                       .holds = holds,
                                                       .is_waived = rules->is_waived[condition],
                                                       .found = found};
}

static enum err rehearsal_ask(struct guard *guard)
{
    struct migrator *migrator = guard->migrator;
    struct arena *arena = migrator->fault->arena;
    PGresult *run = NULL;
    const char *const values[] = {guard_hashes(arena, migrator->files, guard->from, guard->to),
                                  arena_format(arena, "%d", guard->from)};
    enum err err = migrator_run_params(migrator, select_rehearsal, 2, values, &run);
    if (err)
        return err;
    bool is_there = PQntuples(run) == 1;
    if (is_there)
        guard->rehearsed_hold_ms = strtoll(PQgetvalue(run, 0, 1), NULL, 10);
    note(guard, CONDITION_REHEARSAL, is_there,
         is_there ? arena_format(arena, "rehearsed at %s", PQgetvalue(run, 0, 0))
                  : "no green rehearsal of these files: `clinicd migrate rehearse`");
    return ERR_NONE;
}

/* Others wait no longer than the budget, by the plan and by the rehearsal's clock; or nobody waits,
 * because the service is away. */
static enum err window_ask(struct guard *guard)
{
    struct migrator *migrator = guard->migrator;
    struct arena *arena = migrator->fault->arena;
    struct migrate_options options = *migrator->options;
    struct plan_file *files = NULL;
    PGresult *order = NULL;
    size_t n = 0;
    options.report = NULL;
    options.to = guard->to;
    enum err err = migrator_run(
        migrator, "SELECT EXISTS (SELECT FROM ops.maintenance WHERE NOT is_read_only)", &order);
    if (!err)
        err = migrate_plan(&options, arena, migrator->fault, &files, &n);
    if (err)
        return err;
    bool is_away = *PQgetvalue(order, 0, 0) == 't';
    int64_t hold_ms = guard->rehearsed_hold_ms, budget_ms = migrator_lock_budget_ms(migrator);
    for (size_t i = 0; i < n; i++)
        if ((int64_t)(files[i].hold_seconds * 1000) > hold_ms)
            hold_ms = (int64_t)(files[i].hold_seconds * 1000);
    note(guard, CONDITION_WINDOW, is_away || hold_ms <= budget_ms,
         is_away ? "maintenance is on"
                 : arena_format(arena, "others wait %" PRId64 " ms, the budget is %" PRId64 " ms%s",
                                hold_ms, budget_ms,
                                hold_ms > budget_ms ? ": `clinicd maintenance on`" : ""));
    return ERR_NONE;
}

static enum err doctor_ask(struct guard *guard)
{
    struct arena *arena = guard->migrator->fault->arena;
    const struct doctor_options *options = guard->migrator->options->guard->doctor;
    struct checkup checkup = {.n = 0};
    const struct check *first = NULL;
    size_t red = 0;
    enum err err = options ? doctor_run(options, guard->migrator->fault, &checkup) : ERR_NONE;
    for (size_t i = 0; !err && i < checkup.n; i++) {
        if (checkup.checks[i].level != LEVEL_RED)
            continue;
        first = first ? first : &checkup.checks[i];
        red++;
    }
    if (err)
        return err;
    note(guard, CONDITION_DOCTOR, options && red == 0,
         !options   ? "nobody was asked"
         : red == 0 ? "not red"
                    : arena_format(arena, "%zu red, first %s (%s): `clinicd doctor --for migrate`",
                                   red, first->id, first->measured));
    return ERR_NONE;
}

static enum err backup_look(struct guard *guard)
{
    struct migrator *migrator = guard->migrator;
    struct arena *arena = migrator->fault->arena;
    PGresult *newest = NULL;
    const char *age =
        arena_format(arena, "%lld", (long long)migrator->options->guard->backup_max_age_ms);
    enum err err = migrator_run_params(migrator, select_backup, 1, &age, &newest);
    if (err)
        return err;
    bool is_there = !PQgetisnull(newest, 0, 1), is_fresh = *PQgetvalue(newest, 0, 0) == 't';
    const char *made_at = PQgetvalue(newest, 0, 1);
    note(guard, CONDITION_BACKUP, is_fresh,
         is_fresh   ? arena_format(arena, "a verified one of %s", made_at)
         : is_there ? arena_format(arena,
                                   "the newest verified one is of %s, which is too old: "
                                   "`clinicd backup`, `clinicd restore --verify`",
                                   made_at)
                    : "no verified one: `clinicd backup`, `clinicd restore --verify`");
    return ERR_NONE;
}

static bool is_missing(const struct guard *guard, enum condition condition)
{
    return !guard->all[condition].holds && !guard->all[condition].is_waived;
}

/* Only when it is all that is missing: it may take long. */
static enum err backup_ask(struct guard *guard)
{
    const struct migrate_guard *rules = guard->migrator->options->guard;
    enum err err = backup_look(guard);
    bool is_all = true;
    for (int i = 0; !err && i < CONDITIONS_N; i++)
        is_all = is_all && (i == CONDITION_BACKUP) == is_missing(guard, (enum condition)i);
    if (err || !is_all || !rules->backup)
        return err;
    migrator_say(guard->migrator, "makes a backup and proves it, before anything is changed");
    err = rules->backup(rules->user, guard->migrator->fault);
    return err ? err : backup_look(guard);
}

/* A database that was only set up has nobody to lose anything. */
static enum err has_clinics(struct migrator *migrator, bool *out)
{
    PGresult *result = NULL;
    enum err err =
        migrator_run(migrator, "SELECT to_regclass('clinicd.clinic') IS NOT NULL", &result);
    if (!err && *PQgetvalue(result, 0, 0) == 't')
        err = migrator_run(migrator, "SELECT EXISTS (SELECT FROM clinicd.clinic)", &result);
    if (!err)
        *out = *PQgetvalue(result, 0, 0) == 't';
    return err;
}

static enum err verdict(const struct guard *guard)
{
    struct buf out;
    size_t missing = 0;
    buf_begin(&out, guard->migrator->fault->arena, 256);
    for (int i = 0; i < CONDITIONS_N; i++)
        if (is_missing(guard, (enum condition)i))
            buf_format(&out, "%s%s (%s)", missing++ ? "; " : "", names[i], guard->all[i].found);
    if (missing == 0)
        return ERR_NONE;
    return fail(guard->migrator->fault, ERR_CONFLICT, "not-ready",
                "this database holds clinics and is not ready: %s", out.text);
}

enum err guard_hold(struct migrator *migrator, int from, int to)
{
    struct guard guard = {.migrator = migrator, .from = from, .to = to};
    struct step_row stopped;
    bool is_guarded = false;
    if (!migrator->options->guard || from >= to)
        return ERR_NONE;
    enum err err = step_find(migrator, &stopped);
    if (!err && stopped.version == 0)
        err = has_clinics(migrator, &is_guarded);
    if (err || !is_guarded)
        return err;
    guard.all = arena_array(migrator->fault->arena, struct migrate_condition, CONDITIONS_N);
    err = rehearsal_ask(&guard);
    if (!err)
        err = window_ask(&guard);
    if (!err)
        err = doctor_ask(&guard);
    if (!err)
        err = backup_ask(&guard);
    if (err)
        return err;
    migrator->report.conditions = guard.all;
    migrator->report.conditions_n = CONDITIONS_N;
    return verdict(&guard);
}
