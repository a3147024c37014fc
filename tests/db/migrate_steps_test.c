/* The runner when something is in its way: locks, somebody's Ctrl-C, files without transaction that
 * stop half-way; and what it writes down of itself. */
#include "tests/harness/bench.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const house_up[] = {"CREATE SCHEMA clinicd",
                                       "CREATE TABLE clinicd.thing (id int PRIMARY KEY, kind text)",
                                       "CREATE TABLE clinicd.trace (word text)", NULL};
static const char *const house_down[] = {"DROP SCHEMA clinicd CASCADE", NULL};
static const char *const true_verify[] = {"SELECT true", NULL};
static const char *const false_verify[] = {"SELECT false", NULL};
static const char *const wider_up[] = {"ALTER TABLE clinicd.thing ADD COLUMN note text",
                                       "INSERT INTO clinicd.thing VALUES (1), (2)", NULL};
static const char *const wider_down[] = {"ALTER TABLE clinicd.thing DROP COLUMN note",
                                         "DELETE FROM clinicd.thing", NULL};

/* The second statement waits for whoever holds the advisory lock 7. */
static const char *const traces_up[] = {
    "INSERT INTO clinicd.trace VALUES ('first')",
    "INSERT INTO clinicd.trace SELECT 'second' FROM pg_advisory_lock(7)",
    "INSERT INTO clinicd.trace VALUES ('third')", NULL};
static const char *const broken_up[] = {"INSERT INTO clinicd.trace VALUES ('first')",
                                        "INSERT INTO clinicd.nowhere VALUES ('second')", NULL};

#define HOUSE                                                                                      \
    {                                                                                              \
        .version = 1, .name = "house", .kind = "expand", .in_tx = true, .text = "house",           \
        .up = house_up, .verify = true_verify, .down = house_down                                  \
    }
#define WIDER                                                                                      \
    {                                                                                              \
        .version = 2, .name = "wider", .kind = "expand", .in_tx = true, .text = "wider",           \
        .up = wider_up, .verify = true_verify, .down = wider_down                                  \
    }
#define TRACES(statements)                                                                         \
    {                                                                                              \
        .version = 2, .name = "traces", .kind = "backfill", .text = "traces", .up = (statements),  \
        .verify = true_verify, .down = wider_down                                                  \
    }

static const struct migration wider_files[] = {HOUSE, WIDER, {.version = 0}};
static const struct migration trace_files[] = {HOUSE, TRACES(traces_up), {.version = 0}};
static const struct migration broken_files[] = {HOUSE, TRACES(broken_up), {.version = 0}};

static int begin_wider(void **state)
{
    return bench_begin(state, wider_files);
}

static int begin_traces(void **state)
{
    return bench_begin(state, trace_files);
}

static void house_build(struct bench *bench)
{
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
}

static void wait_for_waiting_migrator(PGconn *boss)
{
    sql_wait_until(boss, "SELECT count(*) FROM pg_stat_activity"
                         " WHERE datname = current_database() AND usename = 'clinicd_migrator'"
                         "   AND wait_event_type = 'Lock'");
}

/* --- locks ---------------------------------------------------------------------------------- */

static void who_blocks_a_file_is_named(void **state)
{
    struct bench *bench = *state;
    house_build(bench);
    sql_run(bench->boss, "GRANT USAGE ON SCHEMA clinicd TO clinicd_app");
    sql_run(bench->boss, "GRANT SELECT ON clinicd.thing TO clinicd_app");
    PGconn *reader SQL_CLOSE = sql_connect(bench->database.app_url);
    sql_run(reader, "SET application_name = 'a long report'");
    sql_run(reader, "BEGIN");
    sql_run(reader, "SELECT count(*) FROM clinicd.thing");
    bench->options.lock_budget_ms = 300;
    bench->options.lock_attempts = 2;
    bench_up_fails(bench, ERR_TIMEOUT, "lock-not-got", "(a long report)");
    assert_non_null(strstr(bench->said, "SELECT count(*) FROM clinicd.thing"));
    assert_non_null(strstr(bench->said, "tries again (1 of 1)"));
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 1);
    sql_run(reader, "ROLLBACK");
    bench_up(bench, 1);
}

