#include "db/import/twin.h"

#include "db/import/generation.h"

#include <stdlib.h>
#include <string.h>

/* Twins differ in what is newest. Of few rows all must differ: one may have been mended. */
enum { NEWEST = 16, FEW = 4 };

static const struct import_step *step_of(const char *name)
{
    const struct import_step *step = import_steps;
    while (strcmp(step->name, name) != 0)
        step++;
    return step;
}

/* [{"n": id, "at": time}, …] of the newest rows up to `most`. */
static enum err newest_read(const struct source *source, struct fault *fault,
                            const struct import_step *step, const char *column, const char *most,
                            struct buf *out)
{
    sqlite3_stmt *row = NULL;
    enum err err = source_prepare(source, fault, &row,
                                  "SELECT t.id AS n, t.\"%w\" AS at FROM \"hospital_%w\" t WHERE "
                                  "t.id <= %lld AND (%s) ORDER BY t.id DESC LIMIT %d",
                                  column, step->table, strtoll(most, NULL, 10),
                                  step->where ? step->where : "1", NEWEST);
    buf_char(out, '[');
    while (!err && source_step(source, fault, &row)) {
        buf_text(out, out->length > 1 ? ", " : "");
        source_line(row, out);
    }
    buf_char(out, ']');
    return err ? err : fault->err;
}

static enum err kind_check(const struct source *source, struct target *target, const char *id,
                           const struct import_step *step, const char *column)
{
    PGresult *known TARGET_CLEAR = NULL;
    PGresult *counts TARGET_CLEAR = NULL;
    struct buf rows;
    const char *values[] = {id, step->name, NULL};
    buf_begin(&rows, target->fault->arena, 1024);
    enum err err = target_run(target, import_run_known_most, values, &known);
    if (err || PQntuples(known) == 0)
        return err;
    err = newest_read(source, target->fault, step, column, PQgetvalue(known, 0, 0), &rows);
    values[2] = rows.text;
    if (!err)
        err = target_run(target, import_run_known_others, values, &counts);
    if (err)
        return err;
    int all = atoi(PQgetvalue(counts, 0, 0)), others = atoi(PQgetvalue(counts, 0, 1));
    if (others == 0 || (all <= FEW ? others < all : others * 2 <= all))
        return ERR_NONE;
    return fail(target->fault, ERR_CONFLICT, "import-other-database",
                "%d of the newest %d rows of hospital_%s that are known by their numbers were made "
                "at another time than those that were imported: this is another installation, "
                "which began as a copy of that one. Its rows would be left out; nothing was "
                "written",
                others, all, step->table);
}

enum err twin_check(const struct source *source, struct target *target, const char *id)
{
    static const struct {
        const char *name, *column;
    } kinds[] = {{"staff", "created_at"},
                 {"patient", "registration_date"},
                 {"login", "created_at"},
                 {"visit", "check_in_date"},
                 {"prescription", "prescription_date"}};
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct import_step *step = step_of(kinds[i].name);
        if (generation_has(source, step->table, kinds[i].column))
            err = kind_check(source, target, id, step, kinds[i].column);
    }
    return err;
}
