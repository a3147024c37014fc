#include "db/noted.h"

#include "db/import/steps.h"
#include "db/migrate/run.h"

#include <string.h>

struct noted {
    struct migrate_options options;
    struct fault aside; /* its troubles are not the command's */
    struct migrator migrator;
};

static enum err ledger_open(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_open(migrator);
    if (!err)
        err = migrator_run(migrator, import_run_ledger[0].sql, &result);
    if (!err && *PQgetvalue(result, 0, 0) != 't')
        err = fail(migrator->fault, ERR_CONFLICT, "schema-mismatch",
                   "an import signs in as clinicd_migrator (this is %s), to a database that is "
                   "migrated: run `clinicd migrate up`",
                   PQgetvalue(result, 0, 1));
    return err;
}

enum err noted_begin(const char *url, const char *command, const char *arguments,
                     struct fault *fault, struct noted **out)
{
    struct noted *noted = arena_take(fault->arena, sizeof *noted);
    *noted = (struct noted){
        .options = {.url = url, .command = command, .arguments = arguments},
        .aside = {.arena = fault->arena},
        .migrator = {.options = &noted->options, .fault = fault},
    };
    enum err err = ledger_open(&noted->migrator);
    if (!err)
        err = run_begin(&noted->migrator, command);
    if (err)
        migrator_close(&noted->migrator);
    else
        *out = noted;
    return err;
}

const char *noted_end(struct noted *noted, const struct fault *fault, const char *result)
{
    struct fault story = *fault;
    noted->migrator.fault = &story; /* how it ended, by this */
    const char *why = run_end(&noted->migrator, story.err, result);
    noted->migrator.fault = &noted->aside;
    migrator_close(&noted->migrator);
    return why;
}

static enum err report_find(struct migrator *migrator, const char *sha256, const char *import,
                            struct noted_report *out)
{
    const char *const values[] = {sha256, import};
    PGresult *row = NULL;
    enum err err = run_check_chain(migrator);
    if (!err)
        err = migrator_run_params(migrator, import_run_ledger_find[0].sql, 2, values, &row);
    if (err)
        return err;
    if (PQntuples(row) == 0)
        return fail(migrator->fault, ERR_NOT_FOUND, NULL, "ops.run has no such report");
    *out = (struct noted_report){
        .import = PQgetvalue(row, 0, 0),
        .text = PQgetvalue(row, 0, 1),
        .sha256 = PQgetvalue(row, 0, 2),
        .ended_at = PQgetvalue(row, 0, 3),
        .by = PQgetvalue(row, 0, 4),
        .host = PQgetvalue(row, 0, 5),
        .tool = PQgetvalue(row, 0, 6),
        .is_true = *PQgetvalue(row, 0, 7) == 't',
    };
    return ERR_NONE;
}

enum err noted_find(const char *url, const char *sha256, const char *import, struct fault *fault,
                    struct noted_report *out)
{
    const struct migrate_options options = {.url = url};
    struct migrator migrator = {.options = &options, .fault = fault};
    enum err err = ledger_open(&migrator);
    if (!err)
        err = report_find(&migrator, sha256, import, out);
    migrator_close(&migrator);
    return err;
}
