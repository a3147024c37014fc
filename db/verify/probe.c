#include "db/verify/probe.h"

#include "db/words.h"
#include "gen/lists.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE, PROBE, CONTEXT, STATEMENT, WANTED, ROW };

static void result_free(void *result)
{
    PQclear(result);
}

enum err probe_connect(const char *url, const char *database, struct fault *fault, PGconn **out)
{
    const char *const names[] = {"dbname",  "application_name",         "connect_timeout",
                                 "options", database ? "dbname" : NULL, NULL};
    const char *const values[] = {
        url,      "clinicd verify",
        "10",     "-c search_path=pg_catalog -c TimeZone=UTC -c DateStyle=ISO -c jit=off",
        database, NULL};
    PGconn *conn = PQconnectdbParams(names, values, true);
    if (PQstatus(conn) != CONNECTION_OK) {
        enum err err = fail(fault, ERR_UNAVAILABLE, "database-unavailable",
                            "cannot connect to the database: %s", words_of_refusal(conn));
        PQfinish(conn);
        return err;
    }
    *out = conn;
    return ERR_NONE;
}

/* The result of whatever came of it. */
static PGresult *ask(PGconn *conn, struct arena *arena, const char *sql, int n,
                     const char *const values[])
{
    PGresult *result = PQexecParams(conn, sql, n, NULL, values, NULL, NULL, 0);
    arena_defer(arena, result_free, result);
    return result;
}

static bool is_done(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static const char *state_of(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "the connection broke";
}

enum err probe_run(PGconn *conn, struct fault *fault, const char *sql, int n,
                   const char *const values[], PGresult **out)
{
    PGresult *result = ask(conn, fault->arena, sql, n, values);
    if (!is_done(result)) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        return fail(fault, message ? ERR_INTERNAL : ERR_UNAVAILABLE, "verify-failed",
                    "%s (%s), at: %.60s", message ? message : PQerrorMessage(conn),
                    state_of(result), sql);
    }
    if (out)
        *out = result;
    return ERR_NONE;
}

void verification_find(struct verification *all, struct arena *arena, const struct finding *one)
{
    if (all->n == all->room) {
        size_t room = all->room ? all->room * 2 : 16;
        struct finding *more = arena_array(arena, struct finding, room);
        if (all->n)
            memcpy(more, all->findings, all->n * sizeof *more);
        all->findings = more;
        all->room = room;
    }
    all->findings[all->n++] = *one;
}

enum err verification_verdict(const struct verification *all, struct fault *fault)
{
    if (all->n == 0)
        return ERR_NONE;
    return fail(fault, ERR_INTERNAL, "verification-failed", "%zu %s", all->n,
                all->n == 1 ? "finding" : "findings");
}

enum err probe_facts(PGconn *conn, const char *role, struct fault *fault, struct verification *out)
{
    PGresult *result = NULL;
    enum err err = probe_run(conn, fault, verify_facts[0].sql, 0, NULL, &result);
    if (err)
        return err;
    out->database = PQgetvalue(result, 0, 0);
    out->server_version = PQgetvalue(result, 0, 1);
    out->system_identifier = PQgetvalue(result, 0, 2);
    if (strcmp(PQgetvalue(result, 0, 3), role) != 0)
        return fail(fault, ERR_CONFLICT, "unsafe-role", "this check signs in as %s, not as %s",
                    role, PQgetvalue(result, 0, 3));
    if (*PQgetvalue(result, 0, 4) != 't')
        return fail(fault, ERR_CONFLICT, "schema-mismatch",
                    "this database is not migrated: run `clinicd migrate up`");
    return ERR_NONE;
}

static enum err enter(const struct probe_work *work, const char *clinic)
{
    return probe_run(work->conn, work->fault, verify_context[0].sql, 1, &clinic, NULL);
}

/* A probe must not end the transaction that it is tried in. */
static enum err undo(const struct probe_work *work)
{
    return probe_run(work->conn, work->fault, "ROLLBACK TO SAVEPOINT probe", 0, NULL, NULL);
}

/* What the statement takes as $1: a row of the own clinic, as JSON. */
static enum err row_take(const struct probe_work *work, const char *question, const char **out)
{
    PGresult *result = NULL;
    enum err err = enter(work, work->clinics->own);
    if (!err)
        err = probe_run(work->conn, work->fault, question, 0, NULL, &result);
    if (!err)
        *out = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : NULL;
    return err;
}

/* 42501 the policy or a missing right, 23503 the foreign key, 23514 a trigger of ours. 23505 would
 * mean that the unique index was asked first, and told that the row is there. */
static bool is_refusal(const char *state)
{
    static const char *const states[] = {"42501", "23503", "23514"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(state, states[i]) == 0)
            return true;
    }
    return false;
}

/* NULL: as it should be. */
static const char *judge(struct arena *arena, const char *wanted, PGresult *result)
{
    int rows = is_done(result) ? atoi(PQcmdTuples(result)) : -1;
    if (rows < 0 && !is_refusal(state_of(result)))
        return arena_format(arena, "neither rows nor a refusal: %s %s", state_of(result),
                            PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    if (strcmp(wanted, "rows") == 0)
        return rows > 0 ? NULL : "the own row is not seen: the check proves nothing here";
    if (strcmp(wanted, "refused") == 0)
        return rows < 0 ? NULL : arena_format(arena, "not refused, %d rows", rows);
    return rows > 0 ? arena_format(arena, "%d rows", rows) : NULL;
}

static enum err probe_one(const struct probe_work *work, const PGresult *probes, int i)
{
    const char *statement = PQgetvalue(probes, i, STATEMENT), *row = NULL;
    const char *context = PQgetisnull(probes, i, CONTEXT) ? NULL : PQgetvalue(probes, i, CONTEXT);
    bool takes_row = strstr(statement, "$1") != NULL;
    enum err err = ERR_NONE;
    if (takes_row && !PQgetisnull(probes, i, ROW))
        err = row_take(work, PQgetvalue(probes, i, ROW), &row);
    if (!err)
        err = enter(work, context);
    if (!err)
        err = probe_run(work->conn, work->fault, "SAVEPOINT probe", 0, NULL, NULL);
    if (err)
        return err;
    PGresult *result = ask(work->conn, work->fault->arena, statement, takes_row, &row);
    const char *wrong = judge(work->fault->arena, PQgetvalue(probes, i, WANTED), result);
    work->result->checks++;
    if (wrong)
        verification_find(work->result, work->fault->arena,
                          &(struct finding){.check = PQgetvalue(probes, i, PROBE),
                                            .object = PQgetvalue(probes, i, TABLE),
                                            .detail = wrong});
    return undo(work);
}

enum err probe_tables(const struct probe_work *work)
{
    const struct probe_clinics *two = work->clinics;
    const char *const values[] = {two->own, two->other, two->own_ids, two->other_ids};
    const char *table = "";
    PGresult *probes = NULL;
    enum err err = probe_run(work->conn, work->fault, verify_tables[0].sql, 4, values, &probes);
    for (int i = 0; !err && i < PQntuples(probes); i++) {
        const char *name = PQgetvalue(probes, i, TABLE);
        if (work->table && strcmp(work->table, name) != 0)
            continue;
        work->result->tables += strcmp(table, name) != 0;
        table = name;
        err = probe_one(work, probes, i);
    }
    return err;
}
