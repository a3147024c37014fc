/* What db/embed made of the .sql files: every form of every query is understood by the server, as
 * the service's own role. */
#include "db/query.h"

#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int prepare(PGconn *conn, const struct query *query, const struct statement *statement)
{
    PGresult *result = PQprepare(conn, statement->name, statement->sql, 0, NULL);
    bool is_good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!is_good)
        print_error("%s, form %s: %s\n", query->source, statement->name,
                    PQresultErrorMessage(result));
    PQclear(result);
    result = PQdescribePrepared(conn, statement->name);
    if (is_good && PQnparams(result) != statement->params_n) {
        print_error("%s, form %s: %d parameters, the list has %d\n", query->source, statement->name,
                    PQnparams(result), statement->params_n);
        is_good = false;
    }
    PQclear(result);
    return is_good ? 0 : 1;
}

static int prepare_all(PGconn *conn, const struct query *query)
{
    int bad = 0;
    int forms = query->sorts_n > 0 ? 2 * query->sorts_n : 1;
    for (int i = 0; i < forms; i++) {
        bad += prepare(conn, query, &query->plain[i]);
        if (query->audited)
            bad += prepare(conn, query, &query->audited[i]);
    }
    if (query->count)
        bad += prepare(conn, query, query->count);
    return bad;
}

static void every_form_is_understood_by_the_server(void **state)
{
    (void)state;
    struct postgres_database database;
    postgres_database("queries", &database);
    PGconn *conn SQL_CLOSE = sql_connect(database.app_url);
    sql_run(conn, "SET search_path = clinicd");
    int bad = 0;
    int seen = 0;
    for (; queries[seen]; seen++)
        bad += prepare_all(conn, queries[seen]);
    assert_int_equal(bad, 0);
    assert_true(seen > 0);
    sql_close(&conn);
    postgres_drop(&database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_form_is_understood_by_the_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
