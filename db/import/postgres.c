#include "db/import/postgres.h"

#include "db/clock.h"
#include "db/import/target.h"

#include <stdlib.h>
#include <string.h>

enum { TELL_AFTER_US = 2 * 1000 * 1000 };

struct reading {
    const struct import_options *options;
    struct fault *fault;
    PGconn *conn;
    sqlite3 *copy;
    int64_t began_us;
    int64_t rows, done; /* of all tables */
};

bool import_is_address(const char *path)
{
    return strncmp(path, "postgresql://", 13) == 0 || strncmp(path, "postgres://", 11) == 0;
}

/* The DETAIL of a failure could name values, and stays. */
static enum err unreadable(const struct reading *reading, const PGresult *result)
{
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!why)
        return fail(reading->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "the connection to the legacy database broke");
    return fail(reading->fault, ERR_CONFLICT, "import-unreadable",
                "the legacy database cannot be imported: %s", why);
}

static enum err unwritable(const struct reading *reading, const char *table)
{
    return fail(reading->fault, ERR_INTERNAL, NULL, "cannot write the private copy of %s: %s",
                table, sqlite3_errmsg(reading->copy));
}

static enum err ask(const struct reading *reading, const char *sql, PGresult **out)
{
    PGresult *result TARGET_CLEAR = PQexecParams(reading->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return unreadable(reading, result);
    if (out) {
        *out = result;
        result = NULL;
    }
    return ERR_NONE;
}

static enum err ask_all(const struct reading *reading, const struct import_statement *list,
                        PGresult **out)
{
    enum err err = ERR_NONE;
    for (; !err && list->sql; list++)
        err = ask(reading, list->sql, list[1].sql ? NULL : out);
    return err;
}

/* libpq's own words about an address that it cannot read repeat it, password and all. */
static enum err address_check(const char *url, struct fault *fault)
{
    char *why = NULL;
    PQconninfoOption *parts = PQconninfoParse(url, &why);
    bool is_good = parts != NULL;
    PQconninfoFree(parts);
    PQfreemem(why);
    return is_good ? ERR_NONE
                   : fail(fault, ERR_INPUT, "usage",
                          "the address of the legacy database cannot be read: it is written "
                          "postgresql://USER@HOST:PORT/DATABASE, with %%XX for what is special");
}

static enum err connection_open(struct reading *reading, struct source_origin *origin)
{
    static const char *const names[] = {"dbname", "connect_timeout", NULL};
    const char *const values[] = {reading->options->file, "10", NULL};
    PGresult *result TARGET_CLEAR = NULL;
    enum err err = address_check(reading->options->file, reading->fault);
    if (err)
        return err;
    reading->conn = PQconnectdbParams(names, values, true);
    if (PQstatus(reading->conn) != CONNECTION_OK)
        return fail(reading->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "cannot connect to the legacy database: %s", PQerrorMessage(reading->conn));
    err = ask_all(reading, import_run_legacy_open, &result);
    if (!err)
        *origin = (struct source_origin){
            .json = arena_copy(reading->fault->arena, PQgetvalue(result, 0, 0)),
            .text = arena_copy(reading->fault->arena, PQgetvalue(result, 0, 1)),
        };
    return err;
}

/* SQLite makes of a text what its column holds: a whole number, a fraction. */
static int row_write(sqlite3_stmt *fill, const PGresult *rows, int row)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < PQnfields(rows) && rc == SQLITE_OK; i++) {
        if (PQgetisnull(rows, row, i))
            rc = sqlite3_bind_null(fill, i + 1);
        else
            rc = sqlite3_bind_text(fill, i + 1, PQgetvalue(rows, row, i), PQgetlength(rows, row, i),
                                   SQLITE_STATIC);
    }
    if (rc == SQLITE_OK)
        sqlite3_step(fill);
    int end = sqlite3_reset(fill); /* how the step ended */
    return rc == SQLITE_OK ? end : rc;
}

