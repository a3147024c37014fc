#include "db/migrate/history.h"

#include "db/migrate/file.h"
#include "db/migrate/schema.h"
#include "db/migrate/script.h"

#include <stdlib.h>
#include <string.h>

static const char first_hash[] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char select_rows[] =
    "SELECT version, name, kind, sha256,"
    "       encode(sha256(convert_to(text, 'UTF8')), 'hex') AS text_sha256,"
    "       (extract(epoch FROM applied_at) * 1000000)::bigint AS applied_at_us,"
    "       to_char(applied_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS applied_at,"
    "       duration_ms, applied_by, tool, prev_hash, hash"
    "  FROM ops.migration ORDER BY version";

/* What a new row needs to know; the moment as a whole number, for it is hashed. */
static const char select_facts[] =
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at, session_user AS by,"
    "       coalesce((SELECT hash FROM ops.migration ORDER BY version DESC LIMIT 1), $1) AS hash";

static const char insert_row[] =
    "INSERT INTO ops.migration (version, name, kind, sha256, text, applied_at, duration_ms,"
    "                           applied_by, tool, prev_hash, hash, lock_wait_ms, lock_hold_ms,"
    "                           rows_touched, retries)"
    " VALUES ($1::int, $2, $3, $4, $5,"
    "         timestamptz 'epoch' + $6::bigint * interval '1 microsecond', $7::bigint, $8, $9,"
    "         $10, $11, $12::bigint, $13::bigint, $14::bigint, $15::int)";

static const char select_accepted[] =
    "SELECT EXISTS (SELECT 1 FROM ops.migration_accepted WHERE version = $1::int AND sha256 = $2)";

static const char insert_accepted[] =
    "INSERT INTO ops.migration_accepted (version, sha256, reason, run_id)"
    " VALUES ($1::int, $2, $3, $4::bigint) ON CONFLICT DO NOTHING";

const char *migration_digest(const struct migration *file, char out[DIGEST_TEXT])
{
    return digest_hex(file->text, strlen(file->text), out);
}

static const char *row_hash(struct arena *arena, const struct history_row *row)
{
    char digest[DIGEST_TEXT];
    const char *text = arena_format(
        arena, "%s\n%d\n%s\n%s\n%s\n%s\n%s\n%s\n%s", row->prev_hash, row->version, row->name,
        row->kind, row->sha256, row->applied_at_us, row->duration_ms, row->applied_by, row->tool);
    return arena_copy(arena, digest_hex(text, strlen(text), digest));
}

enum err history_prepare(struct migrator *migrator)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && ops_schema[i]; i++)
        err = migrator_run(migrator, ops_schema[i], NULL);
    return err;
}

static const char *text_at(const PGresult *result, int row, const char *column)
{
    return PQgetvalue(result, row, PQfnumber(result, column));
}

enum err history_read(struct migrator *migrator, struct history *out)
{
    PGresult *result = NULL;
    enum err err =
        migrator_run(migrator, "SELECT to_regclass('ops.migration') IS NOT NULL", &result);
    if (err)
        return err;
    if (*PQgetvalue(result, 0, 0) != 't') {
        *out = (struct history){.rows = NULL};
        return ERR_NONE;
    }
    err = migrator_run(migrator, select_rows, &result);
    if (err)
        return err;
    size_t count = (size_t)PQntuples(result);
    struct history_row *rows = arena_array(migrator->fault->arena, struct history_row, count + 1);
    for (size_t i = 0; i < count; i++) {
        int at = (int)i;
        rows[i] = (struct history_row){
            .version = atoi(text_at(result, at, "version")),
            .name = text_at(result, at, "name"),
            .kind = text_at(result, at, "kind"),
            .sha256 = text_at(result, at, "sha256"),
            .text_sha256 = text_at(result, at, "text_sha256"),
            .applied_at_us = text_at(result, at, "applied_at_us"),
            .applied_at = text_at(result, at, "applied_at"),
            .duration_ms = text_at(result, at, "duration_ms"),
            .applied_by = text_at(result, at, "applied_by"),
            .tool = text_at(result, at, "tool"),
            .prev_hash = text_at(result, at, "prev_hash"),
            .hash = text_at(result, at, "hash"),
        };
    }
    *out = (struct history){.rows = rows, .count = count};
    return ERR_NONE;
}

static const char *number_text(struct arena *arena, int64_t number)
{
    return arena_format(arena, "%lld", (long long)number);
}

