#include "db/backup.h"

#include "db/backup/ledger.h"
#include "db/backup/parts.h"
#include "db/backup/survey.h"
#include "db/clock.h"
#include "db/program.h"
#include "db/uuid.h"

#include <stdlib.h>
#include <string.h>

static const char facts[] =
    "SELECT current_database(), current_setting('server_version'), s.system_identifier,"
    "       pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_encoding_to_char(d.encoding),"
    "       d.datcollate, d.datctype,"
    "       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn()"
    "       END, current_setting('server_version_num')::int / 10000,"
    "       r.rolbypassrls OR r.rolsuper, current_user,"
    "       to_regclass('ops.migration') IS NOT NULL"
    "  FROM pg_catalog.pg_database d, pg_catalog.pg_control_system() s, pg_catalog.pg_roles r"
    " WHERE d.datname = current_database() AND r.rolname = current_user";

/* pg_dump locks and reads all of these; one that it may not read fails the whole dump. */
static const char unreadable[] =
    "SELECT coalesce(string_agg(name, ', ' ORDER BY name), '') FROM ("
    "    SELECT c.oid::regclass::text AS name FROM pg_catalog.pg_class c"
    "      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
    "       AND c.relpersistence <> 't'"
    "       AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege(c.oid, 'SELECT')"
    "               WHEN 'i' THEN false ELSE c.relkind IN ('r', 'p', 'm', 'v')"
    "                   AND NOT has_table_privilege(c.oid, 'SELECT') END"
    "     ORDER BY 1 LIMIT 5) AS few";

static const char roles[] = "SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend s"
                            "  JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid"
                            " WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass"
                            "   AND s.dbid = (SELECT d.oid FROM pg_catalog.pg_database d"
                            "                  WHERE d.datname = current_database())"
                            " ORDER BY 1";

struct work {
    const struct backup_options *options;
    struct fault *fault;
    struct survey survey;
    struct manifest manifest;
    struct draft draft;
    struct file_mark *files;
    size_t files_n;
    const char *dump; /* path of pg_dump */
};

const char *backup_name(struct arena *arena, const char **made_at)
{
    char at[CLOCK_TEXT], *name = arena_take(arena, CLOCK_TEXT);
    size_t n = 0;
    *made_at = arena_copy(arena, clock_text(clock_now_us(), 3, at));
    for (const char *c = *made_at; *c; c++) {
        if (!strchr("-:.", *c))
            name[n++] = *c;
    }
    return arena_format(arena, "clinicd-%s", name);
}

void backup_facts_fill(const struct manifest *manifest, struct backup_facts *out)
{
    out->id = manifest->id;
    out->kind = manifest->kind;
    out->database = manifest->database;
    out->server_version = manifest->server_version;
    out->system_identifier = manifest->system_identifier;
    out->schema_version = manifest->schema_version;
    out->tables = (int64_t)manifest->tables_n;
    out->rows = manifest_rows(manifest);
    out->bytes = manifest->bytes + manifest->files_bytes;
    out->files = manifest->files;
    out->missing = manifest->missing;
    out->missing_n = manifest->missing_n;
}

enum err backup_close(struct draft *draft, const struct manifest *manifest, int64_t began_us,
                      struct fault *fault, struct backup_facts *out, char sha256[],
                      const char **text)
{
    struct buf json;
    struct backup_facts done = {.folder = draft->final};
    buf_begin(&json, fault->arena, 4096);
    manifest_write(&json, manifest);
    enum err err = draft_write(draft, "manifest.json", json.text, fault, sha256);
    if (!err)
        err = draft_finish(draft, fault);
    if (err)
        return err;
    backup_facts_fill(manifest, &done);
    done.duration_ms = (clock_monotonic_us() - began_us) / 1000;
    *text = json.text;
    *out = done;
    return ERR_NONE;
}

static enum err role_check(struct work *work, const PGresult *row)
{
    const char *names = "", *role = PQgetvalue(row, 0, 10);
    if (*PQgetvalue(row, 0, 9) != 't')
        return fail(work->fault, ERR_CONFLICT, "unsafe-role",
                    "the role %s does not bypass row level security: its dump would fail, or hold "
                    "nothing; use clinicd_backup",
                    role);
    enum err err = survey_text(&work->survey, unreadable, 0, NULL, &names);
    if (!err && names[0] != '\0')
        err = fail(work->fault, ERR_CONFLICT, "unsafe-role",
                   "the role %s may not read %s: run what `clinicd migrate roles` prints, as a "
                   "superuser",
                   role, names);
    return err;
}