static void what_a_file_costs_is_kept(void **state)
{
    struct bench *bench = *state;
    house_build(bench);
    assert_int_equal(bench->report.done_n, 1);
    assert_int_equal(bench->report.done[0].lock_hold_ms, 0); /* nobody could want its tables */
    bench_up(bench, 1);
    assert_int_equal(bench->report.schema_version, 2);
    assert_string_equal(bench->report.database, bench->database.name);
    assert_int_equal(bench->report.done[0].rows, 2);
    assert_int_equal(sql_int(bench->boss, "SELECT rows_touched FROM ops.migration"
                                          " WHERE version = 2 AND retries = 0"),
                     2);
}

/* The reader's second, until the file gets the lock, is no time that the file held it. */
static void *reader_main(void *user)
{
    PGconn *reader SQL_CLOSE = sql_connect(user);
    sql_run(reader, "BEGIN");
    sql_run(reader, "LOCK TABLE clinicd.thing IN ACCESS SHARE MODE");
    sql_run(reader, "INSERT INTO clinicd.trace VALUES ('reads')");
    PGconn *boss SQL_CLOSE = sql_connect(user);
    wait_for_waiting_migrator(boss);
    usleep(500000);
    sql_run(reader, "COMMIT");
    return NULL;
}

static void waiting_and_holding_are_told_apart(void **state)
{
    struct bench *bench = *state;
    pthread_t reader;
    house_build(bench);
    assert_int_equal(pthread_create(&reader, NULL, reader_main, bench->database.superuser_url), 0);
    sql_wait_until(bench->boss, "SELECT count(*) FROM pg_locks WHERE mode = 'AccessShareLock'"
                                " AND relation = 'clinicd.thing'::regclass AND granted");
    bench->options.lock_budget_ms = 30000;
    bench_up(bench, 1);
    pthread_join(reader, NULL);
    const struct migrate_done *done = &bench->report.done[0];
    assert_true(done->lock_wait_ms > 0);
    assert_true(done->lock_hold_ms <= done->duration_ms - done->lock_wait_ms + 1);
}

/* --- files without transaction ---------------------------------------------------------------- */

/* Asks the runner to stop while it waits in its second statement, then lets that end. */
struct asker {
    pthread_t thread;
    const char *url;
    int times;
};

static void *asker_main(void *user)
{
    struct asker *asker = user;
    PGconn *holder SQL_CLOSE = sql_connect(asker->url);
    PGconn *boss SQL_CLOSE = sql_connect(asker->url);
    sql_run(holder, "SELECT pg_advisory_lock(7)");
    sql_run(boss, "INSERT INTO clinicd.trace VALUES ('held')");
    wait_for_waiting_migrator(boss);
    for (int i = 0; i < asker->times; i++, usleep(50000))
        kill(getpid(), SIGINT);
    if (asker->times == 1)
        sql_run(holder, "SELECT pg_advisory_unlock(7)");
    else /* canceled: nobody waits any more */
        sql_wait_until(boss, "SELECT count(*) FROM ops.migration_step WHERE error IS NOT NULL");
    return NULL;
}

static void up_asked_to_stop(struct bench *bench, int times)
{
    struct stop stop;
    struct asker asker = {.url = bench->database.superuser_url, .times = times};
    house_build(bench);
    assert_true(stop_open(&stop));
    bench->options.stop = &stop;
    assert_int_equal(pthread_create(&asker.thread, NULL, asker_main, &asker), 0);
    sql_wait_until(bench->boss, "SELECT count(*) FROM clinicd.trace");
    bench_up_fails(bench, ERR_CONFLICT, "stopped", "");
    pthread_join(asker.thread, NULL);
    bench->options.stop = NULL;
    stop_close(&stop);
}

static void assert_stopped_after(struct bench *bench, int step)
{
    struct migration_status *all = NULL;
    size_t n = 0;
    assert_int_equal(migrate_status(&bench->options, &bench->arena, &bench->fault, &all, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(all[1].state, MIGRATION_STOPPED);
    assert_int_equal(all[1].step, step);
    assert_non_null(all[1].error);
}

/* Each statement was done once, whatever happened in between. */
static void assert_whole(struct bench *bench)
{
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.trace"
                                          " WHERE word IN ('first', 'second', 'third')"),
                     3);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration_step"), 0);
    assert_int_equal(sql_int(bench->boss, "SELECT max(version) FROM ops.migration"), 2);
    bench_verifies(bench, ERR_NONE, NULL);
}

static void asked_once_it_stops_after_the_statement_and_goes_on_there(void **state)
{
    struct bench *bench = *state;
    up_asked_to_stop(bench, 1);
    assert_stopped_after(bench, 2);
    bench_down_fails(bench, 1, "migration-stopped");
    bench_up(bench, 1);
    assert_non_null(strstr(bench->said, "goes on after statement 2"));
    assert_whole(bench);
}

