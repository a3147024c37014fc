#include "db/import/profile.h"

#include "db/import/media.h"

#include <inttypes.h>
#include <string.h>

enum { FINDINGS_MAX = 256 };

struct look {
    const struct source *source;
    struct fault *fault;
    struct profile *profile;
    const struct files *files;
    bool judges;
};

static void found(const struct look *look, const char *table, const char *column, const char *code,
                  int64_t rows)
{
    struct profile *profile = look->profile;
    if (rows > 0 && profile->findings_n < FINDINGS_MAX)
        profile->findings[profile->findings_n++] =
            (struct finding){.table = table, .column = column, .code = code, .rows = rows};
}

/* Counts the rows of a table for which a condition of a column holds. */
static enum err count_where(const struct look *look, const struct legacy_field *field,
                            const char *code, const char *condition)
{
    int64_t rows = 0;
    enum err err =
        source_number(look->source, look->fault, &rows,
                      "SELECT count(*) FROM \"hospital_%w\" t WHERE %s", field->table, condition);
    if (!err)
        found(look, field->table, field->column, code, rows);
    return err;
}

static enum err orphans_count(const struct look *look, const struct legacy_field *field)
{
    char *condition = sqlite3_mprintf(
        "\"%w\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM \"hospital_%w\" p WHERE p.id = t.\"%w\")",
        field->column, field->parent, field->column);
    enum err err = count_where(look, field, "orphan", condition);
    sqlite3_free(condition);
    return err;
}

/* A child of one clinic whose parent is of another. */
static enum err conflicts_count(const struct look *look, const struct legacy_field *field)
{
    bool is_child =
        strcmp(field->parent, "patient") == 0 || strcmp(field->parent, "prescription") == 0;
    if (!is_child || !generation_has(look->source, field->table, "clinic_id") ||
        !generation_has(look->source, field->parent, "clinic_id"))
        return ERR_NONE;
    char *condition =
        sqlite3_mprintf("EXISTS (SELECT 1 FROM \"hospital_%w\" p WHERE p.id = t.\"%w\""
                        " AND p.clinic_id <> t.clinic_id)",
                        field->parent, field->column);
    enum err err = count_where(look, field, "clinic-conflict", condition);
    sqlite3_free(condition);
    return err;
}

static enum err field_look(const struct look *look, const struct legacy_field *field)
{
    enum err err = ERR_NONE;
    char *condition = NULL;
    if (strcmp(field->column, "clinic_id") == 0)
        err = count_where(look, field, "null-clinic", "clinic_id IS NULL");
    if (!err && field->parent && generation_has(look->source, field->parent, "id"))
        err = orphans_count(look, field);
    if (!err && field->parent)
        err = conflicts_count(look, field);
    if (!err && field->most) {
        condition = sqlite3_mprintf("length(trim(\"%w\")) > %d", field->column, field->most);
        err = count_where(look, field, "overlong", condition);
        sqlite3_free(condition);
    }
    if (!err && field->time) {
        /* date() takes 31 February for 3 March: what comes back must be what went in */
        condition = sqlite3_mprintf(
            "\"%w\" IS NOT NULL AND date(\"%w\", '+0 days') IS NOT substr(\"%w\", 1, 10)",
            field->column, field->column, field->column);
        err = count_where(look, field, "bad-time", condition);
        sqlite3_free(condition);
    }
    if (!err && field->most) {
        condition = sqlite3_mprintf("\"%w\" = ''", field->column);
        err = count_where(look, field, "blank", condition);
        sqlite3_free(condition);
    }
    return err;
}

/* What must stand once a clinic in the new tables: rows beyond the first. */
static enum err duplicates_count(const struct look *look)
{
    static const struct {
        const char *table, *column, *code, *key;
    } uniques[] = {
        {"user", "username", "duplicate", "lower(trim(username))"},
        {"user", "email", "duplicate", "nullif(lower(trim(email)), '')"},
        {"doctor", "license_number", "duplicate",
         "nullif(upper(replace(license_number, ' ', '')), '')"},
        {"patient", "patient_id", "duplicate", "trim(patient_id)"},
        {"patient", "phone_number", "shared", "nullif(trim(phone_number), '')"},
        {"mastermedicine", "medicine_name", "duplicate", "lower(trim(medicine_name))"},
        {"mastertest", "test_name", "duplicate", "lower(trim(test_name)) || ' ' || test_type"},
    };
    enum err err = ERR_NONE;
    for (size_t i = 0; i < sizeof uniques / sizeof uniques[0] && !err; i++) {
        int64_t rows = 0;
        if (!generation_has(look->source, uniques[i].table, uniques[i].column))
            continue;
        bool has_clinic = generation_has(look->source, uniques[i].table, "clinic_id");
        err = source_number(
            look->source, look->fault, &rows,
            "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM \"hospital_%w\""
            " WHERE %s IS NOT NULL GROUP BY %s, %s HAVING n > 1)",
            uniques[i].table, uniques[i].key, has_clinic ? "clinic_id" : "''", uniques[i].key);
        if (!err)
            found(look, uniques[i].table, uniques[i].column, uniques[i].code, rows);
    }
    return err;
}

static enum err passwords_count(const struct look *look)
{
    static const struct legacy_field hash = {.table = "user", .column = "password"};
    static const struct legacy_field plain = {.table = "patient", .column = "default_password"};
    enum err err = count_where(look, &hash, "password-pbkdf2", "password LIKE 'pbkdf2_sha256$%'");
    if (!err)
        err = count_where(look, &hash, "password-other",
                          "password NOT LIKE 'pbkdf2_sha256$%' AND password NOT LIKE '!%'");
    if (!err)
        err = count_where(look, &hash, "platform-user", "is_superuser");
    if (!err)
        err = count_where(look, &plain, "password-in-plain-text", "default_password <> ''");
    return err;
}

