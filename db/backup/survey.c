#include "db/backup/survey.h"

#include "db/buf.h"
#include "db/program.h"
#include "db/words.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NEWEST_TOOL = 20 };

/* A row's text, of which its digest is made, must not depend on who looks. With row_security off a
 * table that the walls would cut short is an error instead. */
static const char settings[] =
    "SELECT set_config('row_security', 'off', false), set_config('search_path', '', false),"
    "       set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),"
    "       set_config('IntervalStyle', 'postgres', false),"
    "       set_config('extra_float_digits', '1', false),"
    "       set_config('bytea_output', 'hex', false), set_config('xmloption', 'content', false),"
    "       set_config('lock_timeout', '60s', false), set_config('statement_timeout', '0', false),"
    "       set_config('idle_in_transaction_session_timeout', '0', false),"
    "       set_config('jit', 'off', false)";

/* What an extension brought comes back with the extension. */
#define OURS                                                                                       \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"         \
    " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'" \
    "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"                                        \
    "        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid"                \
    "          AND d.deptype = 'e')"

/* 60 bits of the SHA-256 of each row, added up: no order, no collision by chance. */
static const char list_tables[] =
    "SELECT c.oid::regclass::text,"
    "       format($$SELECT count(*), coalesce(sum(('x' || left(encode(sha256(convert_to("
    "\"clinicd row\"::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint::numeric), 0)"
    " FROM ONLY %s AS \"clinicd row\"$$, c.oid::regclass)" OURS
    "   AND c.relkind = 'r' ORDER BY c.oid::regclass::text COLLATE \"C\"";

static const char list_sequences[] =
    "SELECT c.oid::regclass::text, coalesce(pg_catalog.pg_sequence_last_value(c.oid), 0)" OURS
    "   AND c.relkind = 'S' ORDER BY c.oid::regclass::text COLLATE \"C\"";

static const char list_files[] =
    "SELECT clinic_id, id, size_bytes, sha256, deleted_at IS NULL AND state <> 'missing'"
    "  FROM clinicd.file ORDER BY clinic_id, id";

/* "database … does not exist, skipping": nobody asked. */
static void notice_ignore(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static void result_free(void *result)
{
    PQclear(result);
}

static void cancel(PGconn *conn)
{
    char why[256];
    PGcancel *request = PQgetCancel(conn);
    PQcancel(request, why, sizeof why);
    PQfreeCancel(request);
}

/* A big table takes its time, and nothing is lost by leaving it. */
static PGresult *execute(const struct survey *survey, const char *sql, int n,
                         const char *const values[])
{
    PGresult *last = NULL, *next;
    bool is_canceled = false;
    if (!PQsendQueryParams(survey->conn, sql, n, NULL, values, NULL, NULL, 0))
        return NULL; /* PQresultStatus() of NULL is a fatal error */
    while (PQisBusy(survey->conn)) {
        struct pollfd places[] = {
            {.fd = PQsocket(survey->conn), .events = POLLIN},
            {.fd = survey->stop && !is_canceled ? survey->stop->fd : -1, .events = POLLIN}};
        int ready = poll(places, 2, -1);
        if (ready > 0 && places[1].revents && stop_asked(survey->stop) > 0) {
            cancel(survey->conn);
            is_canceled = true;
        }
        if (ready > 0 && places[0].revents && !PQconsumeInput(survey->conn))
            break;
    }
    while ((next = PQgetResult(survey->conn))) {
        PQclear(last);
        last = next;
    }
    return last;
}

enum err survey_run(const struct survey *survey, const char *sql, int n, const char *const values[],
                    PGresult **out)
{
    PGresult *result = execute(survey, sql, n, values);
    arena_defer(survey->fault->arena, result_free, result);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        if (out)
            *out = result;
        return ERR_NONE;
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state || !message)
        return fail(survey->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "the connection to the database broke: %s", PQerrorMessage(survey->conn));
    if (strcmp(state, "57014") == 0 && stop_asked(survey->stop) > 0)
        return fail(survey->fault, ERR_CONFLICT, "stopped", "stopped, as somebody asked");
    return fail(survey->fault, ERR_INTERNAL, "backup-failed", "%s (%s)", message, state);
}

enum err survey_text(const struct survey *survey, const char *sql, int n,
                     const char *const values[], const char **out)
{
    PGresult *result = NULL;
    enum err err = survey_run(survey, sql, n, values, &result);
    if (!err && PQntuples(result) != 1)
        err = fail(survey->fault, ERR_INTERNAL, "backup-failed", "one row was expected");
    if (!err)
        *out = PQgetvalue(result, 0, 0);
    return err;
}

enum err survey_open(const char *url, const char *database, struct fault *fault, struct survey *out)
{
    /* A later dbname wins over the one inside an expanded url. */
    const char *const names[] = {"dbname", "application_name", "connect_timeout",
                                 database ? "dbname" : NULL, NULL};
    const char *const values[] = {url, "clinicd backup", "10", database, NULL};
    struct survey survey = {.fault = fault, .conn = PQconnectdbParams(names, values, true)};
    enum err err = ERR_NONE;
    if (PQstatus(survey.conn) != CONNECTION_OK)
        err = fail(fault, ERR_UNAVAILABLE, "database-unavailable",
                   "cannot connect to the database: %s", words_of_refusal(survey.conn));
    PQsetNoticeProcessor(survey.conn, notice_ignore, NULL);
    if (!err)
        err = survey_run(&survey, settings, 0, NULL, NULL);
    if (err)
        survey_close(&survey);
    else
        *out = survey;
    return err;
}

void survey_close(struct survey *survey)
{
    PQfinish(survey->conn);
    survey->conn = NULL;
}

