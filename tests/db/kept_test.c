/* A row that was kept is shown as it was, of whatever types it is. */
#include "db/kept.h"
#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As a keyed statement keeps a row, and idempotency_find gives it. */
#define KEPT                                                                                       \
    "SELECT json_agg(json_build_array(m.name, json_typeof(m.value), m.value #>> '{}') ORDER BY "   \
    "m.place) FROM (SELECT row_to_json(_result) AS kept_row FROM (%s) _result) i, "                \
    "json_each(i.kept_row) WITH ORDINALITY AS m (name, value, place)"

struct state {
    struct postgres_database database;
    struct arena arena;
    PGconn *app;
};

static int setup(void **state)
{
    static struct state it;
    postgres_database("kept", &it.database);
    it.app = sql_connect(it.database.app_url);
    sql_run(it.app, "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'");
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    PQfinish(it->app);
    postgres_drop(&it->database);
    arena_end(&it->arena);
    return 0;
}

static const char *shown(struct state *it, const struct rows *rows, const struct view *view)
{
    struct buf out;
    buf_begin(&out, &it->arena, 1024);
    rows_render(&out, rows, 0, view);
    return out.text;
}

static struct rows rows_of(struct state *it, const char *select)
{
    return (struct rows){.result = sql_rows(it->app, &it->arena, "%s", select), .count = 1};
}

static struct rows kept_of(struct state *it, const char *select)
{
    struct rows rows = {0};
    PGresult *members = sql_rows(it->app, &it->arena, KEPT, select);
    assert_true(kept_rows(&it->arena, PQgetvalue(members, 0, 0), &rows));
    return rows;
}

static void a_row_is_shown_as_it_was(void **state)
{
    static const char *const selects[] = {
        "SELECT true AS a, false AS b, NULL::boolean AS c",
        "SELECT 1::smallint AS a, -2147483648 AS b, 9223372036854775807 AS c, NULL::int AS d",
        "SELECT 1.50 AS a, 0.000 AS b, 12345678901234567890.123456789 AS c, 1e30::numeric AS d",
        "SELECT 0.1::float8 AS a, 1e300::float8 AS b, 3::float4 AS c, -0.0::float8 AS d",
        "SELECT '' AS a, 'a\"b\\c/d' AS b, E'\\t\\n\\r\\x01\\x7f' AS c, 'नाम ok' AS d",
        "SELECT '2026-11-22T09:00:00.123456+00:00' AS said, '2026-11-22 09:00:00+00' AS noted",
        "SELECT '2026-11-22 09:00:00.123456+00'::timestamptz AS created_at, "
        "'2026-11-22 09:00:00+00'::timestamptz AS updated_at, NULL::timestamptz AS ended_at",
        "SELECT '1970-01-01 00:00:00.5+00'::timestamptz AS \"account.last_login_at\"",
        "SELECT '2026-02-28'::date AS a, '09:30'::time AS b",
        "SELECT '019345f2-7c1a-7d30-8a5e-2f6b1c9d0e48'::uuid AS a",
        "SELECT '{\"z\": 1.50, \"a\": [ 1,2 ,{\"b\" : null}], \"t\": \"a \\\" b\"}'::json AS a",
        "SELECT '{\"z\": 1.50, \"a\": [1, 2]}'::jsonb AS a, '[]'::jsonb AS b, '{}'::json AS c",
        "SELECT 'x' AS \"o.a\", 'y' AS \"o.b\", 1 AS c, 'hidden' AS _d, 2 AS \"p.e\"",
    };
    struct state *it = *state;
    for (size_t i = 0; i < sizeof selects / sizeof selects[0]; i++) {
        struct rows row = rows_of(it, selects[i]), kept = kept_of(it, selects[i]);
        const struct view all = {0};
        assert_string_equal(shown(it, &kept, &all), shown(it, &row, &all));
        assert_string_equal(shown(it, &kept, NULL), shown(it, &row, NULL));
    }
}

static void c_reads_it_as_before(void **state)
{
    struct state *it = *state;
    struct rows kept = kept_of(it, "SELECT true AS a, 42 AS b, 'text' AS _c, NULL::text AS d");
    assert_true(rows_bool(&kept, 0, "a", false));
    assert_int_equal(rows_int(&kept, 0, "b", 0), 42);
    assert_string_equal(rows_text(&kept, 0, "_c"), "text");
    assert_null(rows_text(&kept, 0, "d"));
    assert_true(rows_has(&kept, "d"));
}

/* The deploy after it was kept gave the query another column. */
static void what_is_new_since_is_null(void **state)
{
    struct state *it = *state;
    struct rows kept = kept_of(it, "SELECT 1 AS a");
    assert_false(rows_has(&kept, "_new"));
    assert_null(rows_text(&kept, 0, "_new"));
    assert_int_equal(rows_int(&kept, 0, "_new", 7), 7);
}

static void who_asks_later_sees_what_the_role_may_see(void **state)
{
    struct state *it = *state;
    static const char *const hidden[] = {"b", NULL};
    const struct view less = {.hidden = hidden};
    struct rows kept = kept_of(it, "SELECT 1 AS a, 2 AS b");
    assert_string_equal(shown(it, &kept, &less), "{\"a\":1}");
}

static void what_is_no_kept_row_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "[1]",
                                      "[[]]",
                                      "[[\"a\"]]",
                                      "[[\"a\",1,\"b\"]]",
                                      "[[\"a\",\"string\",1]]",
                                      "null"};
    struct state *it = *state;
    struct rows rows;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(kept_rows(&it->arena, bad[i], &rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_shown_as_it_was),
        cmocka_unit_test(c_reads_it_as_before),
        cmocka_unit_test(what_is_new_since_is_null),
        cmocka_unit_test(who_asks_later_sees_what_the_role_may_see),
        cmocka_unit_test(what_is_no_kept_row_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
