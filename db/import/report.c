#include "db/import/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Their rows come with their files only. */
static const char *const left_tables[] = {"medicalreport", "testreport", NULL};

void report_source(const struct source *source, const struct generation *generation,
                   const struct profile *profile, struct buf *text, struct buf *json)
{
    buf_format(text, "generation %d (%s)%s%s\nsha256 %s, %" PRId64 " bytes\n", generation->number,
               generation->name, generation->last_recorded ? ", last migration " : "",
               generation->last_recorded ? generation->last_recorded : "", source->sha256,
               source->bytes);
    if (source->origin.text)
        buf_format(text, "read from %s\n", source->origin.text);
    buf_format(json,
               "{\"source\": %s, \"generation\": {\"number\": %d, \"name\": \"%s\", "
               "\"last_migration\": ",
               source->origin.json, generation->number, generation->name);
    buf_json_string(json, generation->last_recorded);
    buf_text(json, ", \"differences\": [");
    for (size_t i = 0; i < generation->differences_n; i++) {
        buf_format(text, "  differs: %s\n", generation->differences[i]);
        buf_text(json, i ? ", " : "");
        buf_json_string(json, generation->differences[i]);
    }
    buf_format(json,
               "]}, \"sha256\": \"%s\", \"bytes\": %" PRId64 ", \"profile\": ", source->sha256,
               source->bytes);
    profile_write_json(profile, json);
}

static void cells_write(struct buf *json, const PGresult *rows, int row, int texts)
{
    for (int c = 0; c < PQnfields(rows); c++) {
        const char *value = PQgetvalue(rows, row, c);
        buf_format(json, "%s\"%s\": ", c ? ", " : "{", PQfname(rows, c));
        if (PQgetisnull(rows, row, c))
            buf_text(json, "null");
        else if (PQftype(rows, c) == 16) /* bool */
            buf_text(json, *value == 't' ? "true" : "false");
        else if (texts & (1 << c))
            buf_json_string(json, value);
        else
            buf_text(json, value);
    }
    buf_char(json, '}');
}

/* Rows of one of the import's tables as a member; bit c of `texts`: column c is a text. */
static enum err rows_write(struct target *target, const struct import_statement *list,
                           const char *id, const char *member, int texts, struct buf *json,
                           PGresult **out)
{
    enum err err = target_run(target, list, &id, out);
    if (err)
        return err;
    buf_format(json, ", \"%s\": [", member);
    for (int i = 0; i < PQntuples(*out); i++) {
        buf_text(json, i ? ", " : "");
        cells_write(json, *out, i, texts);
    }
    buf_char(json, ']');
    return ERR_NONE;
}

static int64_t left_write(const struct profile *profile, struct buf *text, struct buf *json)
{
    int64_t left = 0;
    buf_text(json, ", \"left_in_the_file\": {");
    for (size_t i = 0; profile && i < profile->tables_n; i++) {
        for (size_t k = 0; left_tables[k]; k++) {
            if (strcmp(profile->tables[i], left_tables[k]) != 0 || profile->rows[i] == 0)
                continue;
            buf_format(text, "left in the file: %" PRId64 " rows of %s\n", profile->rows[i],
                       left_tables[k]);
            buf_format(json, "%s\"%s\": %" PRId64, left ? ", " : "", left_tables[k],
                       profile->rows[i]);
            left += profile->rows[i];
        }
    }
    buf_char(json, '}');
    return left;
}

static void files_text(const PGresult *rows, struct buf *text)
{
    for (int i = 0; i < PQntuples(rows); i++)
        buf_format(text, "  %-22s %9s  files, %s bytes, the same there and here\n",
                   PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2));
}

static void tables_text(const PGresult *rows, struct buf *text)
{
    buf_format(text, "%-22s %9s %9s %7s %8s %9s %8s\n", "", "source", "loaded", "merged", "skipped",
               "rejected", "already");
    for (int i = 0; i < PQntuples(rows); i++)
        buf_format(text, "%-22s %9s %9s %7s %8s %9s %8s  %s\n", PQgetvalue(rows, i, 0),
                   PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2), PQgetvalue(rows, i, 3),
                   PQgetvalue(rows, i, 4), PQgetvalue(rows, i, 5), PQgetvalue(rows, i, 6),
                   *PQgetvalue(rows, i, 7) == 't' ? "adds up" : "DOES NOT ADD UP");
}

enum err report_import(struct target *target, const char *id, const struct profile *profile,
                       struct buf *text, struct buf *json, const char **slug, int64_t *left)
{
    PGresult *files TARGET_CLEAR = NULL;
    PGresult *tables TARGET_CLEAR = NULL;
    PGresult *changes TARGET_CLEAR = NULL;
    PGresult *rejects TARGET_CLEAR = NULL;
    PGresult *clinics TARGET_CLEAR = NULL;
    enum err err = rows_write(target, import_run_tables, id, "steps", 1 | 1 << 8, json, &tables);
    if (!err)
        err = rows_write(target, import_run_files, id, "files", 1 | 1 << 3, json, &files);
    if (!err)
        err = rows_write(target, import_run_changes, id, "changes", 1 | 2, json, &changes);
    if (!err)
        err = rows_write(target, import_run_rejects, id, "rejects", 1 | 4 | 8, json, &rejects);
    if (!err)
        err = rows_write(target, import_run_clinics, id, "clinics", 1 | 2, json, &clinics);
    if (err)
        return err;
    tables_text(tables, text);
    files_text(files, text);
    for (int i = 0; i < PQntuples(changes); i++)
        buf_format(text, "  %-22s %9s  %s\n", PQgetvalue(changes, i, 0), PQgetvalue(changes, i, 2),
                   PQgetvalue(changes, i, 1));
    for (int i = 0; i < PQntuples(rejects); i++)
        buf_format(text, "  rejected: %s %s, %s (%s)\n", PQgetvalue(rejects, i, 0),
                   PQgetvalue(rejects, i, 1), PQgetvalue(rejects, i, 2), PQgetvalue(rejects, i, 3));
    *slug = NULL;
    for (int i = 0; i < PQntuples(clinics); i++) {
        buf_format(text, "clinic %s: %s\n", PQgetvalue(clinics, i, 0), PQgetvalue(clinics, i, 1));
        if (strcmp(PQgetvalue(clinics, i, 1), "importing") == 0)
            *slug = arena_copy(target->fault->arena, PQgetvalue(clinics, i, 0));
    }
    *left = left_write(profile, text, json);
    return ERR_NONE;
}
