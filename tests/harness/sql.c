#include "tests/harness/sql.h"

#include "tests/harness/die.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Notices ("drop cascades to …") are no news for a test. */
static void notice_ignore(void *nobody, const char *message)
{
    (void)nobody;
    (void)message;
}

PGconn *sql_connect(const char *url)
{
    PGconn *conn = PQconnectdb(url);
    if (PQstatus(conn) != CONNECTION_OK)
        die("connect to %s: %s", url, PQerrorMessage(conn));
    PQsetNoticeProcessor(conn, notice_ignore, NULL);
    return conn;
}

static void result_clear(void *result)
{
    PQclear(result);
}

static bool result_is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

static PGresult *run(PGconn *conn, struct arena *arena, const char *format, va_list args)
    PRINTF(3, 0);

static PGresult *run(PGconn *conn, struct arena *arena, const char *format, va_list args)
{
    char *sql = arena_vformat(arena, format, args);
    PGresult *result = PQexec(conn, sql);
    arena_defer(arena, result_clear, result);
    if (!result_is_good(result))
        die("%s\nin: %s", PQerrorMessage(conn), sql);
    return result;
}

void sql_run(PGconn *conn, const char *format, ...)
{
    struct arena arena CLEANUP(arena_end) = {0};
    va_list args;
    va_start(args, format);
    run(conn, &arena, format, args);
    va_end(args);
}

int sql_try(PGconn *conn, char sqlstate[SQLSTATE_TEXT], const char *format, ...)
{
    struct arena arena CLEANUP(arena_end) = {0};
    va_list args;
    va_start(args, format);
    PGresult *result = PQexec(conn, arena_vformat(&arena, format, args));
    va_end(args);
    arena_defer(&arena, result_clear, result);
    if (!result_is_good(result)) {
        const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        snprintf(sqlstate, SQLSTATE_TEXT, "%s", code ? code : "?");
        return -1;
    }
    strcpy(sqlstate, "00000");
    return PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result)
                                                     : atoi(PQcmdTuples(result));
}

char *sql_text(PGconn *conn, struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PGresult *result = run(conn, arena, format, args);
    va_end(args);
    if (PQntuples(result) == 0 || PQgetisnull(result, 0, 0))
        return NULL;
    return PQgetvalue(result, 0, 0);
}

int64_t sql_int(PGconn *conn, const char *format, ...)
{
    struct arena arena CLEANUP(arena_end) = {0};
    va_list args;
    va_start(args, format);
    PGresult *result = run(conn, &arena, format, args);
    va_end(args);
    if (PQntuples(result) == 0 || PQgetisnull(result, 0, 0))
        die("no number from: %s", format);
    return strtoimax(PQgetvalue(result, 0, 0), NULL, 10);
}

PGresult *sql_rows(PGconn *conn, struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PGresult *result = run(conn, arena, format, args);
    va_end(args);
    return result;
}

void sql_wait_for_blocked(PGconn *boss, int n)
{
    for (int i = 0; i < 6000; i++, usleep(10000)) { /* a minute: it hangs */
        sql_run(boss,
                "SELECT pg_stat_clear_snapshot()"); /* a transaction sees the first one only */
        if (sql_int(boss, "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                          "current_database() AND usename = 'clinicd_app' AND wait_event_type = "
                          "'Lock'") >= n)
            return;
    }
    die("nobody waits for a lock");
}

void sql_wait_until(PGconn *conn, const char *question)
{
    for (int i = 0; i < 6000; i++, usleep(10000))
        if (sql_int(conn, "%s", question) > 0)
            return;
    die("never true: %s", question);
}

char *source_read(struct arena *arena, const char *path)
{
    FILE *file = fopen(arena_format(arena, "%s/%s", SOURCE_DIR, path), "r");
    if (!file)
        die("%s: %s", path, strerror(errno));
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = arena_take(arena, size + 1);
    if (fread(text, 1, size, file) != size)
        die("%s: cannot be read", path);
    fclose(file);
    return text;
}
