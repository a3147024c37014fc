/* What the plan foretells, and going to a version. */
#include "tests/harness/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const house_up[] = {"CREATE SCHEMA clinicd",
                                       "CREATE TABLE clinicd.thing (id int, kind text)", NULL};
static const char *const house_down[] = {"DROP SCHEMA clinicd CASCADE", NULL};
static const char *const true_verify[] = {"SELECT true", NULL};
static const char *const nothing[] = {"SELECT 1", NULL};
static const char *const loss[] = {"SELECT count(*) FROM clinicd.thing", NULL};

static const char house_text[] =
    "-- section up\nCREATE SCHEMA clinicd;\nCREATE TABLE clinicd.thing (id int, kind text);\n"
    "CREATE INDEX thing_id ON clinicd.thing (id);\n";
static const char wider_text[] = "-- section up\nCREATE TABLE clinicd.more (id int);\nCREATE INDEX "
                                 "more_id ON clinicd.more (id);\n"
                                 "ALTER TABLE clinicd.thing ADD COLUMN note text;\n"
                                 "CREATE INDEX thing_kind ON clinicd.thing (kind);\nSELECT 1;\n"
                                 "-- section down loss=none\nDROP TABLE clinicd.thing;\n";
static const char index_text[] =
    "-- migrate: kind=expand tx=no\n-- section up\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS thing_kind ON clinicd.thing USING gin (kind);\n"
    "UPDATE clinicd.thing SET kind = 'x' WHERE id < 10;\n";

static const struct migration files[] = {{.version = 1,
                                          .name = "house",
                                          .kind = "expand",
                                          .in_tx = true,
                                          .text = house_text,
                                          .up = house_up,
                                          .verify = true_verify,
                                          .down = house_down,
                                          .loss = loss},
                                         {.version = 2,
                                          .name = "wider",
                                          .kind = "expand",
                                          .in_tx = true,
                                          .text = wider_text,
                                          .up = nothing,
                                          .verify = true_verify,
                                          .down = nothing},
                                         {.version = 3,
                                          .name = "index",
                                          .kind = "expand",
                                          .text = index_text,
                                          .up = nothing,
                                          .verify = true_verify},
                                         {.version = 0}};

static int begin(void **state)
{
    return bench_begin(state, files);
}

static struct plan_file *plan_of(struct bench *bench, size_t expected)
{
    struct plan_file *plans = NULL;
    size_t n = 0;
    assert_int_equal(migrate_plan(&bench->options, &bench->arena, &bench->fault, &plans, &n),
                     ERR_NONE);
    assert_int_equal(n, expected);
    return plans;
}

static void a_plan_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct plan_file *plans = plan_of(bench, 3);
    assert_int_equal(plans[0].steps_n, 1); /* the index is of a table of the same file */
    assert_string_equal(plans[0].steps[0].operation, "create table");
    assert_true(plans[0].loses_rows && plans[0].is_reversible);
    assert_false(plans[2].is_reversible);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM pg_namespace"
                                          " WHERE nspname IN ('ops', 'clinicd')"),
                     0);
}

static void it_foretells_by_the_rows_that_are_there(void **state)
{
    struct bench *bench = *state;
    bench->options.to = 1;
    bench_up(bench, 1);
    sql_run(bench->boss,
            "INSERT INTO clinicd.thing SELECT n, 'x' FROM generate_series(1, 10000) n");
    sql_run(bench->boss, "ANALYZE clinicd.thing");
    bench->options.to = -1;
    struct plan_file *plans = plan_of(bench, 2);
    const struct plan_file *wider = &plans[0], *index = &plans[1];
    assert_int_equal(wider->steps_n, 3);
    assert_string_equal(wider->steps[1].operation, "add column");
    assert_string_equal(wider->steps[1].lock, "ACCESS EXCLUSIVE");
    assert_string_equal(wider->steps[2].table, "thing");
    assert_string_equal(wider->steps[2].lock, "SHARE");
    assert_int_equal(wider->steps[2].rows, 10000);
    assert_int_equal((int)(wider->steps[2].seconds * 1e6 + 0.5), 9000);
    assert_int_equal((int)(wider->hold_seconds * 1e6 + 0.5), 9200); /* both, one transaction */
    assert_null(index->steps[0].lock);
    assert_int_equal((int)(index->seconds * 1e6 + 0.5), 610000);
    assert_true(index->hold_seconds <= 0);
}

static void to_goes_up_and_down(void **state)
{
    struct bench *bench = *state;
    int up = -1, down = -1;
    assert_int_equal(migrate_to(&bench->options, 2, &bench->fault, &up, &down), ERR_NONE);
    assert_true(up == 2 && down == 0);
    assert_int_equal(migrate_to(&bench->options, 2, &bench->fault, &up, &down), ERR_NONE);
    assert_true(up == 0 && down == 0);
    sql_run(bench->boss, "INSERT INTO clinicd.thing VALUES (1), (2)");
    assert_int_equal(migrate_to(&bench->options, 1, &bench->fault, &up, &down), ERR_NONE);
    assert_true(up == 0 && down == 1);
    assert_int_equal(migrate_to(&bench->options, 0, &bench->fault, &up, &down), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "data-loss-unconfirmed");
    fault_reset(&bench->fault);
    bench->options.data_loss_ok = 2;
    assert_int_equal(migrate_to(&bench->options, 0, &bench->fault, &up, &down), ERR_NONE);
    assert_true(up == 0 && down == 1);
    assert_int_equal(migrate_to(&bench->options, 4, &bench->fault, &up, &down), ERR_INPUT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(a_plan_changes_nothing),
        TEST(it_foretells_by_the_rows_that_are_there),
        TEST(to_goes_up_and_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