static void asked_twice_it_cancels_the_statement_and_repair_ends_it(void **state)
{
    struct bench *bench = *state;
    int version = 0, indexes = 0;
    up_asked_to_stop(bench, 2);
    assert_stopped_after(bench, 1);
    assert_int_equal(migrate_repair(&bench->options, &bench->fault, &version, &indexes), ERR_NONE);
    assert_int_equal(version, 2);
    assert_int_equal(indexes, 0);
    assert_whole(bench);
    assert_int_equal(migrate_repair(&bench->options, &bench->fault, &version, &indexes), ERR_NONE);
    assert_int_equal(version, 0);
}

/* The server goes on with the statement of a runner that is gone; it keeps that runner's lock until
 * then, so the next one comes after it. */
static void killed_in_the_middle_it_goes_on(void **state)
{
    struct bench *bench = *state;
    int applied = 0;
    house_build(bench);
    PGconn *holder SQL_CLOSE = sql_connect(bench->database.superuser_url);
    sql_run(holder, "SELECT pg_advisory_lock(7)");
    pid_t runner = fork();
    if (runner == 0)
        _exit(migrate_up(&bench->options, &bench->fault, &applied) == ERR_NONE);
    wait_for_waiting_migrator(bench->boss);
    kill(runner, SIGKILL);
    assert_int_equal(waitpid(runner, NULL, 0), runner);
    sql_run(holder, "SELECT pg_advisory_unlock(7)");
    bench->options.lock_wait_ms = 60000;
    bench_up(bench, 1);
    assert_non_null(strstr(bench->said, "goes on after statement"));
    assert_int_equal(sql_int(bench->boss, "SELECT count(DISTINCT word) FROM clinicd.trace"), 3);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration_step"), 0);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.run WHERE outcome IS NULL"), 1);
    bench_verifies(bench, ERR_NONE, NULL);
}

static void a_stopped_file_that_was_edited_does_not_go_on(void **state)
{
    struct bench *bench = *state;
    bench->options.files = broken_files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed", "statement 2");
    assert_stopped_after(bench, 1);
    struct migration files[] = {HOUSE, TRACES(traces_up), {.version = 0}};
    files[1].text = "other traces";
    bench->options.files = files;
    bench_up_fails(bench, ERR_CONFLICT, "migration-edited", "after 1 of 2 statements");
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM clinicd.trace"), 1);
}

static void repair_drops_invalid_indexes(void **state)
{
    struct bench *bench = *state;
    int version = 0, indexes = 0;
    char sqlstate[SQLSTATE_TEXT];
    house_build(bench);
    sql_run(bench->boss, "INSERT INTO clinicd.trace VALUES ('twin'), ('twin')");
    assert_int_equal(sql_try(bench->boss, sqlstate,
                             "CREATE UNIQUE INDEX CONCURRENTLY twins ON clinicd.trace (word)"),
                     -1);
    assert_int_equal(migrate_repair(&bench->options, &bench->fault, &version, &indexes), ERR_NONE);
    assert_int_equal(indexes, 1);
    assert_non_null(strstr(bench->said, "dropped the invalid index"));
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM pg_class WHERE relname = 'twins'"),
                     0);
}

/* --- what is written down -----------------------------------------------------------------------
 */

static void every_run_is_a_row_in_a_chain(void **state)
{
    struct bench *bench = *state;
    int reverted = 0;
    struct migration files[] = {HOUSE, WIDER, {.version = 0}};
    bench_up(bench, 2);
    assert_int_equal(migrate_down(&bench->options, 1, &bench->fault, &reverted), ERR_NONE);
    files[1].verify = false_verify;
    bench->options.files = files;
    bench->options.arguments = "[\"--to\", \"2\"]";
    bench_up_fails(bench, ERR_INTERNAL, "verification-failed", "0002_wider");
    bench->options.files = wider_files;
    struct arena *arena = &bench->arena;
    assert_string_equal(
        sql_text(bench->boss, arena,
                 "SELECT string_agg(number || ' ' || command || ' ' || outcome, ', ' ORDER BY id)"
                 "  FROM ops.run WHERE db_role = 'clinicd_migrator' AND host <> ''"
                 "   AND os_user <> '' AND duration_ms >= 0"),
        "1 migrate up done, 2 migrate down done, 3 migrate up verification-failed");
    assert_string_equal(sql_text(bench->boss, arena, "SELECT result FROM ops.run WHERE id = 1"),
                        "{\"files\": [1, 2]}");
    assert_string_equal(sql_text(bench->boss, arena, "SELECT arguments FROM ops.run WHERE id = 3"),
                        "[\"--to\", \"2\"]");
    bench_verifies(bench, ERR_NONE, NULL);
}

