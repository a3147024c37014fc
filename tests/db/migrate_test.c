/* The migration runner over a real, empty database of its own for each test. */
#include "db/migrate.h"

#include "tests/harness/bench.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const house_up[] = {
    "CREATE SCHEMA clinicd", "CREATE TABLE clinicd.thing (id int PRIMARY KEY, kind text)",
    "CREATE FUNCTION clinicd.one() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$",
    "CREATE TYPE clinicd.mood AS ENUM ('good; bad')", NULL};
static const char *const house_verify[] = {"SELECT to_regclass('clinicd.thing') IS NOT NULL", NULL};
static const char *const house_down[] = {"DROP SCHEMA clinicd CASCADE", NULL};
static const char *const things_up[] = {
    "CREATE TABLE clinicd.more (id bigint GENERATED ALWAYS AS IDENTITY)",
    "INSERT INTO clinicd.thing SELECT n, 'kind' FROM generate_series(1, 3) n", NULL};
static const char *const things_verify[] = {"SELECT count(*) = 3 FROM clinicd.thing",
                                            "SELECT to_regclass('clinicd.more') IS NOT NULL", NULL};
static const char *const things_down[] = {"DROP TABLE clinicd.more", "DELETE FROM clinicd.thing",
                                          NULL};
static const char *const things_loss[] = {"SELECT count(*) FROM clinicd.thing",
                                          "SELECT count(*) FROM clinicd.more", NULL};
static const char *const false_verify[] = {"SELECT true", "SELECT 1 = 2", NULL};
static const char *const null_verify[] = {"SELECT NULL::boolean", NULL};
static const char *const slow_up[] = {"SELECT pg_sleep(1)", "CREATE SCHEMA clinicd",
                                      "CREATE TABLE clinicd.thing (id int)", NULL};
static const char *const two_up[] = {"SELECT 1; SELECT 2", NULL};
static const char *const index_up[] = {
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS thing_kind ON clinicd.thing (kind)", NULL};
static const char *const index_down[] = {"DROP INDEX CONCURRENTLY clinicd.thing_kind", NULL};
static const char *const true_verify[] = {"SELECT true", NULL};

#define HOUSE                                                                                      \
    {                                                                                              \
        .version = 1, .name = "house", .kind = "expand", .in_tx = true, .text = "house 1",         \
        .up = house_up, .verify = house_verify, .down = house_down                                 \
    }
#define THINGS                                                                                     \
    {                                                                                              \
        .version = 2, .name = "things", .kind = "backfill", .in_tx = true, .text = "things 1",     \
        .up = things_up, .verify = things_verify, .down = things_down, .loss = things_loss         \
    }

static const struct migration two_files[] = {HOUSE, THINGS, {.version = 0}};
static const struct migration one_file[] = {HOUSE, {.version = 0}};

static int begin(void **state)
{
    return bench_begin(state, two_files);
}

static void up_twice_applies_once(void **state)
{
    struct bench *bench = *state;
    bench_up(bench, 2);
    bench_up(bench, 0);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 2);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.thing"), 3);
    bench_verifies(bench, ERR_NONE, NULL);
}

static void up_to_a_version_stops_there(void **state)
{
    struct bench *bench = *state;
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
    bench_up(bench, 1);
    bench->options.to = 3;
    bench_up_fails(bench, ERR_INPUT, "migration-unknown", "0003");
}

static void what_a_file_makes_belongs_to_the_owner(void **state)
{
    struct bench *bench = *state;
    bench_up(bench, 2);
    assert_int_equal(sql_int(bench->boss,
                             "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
                             " WHERE c.relnamespace = 'clinicd'::regnamespace"
                             "   AND r.rolname <> 'clinicd_owner' AND c.relkind <> 'i'"),
                     0);
    assert_int_equal(
        sql_int(bench->boss,
                "SELECT count(*) FROM pg_roles r WHERE rolname = 'clinicd_owner'"
                " AND r.oid = (SELECT nspowner FROM pg_namespace WHERE nspname = 'clinicd')"
                " AND r.oid = (SELECT proowner FROM pg_proc WHERE proname = 'one')"
                " AND r.oid = (SELECT typowner FROM pg_type WHERE typname = 'mood')"),
        1);
}

static void the_service_reads_the_version_and_nothing_else(void **state)
{
    struct bench *bench = *state;
    char sqlstate[SQLSTATE_TEXT];
    bench_up(bench, 2);
    PGconn *app SQL_CLOSE = sql_connect(bench->database.app_url);
    assert_int_equal(sql_int(app, "SELECT max(version) FROM ops.migration"), 2);
    assert_int_equal(sql_try(app, sqlstate, "SELECT text FROM ops.migration"), -1);
    assert_string_equal(sqlstate, "42501");
    assert_int_equal(sql_try(app, sqlstate, "DELETE FROM ops.migration"), -1);
    assert_string_equal(sqlstate, "42501");
}