/* What would become of the files of a kind of report; how many of each refusal. */
struct refusals {
    const char *codes[8];
    int64_t rows[8];
    size_t n;
};

static void refusal_count(struct refusals *refusals, const char *code)
{
    size_t at = 0;
    while (at < refusals->n && strcmp(refusals->codes[at], code) != 0)
        at++;
    if (at == sizeof refusals->codes / sizeof refusals->codes[0])
        return; /* there are six */
    refusals->codes[at] = code;
    refusals->rows[at]++;
    refusals->n += at == refusals->n;
}

static enum err file_look(const struct look *look, const char *path, struct refusals *refusals)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    int file CLEANUP(media_close) = -1;
    uint64_t size = 0;
    const char *media_type, *code = media_code(media_find(look->files->media, path, &file, &size));
    enum err err = ERR_NONE;
    if (!code && look->judges && size > look->files->most)
        code = "payload-too-large";
    else if (!code && look->judges)
        err = files_judge(look->files->sniffer, file, size, path, &fault, &code, &media_type);
    if (err)
        return fail(look->fault, err, fault.code, "a file cannot be examined: %s",
                    fault.reason ? fault.reason : "-");
    if (code)
        refusal_count(refusals, code);
    return ERR_NONE;
}

static enum err files_look(const struct look *look, const char *table)
{
    struct refusals refusals = {.n = 0};
    sqlite3_stmt *row = NULL;
    if (!generation_has(look->source, table, "report_file"))
        return ERR_NONE;
    enum err err = source_prepare(look->source, look->fault, &row,
                                  "SELECT report_file FROM \"hospital_%w\"", table);
    while (!err && source_step(look->source, look->fault, &row)) {
        const char *path = (const char *)sqlite3_column_text(row, 0);
        err = file_look(look, path ? path : "", &refusals);
    }
    sqlite3_finalize(row);
    for (size_t i = 0; i < refusals.n; i++)
        found(look, table, "report_file", refusals.codes[i], refusals.rows[i]);
    return err ? err : look->fault->err;
}

static enum err tables_look(const struct look *look)
{
    struct profile *profile = look->profile;
    enum err err = ERR_NONE;
    for (size_t i = 0; legacy_tables_in_order[i] && !err; i++) {
        if (!generation_has(look->source, legacy_tables_in_order[i], "id"))
            continue;
        profile->tables[profile->tables_n] = legacy_tables_in_order[i];
        err = source_number(look->source, look->fault, &profile->rows[profile->tables_n++],
                            "SELECT count(*) FROM \"hospital_%w\"", legacy_tables_in_order[i]);
    }
    for (size_t i = 0; legacy_fields[i].table && !err; i++) {
        if (generation_has(look->source, legacy_fields[i].table, legacy_fields[i].column))
            err = field_look(look, &legacy_fields[i]);
    }
    return err;
}

enum err profile_make(const struct source *source, const struct files *files, bool judges,
                      struct fault *fault, struct profile *out)
{
    struct profile profile = {.findings = arena_array(fault->arena, struct finding, FINDINGS_MAX)};
    struct look look = {
        .source = source, .fault = fault, .profile = &profile, .files = files, .judges = judges};
    enum err err = tables_look(&look);
    if (!err)
        err = duplicates_count(&look);
    if (!err)
        err = passwords_count(&look);
    if (!err && files->media >= 0)
        err = files_look(&look, "medicalreport");
    if (!err && files->media >= 0)
        err = files_look(&look, "testreport");
    if (!err && generation_has(source, "clinic", "id"))
        err =
            source_number(source, fault, &profile.clinics, "SELECT count(*) FROM hospital_clinic");
    if (!err && profile.clinics == 1)
        err =
            source_number(source, fault, &profile.single_clinic, "SELECT id FROM hospital_clinic");
    if (!err)
        *out = profile;
    return err;
}

void profile_write_json(const struct profile *profile, struct buf *out)
{
    buf_text(out, "{\"tables\": {");
    for (size_t i = 0; i < profile->tables_n; i++)
        buf_format(out, "%s\"%s\": %" PRId64, i ? ", " : "", profile->tables[i], profile->rows[i]);
    buf_text(out, "}, \"findings\": [");
    for (size_t i = 0; i < profile->findings_n; i++) {
        const struct finding *one = &profile->findings[i];
        buf_format(out,
                   "%s{\"table\": \"%s\", \"column\": \"%s\", \"code\": \"%s\", \"rows\": %" PRId64
                   "}",
                   i ? ", " : "", one->table, one->column, one->code, one->rows);
    }
    buf_text(out, "]}");
}

void profile_write_text(const struct profile *profile, struct buf *out)
{
    for (size_t i = 0; i < profile->tables_n; i++)
        buf_format(out, "  %-30s %10" PRId64 " rows\n", profile->tables[i], profile->rows[i]);
    for (size_t i = 0; i < profile->findings_n; i++) {
        const struct finding *one = &profile->findings[i];
        if (strcmp(one->code, "blank") == 0)
            continue; /* in the JSON: an empty text becomes nothing, which hurts nobody */
        buf_format(out, "  %-24s %10" PRId64 "  %s.%s\n", one->code, one->rows, one->table,
                   one->column);
    }
}
