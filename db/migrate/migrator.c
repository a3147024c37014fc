#include "db/migrate/migrator.h"

#include "db/migrate/lock.h"
#include "db/words.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LOCK_BUDGET_MS = 2000, WATCH_TICK_LEAST_MS = 10 };

/* operations.md A3.3. With row_security off a statement that the walls would cut short fails
 * instead; the migrator may pass them (BYPASSRLS), so it never comes to that. */
static const char settings[] =
    "SELECT set_config('row_security', 'off', false),"
    "       set_config('lock_timeout', $1, false),"
    "       set_config('statement_timeout', '1h', false),"
    "       set_config('idle_in_transaction_session_timeout', '5min', false),"
    "       set_config('search_path', 'clinicd, pg_temp', false),"
    "       set_config('TimeZone', 'UTC', false),"
    "       set_config('DateStyle', 'ISO', false),"
    "       set_config('check_function_bodies', 'on', false),"
    "       set_config('client_min_messages', 'warning', false),"
    "       set_config('synchronous_commit', 'on', false),"
    "       set_config('jit', 'off', false),"
    "       set_config('default_transaction_isolation', 'read committed', false)";

static const char facts[] =
    "SELECT current_database(), current_setting('server_version'),"
    "       (SELECT system_identifier::text FROM pg_catalog.pg_control_system())";

static void result_free(void *result)
{
    PQclear(result);
}

/* "0002_things, section up, statement 2: ", or nothing for the runner's own. */
static const char *place_text(struct arena *arena, const struct place *place)
{
    if (!place->file)
        return "";
    return arena_format(arena, "%04d_%s, section %s, statement %d: ", place->file->version,
                        place->file->name, place->section, place->number);
}

static enum err result_fail(struct migrator *migrator, const struct place *place,
                            const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state || !message)
        return fail(migrator->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "the connection to the database broke: %s", PQerrorMessage(migrator->conn));
    if (strcmp(state, "57014") == 0 && stop_asked(migrator->options->stop) > 1)
        return fail(migrator->fault, ERR_CONFLICT, "stopped", "canceled while a statement ran");
    const char *where = place_text(migrator->fault->arena, place);
    if (strcmp(state, "55P03") != 0 && strcmp(state, "40P01") != 0)
        return fail(migrator->fault, ERR_INTERNAL, "migration-failed", "%s%s (%s)", where, message,
                    state);
    const char *blocker = migrator->watch.blocker;
    return fail(migrator->fault, ERR_TIMEOUT, "lock-not-got", "%s%s (%s)%s%s", where, message,
                state, blocker ? "; held by " : "", blocker ? blocker : "");
}

int64_t migrator_lock_budget_ms(const struct migrator *migrator)
{
    int64_t own = migrator->options->lock_budget_ms;
    return own > 0 ? own : LOCK_BUDGET_MS;
}

static int watch_tick_ms(const struct migrator *migrator)
{
    int64_t tick = migrator_lock_budget_ms(migrator) / 4;
    return tick > WATCH_TICK_MS         ? WATCH_TICK_MS
           : tick < WATCH_TICK_LEAST_MS ? WATCH_TICK_LEAST_MS
                                        : (int)tick;
}

/* The first asking waits for the statement's end, the second cancels it. */
static void cancel_when_asked(struct migrator *migrator, bool *is_canceled)
{
    char why[256];
    if (stop_asked(migrator->options->stop) < 2 || *is_canceled)
        return;
    *is_canceled = true;
    PGcancel *cancel = PQgetCancel(migrator->conn);
    PQcancel(cancel, why, sizeof why);
    PQfreeCancel(cancel);
}

/* Until the server has answered: meanwhile somebody may ask to stop, or hold what is needed. */
static void wait_for_answer(struct migrator *migrator)
{
    bool is_canceled = false;
    struct stop *stop = migrator->options->stop;
    struct pollfd places[] = {{.fd = PQsocket(migrator->conn), .events = POLLIN},
                              {.fd = stop ? stop->fd : -1, .events = POLLIN}};
    while (PQisBusy(migrator->conn)) {
        int ready = poll(places, 2, watch_tick_ms(migrator));
        if (ready == 0)
            watch_look(migrator);
        if (ready > 0 && places[1].revents)
            cancel_when_asked(migrator, &is_canceled);
        if (ready > 0 && places[0].revents && !PQconsumeInput(migrator->conn))
            break;
    }
    watch_rest(&migrator->watch);
}

static PGresult *execute(struct migrator *migrator, const char *sql, int n,
                         const char *const values[])
{
    PGresult *last = NULL, *next;
    if (!PQsendQueryParams(migrator->conn, sql, n, NULL, values, NULL, NULL, 0))
        return NULL; /* PQresultStatus() of NULL is a fatal error */
    wait_for_answer(migrator);
    while ((next = PQgetResult(migrator->conn))) {
        PQclear(last);
        last = next;
    }
    return last;
}

