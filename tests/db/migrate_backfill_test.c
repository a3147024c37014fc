/* Backfills in pieces: what is done is done once, whoever kills the runner; a second terminal
 * steers. */
#include "tests/harness/bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 20000, STUCK_AT = 7000, KILLS = 12 };

static const char *const house_up[] = {
    "CREATE SCHEMA clinicd", "CREATE TABLE clinicd.thing (id int PRIMARY KEY, n int NOT NULL)",
    "CREATE TABLE clinicd.gate (id int PRIMARY KEY)",
    "INSERT INTO clinicd.thing SELECT i, 0 FROM generate_series(1, 20000) i", NULL};
static const char *const house_down[] = {"DROP SCHEMA clinicd CASCADE", NULL};
static const char *const true_verify[] = {"SELECT true", NULL};
static const char *const nothing[] = {NULL};

static const char range[] = "SELECT max(id)::text, count(*) FROM clinicd.thing";

#define PIECE(guard)                                                                               \
    "WITH part AS (SELECT id FROM clinicd.thing WHERE id > coalesce($1::int, 0)"                   \
    "    AND id <= $2::int ORDER BY id LIMIT $3::bigint),"                                         \
    " done AS (UPDATE clinicd.thing t SET n = n + 1 FROM part p WHERE t.id = p.id " guard          \
    "          RETURNING t.id)"                                                                    \
    " SELECT max(id)::text, count(*) FROM done"

/* A row of the gate holds up the piece that comes to it. */
static const char *const plain[] = {range, PIECE(""), NULL};
static const char *const gated[] = {
    range,
    PIECE("AND (p.id <> 7000 OR (SELECT count(*) FROM (SELECT FROM clinicd.gate FOR UPDATE) g) >= "
          "0)"),
    NULL};
static const char *const stuck[] = {range, "SELECT coalesce($1, $2), $3::bigint", NULL};
static const char *const broken[] = {range, "SELECT $1 || $2, $3::bigint / 0", NULL};
static const char *const crooked[] = {range, "SELECT $1 || $2 || $3 WHERE false", NULL};

#define HOUSE                                                                                      \
    {                                                                                              \
        .version = 1, .name = "house", .kind = "expand", .in_tx = true, .text = "house",           \
        .up = house_up, .verify = true_verify, .down = house_down                                  \
    }
#define FILL(statements)                                                                           \
    {                                                                                              \
        .version = 2, .name = "fill", .kind = "backfill", .text = "fill", .up = nothing,           \
        .chunk = (statements), .verify = fill_verify, .down = fill_down                            \
    }

static const char *const fill_verify[] = {
    "SELECT count(*) FILTER (WHERE n <> 1) = 0 FROM clinicd.thing WHERE id <= 20000", NULL};
static const char *const fill_down[] = {"UPDATE clinicd.thing SET n = 0 WHERE n > 0", NULL};

static const struct migration plain_files[] = {HOUSE, FILL(plain), {.version = 0}};
static const struct migration gated_files[] = {HOUSE, FILL(gated), {.version = 0}};
static const struct migration stuck_files[] = {HOUSE, FILL(stuck), {.version = 0}};
static const struct migration broken_files[] = {HOUSE, FILL(broken), {.version = 0}};
static const struct migration crooked_files[] = {HOUSE, FILL(crooked), {.version = 0}};

static int begin(void **state)
{
    int made = bench_begin(state, plain_files);
    struct bench *bench = *state;
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
    bench->options.lock_wait_ms = 60000;
    return made;
}

static int64_t count(struct bench *bench, const char *what)
{
    return sql_int(bench->boss, "SELECT count(*) FROM clinicd.thing WHERE %s", what);
}

static pid_t runner_start(struct bench *bench)
{
    int applied = 0;
    pid_t runner = fork();
    if (runner == 0)
        _exit(migrate_up(&bench->options, &bench->fault, &applied) == ERR_NONE ? 0 : 1);
    return runner;
}