static void one_down_is_one(void **state)
{
    struct bench *bench = *state;
    int reverted = 0;
    bench_up(bench, 2);
    bench->options.data_loss_ok = 3;
    assert_int_equal(migrate_down(&bench->options, 1, &bench->fault, &reverted), ERR_NONE);
    assert_int_equal(reverted, 1);
    assert_int_equal(sql_int(bench->boss, "SELECT max(version) FROM ops.migration"), 1);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.thing"), 0);
    bench->options.data_loss_ok = -1;
    bench_up(bench, 1);
    bench_verifies(bench, ERR_NONE, NULL);
}

static void down_to_nothing_and_up_again(void **state)
{
    struct bench *bench = *state;
    int reverted = 0;
    bench_up(bench, 2);
    bench->options.data_loss_ok = 3;
    assert_int_equal(migrate_down(&bench->options, 9, &bench->fault, &reverted), ERR_INPUT);
    assert_string_equal(bench->fault.code, "migration-unknown");
    assert_int_equal(reverted, 0);
    fault_reset(&bench->fault);
    assert_int_equal(migrate_down(&bench->options, 2, &bench->fault, &reverted), ERR_NONE);
    assert_int_equal(reverted, 2);
    assert_int_equal(
        sql_int(bench->boss, "SELECT count(*) FROM pg_namespace WHERE nspname = 'clinicd'"), 0);
    bench->options.data_loss_ok = -1;
    bench_up(bench, 2);
}

static void down_that_loses_rows_needs_their_number(void **state)
{
    struct bench *bench = *state;
    bench_up(bench, 2);
    bench_down_fails(bench, 1, "data-loss-unconfirmed");
    bench->options.data_loss_ok = 2;
    bench_down_fails(bench, 1, "data-loss-unconfirmed");
    bench->options.data_loss_ok = 4;
    bench_down_fails(bench, 2, "data-loss-unconfirmed");
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.thing"), 3);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 2);
}

static void a_file_without_down_is_not_reverted(void **state)
{
    struct bench *bench = *state;
    struct migration files[] = {HOUSE, THINGS, {.version = 0}};
    files[0].down = NULL;
    bench->options.files = files;
    bench->options.data_loss_ok = 3;
    bench_up(bench, 2);
    bench_down_fails(bench, 2, "migration-irreversible");
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 2);
}

static void an_edited_file_is_refused(void **state)
{
    struct bench *bench = *state;
    struct migration files[] = {HOUSE, THINGS, {.version = 0}};
    files[0].text = "house 2";
    bench_up(bench, 2);
    bench->options.files = files;
    bench_up_fails(bench, ERR_CONFLICT, "migration-edited", "0001_house");
    bench_down_fails(bench, 1, "migration-edited");
    bench_verifies(bench, ERR_CONFLICT, "migration-edited");
}

static void a_database_newer_than_the_program_is_refused(void **state)
{
    struct bench *bench = *state;
    bench_up(bench, 2);
    bench->options.files = one_file;
    bench_up_fails(bench, ERR_CONFLICT, "migration-unknown", "0002_things");
    bench_down_fails(bench, 1, "migration-unknown");
}

static void a_failing_statement_rolls_the_file_back(void **state)
{
    struct bench *bench = *state;
    static const char *const broken_up[] = {"CREATE TABLE clinicd.half (id int)", "SELECT 1 / 0",
                                            NULL};
    struct migration files[] = {HOUSE, THINGS, {.version = 0}};
    files[1].up = broken_up;
    bench->options.files = files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed",
                   "0002_things, section up, statement 2: division by zero (22012)");
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 1);
    assert_int_equal(sql_int(bench->boss, "SELECT (to_regclass('clinicd.half') IS NULL)::int"), 1);
}

static void a_verification_that_is_not_true_rolls_the_file_back(void **state)
{
    struct bench *bench = *state;
    static const char *const *const untrue[] = {false_verify, null_verify};
    for (size_t i = 0; i < 2; i++) {
        struct migration files[] = {HOUSE, THINGS, {.version = 0}};
        files[1].verify = untrue[i];
        bench->options.files = files;
        bench_up_fails(bench, ERR_INTERNAL, "verification-failed", "0002_things, section verify");
        assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 1);
        assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.thing"), 0);
    }
}

static void verify_notices_what_is_no_longer_true(void **state)
{
    struct bench *bench = *state;
    bench_up(bench, 2);
    sql_run(bench->boss, "DELETE FROM clinicd.thing WHERE id = 1");
    bench_verifies(bench, ERR_INTERNAL, "verification-failed");
}

