/* What the data must not hold: asked before anything is changed. */
#include "tests/harness/bench.h"

#include "db/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const true_verify[] = {"SELECT true", NULL};
static const char *const house_up[] = {
    "CREATE SCHEMA clinicd", "CREATE TABLE clinicd.owner (id int PRIMARY KEY)",
    "CREATE TABLE clinicd.pet (id int PRIMARY KEY, name text, code text, owner_id int)", NULL};
static const char *const tag_up[] = {"CREATE TABLE clinicd.tag (id int PRIMARY KEY, n int)", NULL};

static const char *const name_up[] = {"ALTER TABLE clinicd.pet ALTER COLUMN name SET NOT NULL",
                                      NULL};
static const struct precheck name_precheck[] = {
    {.sql = "SELECT count(*), array_agg(id ORDER BY id) FROM clinicd.pet WHERE name IS NULL",
     .finds = "pets without a name",
     .cure = "name them"},
    {.sql = NULL}};

static const char *const code_up[] = {"CREATE UNIQUE INDEX pet_code ON clinicd.pet (code)", NULL};
static const struct precheck code_precheck[] = {
    {.sql = "SELECT coalesce(sum(n), 0)::bigint, jsonb_agg(ids) FROM (SELECT count(*) AS n,"
            " array_agg(id ORDER BY id) AS ids FROM clinicd.pet GROUP BY code"
            " HAVING count(*) > 1) AS twins",
     .finds = "pets that share a code",
     .cure = "give all but one another code"},
    {.sql = NULL}};

static const char *const owner_up[] = {
    "ALTER TABLE clinicd.pet ADD CONSTRAINT pet_owner FOREIGN KEY (owner_id)"
    " REFERENCES clinicd.owner (id)",
    NULL};
static const struct precheck owner_precheck[] = {
    {.sql = "SELECT count(*), array_agg(id ORDER BY id) FROM clinicd.pet p WHERE NOT EXISTS"
            " (SELECT FROM clinicd.owner o WHERE o.id = p.owner_id)",
     .finds = "pets whose owner is not there",
     .cure = "enter the owners"},
    {.sql = NULL}};

/* Of a table that a file before makes, and one that only a file before can cure. */
static const struct precheck tag_precheck[] = {
    {.sql = "SELECT count(*), array_agg(id) FROM clinicd.tag WHERE n IS NULL",
     .finds = "tags without a number",
     .cure = "number them"},
    {.sql = NULL}};
static const char *const name_end[] = {"SELECT 'x', 1",
                                       "WITH done AS (UPDATE clinicd.pet SET name"
                                       " = 'nameless' WHERE name IS NULL AND"
                                       " $1::text IS NULL AND $2 = 'x' AND"
                                       " $3::int > 0 RETURNING 1)"
                                       " SELECT NULL, count(*) FROM done",
                                       NULL};
static const char *const nothing[] = {NULL};
static const int needs_two[] = {2, 0};

#define EXPAND(number, word, statements)                                                           \
    .version = (number), .name = (word), .kind = "expand", .in_tx = true, .text = (word),          \
    .up = (statements), .verify = true_verify

static const struct migration files[] = {{EXPAND(1, "house", house_up)},
                                         {EXPAND(2, "tag", tag_up)},
                                         {EXPAND(3, "name", name_up), .precheck = name_precheck},
                                         {EXPAND(4, "code", code_up), .precheck = code_precheck},
                                         {EXPAND(5, "owner", owner_up), .precheck = owner_precheck},
                                         {.version = 0}};

static int begin(void **state)
{
    int failed = bench_begin(state, files);
    struct bench *bench = *state;
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
    return failed;
}

/* Nothing was begun: neither the file in question nor the one before it. */
static void assert_refused(struct bench *bench, const char *says)
{
    bench_up_fails(bench, ERR_CONFLICT, "precheck-failed", says);
    assert_int_equal(bench->report.prechecks_n, 1);
    assert_int_equal(bench->report.done_n, 0);
    assert_int_equal(sql_int(bench->boss, "SELECT max(version) FROM ops.migration"), 1);
    assert_int_equal(sql_int(bench->boss, "SELECT (to_regclass('clinicd.tag') IS NULL)::int"), 1);
    assert_int_equal(
        sql_int(bench->boss, "SELECT count(*) FROM ops.run WHERE outcome = 'precheck-failed'"), 1);
}