static void runner_end(pid_t runner)
{
    int status = -1;
    assert_int_equal(waitpid(runner, &status, 0), runner);
    assert_int_equal(status, 0);
}

static struct migrate_job progress(struct bench *bench)
{
    struct migrate_job job;
    assert_int_equal(migrate_progress(&bench->options, &bench->fault, &job), ERR_NONE);
    return job;
}

static void steer(struct bench *bench, const char *state, int throttle)
{
    assert_int_equal(migrate_steer(&bench->options, state, throttle, &bench->fault), ERR_NONE);
}

static void all_rows_are_done_once_in_pieces_that_find_their_size(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(progress(bench).version, 0);
    bench_up(bench, 1);
    assert_int_equal(bench->report.done[0].rows, ROWS);
    assert_int_equal(count(bench, "n = 1"), ROWS);
    struct migrate_job job = progress(bench);
    assert_int_equal(job.version, 2);
    assert_string_equal(job.state, "done");
    assert_int_equal(job.done, ROWS);
    assert_int_equal(job.total, ROWS);
    assert_true(job.chunk != 500);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration_step"), 0);
}

/* A piece waits for the gate; killed there, its rows are as before and the cursor stands before
 * them. */
static void killed_in_the_middle_of_a_piece_nothing_is_lost_or_repeated(void **state)
{
    struct bench *bench = *state;
    bench->options.files = gated_files;
    bench->options.lock_budget_ms = 60000;
    sql_run(bench->boss, "INSERT INTO clinicd.gate VALUES (1)");
    PGconn *keeper SQL_CLOSE = sql_connect(bench->database.superuser_url);
    sql_run(keeper, "BEGIN; SELECT FROM clinicd.gate FOR UPDATE");
    pid_t runner = runner_start(bench);
    sql_wait_until(bench->boss, "SELECT count(*) FROM pg_stat_activity"
                                " WHERE datname = current_database()"
                                "   AND usename = 'clinicd_migrator' AND wait_event_type = 'Lock'");
    kill(runner, SIGKILL);
    assert_int_equal(waitpid(runner, NULL, 0), runner);
    sql_run(keeper, "ROLLBACK");
    sql_wait_until(bench->boss,
                   "SELECT (count(*) = 0)::int FROM pg_stat_activity"
                   " WHERE datname = current_database() AND usename = 'clinicd_migrator'");
    struct migrate_job job = progress(bench);
    assert_string_equal(job.state, "running");
    assert_int_equal(job.pid, 0);
    assert_true(job.done > 0 && job.done < STUCK_AT);
    assert_int_equal(count(bench, "n = 1"), job.done);
    assert_int_equal(count(bench, "n = 0"), ROWS - job.done);
    bench_up(bench, 1);
    assert_int_equal(count(bench, "n = 1"), ROWS);
    assert_int_equal(progress(bench).done, ROWS);
}

static void killed_anywhere_it_goes_on(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < KILLS; i++) {
        pid_t runner = runner_start(bench);
        usleep((useconds_t)(20000 + i * 9000));
        kill(runner, SIGKILL);
        assert_int_equal(waitpid(runner, NULL, 0), runner);
    }
    int applied = 0;
    assert_int_equal(migrate_up(&bench->options, &bench->fault, &applied), ERR_NONE);
    assert_int_equal(count(bench, "n = 1"), ROWS);
    assert_int_equal(progress(bench).done, ROWS);
    bench_verifies(bench, ERR_NONE, NULL);
}

static void what_comes_after_the_beginning_is_left_alone(void **state)
{
    struct bench *bench = *state;
    bench->options.files = gated_files;
    bench->options.lock_budget_ms = 60000;
    sql_run(bench->boss, "INSERT INTO clinicd.gate VALUES (1)");
    PGconn *keeper SQL_CLOSE = sql_connect(bench->database.superuser_url);
    sql_run(keeper, "BEGIN; SELECT FROM clinicd.gate FOR UPDATE");
    pid_t runner = runner_start(bench);
    sql_wait_until(bench->boss, "SELECT count(*) FROM pg_stat_activity"
                                " WHERE datname = current_database()"
                                "   AND usename = 'clinicd_migrator' AND wait_event_type = 'Lock'");
    sql_run(bench->boss, "INSERT INTO clinicd.thing VALUES (20001, 0)");
    sql_run(keeper, "ROLLBACK");
    runner_end(runner);
    assert_int_equal(count(bench, "n = 1"), ROWS);
    assert_int_equal(count(bench, "n = 0 AND id = 20001"), 1);
}

