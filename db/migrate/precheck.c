#include "db/migrate/precheck.h"

#include "db/migrate/file.h"
#include "db/migrate/history.h"
#include "db/migrate/step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_JSON = 114, TYPE_JSONB = 3802 }; /* their oids are the same on every server */

static const char five_of_json[] =
    "SELECT coalesce(jsonb_path_query_array($1::jsonb, '$[0 to 4]'), '[]')";
static const char five_of_array[] = "SELECT coalesce(to_jsonb(($1::text[])[1:5]), '[]')";

/* A need is there already, or comes before: a backfill that is still to run changes the answer. */
static bool waits_for_backfill(const struct migrator *migrator, const struct migration *file,
                               int from)
{
    for (const int *need = file->needs; need && *need; need++)
        if (*need > from && strcmp(migrator->files[*need - 1].kind, "backfill") == 0)
            return true;
    return false;
}

/* No such table, column, schema or function. */
static bool is_absent(const struct fault *fault)
{
    static const char *const states[] = {"(42P01)", "(42703)", "(3F000)", "(42883)"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (fault->detail && strstr(fault->detail, states[i]))
            return true;
    return false;
}

static enum err answer_take(struct migrator *migrator, const struct place *place,
                            const PGresult *answer, struct arena *arena,
                            struct precheck_finding *out)
{
    PGresult *five = NULL;
    if (PQntuples(answer) != 1 || PQnfields(answer) != 2 || PQgetisnull(answer, 0, 0))
        return fail(migrator->fault, ERR_INTERNAL, "migration-failed",
                    "%04d_%s, section precheck, statement %d does not give one row: count, ids",
                    place->file->version, place->file->name, place->number);
    bool is_json = PQftype(answer, 1) == TYPE_JSON || PQftype(answer, 1) == TYPE_JSONB;
    const char *ids = PQgetisnull(answer, 0, 1) ? NULL : PQgetvalue(answer, 0, 1);
    enum err err =
        migrator_run_params(migrator, is_json ? five_of_json : five_of_array, 1, &ids, &five);
    if (err)
        return err;
    out->count = strtoll(PQgetvalue(answer, 0, 0), NULL, 10);
    out->ids = arena_copy(arena, PQgetvalue(five, 0, 0));
    return ERR_NONE;
}

static enum err ask(struct migrator *migrator, const struct place *place, const char *sql,
                    struct arena *arena, struct precheck_finding *out)
{
    PGresult *answer = NULL;
    enum err err = migrator_check_stop(migrator);
    if (!err)
        err = migrator_run(migrator, "BEGIN READ ONLY", NULL);
    if (!err)
        err = migrator_run_at(migrator, place, sql, &answer);
    if (!err)
        err = answer_take(migrator, place, answer, arena, out);
    migrator_roll_back(migrator);
    return err;
}

static enum err ask_or_wait(struct migrator *migrator, const struct place *place, const char *sql,
                            int from, struct arena *arena, struct precheck_finding *out)
{
    if (waits_for_backfill(migrator, place->file, from)) {
        out->is_later = true;
        return ERR_NONE;
    }
    enum err err = ask(migrator, place, sql, arena, out);
    if (!err || place->file->version == from + 1 || !is_absent(migrator->fault))
        return err;
    fault_reset(migrator->fault);
    out->is_later = true;
    return ERR_NONE;
}

static size_t prechecks_n(const struct migrator *migrator, int from, int to)
{
    size_t n = 0;
    for (int version = from; version < to; version++)
        for (const struct precheck *one = migrator->files[version].precheck; one && one->sql; one++)
            n++;
    return n;
}

enum err prechecks_ask(struct migrator *migrator, int from, int to, struct arena *arena,
                       struct precheck_finding **out, size_t *count)
{
    size_t n = 0;
    struct step_row stopped;
    struct precheck_finding *all =
        arena_array(arena, struct precheck_finding, prechecks_n(migrator, from, to) + 1);
    enum err err = step_find(migrator, &stopped);
    for (int version = from; !err && version < to; version++) {
        const struct migration *file = &migrator->files[version];
        struct place place = {.file = file, .section = "precheck"};
        if (file->version == stopped.version)
            continue;
        for (const struct precheck *one = file->precheck; !err && one && one->sql; one++) {
            struct precheck_finding *finding = &all[n++];
            *finding = (struct precheck_finding){.version = file->version,
                                                 .name = file->name,
                                                 .finds = one->finds,
                                                 .cure = one->cure,
                                                 .ids = "[]"};
            place.number++;
            err = ask_or_wait(migrator, &place, one->sql, from, arena, finding);
        }
    }
    if (err)
        return err;
    *out = all;
    *count = n;
    return ERR_NONE;
}

static enum err red_fail(struct migrator *migrator)
{
    const struct precheck_finding *first = migrator->report.prechecks;
    size_t more = migrator->report.prechecks_n - 1;
    const char *rest =
        more > 0 ? arena_format(migrator->fault->arena, "; and %zu more prechecks are red", more)
                 : "";
    return fail(migrator->fault, ERR_CONFLICT, "precheck-failed",
                "%04d_%s: %" PRId64 " %s, as %s: %s%s", first->version, first->name, first->count,
                first->finds, first->ids, first->cure, rest);
}

enum err prechecks_hold(struct migrator *migrator, int from, int to)
{
    struct precheck_finding *all = NULL;
    size_t n = 0, red = 0;
    enum err err = prechecks_ask(migrator, from, to, migrator->fault->arena, &all, &n);
    if (err)
        return err;
    for (size_t i = 0; i < n; i++)
        if (all[i].count > 0)
            all[red++] = all[i];
    migrator->report.prechecks = all;
    migrator->report.prechecks_n = red;
    return red > 0 ? red_fail(migrator) : ERR_NONE;
}

enum err migrate_prechecks(const struct migrate_options *options, struct arena *arena,
                           struct fault *fault, struct precheck_finding **out, size_t *count)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history = {.count = 0};
    enum err err = migrator_open(&migrator);
    if (!err)
        err = history_read(&migrator, &history);
    if (!err)
        err = history_check(&migrator, &history);
    int to = options->to < 0 ? files_latest(migrator.files) : options->to;
    return err ? err : prechecks_ask(&migrator, (int)history.count, to, arena, out, count);
}