static enum err facts_read(struct work *work)
{
    PGresult *row = NULL, *list = NULL;
    struct manifest *manifest = &work->manifest;
    const char *version = "0";
    enum err err = survey_run(&work->survey, facts, 0, NULL, &row);
    if (!err)
        err = role_check(work, row);
    if (!err && *PQgetvalue(row, 0, 11) == 't')
        err = survey_text(&work->survey, "SELECT coalesce(max(version), 0) FROM ops.migration", 0,
                          NULL, &version);
    if (!err)
        err = survey_run(&work->survey, roles, 0, NULL, &list);
    if (!err)
        err = tool_find("pg_dump", atoi(PQgetvalue(row, 0, 8)), work->fault, &work->dump,
                        &manifest->dump_tool);
    if (err)
        return err;
    manifest->database = PQgetvalue(row, 0, 0);
    manifest->server_version = PQgetvalue(row, 0, 1);
    manifest->system_identifier = PQgetvalue(row, 0, 2);
    manifest->owner = PQgetvalue(row, 0, 3);
    manifest->encoding = PQgetvalue(row, 0, 4);
    manifest->collate = PQgetvalue(row, 0, 5);
    manifest->ctype = PQgetvalue(row, 0, 6);
    manifest->lsn = PQgetvalue(row, 0, 7);
    manifest->schema_version = atoi(version);
    manifest->roles_n = (size_t)PQntuples(list);
    manifest->roles = arena_array(work->fault->arena, const char *, manifest->roles_n);
    for (size_t i = 0; i < manifest->roles_n; i++)
        manifest->roles[i] = PQgetvalue(list, (int)i, 0);
    return ERR_NONE;
}

static enum err dump_begin(struct work *work, struct child *child)
{
    struct arena *arena = work->fault->arena;
    struct tool_target target;
    survey_target(&work->survey, &target);
    const char *const dump[] = {
        work->dump,
        "--format=custom",
        "--no-password",
        "--no-sync",
        "--lock-wait-timeout=60s",
        arena_format(arena, "--snapshot=%s", work->manifest.snapshot),
        arena_format(arena, "--file=%s/%s", work->draft.path, work->manifest.payload),
        arena_format(arena, "--dbname=%s", target.connection),
        NULL};
    return child_begin(dump, target.environment, work->fault, child);
}

/* pg_dump writes while we add up: both look through the same snapshot, which lives as long as this
 * transaction. Sequences know no snapshot; pg_dump reads them later than we. */
static enum err snapshot_keep(struct work *work)
{
    struct child child;
    enum err err =
        survey_run(&work->survey, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL, NULL);
    if (!err)
        err = survey_sequences(&work->survey, &work->manifest);
    if (!err)
        err = survey_text(&work->survey, "SELECT pg_export_snapshot()", 0, NULL,
                          &work->manifest.snapshot);
    if (!err)
        err = dump_begin(work, &child);
    if (err)
        return err;
    err = survey_sums(&work->survey, work->options, &work->manifest);
    if (err)
        child_kill(&child);
    else
        err = child_end(&child, work->options->stop, work->fault, NULL);
    if (!err)
        err = survey_files(&work->survey, &work->files, &work->files_n);
    return err ? err : survey_run(&work->survey, "COMMIT", 0, NULL, NULL);
}

static enum err work_do(struct work *work, const char *to, const char *name)
{
    struct manifest *manifest = &work->manifest;
    char digest[DIGEST_TEXT];
    enum err err = draft_begin(to, name, work->fault, &work->draft);
    if (!err)
        err = snapshot_keep(work);
    if (!err)
        err = draft_seal(&work->draft, manifest->payload, work->fault, &manifest->bytes, digest);
    if (!err)
        manifest->sha256 = arena_copy(work->fault->arena, digest);
    if (!err)
        err = draft_keep_files(&work->draft, work->options, work->files, work->files_n, work->fault,
                               manifest);
    return err;
}

static void work_end(struct work *work)
{
    survey_close(&work->survey);
    draft_drop(&work->draft);
}

/* The backup is there and as good as it can be; what it lacks must not go unseen. */
static enum err missing_tell(const struct work *work)
{
    const struct manifest *manifest = &work->manifest;
    if (manifest->missing_n == 0)
        return ERR_NONE;
    return fail(work->fault, ERR_INTERNAL, "verification-failed",
                "the backup was made, but the store lacks %zu files that rows name, as %s: "
                "`clinicd files fsck` tells them, with --repair they are marked as missing",
                manifest->missing_n, manifest->missing[0]);
}

enum err backup_run(const struct backup_options *options, const char *url, const char *to,
                    struct fault *fault, struct backup_facts *out)
{
    struct work work CLEANUP(work_end) = {.options = options, .fault = fault};
    struct manifest *manifest = &work.manifest;
    struct ledger ledger;
    struct backup_facts done = {.id = NULL};
    char id[UUID_TEXT], sha256[DIGEST_TEXT];
    const char *text = NULL;
    int64_t began_us = clock_monotonic_us();
    *manifest = (struct manifest){.kind = "postgresql",
                                  .tool = "clinicd " CLINICD_VERSION,
                                  .payload = "database.dump",
                                  .id = arena_copy(fault->arena, uuid_make(clock_now_us(), id))};
    const char *name = backup_name(fault->arena, &manifest->made_at);
    enum err err = survey_open(url, NULL, fault, &work.survey);
    if (!err)
        err = facts_read(&work);
    if (err)
        return err;
    work.survey.stop = options->stop;
    ledger_begin(&ledger, options, fault);
    err = work_do(&work, to, name);
    if (!err)
        err = backup_close(&work.draft, manifest, began_us, fault, &done, sha256, &text);
    if (!err)
        ledger_backup(&ledger, &done, sha256, manifest->lsn, text);
    ledger_end(&ledger, err, fault,
               arena_format(fault->arena, "{\"backup\": \"%s\"}", err ? "" : manifest->id));
    if (err)
        return err;
    done.not_noted = ledger.not_noted;
    *out = done;
    return missing_tell(&work);
}
