#include "tests/harness/legacy_maker.h"

#include "tests/harness/die.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* splitmix64: the same seed throws the same dice everywhere. */
static uint64_t dice_throw(struct maker *maker)
{
    uint64_t z = maker->dice += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

int maker_below(struct maker *maker, int n)
{
    return (int)(dice_throw(maker) % (uint64_t)n);
}

bool maker_chance(struct maker *maker, int percent)
{
    return maker_below(maker, 100) < percent;
}

void maker_run(struct maker *maker, const char *sql)
{
    if (sqlite3_exec(maker->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("legacy: %s: %s", sqlite3_errmsg(maker->db), sql);
}

static bool is_there(const struct legacy_plan *plan, int from, int until)
{
    return plan->generation >= (enum legacy_generation)from &&
           (until == 0 || plan->generation <= (enum legacy_generation)until);
}

static bool column_is_there(const struct legacy_plan *plan, const struct legacy_table *table,
                            const struct legacy_column *column)
{
    if (plan->flaw == LEGACY_HALF_MIGRATED && strcmp(table->name, "treatmentlog") == 0 &&
        strcmp(column->name, "clinic_id") == 0)
        return false;
    return is_there(plan, column->from, column->until);
}

void maker_table_make(struct maker *maker, const struct legacy_table *table, sqlite3_stmt **insert)
{
    char create[4096], names[1024] = "\"id\"", values[1024] = ":id";
    size_t at =
        (size_t)snprintf(create, sizeof create,
                         "CREATE TABLE \"hospital_%s\" (\"id\" integer NOT NULL PRIMARY KEY "
                         "AUTOINCREMENT",
                         table->name);
    for (const struct legacy_column *column = table->columns; column->name; column++) {
        if (!column_is_there(maker->plan, table, column))
            continue;
        at += (size_t)snprintf(create + at, sizeof create - at, ", \"%s\" %s", column->name,
                               column->type);
        snprintf(names + strlen(names), sizeof names - strlen(names), ", \"%s\"", column->name);
        snprintf(values + strlen(values), sizeof values - strlen(values), ", :%s", column->name);
    }
    bool has_rule = table->rule && (maker->plan->generation >= LEGACY_CLINICS ||
                                    !strstr(table->rule, "clinic_id"));
    snprintf(create + at, sizeof create - at, "%s%s)", has_rule ? ", " : "",
             has_rule ? table->rule : "");
    maker_run(maker, create);
    char sql[3072];
    snprintf(sql, sizeof sql, "INSERT INTO \"hospital_%s\" (%s) VALUES (%s)", table->name, names,
             values);
    if (sqlite3_prepare_v2(maker->db, sql, -1, insert, NULL) != SQLITE_OK)
        die("legacy: %s", sqlite3_errmsg(maker->db));
}

/* False: the table is of a later generation, and nothing is put. */
bool maker_row_begin(struct maker *maker, const char *table, int64_t id)
{
    maker->into = NULL;
    for (int i = 0; legacy_tables[i].name; i++) {
        if (strcmp(legacy_tables[i].name, table) == 0)
            maker->into = maker->inserts[i];
    }
    if (!maker->into)
        return false;
    sqlite3_reset(maker->into);
    sqlite3_clear_bindings(maker->into);
    sqlite3_bind_int64(maker->into, 1, id);
    return true;
}

/* What this generation has no column for is dropped. 0: the generation has none. */
int maker_place(struct maker *maker, const char *column)
{
    char name[64];
    snprintf(name, sizeof name, ":%s", column);
    return sqlite3_bind_parameter_index(maker->into, name);
}

void maker_put(struct maker *maker, const char *column, const char *text)
{
    int at = maker_place(maker, column);
    if (at > 0 && text)
        sqlite3_bind_text(maker->into, at, text, -1, SQLITE_TRANSIENT);
}

void maker_put_int(struct maker *maker, const char *column, int64_t value)
{
    int at = maker_place(maker, column);
    if (at > 0)
        sqlite3_bind_int64(maker->into, at, value);
}

void maker_put_ref(struct maker *maker, const char *column, int64_t id)
{
    if (id > 0)
        maker_put_int(maker, column, id);
}

/* The writer left the fraction away when it was zero. */
void maker_put_time(struct maker *maker, const char *column, int64_t at)
{
    char text[64];
    struct tm tm;
    time_t seconds = (time_t)at;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    if (at % 50 != 0)
        snprintf(text + n, sizeof text - n, ".%06d", (int)(at % 999983));
    maker_put(maker, column, text);
}

void maker_put_day(struct maker *maker, const char *column, int64_t at)
{
    char text[16];
    struct tm tm;
    time_t seconds = (time_t)at;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%d", &tm);
    maker_put(maker, column, text);
}

void maker_put_format(struct maker *maker, const char *column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(maker->made, sizeof maker->made, format, args);
    va_end(args);
    maker_put(maker, column, maker->made);
}

void maker_row_end(struct maker *maker)
{
    if (sqlite3_step(maker->into) != SQLITE_DONE)
        die("legacy: %s: %s", sqlite3_errmsg(maker->db), sqlite3_sql(maker->into));
}