/* Somebody who waits longer than a moment is told how far it is. */
static enum err pause_look(const struct reading *reading)
{
    const struct import_options *options = reading->options;
    const struct import_progress progress = {
        .name = "copying", .done = reading->done, .total = reading->rows};
    if (options->progress && clock_monotonic_us() - reading->began_us > TELL_AFTER_US)
        options->progress(options->user, &progress);
    if (stop_asked(options->stop) == 0)
        return ERR_NONE;
    return fail(reading->fault, ERR_CONFLICT, "stopped",
                "stopped, as somebody asked; the same command begins anew");
}

static enum err rows_copy(struct reading *reading, sqlite3_stmt *fill, const char *table)
{
    int n = 1;
    enum err err = ERR_NONE;
    while (!err && n > 0) {
        PGresult *rows TARGET_CLEAR = NULL;
        err = ask(reading, "FETCH FORWARD 2000 FROM legacy", &rows);
        n = err ? 0 : PQntuples(rows);
        for (int i = 0; !err && i < n; i++) {
            int rc = row_write(fill, rows, i);
            if (rc == SQLITE_CONSTRAINT)
                err =
                    fail(reading->fault, ERR_CONFLICT, "import-unreadable",
                         "the legacy database cannot be imported: an id of %s stands twice", table);
            else if (rc != SQLITE_OK)
                err = unwritable(reading, table);
        }
        reading->done += n;
        if (!err && n > 0)
            err = pause_look(reading);
    }
    return err ? err : ask(reading, "CLOSE legacy", NULL);
}

static enum err table_copy(struct reading *reading, const PGresult *tables, int i)
{
    const char *name = PQgetvalue(tables, i, 0), *index = PQgetvalue(tables, i, 4);
    sqlite3_stmt *fill = NULL;
    if (*PQgetvalue(tables, i, 6) != 't')
        return fail(reading->fault, ERR_CONFLICT, "import-unreadable",
                    "the legacy database cannot be imported: %s has no whole-numbered id that is "
                    "always there",
                    name);
    enum err err = ask(reading, PQgetvalue(tables, i, 2), NULL);
    if (!err &&
        (sqlite3_exec(reading->copy, PQgetvalue(tables, i, 1), NULL, NULL, NULL) != SQLITE_OK ||
         sqlite3_prepare_v2(reading->copy, PQgetvalue(tables, i, 3), -1, &fill, NULL) != SQLITE_OK))
        err = unwritable(reading, name);
    if (!err)
        err = rows_copy(reading, fill, name);
    sqlite3_finalize(fill);
    if (!err && sqlite3_exec(reading->copy, index, NULL, NULL, NULL) != SQLITE_OK)
        err = unwritable(reading, name);
    return err;
}

static enum err rows_count(struct reading *reading, const PGresult *tables)
{
    enum err err = ERR_NONE;
    for (int i = 0; !err && i < PQntuples(tables); i++) {
        PGresult *count TARGET_CLEAR = NULL;
        err = ask(reading, PQgetvalue(tables, i, 5), &count);
        if (!err)
            reading->rows += strtoll(PQgetvalue(count, 0, 0), NULL, 10);
    }
    return err;
}

static enum err tables_copy(struct reading *reading)
{
    PGresult *tables TARGET_CLEAR = NULL;
    enum err err = ask_all(reading, import_run_legacy_tables, &tables);
    if (!err)
        err = rows_count(reading, tables);
    if (!err &&
        sqlite3_exec(reading->copy, "PRAGMA journal_mode = off; PRAGMA synchronous = off; BEGIN",
                     NULL, NULL, NULL) != SQLITE_OK)
        err = unwritable(reading, "the tables");
    for (int i = 0; !err && i < PQntuples(tables); i++)
        err = table_copy(reading, tables, i);
    if (!err && sqlite3_exec(reading->copy, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        err = unwritable(reading, "the tables");
    return err;
}

enum err postgres_copy(const struct import_options *options, sqlite3 *copy, struct fault *fault,
                       struct source_origin *origin)
{
    struct reading reading = {
        .options = options, .fault = fault, .copy = copy, .began_us = clock_monotonic_us()};
    struct source_origin moment = {.json = NULL};
    enum err err = connection_open(&reading, &moment);
    if (!err)
        err = tables_copy(&reading);
    PQfinish(reading.conn);
    if (!err)
        *origin = moment;
    return err;
}