static void a_changed_history_breaks_the_chain(void **state)
{
    struct bench *bench = *state;
    static const char *const tampering[] = {
        "UPDATE ops.migration SET applied_by = 'nobody' WHERE version = 1",
        "UPDATE ops.migration SET text = 'other' WHERE version = 2",
        "UPDATE ops.migration SET applied_at = applied_at - interval '1us' WHERE version = 2",
        "UPDATE ops.migration SET prev_hash = hash WHERE version = 1",
        "DELETE FROM ops.migration WHERE version = 1"};
    bench_up(bench, 2);
    for (size_t i = 0; i < sizeof tampering / sizeof tampering[0]; i++) {
        sql_run(bench->boss, "CREATE TABLE kept AS TABLE ops.migration");
        sql_run(bench->boss, "%s", tampering[i]);
        bench_verifies(bench, ERR_CONFLICT, "history-broken");
        sql_run(bench->boss, "TRUNCATE ops.migration");
        sql_run(bench->boss, "INSERT INTO ops.migration TABLE kept");
        sql_run(bench->boss, "DROP TABLE kept");
        bench_verifies(bench, ERR_NONE, NULL);
    }
}

static void a_missing_row_stops_up(void **state)
{
    struct bench *bench = *state;
    bench_up(bench, 2);
    sql_run(bench->boss, "DELETE FROM ops.migration WHERE version = 1");
    bench_up_fails(bench, ERR_CONFLICT, "history-broken", "0002_things");
}

static void two_statements_in_one_are_refused_by_the_protocol(void **state)
{
    struct bench *bench = *state;
    struct migration files[] = {HOUSE, {.version = 0}};
    files[0].up = two_up;
    bench->options.files = files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed", "(42601)");
}

static void a_file_without_transaction_may_work_concurrently(void **state)
{
    struct bench *bench = *state;
    int reverted = 0;
    const struct migration files[] = {HOUSE,
                                      {.version = 2,
                                       .name = "index",
                                       .kind = "expand",
                                       .text = "index",
                                       .up = index_up,
                                       .verify = true_verify,
                                       .down = index_down},
                                      {.version = 0}};
    bench->options.files = files;
    bench_up(bench, 2);
    assert_int_equal(
        sql_int(bench->boss, "SELECT (to_regclass('clinicd.thing_kind') IS NOT NULL)::int"), 1);
    assert_int_equal(migrate_down(&bench->options, 1, &bench->fault, &reverted), ERR_NONE);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 1);
}

static void a_broken_index_is_made_again(void **state)
{
    struct bench *bench = *state;
    static const char *const unique_up[] = {
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS thing_kind ON clinicd.thing (kind)", NULL};
    const struct migration files[] = {HOUSE,
                                      THINGS,
                                      {.version = 3,
                                       .name = "index",
                                       .kind = "expand",
                                       .text = "index",
                                       .up = unique_up,
                                       .verify = true_verify},
                                      {.version = 0}};
    bench->options.files = files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed", "0003_index, section up, statement 1");
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 2);
    sql_run(bench->boss, "UPDATE clinicd.thing SET kind = id");
    bench_up(bench, 1);
    assert_int_equal(sql_int(bench->boss, "SELECT indisvalid::int FROM pg_index"
                                          " WHERE indexrelid = 'clinicd.thing_kind'::regclass"),
                     1);
}

/* One of several runners that start at the same time. */
struct runner {
    pthread_t thread;
    struct migrate_options options;
    enum err err;
    int applied;
};

static void *runner_main(void *user)
{
    struct runner *runner = user;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    runner->err = migrate_up(&runner->options, &fault, &runner->applied);
    return NULL;
}

