#include "db/backup.h"

#include "db/backup/ledger.h"
#include "db/backup/parts.h"
#include "db/backup/survey.h"
#include "db/clock.h"
#include "db/json.h"
#include "db/migrate.h"
#include "db/program.h"
#include "db/uuid.h"

#include <stdlib.h>
#include <string.h>

/* A database that is being restored has such a name, and nothing else has. */
#define SCRATCH_PREFIX "clinicd-restore-"

/* What a killed restore left. One that is under way is not always connected to its own, so whoever
 * restores holds this lock ("clin", as of the migrator's) with others, and who sweeps holds it
 * alone. */
#define SWEEP_LOCK "(1668049262, 3)"
static const char sweep_begin[] = "SELECT pg_try_advisory_lock" SWEEP_LOCK "::text";
static const char sweep_end[] = "SELECT pg_advisory_unlock" SWEEP_LOCK;
static const char restore_begin[] = "SELECT pg_advisory_lock_shared" SWEEP_LOCK;
static const char leftovers[] =
    "SELECT format('DROP DATABASE IF EXISTS %I', d.datname) FROM pg_catalog.pg_database d"
    " WHERE d.datname ~ '^" SCRATCH_PREFIX "[0-9a-f-]{36}$'"
    "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)";

static const char missing_roles[] =
    "SELECT coalesce(string_agg(r, ', '), '') FROM jsonb_array_elements_text($1::jsonb) r"
    " WHERE r NOT IN (SELECT rolname FROM pg_catalog.pg_roles)";

static const char create_database[] =
    "SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L"
    " LC_CTYPE %L', $1::text, $2::text, $3::text, $4::text, $5::text)";

/* As the embedded server has them. */
static const char close_database[] =
    "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text)";
static const char open_database[] =
    "SELECT format('GRANT CONNECT ON DATABASE %I TO %s', $1::text,"
    "    string_agg(quote_ident(rolname), ', ')) FROM pg_catalog.pg_roles"
    " WHERE rolname IN ('clinicd_app', 'clinicd_migrator', 'clinicd_backup')";

static const char drop_scratch[] =
    "SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text)";
static const char drop_empty[] = "SELECT format('DROP DATABASE IF EXISTS %I', $1::text)";
static const char rename_scratch[] =
    "SELECT format('ALTER DATABASE %I RENAME TO %I', $1::text, $2::text)";

static const char exists[] = "SELECT count(*)::text FROM pg_catalog.pg_database WHERE datname = $1";
static const char things[] =
    "SELECT count(*)::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    "    ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

struct restore {
    const struct backup_options *options;
    struct fault *fault;
    const char *url, *folder, *into;
    struct manifest manifest;
    struct survey boss;  /* where databases are made */
    const char *scratch; /* NULL: there is none */
    struct restore_report report;
};

/* A statement that the server makes, so that names are quoted by it. */
static enum err made_run(const struct survey *survey, const char *maker, int n,
                         const char *const values[])
{
    const char *sql = NULL;
    enum err err = survey_text(survey, maker, n, values, &sql);
    return err ? err : survey_run(survey, sql, 0, NULL, NULL);
}

static enum err leftovers_drop(const struct survey *boss)
{
    PGresult *list = NULL;
    const char *is_alone = "false";
    enum err err = survey_text(boss, sweep_begin, 0, NULL, &is_alone);
    if (err || strcmp(is_alone, "true") != 0)
        return err;
    err = survey_run(boss, leftovers, 0, NULL, &list);
    for (int i = 0; !err && i < PQntuples(list); i++)
        err = survey_run(boss, PQgetvalue(list, i, 0), 0, NULL, NULL);
    return err ? err : survey_run(boss, sweep_end, 0, NULL, NULL);
}

static enum err roles_check(struct restore *restore)
{
    struct buf json;
    const char *names = "";
    buf_begin(&json, restore->fault->arena, 128);
    buf_char(&json, '[');
    for (size_t i = 0; i < restore->manifest.roles_n; i++) {
        buf_text(&json, i ? ", " : "");
        buf_json_string(&json, restore->manifest.roles[i]);
    }
    buf_char(&json, ']');
    const char *value = json.text;
    enum err err = survey_text(&restore->boss, missing_roles, 1, &value, &names);
    if (!err && names[0] != '\0')
        err = fail(restore->fault, ERR_CONFLICT, "roles-missing",
                   "the server has no role %s: run what `clinicd migrate roles` prints, as a "
                   "superuser",
                   names);
    return err;
}

/* Nothing is restored over something. */
static enum err into_check(struct restore *restore)
{
    const char *n = "0";
    struct survey survey CLEANUP(survey_close) = {.conn = NULL};
    if (!restore->into)
        return ERR_NONE;
    enum err err = survey_text(&restore->boss, exists, 1, &restore->into, &n);
    if (err || strcmp(n, "0") == 0)
        return err;
    err = survey_open(restore->url, restore->into, restore->fault, &survey);
    if (!err)
        err = survey_text(&survey, things, 0, NULL, &n);
    if (!err && strcmp(n, "0") != 0)
        err = fail(restore->fault, ERR_CONFLICT, "database-exists",
                   "the database %s is there and not empty: restore into a new one", restore->into);
    return err;
}