static enum err run(struct migrator *migrator, const struct place *place, const char *sql, int n,
                    const char *const values[], PGresult **out)
{
    PGresult *result = execute(migrator, sql, n, values);
    arena_defer(migrator->fault->arena, result_free, result);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return result_fail(migrator, place, result);
    if (out)
        *out = result;
    return ERR_NONE;
}

enum err migrator_run(struct migrator *migrator, const char *sql, PGresult **out)
{
    return run(migrator, &(struct place){.file = NULL}, sql, 0, NULL, out);
}

enum err migrator_run_params(struct migrator *migrator, const char *sql, int n,
                             const char *const values[], PGresult **out)
{
    return run(migrator, &(struct place){.file = NULL}, sql, n, values, out);
}

enum err migrator_run_at(struct migrator *migrator, const struct place *place, const char *sql,
                         PGresult **out)
{
    return run(migrator, place, sql, 0, NULL, out);
}

enum err migrator_run_params_at(struct migrator *migrator, const struct place *place,
                                const char *sql, int n, const char *const values[], PGresult **out)
{
    return run(migrator, place, sql, n, values, out);
}

bool migrator_lost_a_lock(const struct migrator *migrator)
{
    const char *code = migrator->fault->code;
    return code && strcmp(code, "lock-not-got") == 0;
}

void migrator_roll_back(struct migrator *migrator)
{
    if (PQtransactionStatus(migrator->conn) != PQTRANS_IDLE)
        PQclear(PQexecParams(migrator->conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0));
}

enum err migrator_check_stop(struct migrator *migrator)
{
    if (stop_asked(migrator->options->stop) == 0)
        return ERR_NONE;
    return fail(migrator->fault, ERR_CONFLICT, "stopped", "stopped, as somebody asked");
}

/* A pooler in between shows another backend than the one that answers: an advisory lock and SET
 * would then belong to nobody in particular. */
static enum err check_directness(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, "SELECT pg_backend_pid()", &result);
    if (!err && atoi(PQgetvalue(result, 0, 0)) != PQbackendPID(migrator->conn))
        err = fail(migrator->fault, ERR_CONFLICT, "pooler-in-between",
                   "this is a pooler; migrations need the database's own address");
    return err;
}

static enum err report_facts(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, facts, &result);
    if (err)
        return err;
    struct migrate_report *report = &migrator->report;
    report->database = PQgetvalue(result, 0, 0);
    report->server_version = PQgetvalue(result, 0, 1);
    report->system_identifier = PQgetvalue(result, 0, 2);
    return ERR_NONE;
}

void migrator_notice(struct migrator *migrator, const char *text)
{
    struct migrate_report *report = &migrator->report;
    if (report->notices_n < NOTICES_MAX)
        report->notices[report->notices_n] = arena_copy(migrator->fault->arena, text);
    report->notices_n++;
}

/* client_min_messages lets through what is a warning at least. */
static void notice_take(void *user, const PGresult *notice)
{
    struct migrator *migrator = user;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (severity && message && strcmp(severity, "WARNING") == 0)
        migrator_notice(migrator, arena_format(migrator->fault->arena, "%s (%s)", message,
                                               state ? state : "?"));
}

enum err migrator_open(struct migrator *migrator)
{
    static const char *const names[] = {"dbname", "application_name", "connect_timeout",
                                        "target_session_attrs", NULL};
    const char *const values[] = {migrator->options->url, "clinicd migrate", "10", "primary", NULL};
    migrator->conn = PQconnectdbParams(names, values, true);
    if (PQstatus(migrator->conn) != CONNECTION_OK)
        return fail(migrator->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "cannot connect to the database: %s", words_of_refusal(migrator->conn));
    PQsetNoticeReceiver(migrator->conn, notice_take, migrator);
    const char *budget = arena_format(migrator->fault->arena, "%lldms",
                                      (long long)migrator_lock_budget_ms(migrator));
    enum err err = check_directness(migrator);
    if (!err)
        err = migrator_run_params(migrator, settings, 1, &budget, NULL);
    return err ? err : report_facts(migrator);
}

void migrator_close(struct migrator *migrator)
{
    if (migrator->options->report)
        *migrator->options->report = migrator->report;
    lock_free(migrator);
    watch_close(&migrator->watch);
    PQfinish(migrator->conn);
    migrator->conn = NULL;
}

enum err migrator_name(struct migrator *migrator, int version)
{
    const char *name = version > 0
                           ? arena_format(migrator->fault->arena, "clinicd migrate V%04d", version)
                           : "clinicd migrate";
    return migrator_run_params(migrator, "SELECT set_config('application_name', $1, false)", 1,
                               &name, NULL);
}

void migrator_say(const struct migrator *migrator, const char *format, ...)
{
    if (!migrator->options->say)
        return;
    va_list args;
    va_start(args, format);
    const char *line = arena_vformat(migrator->fault->arena, format, args);
    va_end(args);
    migrator->options->say(migrator->options->user, line);
}
