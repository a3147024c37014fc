#include "db/import/target.h"

#include "db/words.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { LOCK_POLLS = 80, LOCK_POLL_MS = 250 };

/* PostgreSQL's own words name constraints and columns; its DETAIL would name values, and stays. */
static enum err tell(struct target *target, const PGresult *result, const char *sql)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state || !message)
        return fail(target->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "the connection to the database broke; run the same command again, it goes on "
                    "where it stopped");
    if (strcmp(state, "40001") == 0 || strcmp(state, "23503") == 0)
        return fail(target->fault, ERR_CONFLICT, "import-touched",
                    "somebody has changed rows of it meanwhile, or made something of them: nothing "
                    "is taken back (%s)",
                    message);
    const char *line = arena_copy_n(target->fault->arena, sql, strcspn(sql, "\n"));
    return fail(target->fault, ERR_INTERNAL, "import-failed", "%s (%s), at: %.60s", message, state,
                line);
}

enum err target_run(struct target *target, const struct import_statement *list,
                    const char *const values[], PGresult **out)
{
    PGresult *result = NULL;
    for (; list->sql; list++) {
        PQclear(result);
        result = PQexecParams(target->conn, list->sql, list->params, NULL, values, NULL, NULL, 0);
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
            enum err err = tell(target, result, list->sql);
            PQclear(result);
            return err;
        }
    }
    if (out)
        *out = result;
    else
        PQclear(result);
    return ERR_NONE;
}

enum err target_send(struct target *target, const struct import_statement *list,
                     const char *const values[])
{
    if (PQsendQueryParams(target->conn, list->sql, list->params, NULL, values, NULL, NULL, 0) == 1)
        return ERR_NONE;
    return fail(target->fault, ERR_UNAVAILABLE, "database-unavailable", "%s",
                PQerrorMessage(target->conn));
}

enum err target_answer(struct target *target, const struct import_statement *list, PGresult **out)
{
    PGresult *answer TARGET_CLEAR = NULL;
    PGresult *result;
    while ((result = PQgetResult(target->conn))) {
        PQclear(answer);
        answer = result;
    }
    ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return tell(target, answer, list->sql);
    *out = answer;
    answer = NULL;
    return ERR_NONE;
}

/* A killed importer's server process may still be at its last statement. */
static enum err lock_take(struct target *target)
{
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    for (int i = 0; i < LOCK_POLLS; i++) {
        PGresult *result TARGET_CLEAR = NULL;
        enum err err = target_run(target, import_run_lock, NULL, &result);
        if (err || *PQgetvalue(result, 0, 0) == 't')
            return err;
        nanosleep(&pause, NULL);
    }
    return fail(target->fault, ERR_TIMEOUT, "import-locked", "another import runs");
}

enum err target_open(const char *url, struct fault *fault, struct target *out)
{
    static const char *const names[] = {"dbname", "connect_timeout", "target_session_attrs", NULL};
    const char *const values[] = {url, "10", "primary", NULL};
    struct target target = {.fault = fault, .conn = PQconnectdbParams(names, values, true)};
    PGresult *result TARGET_CLEAR = NULL;
    enum err err = ERR_NONE;
    if (PQstatus(target.conn) != CONNECTION_OK)
        err = fail(fault, ERR_UNAVAILABLE, "database-unavailable",
                   "cannot connect to the database: %s", words_of_refusal(target.conn));
    if (!err)
        err = target_run(&target, import_run_open, NULL, &result);
    if (!err && *PQgetvalue(result, 0, PQnfields(result) - 2) != 't')
        err = fail(fault, ERR_CONFLICT, "schema-mismatch",
                   "an import signs in as clinicd_migrator (this is %s), to a database that is "
                   "migrated: run `clinicd migrate up`",
                   PQgetvalue(result, 0, PQnfields(result) - 1));
    if (!err)
        err = lock_take(&target);
    if (err) {
        target_close(&target);
        return err;
    }
    *out = target;
    return ERR_NONE;
}

void target_close(struct target *target)
{
    PQfinish(target->conn);
    target->conn = NULL;
}

enum err target_copy(struct target *target, const char *bytes, size_t length)
{
    if (PQputCopyData(target->conn, bytes, (int)length) == 1)
        return ERR_NONE;
    return fail(target->fault, ERR_UNAVAILABLE, "database-unavailable", "%s",
                PQerrorMessage(target->conn));
}

enum err target_copy_end(struct target *target)
{
    if (PQputCopyEnd(target->conn, NULL) != 1)
        return fail(target->fault, ERR_UNAVAILABLE, "database-unavailable", "%s",
                    PQerrorMessage(target->conn));
    enum err err = ERR_NONE;
    PGresult *result;
    while ((result = PQgetResult(target->conn))) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK && !err)
            err = tell(target, result, "COPY of a chunk");
        PQclear(result);
    }
    return err;
}