static enum err boss_begin(struct restore *restore)
{
    enum err err = survey_open(restore->url, NULL, restore->fault, &restore->boss);
    if (!err)
        err = leftovers_drop(&restore->boss);
    if (!err)
        err = survey_run(&restore->boss, restore_begin, 0, NULL, NULL);
    if (!err)
        err = roles_check(restore);
    return err ? err : into_check(restore);
}

static enum err scratch_make(struct restore *restore)
{
    char id[UUID_TEXT];
    const struct manifest *manifest = &restore->manifest;
    const char *name =
        arena_format(restore->fault->arena, SCRATCH_PREFIX "%s", uuid_make(clock_now_us(), id));
    const char *const values[] = {name, manifest->owner, manifest->encoding, manifest->collate,
                                  manifest->ctype};
    enum err err = made_run(&restore->boss, create_database, 5, values);
    if (err)
        return err;
    restore->scratch = name;
    return made_run(&restore->boss, close_database, 1, &restore->scratch);
}

/* "pg_dump (PostgreSQL) 15.20 (Debian …)" */
static int tool_major(const char *version)
{
    const char *name = strstr(version, "(PostgreSQL) ");
    return name ? atoi(name + strlen("(PostgreSQL) ")) : 0;
}

static enum err dump_load(struct restore *restore, const struct survey *scratch)
{
    struct arena *arena = restore->fault->arena;
    struct tool_target target;
    struct child child;
    const char *tool = "", *version = "";
    int server = PQserverVersion(scratch->conn) / 10000;
    int dump = tool_major(restore->manifest.dump_tool);
    enum err err =
        tool_find("pg_restore", server > dump ? server : dump, restore->fault, &tool, &version);
    if (err)
        return err;
    survey_target(scratch, &target);
    const char *const load[] = {
        tool,
        "--no-password",
        "--exit-on-error",
        "--jobs=2",
        arena_format(arena, "--dbname=%s", target.connection),
        arena_format(arena, "%s/%s", restore->folder, restore->manifest.payload),
        NULL};
    int64_t began_us = clock_monotonic_us();
    err = child_begin(load, target.environment, restore->fault, &child);
    if (!err)
        err = child_end(&child, restore->options->stop, restore->fault, NULL);
    restore->report.restore_ms = (clock_monotonic_us() - began_us) / 1000;
    return err;
}

static enum err difference_fail(struct restore *restore)
{
    return fail(restore->fault, ERR_INTERNAL, "verification-failed",
                "what came back is not what the manifest says: %zu differences",
                restore->report.differences_n);
}

static enum err sums_check(struct restore *restore, const struct survey *scratch)
{
    struct manifest found = {.kind = NULL};
    struct restore_report *report = &restore->report;
    enum err err = survey_sums(scratch, restore->options, &found);
    if (!err)
        err = survey_sequences(scratch, &found);
    if (err)
        return err;
    report->differences_n =
        manifest_compare(&restore->manifest, &found, restore->fault->arena, &report->differences);
    return report->differences_n > 0 ? difference_fail(restore) : ERR_NONE;
}

/* The migrations' own questions, and the catalogue that the last of them left. */
static enum err schema_check(struct restore *restore, const struct survey *scratch)
{
    struct tool_target target;
    struct drift *drift = NULL;
    struct fault aside = {.arena = restore->fault->arena};
    size_t n = 0;
    if (restore->manifest.schema_version == 0)
        return ERR_NONE;
    survey_target(scratch, &target);
    struct migrate_options options = {
        .url = target.url, .lock_wait_ms = 1000, .to = -1, .data_loss_ok = -1};
    enum err err = migrate_verify(&options, restore->fault);
    if (err || migrate_drift(&options, aside.arena, &aside, &drift, &n))
        return err; /* an older program kept no catalogue */
    restore->report.differences = arena_array(aside.arena, struct backup_difference, n + 1);
    for (size_t i = 0; i < n; i++)
        restore->report.differences[i] =
            (struct backup_difference){.what = drift[i].object,
                                       .wanted = "as the last migration left it",
                                       .found = drift[i].kind};
    restore->report.differences_n = n;
    return n > 0 ? difference_fail(restore) : ERR_NONE;
}

/* Every file that a restored row names is in the backup, and then in the store. */
static enum err files_check(struct restore *restore, const struct survey *scratch)
{
    struct file_mark *marks = NULL;
    struct restore_report *report = &restore->report;
    size_t n = 0;
    enum err err = survey_files(scratch, &marks, &n);
    if (!err)
        err = dump_compare_files(restore->folder, &restore->manifest, marks, n, restore->fault,
                                 report);
    if (!err && report->differences_n > 0)
        err = difference_fail(restore);
    if (err || !restore->into || !restore->options->store)
        return err;
    return dump_put_files(restore->options, restore->folder, marks, n, restore->fault,
                          &report->files_put);
}