static void nulls_before_not_null_are_counted_before_anything_runs(void **state)
{
    struct bench *bench = *state;
    sql_run(bench->boss, "INSERT INTO clinicd.owner VALUES (1)");
    sql_run(bench->boss, "INSERT INTO clinicd.pet SELECT n, NULL, n::text, 1"
                         "  FROM generate_series(1, 7) n");
    assert_refused(bench, "0003_name: 7 pets without a name, as [\"1\", \"2\", \"3\", \"4\", "
                          "\"5\"]: name them");
    sql_run(bench->boss, "UPDATE clinicd.pet SET name = 'Rex'");
    bench_up(bench, 4);
}

static void duplicates_before_unique_are_counted_before_anything_runs(void **state)
{
    struct bench *bench = *state;
    sql_run(bench->boss, "INSERT INTO clinicd.owner VALUES (1)");
    sql_run(bench->boss, "INSERT INTO clinicd.pet SELECT n, 'Rex', (n / 2)::text, 1"
                         "  FROM generate_series(1, 5) n");
    assert_refused(bench, "0004_code: 4 pets that share a code, as [[2, 3], [4, 5]]: give all but");
    sql_run(bench->boss, "UPDATE clinicd.pet SET code = id");
    bench_up(bench, 4);
}

static void orphans_before_a_foreign_key_are_counted_before_anything_runs(void **state)
{
    struct bench *bench = *state;
    sql_run(bench->boss, "INSERT INTO clinicd.pet VALUES (1, 'Rex', 'a', 9), (2, 'Bo', 'b', 9)");
    assert_refused(bench, "0005_owner: 2 pets whose owner is not there, as [\"1\", \"2\"]: enter");
    sql_run(bench->boss, "INSERT INTO clinicd.owner VALUES (9)");
    bench_up(bench, 4);
}

static void all_that_is_red_is_told_at_once(void **state)
{
    struct bench *bench = *state;
    sql_run(bench->boss, "INSERT INTO clinicd.pet VALUES (1, NULL, 'a', 9), (2, 'Bo', 'a', 9)");
    bench_up_fails(bench, ERR_CONFLICT, "precheck-failed", "and 2 more prechecks are red");
    assert_int_equal(bench->report.prechecks_n, 3);
    assert_int_equal(bench->report.prechecks[1].version, 4);
    assert_int_equal(bench->report.prechecks[1].count, 2);
    assert_string_equal(bench->report.prechecks[2].ids, "[\"1\", \"2\"]");
}

static void what_a_file_before_makes_is_asked_when_it_is_there(void **state)
{
    struct bench *bench = *state;
    static const char *const full_up[] = {"CREATE TABLE clinicd.tag (id int, n int)",
                                          "INSERT INTO clinicd.tag VALUES (1, 1), (2, NULL)", NULL};
    const struct migration later[] = {{EXPAND(1, "house", house_up)},
                                      {EXPAND(2, "tag", full_up)},
                                      {EXPAND(3, "numbers", tag_up), .precheck = tag_precheck},
                                      {.version = 0}};
    struct precheck_finding *all = NULL;
    size_t n = 0;
    bench->options.files = later;
    assert_int_equal(migrate_prechecks(&bench->options, &bench->arena, &bench->fault, &all, &n),
                     ERR_NONE);
    assert_int_equal(n, 1);
    assert_true(all[0].is_later);
    bench_up_fails(bench, ERR_CONFLICT, "precheck-failed", "1 tags without a number, as [\"2\"]");
    assert_int_equal(sql_int(bench->boss, "SELECT max(version) FROM ops.migration"), 2);
}

static void a_file_that_needs_a_backfill_is_asked_behind_it(void **state)
{
    struct bench *bench = *state;
    struct migration filled[] = {{EXPAND(1, "house", house_up)},
                                 {EXPAND(2, "names", nothing), .chunk = name_end},
                                 {EXPAND(3, "name", name_up), .precheck = name_precheck},
                                 {.version = 0}};
    filled[1].kind = "backfill";
    filled[1].in_tx = false;
    bench->options.files = filled;
    sql_run(bench->boss, "INSERT INTO clinicd.pet VALUES (1, NULL, 'a', 9)");
    bench_up_fails(bench, ERR_CONFLICT, "precheck-failed", "0003_name: 1 pets without a name");
    filled[2].needs = needs_two;
    bench_up(bench, 2);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.pet WHERE name ="
                                          " 'nameless'"),
                     1);
}