static void paused_it_waits_and_resumed_it_goes_on(void **state)
{
    struct bench *bench = *state;
    bench->options.files = gated_files;
    bench->options.lock_budget_ms = 60000;
    sql_run(bench->boss, "INSERT INTO clinicd.gate VALUES (1)");
    PGconn *keeper SQL_CLOSE = sql_connect(bench->database.superuser_url);
    sql_run(keeper, "BEGIN; SELECT FROM clinicd.gate FOR UPDATE");
    pid_t runner = runner_start(bench);
    sql_wait_until(bench->boss, "SELECT count(*) FROM pg_stat_activity"
                                " WHERE datname = current_database()"
                                "   AND usename = 'clinicd_migrator' AND wait_event_type = 'Lock'");
    assert_int_equal(progress(bench).pid > 0, 1);
    kill(runner, SIGKILL);
    assert_int_equal(waitpid(runner, NULL, 0), runner);
    sql_run(keeper, "ROLLBACK");
    steer(bench, "paused", 40);
    runner = runner_start(bench);
    sql_wait_until(bench->boss, "SELECT count(*) FROM pg_stat_activity"
                                " WHERE datname = current_database() AND state = 'idle'"
                                "   AND application_name = 'clinicd migrate V0002'"
                                "   AND query = 'COMMIT'");
    struct migrate_job job = progress(bench);
    assert_string_equal(job.state, "paused");
    assert_int_equal(job.throttle, 40);
    assert_int_equal(count(bench, "n = 1"), job.done);
    assert_true(job.done < ROWS);
    steer(bench, "running", 100);
    runner_end(runner);
    assert_int_equal(count(bench, "n = 1"), ROWS);
    assert_int_equal(migrate_steer(&bench->options, "paused", 0, &bench->fault), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "no-job");
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.run"
                                          " WHERE command = 'migrate steer'"),
                     3);
}

static void one_that_does_not_move_or_says_nothing_is_refused(void **state)
{
    struct bench *bench = *state;
    bench->options.files = stuck_files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed", "does not move the cursor");
    bench->options.files = broken_files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed",
                   "0002_fill, section chunk, statement 2: division by zero");
    sql_run(bench->boss, "DELETE FROM ops.job");
    bench->options.files = crooked_files;
    bench_up_fails(bench, ERR_INTERNAL, "migration-failed", "gives no row");
    assert_non_null(strstr(progress(bench).error, "gives no row"));
    assert_int_equal(count(bench, "n <> 0"), 0);
}

static void reverted_it_can_be_done_again(void **state)
{
    struct bench *bench = *state;
    int reverted = 0;
    bench_up(bench, 1);
    assert_int_equal(migrate_down(&bench->options, 1, &bench->fault, &reverted), ERR_NONE);
    assert_int_equal(progress(bench).version, 0);
    assert_int_equal(count(bench, "n = 0"), ROWS);
    bench_up(bench, 1);
    assert_int_equal(count(bench, "n = 1"), ROWS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(all_rows_are_done_once_in_pieces_that_find_their_size),
        TEST(killed_in_the_middle_of_a_piece_nothing_is_lost_or_repeated),
        TEST(killed_anywhere_it_goes_on),
        TEST(what_comes_after_the_beginning_is_left_alone),
        TEST(paused_it_waits_and_resumed_it_goes_on),
        TEST(one_that_does_not_move_or_says_nothing_is_refused),
        TEST(reverted_it_can_be_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