static enum err scratch_fill(struct restore *restore)
{
    struct survey scratch CLEANUP(survey_close) = {.conn = NULL};
    enum err err = survey_open(restore->url, restore->scratch, restore->fault, &scratch);
    scratch.stop = restore->options->stop;
    if (!err)
        err = dump_load(restore, &scratch);
    if (!err)
        err = sums_check(restore, &scratch);
    if (!err)
        err = schema_check(restore, &scratch);
    return err ? err : files_check(restore, &scratch);
}

/* A restore may take an hour: who has moved in meanwhile is asked for again. */
static enum err scratch_name(struct restore *restore)
{
    const char *const names[] = {restore->scratch, restore->into};
    enum err err = into_check(restore);
    if (!err)
        err = made_run(&restore->boss, open_database, 1, &restore->scratch);
    if (!err)
        err = made_run(&restore->boss, drop_empty, 1, &restore->into);
    if (!err)
        err = made_run(&restore->boss, rename_scratch, 2, names);
    if (!err)
        restore->scratch = NULL;
    return err;
}

/* Whatever happened; the story stays that of the failure. */
static void scratch_drop(struct restore *restore)
{
    struct fault aside = {.arena = restore->fault->arena};
    struct survey boss = {.conn = restore->boss.conn, .fault = &aside};
    if (restore->scratch && made_run(&boss, drop_scratch, 1, &restore->scratch))
        fault_reset(&aside); /* the next restore drops it */
    restore->scratch = NULL;
}

static enum err database_restore(struct restore *restore)
{
    enum err err = boss_begin(restore);
    if (!err)
        err = scratch_make(restore);
    if (!err)
        err = scratch_fill(restore);
    if (!err && restore->into)
        err = scratch_name(restore);
    if (restore->boss.conn)
        scratch_drop(restore);
    survey_close(&restore->boss);
    return err;
}

static enum err legacy_restore(struct restore *restore)
{
    struct manifest found = {.kind = NULL};
    struct restore_report *report = &restore->report;
    int64_t began_us = clock_monotonic_us();
    if (restore->into)
        return fail(restore->fault, ERR_INPUT, "usage",
                    "this is the backup of a legacy file: copy its %s back, or import it",
                    restore->manifest.payload);
    enum err err = legacy_sums(
        arena_format(restore->fault->arena, "%s/%s", restore->folder, restore->manifest.payload),
        restore->fault, &found);
    report->restore_ms = (clock_monotonic_us() - began_us) / 1000;
    if (err)
        return err;
    report->differences_n =
        manifest_compare(&restore->manifest, &found, restore->fault->arena, &report->differences);
    return report->differences_n > 0 ? difference_fail(restore) : ERR_NONE;
}

/* Before anything else is touched. */
static enum err whole_check(struct restore *restore)
{
    int64_t files = 0;
    struct manifest *manifest = &restore->manifest;
    enum err err = manifest_read(restore->folder, restore->fault, manifest);
    if (!err)
        err = dump_check(restore->folder, manifest->payload, manifest->sha256, restore->fault,
                         &files);
    if (!err && files != manifest->files)
        err = dump_damaged(restore->fault, restore->folder, "it lists %lld of %lld files",
                           (long long)files, (long long)manifest->files);
    if (err)
        return err;
    backup_facts_fill(manifest, &restore->report.facts);
    restore->report.facts.folder = restore->folder;
    return ERR_NONE;
}

static enum err noted_restore(struct restore *restore)
{
    struct ledger ledger;
    ledger_begin(&ledger, restore->options, restore->fault);
    enum err err = database_restore(restore);
    if (!err)
        ledger_verified(&ledger, &restore->report.facts, restore->report.restore_ms);
    ledger_end(&ledger, err, restore->fault,
               arena_format(restore->fault->arena,
                            "{\"backup\": \"%s\", \"restore_ms\": %lld, \"differences\": %zu}",
                            restore->report.facts.id, (long long)restore->report.restore_ms,
                            restore->report.differences_n));
    restore->report.facts.not_noted = ledger.not_noted;
    return err;
}

enum err backup_restore(const struct backup_options *options, const char *url, const char *folder,
                        const char *into, struct fault *fault, struct restore_report *out)
{
    struct restore restore = {
        .options = options, .fault = fault, .url = url, .folder = folder, .into = into};
    int64_t began_us = clock_monotonic_us();
    enum err err = whole_check(&restore);
    if (!err && strcmp(restore.manifest.kind, "sqlite") == 0)
        err = legacy_restore(&restore);
    else if (!err)
        err = noted_restore(&restore);
    restore.report.facts.duration_ms = (clock_monotonic_us() - began_us) / 1000;
    *out = restore.report;
    return err;
}