static void a_precheck_changes_nothing_and_answers_in_one_row(void **state)
{
    struct bench *bench = *state;
    static const struct precheck bad[][2] = {
        {{.sql = "WITH gone AS (DELETE FROM clinicd.pet RETURNING id)"
                 " SELECT count(*), array_agg(id) FROM gone",
          .finds = "x",
          .cure = "y"}},
        {{.sql = "SELECT 1", .finds = "x", .cure = "y"}},
        {{.sql = "SELECT 1, '{}'::text[] WHERE false", .finds = "x", .cure = "y"}},
        {{.sql = "SELECT count(*), NULL FROM clinicd.nowhere", .finds = "x", .cure = "y"}},
    };
    static const char *const says[] = {"read-only", "does not give one row",
                                       "does not give one row", "42P01"};
    struct migration one[] = {
        {EXPAND(1, "house", house_up)}, {EXPAND(2, "tag", tag_up)}, {.version = 0}};
    bench->options.files = one;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        one[1].precheck = bad[i];
        bench_up_fails(bench, ERR_INTERNAL, "migration-failed", says[i]);
    }
    bench->options.files = files;
}

static const struct check *check_find(const struct checkup *checkup, const char *id)
{
    for (size_t i = 0; i < checkup->n; i++)
        if (strcmp(checkup->checks[i].id, id) == 0)
            return &checkup->checks[i];
    fail_msg("no check %s among %zu", id, checkup->n);
    return NULL;
}

static void the_doctor_shows_what_is_red_and_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct checkup checkup = {.n = 0};
    const struct doctor_options options = {.purpose = "migrate",
                                           .app_url = bench->database.app_url,
                                           .migrate_url = bench->database.migrator_url,
                                           .data_dir = "/",
                                           .files = files};
    sql_run(bench->boss, "INSERT INTO clinicd.owner VALUES (9)");
    sql_run(bench->boss, "INSERT INTO clinicd.pet VALUES (1, NULL, 'a', 9), (2, NULL, 'b', 9)");
    assert_int_equal(doctor_run(&options, &bench->fault, &checkup), ERR_NONE);
    const struct check *red = check_find(&checkup, "data.0003_name");
    assert_int_equal(red->level, LEVEL_RED);
    assert_string_equal(red->measured, "2 pets without a name, as [\"1\", \"2\"]");
    assert_string_equal(red->fix, "name them");
    assert_int_equal(check_find(&checkup, "data.0004_code")->level, LEVEL_GREEN);
    assert_int_equal(sql_int(bench->boss, "SELECT max(version) FROM ops.migration"), 1);
}

static void a_warning_of_the_server_is_in_the_report(void **state)
{
    struct bench *bench = *state;
    static const char *const loud_up[] = {
        "DO $$ BEGIN RAISE NOTICE 'a word'; RAISE WARNING 'take care'; END $$", NULL};
    struct migration loud[] = {
        {EXPAND(1, "house", house_up)}, {EXPAND(2, "loud", loud_up)}, {.version = 0}};
    bench->options.files = loud;
    bench_up(bench, 1);
    assert_int_equal(bench->report.notices_n, 1);
    assert_string_equal(bench->report.notices[0], "take care (01000)");
    assert_int_equal(sql_int(bench->boss, "SELECT (result::jsonb ->> 'warnings')::int FROM ops.run"
                                          " ORDER BY number DESC LIMIT 1"),
                     1);
    bench->options.files = files;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(nulls_before_not_null_are_counted_before_anything_runs),
        TEST(duplicates_before_unique_are_counted_before_anything_runs),
        TEST(orphans_before_a_foreign_key_are_counted_before_anything_runs),
        TEST(all_that_is_red_is_told_at_once),
        TEST(what_a_file_before_makes_is_asked_when_it_is_there),
        TEST(a_file_that_needs_a_backfill_is_asked_behind_it),
        TEST(a_precheck_changes_nothing_and_answers_in_one_row),
        TEST(the_doctor_shows_what_is_red_and_changes_nothing),
        TEST(a_warning_of_the_server_is_in_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
