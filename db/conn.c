#include "db/conn.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/sqlstate.h"
#include "db/words.h"

#include <poll.h>
#include <stdio.h>

/* Statements of ours are short; a server that does not take them at once is stopped or gone. */
enum { CONNECT_TIMEOUT_S = 2, PREPARE_TIMEOUT_US = 20 * 1000 * 1000 };

static enum err refuse(PGconn *pg, struct fault *fault)
{
    enum err err =
        fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable", "%s", words_of_refusal(pg));
    PQfinish(pg);
    return err;
}

static bool prepare_forms(PGconn *pg, const struct statement *forms, int n, int *sent)
{
    for (int i = 0; forms && i < n; i++, (*sent)++)
        if (!PQsendPrepare(pg, forms[i].name, forms[i].sql, 0, NULL))
            return false;
    return true;
}

/* Everything at once, in one trip. */
static enum err prepare_all(PGconn *pg, struct fault *fault)
{
    int sent = 0;
    for (const struct query *const *q = queries; *q; q++) {
        int forms = (*q)->sorts_n ? (*q)->sorts_n * 2 : 1;
        if (!prepare_forms(pg, (*q)->plain, forms, &sent) ||
            !prepare_forms(pg, (*q)->audited, forms, &sent) ||
            !prepare_forms(pg, (*q)->keyed, 1, &sent) || !prepare_forms(pg, (*q)->count, 1, &sent))
            return fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable", "%s",
                                PQerrorMessage(pg));
    }
    if (!PQpipelineSync(pg))
        return fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable", "%s",
                            PQerrorMessage(pg));
    int64_t deadline = clock_monotonic_us() + PREPARE_TIMEOUT_US;
    for (bool is_synced = false; !is_synced;) {
        PGresult *result;
        if (!conn_next(pg, deadline, &result))
            return fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable", "%s",
                                PQerrorMessage(pg));
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && result)
            fail_quietly(fault, ERR_INTERNAL, "internal-error", "cannot prepare: %s",
                         PQresultErrorMessage(result));
        is_synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        PQclear(result);
    }
    return fault->err;
}

/* libpq would print them on standard error, where only lines of the log may stand. */
static void ignore_notice(void *user, const PGresult *notice)
{
    (void)user;
    (void)notice;
}

/* By steps and not by PQconnectdbParams(), which prints what a dying server says while connecting.
 */
static PGconn *connect_quietly(const char *const *keywords, const char *const *values)
{
    int64_t until_us = clock_monotonic_us() + CONNECT_TIMEOUT_S * INT64_C(1000000);
    PGconn *pg = PQconnectStartParams(keywords, values, 1);
    if (pg)
        PQsetNoticeReceiver(pg, ignore_notice, NULL);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (pg && PQstatus(pg) != CONNECTION_BAD && status != PGRES_POLLING_OK) {
        int64_t left_us = until_us - clock_monotonic_us();
        struct pollfd fd = {.fd = PQsocket(pg),
                            .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (left_us <= 0 || poll(&fd, 1, (int)(left_us / 1000) + 1) <= 0)
            break;
        status = PQconnectPoll(pg);
        if (status == PGRES_POLLING_FAILED)
            break;
    }
    return pg;
}

enum err conn_open(const struct database_options *options, bool is_blocking, struct fault *fault,
                   PGconn **out)
{
    /* Plans are generic and made once, perhaps while a table is empty, and row security's and the
     * filters' "or nobody asked" hide from the planner how many rows come. A list must still walk
     * its index and stop: so no scan of a table and no sort where an index has the order (measured,
     * a page of 100,000 patients: 0.4 ms instead of 165). */
    char settings[480];
    snprintf(settings, sizeof settings,
             "-c search_path=clinicd -c TimeZone=UTC -c DateStyle=ISO -c statement_timeout=%d "
             "-c lock_timeout=%d -c idle_in_transaction_session_timeout=%d "
             "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_sort=off "
             "-c jit=off -c client_min_messages=error",
             options->statement_timeout_ms, options->lock_timeout_ms,
             2 * options->statement_timeout_ms);
    const char *keywords[] = {"dbname",          "options",          "fallback_application_name",
                              "client_encoding", "tcp_user_timeout", NULL};
    const char *values[] = {options->url, settings, "clinicd", "UTF8", "10000", NULL};

    PGconn *pg = connect_quietly(keywords, values);
    if (!pg || PQstatus(pg) != CONNECTION_OK)
        return refuse(pg, fault);
    if (!PQenterPipelineMode(pg) || PQsetnonblocking(pg, 1) != 0)
        return refuse(pg, fault);
    enum err err = prepare_all(pg, fault);
    if (err) {
        PQfinish(pg);
        return err;
    }
    if (is_blocking)
        PQsetnonblocking(pg, 0);
    *out = pg;
    return ERR_NONE;
}

void conn_bind(const struct statement *statement, const char *const *reserved,
               const char *const *args, const char *values[PARAMS_MAX])
{
    for (int i = 0; i < statement->params_n; i++) {
        int param = statement->params[i];
        values[i] = param < PARAM_OWN ? reserved[param] : args[param - PARAM_OWN];
    }
}

bool conn_send(PGconn *pg, const struct statement *statement, const char *const *reserved,
               const char *const *args)
{
    const char *values[PARAMS_MAX];
    conn_bind(statement, reserved, args, values);
    return PQsendQueryPrepared(pg, statement->name, statement->params_n, values, NULL, NULL, 0);
}

bool conn_next(PGconn *pg, int64_t deadline_us, PGresult **out)
{
    for (;;) {
        int flushed = PQflush(pg);
        if (flushed < 0)
            return false;
        if (flushed == 0 && !PQisBusy(pg)) {
            *out = PQgetResult(pg);
            return PQstatus(pg) == CONNECTION_OK;
        }
        int64_t left = deadline_us - clock_monotonic_us();
        if (left <= 0)
            return false;
        struct pollfd fd = {.fd = PQsocket(pg),
                            .events = (short)(flushed ? POLLIN | POLLOUT : POLLIN)};
        if (poll(&fd, 1, (int)(left / 1000) + 1) > 0 && (fd.revents & ~POLLOUT) &&
            !PQconsumeInput(pg))
            return false;
    }
}

enum err conn_failure(const PGresult *result, struct fault *fault)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate_fail(fault, sqlstate ? sqlstate : "08006",
                         PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME),
                         PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}