static enum err check_stop(const struct survey *survey, const struct backup_options *options)
{
    if (stop_asked(options->stop) == 0)
        return ERR_NONE;
    return fail(survey->fault, ERR_CONFLICT, "stopped", "stopped, as somebody asked");
}

enum err survey_sums(const struct survey *survey, const struct backup_options *options,
                     struct manifest *out)
{
    PGresult *list = NULL, *sum = NULL;
    enum err err = survey_run(survey, list_tables, 0, NULL, &list);
    if (err)
        return err;
    size_t n = (size_t)PQntuples(list);
    struct table_sum *tables = arena_array(survey->fault->arena, struct table_sum, n);
    for (size_t i = 0; !err && i < n; i++) {
        err = check_stop(survey, options);
        if (!err)
            err = survey_run(survey, PQgetvalue(list, (int)i, 1), 0, NULL, &sum);
        if (err)
            return err;
        tables[i] = (struct table_sum){.name = PQgetvalue(list, (int)i, 0),
                                       .rows = strtoll(PQgetvalue(sum, 0, 0), NULL, 10),
                                       .checksum = PQgetvalue(sum, 0, 1)};
        if (options->progress)
            options->progress(options->user, "tables added up", (int64_t)i + 1, (int64_t)n);
    }
    out->tables = tables;
    out->tables_n = n;
    return err;
}

enum err survey_files(const struct survey *survey, struct file_mark **out, size_t *n)
{
    PGresult *list = NULL;
    const char *is_there = "f";
    enum err err =
        survey_text(survey, "SELECT to_regclass('clinicd.file') IS NOT NULL", 0, NULL, &is_there);
    if (!err && *is_there == 't')
        err = survey_run(survey, list_files, 0, NULL, &list);
    if (err)
        return err;
    size_t rows = list ? (size_t)PQntuples(list) : 0;
    struct file_mark *marks = arena_array(survey->fault->arena, struct file_mark, rows);
    for (size_t i = 0; i < rows; i++)
        marks[i] = (struct file_mark){.clinic = strtoll(PQgetvalue(list, (int)i, 0), NULL, 10),
                                      .id = PQgetvalue(list, (int)i, 1),
                                      .size = strtoll(PQgetvalue(list, (int)i, 2), NULL, 10),
                                      .sha256 = PQgetvalue(list, (int)i, 3),
                                      .is_wanted = *PQgetvalue(list, (int)i, 4) == 't'};
    *out = marks;
    *n = rows;
    return ERR_NONE;
}

enum err survey_sequences(const struct survey *survey, struct manifest *out)
{
    PGresult *list = NULL;
    enum err err = survey_run(survey, list_sequences, 0, NULL, &list);
    if (err)
        return err;
    out->sequences_n = (size_t)PQntuples(list);
    out->sequences = arena_array(survey->fault->arena, struct sequence_mark, out->sequences_n);
    for (size_t i = 0; i < out->sequences_n; i++)
        out->sequences[i] =
            (struct sequence_mark){.name = PQgetvalue(list, (int)i, 0),
                                   .value = strtoll(PQgetvalue(list, (int)i, 1), NULL, 10)};
    return ERR_NONE;
}

/* As libpq reads it back: quoted, with quotes and backslashes escaped. */
static void option_write(struct buf *out, const char *name, const char *value)
{
    buf_format(out, "%s%s='", out->length ? " " : "", name);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            buf_char(out, '\\');
        buf_char(out, *value);
    }
    buf_char(out, '\'');
}

/* Whatever led to this connection leads to the next: url, environment, service and password files.
 */
void survey_target(const struct survey *survey, struct tool_target *out)
{
    struct arena *arena = survey->fault->arena;
    struct buf text;
    const char *password = PQpass(survey->conn), *home = getenv("HOME");
    PQconninfoOption *options = PQconninfo(survey->conn);
    buf_begin(&text, arena, 256);
    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        bool is_secret = strchr(option->dispchar, '*') != NULL;
        if (option->val && option->val[0] != '\0' && !is_secret &&
            strcmp(option->keyword, "application_name") != 0)
            option_write(&text, option->keyword, option->val);
    }
    PQconninfoFree(options);
    *out = (struct tool_target){.connection = arena_copy(arena, text.text)};
    if (password && password[0] != '\0')
        option_write(&text, "password", password);
    out->url = text.text;
    size_t n = 0;
    /* What is loaded is made durable by the commit that gives the database its name. */
    out->environment[n++] = "PGOPTIONS=-c synchronous_commit=off -c maintenance_work_mem=256MB";
    if (home)
        out->environment[n++] = arena_format(arena, "HOME=%s", home);
    if (password && password[0] != '\0')
        out->environment[n++] = arena_format(arena, "PGPASSWORD=%s", password);
}

/* Debian keeps each major version in a folder of its own. */
enum err tool_find(const char *name, int least, struct fault *fault, const char **path,
                   const char **version)
{
    for (int major = least; major <= NEWEST_TOOL; major++) {
        struct child child;
        const char *tool = arena_format(fault->arena, "/usr/lib/postgresql/%d/bin/%s", major, name);
        const char *const ask[] = {tool, "--version", NULL};
        if (access(tool, X_OK) != 0)
            continue;
        enum err err = child_begin(ask, NULL, fault, &child);
        if (!err)
            err = child_end(&child, NULL, fault, version);
        if (!err)
            *path = tool;
        return err;
    }
    return fail(fault, ERR_CONFLICT, "tool-missing",
                "there is no %s of version %d or newer: install Debian's package "
                "postgresql-client-%d",
                name, least, least);
}
