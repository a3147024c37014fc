#include "db/import/generation.h"

#include <string.h>

static const char *const names[GENERATION_LAST + 1] = {
    NULL,        "discarded",  "single clinic", "clinics",   "admissions", "vitals",
    "schedules", "pharmacies", "quantities",    "templates", "sugar"};

/* The columns that a file has, as a bit each of legacy_fields, and the names of the others. */
struct look {
    bool is_there[512];
    size_t found_n;
    const char *unknown[DIFFERENCES_MAX];
    size_t unknown_n;
};

static bool stood_in(const struct legacy_field *field, int generation)
{
    return generation >= field->from && (field->until == 0 || generation <= field->until);
}

static void column_see(struct look *look, struct arena *arena, const char *table,
                       const char *column)
{
    bool is_known = false;
    for (size_t i = 0; legacy_fields[i].table; i++) {
        if (strcmp(legacy_fields[i].table, table) == 0 &&
            strcmp(legacy_fields[i].column, column) == 0)
            look->is_there[i] = is_known = true;
    }
    if (is_known)
        look->found_n++;
    else if (look->unknown_n < DIFFERENCES_MAX)
        look->unknown[look->unknown_n++] = arena_format(arena, "%s.%s", table, column);
}

/* Framework tables hold bookkeeping that nobody needs; of ours, two hold only that too. */
static enum err file_look(const struct source *source, struct fault *fault, struct look *look)
{
    sqlite3_stmt *row = NULL;
    enum err err = source_prepare(
        source, fault, &row,
        "SELECT substr(t.name, 10), c.name FROM sqlite_master t, pragma_table_info(t.name) c"
        " WHERE t.type = 'table' AND t.name LIKE 'hospital\\_%%' ESCAPE '\\'"
        "   AND t.name NOT IN ('hospital_user_groups', 'hospital_user_user_permissions')");
    while (!err && source_step(source, fault, &row))
        column_see(look, fault->arena, (const char *)sqlite3_column_text(row, 0),
                   (const char *)sqlite3_column_text(row, 1));
    return err ? err : fault->err;
}

/* A view answers like a table, with whatever somebody made it answer. */
static enum err pretenders_refuse(const struct source *source, struct fault *fault)
{
    int64_t n = 0;
    enum err err = source_number(source, fault, &n,
                                 "SELECT count(*) FROM sqlite_master WHERE name LIKE"
                                 " 'hospital\\_%%' ESCAPE '\\' AND type IN ('table', 'view')"
                                 " AND coalesce(rootpage, 0) = 0");
    if (!err && n > 0)
        return fail(fault, ERR_CONFLICT, "import-not-legacy",
                    "the file has views (or virtual tables) in the place of the legacy program's "
                    "tables");
    return err;
}

static int distance(const struct look *look, int generation)
{
    int apart = 0;
    for (size_t i = 0; legacy_fields[i].table; i++)
        apart += stood_in(&legacy_fields[i], generation) != look->is_there[i];
    return apart;
}

static void difference_add(struct generation *found, const char *text)
{
    if (found->differences_n < DIFFERENCES_MAX)
        found->differences[found->differences_n++] = text;
}

static void differences_name(const struct look *look, struct arena *arena, struct generation *found)
{
    for (size_t i = 0; legacy_fields[i].table; i++) {
        const struct legacy_field *field = &legacy_fields[i];
        bool was_there = stood_in(field, found->number);
        if (was_there != look->is_there[i])
            difference_add(found, arena_format(arena, "%s.%s is %s", field->table, field->column,
                                               was_there ? "missing" : "there already"));
    }
}

static void migrations_read(const struct source *source, struct arena *arena,
                            struct generation *found)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(source->db,
                           "SELECT name FROM django_migrations WHERE app = 'hospital'"
                           " ORDER BY name DESC LIMIT 1",
                           -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0))
        found->last_recorded = arena_copy(arena, (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
}

/* What is recorded says that there are clinics; a table of before them was left behind. */
static void claims_compare(struct generation *found, struct arena *arena)
{
    bool claims_clinics = found->last_recorded && strcmp(found->last_recorded, "0003") >= 0;
    if (claims_clinics && found->number < GENERATION_CLINICS)
        difference_add(found, arena_format(arena, "%s is recorded, but the tables are of before it",
                                           found->last_recorded));
    else if (found->differences_n > 0 && found->last_recorded)
        difference_add(found,
                       arena_format(arena, "half-migrated: %s is recorded", found->last_recorded));
}

static enum err refuse_unknown(const struct look *look, struct fault *fault)
{
    struct buf list;
    buf_begin(&list, fault->arena, 0);
    for (size_t i = 0; i < look->unknown_n; i++)
        buf_format(&list, "%s%s", i ? ", " : "", look->unknown[i]);
    return fail(fault, ERR_CONFLICT, "import-unknown-columns",
                "no generation of the legacy program had %s: what stands there would be lost",
                list.text);
}

enum err generation_recognise(const struct source *source, struct fault *fault,
                              struct generation *out)
{
    struct look look = {.found_n = 0};
    struct generation found = {.number = 0};
    enum err err = pretenders_refuse(source, fault);
    if (!err)
        err = file_look(source, fault, &look);
    if (err)
        return err;
    if (look.found_n == 0)
        return fail(fault, ERR_CONFLICT, "import-not-legacy",
                    "none of the legacy program's tables is there");
    if (look.unknown_n > 0)
        return refuse_unknown(&look, fault);
    int nearest = 0;
    for (int number = 1; number <= GENERATION_LAST; number++) {
        int apart = distance(&look, number);
        if (!found.number || apart < nearest) {
            found.number = number;
            nearest = apart;
        }
    }
    found.name = names[found.number];
    migrations_read(source, fault->arena, &found);
    if (found.number == GENERATION_DISCARDED)
        return fail(fault, ERR_CONFLICT, "import-discarded",
                    "the file has the very first schema, which was given up before anybody used "
                    "it: its patients have neither name nor number");
    differences_name(&look, fault->arena, &found);
    claims_compare(&found, fault->arena);
    found.is_exact = found.differences_n == 0;
    *out = found;
    return ERR_NONE;
}

bool generation_has(const struct source *source, const char *table, const char *column)
{
    sqlite3_stmt *row = NULL;
    bool is_there = false;
    char *sql = sqlite3_mprintf("SELECT 1 FROM pragma_table_info('hospital_%q') WHERE name = %Q",
                                table, column);
    if (sqlite3_prepare_v2(source->db, sql, -1, &row, NULL) == SQLITE_OK) {
        is_there = sqlite3_step(row) == SQLITE_ROW;
        sqlite3_finalize(row);
    }
    sqlite3_free(sql);
    return is_there;
}
