/* Proofs that need a database of their own: an empty one that the operator names. What is made
 * there is taken away again. */
#include "db/migrate/scratch.h"

#include "db/migrate/catalogue.h"
#include "db/migrate/file.h"
#include "db/migrate/history.h"
#include "db/migrate/lock.h"
#include "db/migrate/run.h"

#include <string.h>

static const char count_things[] =
    "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    "    ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

static const char identity[] = "SELECT system_identifier || ' ' || current_database()"
                               "  FROM pg_catalog.pg_control_system()";

enum err scratch_lines(const struct migrate_options *options, struct fault *fault,
                       struct catalogue_line **lines, size_t *n)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    enum err err = migrator_open(&migrator);
    return err ? err : catalogue_read(&migrator, fault->arena, lines, n);
}

static enum err text_of(const struct migrate_options *options, struct fault *fault,
                        const char *question, const char **out)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    PGresult *result = NULL;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = migrator_run(&migrator, question, &result);
    if (!err)
        *out = PQgetvalue(result, 0, 0);
    return err;
}

enum err scratch_check(const struct migrate_options *options, const struct migrate_options *scratch,
                       struct fault *fault)
{
    const char *ours = "", *theirs = "", *things = "";
    enum err err = text_of(options, fault, identity, &ours);
    if (!err)
        err = text_of(scratch, fault, identity, &theirs);
    if (!err && strcmp(ours, theirs) == 0)
        err = fail(fault, ERR_INPUT, "usage", "--scratch names the database itself");
    if (!err)
        err = text_of(scratch, fault, count_things, &things);
    if (!err && strcmp(things, "0") != 0)
        err = fail(fault, ERR_CONFLICT, "scratch-not-empty",
                   "the scratch database holds %s tables, indexes or sequences: name an empty one",
                   things);
    return err;
}

struct migrate_options scratch_options(const struct migrate_options *options, const char *url)
{
    struct migrate_options scratch = *options;
    scratch.url = url;
    scratch.report = NULL;
    scratch.guard = NULL;
    scratch.data_loss_ok = -1;
    return scratch;
}

void scratch_clean(const struct migrate_options *scratch, struct fault *fault)
{
    static const char *const statements[] = {"DROP SCHEMA IF EXISTS clinicd CASCADE",
                                             "DROP SCHEMA IF EXISTS ops CASCADE"};
    struct fault aside = {.arena = fault->arena};
    struct migrate_options quiet = scratch_options(scratch, scratch->url);
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = &quiet, .fault = &aside, .files = files_of(scratch)};
    enum err err = migrator_open(&migrator);
    for (size_t i = 0; !err && i < 2; i++)
        err = migrator_run(&migrator, statements[i], NULL);
    if (err)
        migrator_say(&migrator, "the scratch database could not be cleaned: %s", aside.detail);
}

static enum err record_all(struct migrator *migrator, int to)
{
    enum err err = migrator_run(migrator, "BEGIN", NULL);
    for (int version = 0; !err && version < to; version++)
        err = history_add(migrator, &migrator->files[version], &(struct migrate_done){.rows = 0});
    if (!err)
        err = catalogue_keep(migrator);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    migrator_roll_back(migrator);
    return err;
}

/* Under the lock; the catalogue is read again, so that what is recorded is what was compared. */
static enum err compare_and_record(struct migrator *migrator, int to,
                                   const struct catalogue_line *wanted, size_t wanted_n,
                                   struct drift **drift, size_t *drift_n)
{
    struct history history;
    struct catalogue_line *found;
    size_t found_n;
    enum err err = history_read(migrator, &history);
    if (!err && history.count > 0)
        err = fail(migrator->fault, ERR_CONFLICT, "history-there",
                   "this database has a history up to %04d: a baseline is for one without",
                   (int)history.count);
    if (!err)
        err = catalogue_read(migrator, migrator->fault->arena, &found, &found_n);
    if (err)
        return err;
    *drift_n = catalogue_compare(wanted, wanted_n, found, found_n, migrator->fault->arena, drift);
    if (*drift_n > 0)
        return fail(migrator->fault, ERR_CONFLICT, "catalogue-differs",
                    "%zu objects differ from version %04d: nothing was recorded", *drift_n, to);
    return record_all(migrator, to);
}

enum err migrate_baseline(const struct migrate_options *options, int version,
                          const char *scratch_url, struct fault *fault, struct drift **drift,
                          size_t *drift_n)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct migrate_options scratch = scratch_options(options, scratch_url);
    struct catalogue_line *wanted = NULL;
    size_t wanted_n = 0;
    int applied = 0;
    *drift_n = 0;
    if (version < 1 || version > files_latest(migrator.files))
        return fail(fault, ERR_INPUT, "migration-unknown", "there is no migration %04d", version);
    enum err err = scratch_check(options, &scratch, fault);
    if (err)
        return err;
    scratch.to = version;
    err = migrate_up(&scratch, fault, &applied);
    if (!err)
        err = scratch_lines(&scratch, fault, &wanted, &wanted_n);
    scratch_clean(&scratch, fault);
    if (!err)
        err = migrator_open(&migrator);
    if (!err)
        err = lock_take(&migrator);
    if (!err)
        err = history_prepare(&migrator);
    if (!err)
        err = run_begin(&migrator, "migrate baseline");
    if (!err)
        err = compare_and_record(&migrator, version, wanted, wanted_n, drift, drift_n);
    migrator.report.schema_version = err ? 0 : version;
    run_end(&migrator, err, NULL);
    return err;
}

enum err migrate_in_scratch(const struct migrate_options *options, const char *scratch_url,
                            struct fault *fault,
                            enum err (*work)(void *user, const char *url, struct fault *fault),
                            void *user)
{
    struct migrate_options scratch = scratch_options(options, scratch_url);
    int applied = 0;
    enum err err = scratch_check(options, &scratch, fault);
    if (err)
        return err;
    scratch.to = -1;
    err = migrate_up(&scratch, fault, &applied);
    if (!err)
        err = work(user, scratch_url, fault);
    scratch_clean(&scratch, fault);
    return err;
}

struct lines {
    const struct migrate_options *options;
    struct catalogue_line *all;
    size_t n;
};

static enum err lines_take(void *user, const char *url, struct fault *fault)
{
    struct lines *lines = user;
    struct migrate_options scratch = scratch_options(lines->options, url);
    return scratch_lines(&scratch, fault, &lines->all, &lines->n);
}

enum err migrate_compare(const struct migrate_options *options, const char *scratch_url,
                         struct fault *fault, struct drift **out, size_t *count)
{
    struct lines wanted = {.options = options}, found = {.options = options};
    enum err err = migrate_in_scratch(options, scratch_url, fault, lines_take, &wanted);
    if (!err)
        err = scratch_lines(options, fault, &found.all, &found.n);
    if (!err)
        *count = catalogue_compare(wanted.all, wanted.n, found.all, found.n, fault->arena, out);
    return err;
}