static void a_changed_run_breaks_the_chain(void **state)
{
    struct bench *bench = *state;
    static const char *const tampering[] = {
        "UPDATE ops.run SET outcome = 'done', result = '{}' WHERE number = 2",
        "UPDATE ops.run SET os_user = 'nobody' WHERE number = 1",
        "DELETE FROM ops.run WHERE number = 1", "DELETE FROM ops.run WHERE number = 2"};
    for (int i = 0; i < 3; i++)
        bench_up(bench, i == 0 ? 2 : 0);
    for (size_t i = 0; i < sizeof tampering / sizeof tampering[0]; i++) {
        sql_run(bench->boss, "CREATE TABLE kept AS TABLE ops.run");
        sql_run(bench->boss, "%s", tampering[i]);
        bench_verifies(bench, ERR_CONFLICT, "history-broken");
        sql_run(bench->boss, "TRUNCATE ops.run");
        sql_run(bench->boss, "INSERT INTO ops.run OVERRIDING SYSTEM VALUE TABLE kept");
        sql_run(bench->boss, "DROP TABLE kept");
        bench_verifies(bench, ERR_NONE, NULL);
    }
}

static void an_edit_of_comments_and_space_is_none(void **state)
{
    struct bench *bench = *state;
    struct migration files[] = {HOUSE, WIDER, {.version = 0}};
    files[1].text = "-- section up\nSELECT 1;";
    bench->options.files = files;
    bench_up(bench, 2);
    files[1].text = "-- section up\n-- lint: allow L05 reason=\"none\"\nSELECT  1;";
    bench_up(bench, 0);
    bench_verifies(bench, ERR_NONE, NULL);
    files[1].text = "-- section verify\nSELECT 1;";
    bench_up_fails(bench, ERR_CONFLICT, "migration-edited", "0002_wider");
    files[1].text = "-- section up\nSELECT 2;";
    bench_up_fails(bench, ERR_CONFLICT, "migration-edited", "0002_wider");
}

static void an_edit_is_accepted_with_a_reason_and_for_that_text_only(void **state)
{
    struct bench *bench = *state;
    struct migration files[] = {HOUSE, WIDER, {.version = 0}};
    bench_up(bench, 2);
    assert_int_equal(migrate_accept(&bench->options, 2, "nothing", &bench->fault), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "not-edited");
    fault_reset(&bench->fault);
    files[1].text = "SELECT 'wider still'";
    bench->options.files = files;
    bench_up_fails(bench, ERR_CONFLICT, "migration-edited", "0002_wider");
    assert_int_equal(migrate_accept(&bench->options, 2, "a typing error", &bench->fault), ERR_NONE);
    bench_up(bench, 0);
    bench_verifies(bench, ERR_NONE, NULL);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration_accepted a"
                                          "  JOIN ops.run r ON r.id = a.run_id"
                                          " WHERE a.version = 2 AND a.reason = 'a typing error'"
                                          "   AND r.command = 'migrate accept'"),
                     1);
    files[1].text = "SELECT 'wider again'";
    bench_up_fails(bench, ERR_CONFLICT, "migration-edited", "0002_wider");
}

int main(void)
{
#define TEST(name, begin) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(who_blocks_a_file_is_named, begin_wider),
        TEST(what_a_file_costs_is_kept, begin_wider),
        TEST(waiting_and_holding_are_told_apart, begin_wider),
        TEST(asked_once_it_stops_after_the_statement_and_goes_on_there, begin_traces),
        TEST(asked_twice_it_cancels_the_statement_and_repair_ends_it, begin_traces),
        TEST(killed_in_the_middle_it_goes_on, begin_traces),
        TEST(a_stopped_file_that_was_edited_does_not_go_on, begin_traces),
        TEST(repair_drops_invalid_indexes, begin_wider),
        TEST(every_run_is_a_row_in_a_chain, begin_wider),
        TEST(a_changed_run_breaks_the_chain, begin_wider),
        TEST(an_edit_of_comments_and_space_is_none, begin_wider),
        TEST(an_edit_is_accepted_with_a_reason_and_for_that_text_only, begin_wider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