enum err history_add(struct migrator *migrator, const struct migration *file,
                     const struct migrate_done *done)
{
    struct arena *arena = migrator->fault->arena;
    const char *first = first_hash;
    PGresult *facts = NULL;
    enum err err = migrator_run_params(migrator, select_facts, 1, &first, &facts);
    if (err)
        return err;
    char digest[DIGEST_TEXT];
    struct history_row row = {
        .version = file->version,
        .name = file->name,
        .kind = file->kind,
        .sha256 = migration_digest(file, digest),
        .applied_at_us = text_at(facts, 0, "at"),
        .duration_ms = number_text(arena, done->duration_ms),
        .applied_by = text_at(facts, 0, "by"),
        .tool = "clinicd " CLINICD_VERSION,
        .prev_hash = text_at(facts, 0, "hash"),
    };
    row.hash = row_hash(arena, &row);
    const char *const values[] = {arena_format(arena, "%d", row.version),
                                  row.name,
                                  row.kind,
                                  row.sha256,
                                  file->text,
                                  row.applied_at_us,
                                  row.duration_ms,
                                  row.applied_by,
                                  row.tool,
                                  row.prev_hash,
                                  row.hash,
                                  number_text(arena, done->lock_wait_ms),
                                  number_text(arena, done->lock_hold_ms),
                                  number_text(arena, done->rows),
                                  number_text(arena, done->retries)};
    return migrator_run_params(migrator, insert_row, sizeof values / sizeof values[0], values,
                               NULL);
}

enum err history_remove(struct migrator *migrator, int version)
{
    const char *value = arena_format(migrator->fault->arena, "%d", version);
    return migrator_run_params(migrator, "DELETE FROM ops.migration WHERE version = $1::int", 1,
                               &value, NULL);
}

static enum err is_accepted(struct migrator *migrator, int version, const char *sha256, bool *out)
{
    PGresult *result = NULL;
    const char *const values[] = {arena_format(migrator->fault->arena, "%d", version), sha256};
    enum err err =
        migrator_run(migrator, "SELECT to_regclass('ops.migration_accepted') IS NOT NULL", &result);
    if (err || *PQgetvalue(result, 0, 0) != 't')
        return err;
    err = migrator_run_params(migrator, select_accepted, 2, values, &result);
    if (!err)
        *out = *PQgetvalue(result, 0, 0) == 't';
    return err;
}

enum err history_is_same(struct migrator *migrator, const struct history_row *row,
                         const struct migration *file, bool *is_same)
{
    PGresult *result = NULL;
    char digest[DIGEST_TEXT];
    const char *version = arena_format(migrator->fault->arena, "%d", row->version);
    *is_same = strcmp(row->sha256, migration_digest(file, digest)) == 0;
    if (*is_same || strcmp(row->sha256, row->text_sha256) != 0)
        return ERR_NONE; /* a row that does not fit itself proves nothing */
    enum err err = migrator_run_params(
        migrator, "SELECT text FROM ops.migration WHERE version = $1::int", 1, &version, &result);
    if (err)
        return err;
    *is_same = script_is_same(PQgetvalue(result, 0, 0), file->text);
    return *is_same ? ERR_NONE : is_accepted(migrator, row->version, digest, is_same);
}

enum err history_accept(struct migrator *migrator, const struct migration *file, const char *reason)
{
    char digest[DIGEST_TEXT];
    const char *const values[] = {arena_format(migrator->fault->arena, "%d", file->version),
                                  migration_digest(file, digest), reason, migrator->run_id};
    return migrator_run_params(migrator, insert_accepted, 4, values, NULL);
}

enum err history_check(struct migrator *migrator, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct history_row *row = &history->rows[i];
        const struct migration *file = row->version <= files_latest(migrator->files)
                                           ? &migrator->files[row->version - 1]
                                           : NULL;
        bool is_same = false;
        if (!file)
            return fail(migrator->fault, ERR_CONFLICT, "migration-unknown",
                        "the database has %04d_%s, which this program does not know: it is older",
                        row->version, row->name);
        if (row->version != (int)i + 1)
            return fail(migrator->fault, ERR_CONFLICT, "history-broken",
                        "%04d_%s is applied, but the one before it is not", row->version,
                        row->name);
        enum err err = history_is_same(migrator, row, file, &is_same);
        if (err)
            return err;
        if (!is_same)
            return fail(migrator->fault, ERR_CONFLICT, "migration-edited",
                        "%04d_%s was edited after it had been applied", file->version, file->name);
    }
    return ERR_NONE;
}

enum err history_check_chain(struct migrator *migrator, const struct history *history)
{
    const char *before = first_hash;
    for (size_t i = 0; i < history->count; i++) {
        const struct history_row *row = &history->rows[i];
        if (strcmp(row->prev_hash, before) != 0 || strcmp(row->text_sha256, row->sha256) != 0 ||
            strcmp(row->hash, row_hash(migrator->fault->arena, row)) != 0)
            return fail(migrator->fault, ERR_CONFLICT, "history-broken",
                        "the row of %04d_%s in ops.migration was changed, or one before it removed",
                        row->version, row->name);
        before = row->hash;
    }
    return ERR_NONE;
}