static void runners_in_parallel_apply_each_file_once(void **state)
{
    struct bench *bench = *state;
    struct migration files[] = {HOUSE, {.version = 0}};
    files[0].up = slow_up;
    bench->options.files = files;
    struct runner runners[3];
    int applied = 0;
    for (size_t i = 0; i < 3; i++) {
        runners[i] = (struct runner){.options = bench->options};
        runners[i].options.say = NULL; /* the bench has one ear and one report */
        runners[i].options.report = NULL;
        assert_int_equal(pthread_create(&runners[i].thread, NULL, runner_main, &runners[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(runners[i].thread, NULL);
        assert_int_equal(runners[i].err, ERR_NONE);
        applied += runners[i].applied;
    }
    assert_int_equal(applied, 1);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 1);
}

static void who_holds_the_lock_is_named(void **state)
{
    struct bench *bench = *state;
    PGconn *other SQL_CLOSE = sql_connect(bench->database.migrator_url);
    sql_run(other, "SET application_name = 'somebody else'");
    assert_int_equal(sql_int(other, "SELECT pg_try_advisory_lock(1668049262, 1)::int"), 1);
    bench->options.lock_wait_ms = 300;
    bench_up_fails(bench, ERR_TIMEOUT, "migration-locked", "(somebody else)");
    sql_run(other, "SELECT pg_advisory_unlock(1668049262, 1)");
    bench_up(bench, 2);
}

/* Holds a table for a while, so that the file must step back and try again. */
static void *holder_main(void *user)
{
    PGconn *conn SQL_CLOSE = sql_connect(user);
    sql_run(conn, "BEGIN");
    sql_run(conn, "LOCK TABLE clinicd.thing IN ACCESS EXCLUSIVE MODE");
    sql_run(conn, "SELECT pg_notify('held', '')");
    sql_run(conn, "SELECT pg_sleep(3)");
    sql_run(conn, "COMMIT");
    return NULL;
}

static void a_file_that_gets_no_lock_tries_again(void **state)
{
    struct bench *bench = *state;
    pthread_t holder;
    bench->options.to = 1;
    bench_up(bench, 1);
    assert_int_equal(pthread_create(&holder, NULL, holder_main, bench->database.superuser_url), 0);
    while (sql_int(bench->boss,
                   "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                   " WHERE granted AND d.datname = current_database()"
                   " AND relation = 'clinicd.thing'::regclass"
                   " AND mode = 'AccessExclusiveLock'") == 0)
        sql_run(bench->boss, "SELECT pg_sleep(0.01)");
    bench->options.to = -1;
    bench_up(bench, 1);
    pthread_join(holder, NULL);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.thing"), 3);
}

static void status_tells_every_state(void **state)
{
    struct bench *bench = *state;
    struct migration_status *all = NULL;
    size_t n = 0;
    assert_int_equal(migrate_status(&bench->options, &bench->arena, &bench->fault, &all, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(all[0].state, MIGRATION_PENDING);
    assert_null(all[0].applied_at);
    bench_up(bench, 2);
    struct migration files[] = {HOUSE, {.version = 0}};
    files[0].text = "house 2";
    bench->options.files = files;
    assert_int_equal(migrate_status(&bench->options, &bench->arena, &bench->fault, &all, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(all[0].state, MIGRATION_EDITED);
    assert_int_equal(all[1].state, MIGRATION_UNKNOWN);
    assert_string_equal(all[1].name, "things");
    bench->options.files = two_files;
    assert_int_equal(migrate_status(&bench->options, &bench->arena, &bench->fault, &all, &n), 0);
    assert_int_equal(all[1].state, MIGRATION_APPLIED);
    assert_int_equal(strlen(all[1].applied_at), strlen("2026-11-22T09:00:00.123Z"));
}

static void no_database_is_unavailable(void **state)
{
    struct bench *bench = *state;
    bench->options.url = "host=/nowhere dbname=clinicd user=clinicd_migrator";
    bench_up_fails(bench, ERR_UNAVAILABLE, "database-unavailable", "/nowhere");
}

static void our_own_files_go_up_and_down_and_up(void **state)
{
    struct bench *bench = *state;
    int reverted = 0;
    bench->options.files = NULL;
    bench_up(bench, migrate_latest());
    bench_verifies(bench, ERR_NONE, NULL);
    assert_int_equal(migrate_down(&bench->options, migrate_latest(), &bench->fault, &reverted),
                     ERR_NONE);
    assert_int_equal(reverted, migrate_latest());
    bench_up(bench, migrate_latest());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(up_twice_applies_once),
        TEST(up_to_a_version_stops_there),
        TEST(what_a_file_makes_belongs_to_the_owner),
        TEST(the_service_reads_the_version_and_nothing_else),
        TEST(one_down_is_one),
        TEST(down_to_nothing_and_up_again),
        TEST(down_that_loses_rows_needs_their_number),
        TEST(a_file_without_down_is_not_reverted),
        TEST(an_edited_file_is_refused),
        TEST(a_database_newer_than_the_program_is_refused),
        TEST(a_failing_statement_rolls_the_file_back),
        TEST(a_verification_that_is_not_true_rolls_the_file_back),
        TEST(verify_notices_what_is_no_longer_true),
        TEST(a_changed_history_breaks_the_chain),
        TEST(a_missing_row_stops_up),
        TEST(two_statements_in_one_are_refused_by_the_protocol),
        TEST(a_file_without_transaction_may_work_concurrently),
        TEST(a_broken_index_is_made_again),
        TEST(runners_in_parallel_apply_each_file_once),
        TEST(who_holds_the_lock_is_named),
        TEST(a_file_that_gets_no_lock_tries_again),
        TEST(status_tells_every_state),
        TEST(no_database_is_unavailable),
        TEST(our_own_files_go_up_and_down_and_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
