/* What db/embed made of the .sql files: every form of every query is understood by the server, as
 * the service's own role. */
#include "db/query.h"

#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
    if (query->keyed)
        bad += prepare(conn, query, query->keyed);
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

/* JSON spells them as text does, or tells them apart; see db/kept.h. */
static bool is_kept_well(const char *name, const char *type)
{
    static const char *const types[] = {"boolean",
                                        "smallint",
                                        "integer",
                                        "bigint",
                                        "numeric",
                                        "real",
                                        "double precision",
                                        "json",
                                        "jsonb",
                                        "text",
                                        "uuid",
                                        "date",
                                        "time without time zone"};
    size_t length = strlen(name);
    bool is_named_instant = length > 3 && strcmp(name + length - 3, "_at") == 0;
    if (is_named_instant || strcmp(type, "timestamp with time zone") == 0)
        return is_named_instant && strcmp(type, "timestamp with time zone") == 0;
    size_t i = 0;
    while (i < sizeof types / sizeof types[0] && strcmp(types[i], type) != 0)
        i++;
    return i < sizeof types / sizeof types[0];
}

static int columns_kept_badly(PGconn *conn, struct arena *arena, const struct query *query)
{
    int bad = 0;
    assert_int_equal(prepare(conn, query, query->keyed), 0);
    PGresult *row = PQdescribePrepared(conn, query->keyed->name);
    for (int i = 0; i < PQnfields(row); i++) {
        PGresult *type =
            sql_rows(conn, arena, "SELECT format_type(%u, NULL)", (unsigned)PQftype(row, i));
        if (is_kept_well(PQfname(row, i), PQgetvalue(type, 0, 0)))
            continue;
        print_error("%s: %s is a %s\n", query->source, PQfname(row, i), PQgetvalue(type, 0, 0));
        bad++;
    }
    PQclear(row);
    return bad;
}

static void a_keyed_query_has_only_columns_that_can_be_kept(void **state)
{
    (void)state;
    struct postgres_database database;
    struct arena arena = {0};
    postgres_database("keyed", &database);
    PGconn *conn SQL_CLOSE = sql_connect(database.app_url);
    sql_run(conn, "SET search_path = clinicd");
    int bad = 0, seen = 0;
    for (int i = 0; queries[i]; i++) {
        if (!queries[i]->keyed)
            continue;
        bad += columns_kept_badly(conn, &arena, queries[i]);
        seen++;
    }
    assert_int_equal(bad, 0);
    assert_true(seen > 0);
    sql_close(&conn);
    arena_end(&arena);
    postgres_drop(&database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_understood_by_the_server),
        cmocka_unit_test(a_keyed_query_has_only_columns_that_can_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
