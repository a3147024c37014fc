/* `clinicd migrate …` as an operator's shell sees it: the built program against a real server. */
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/sql.h"

#include "db/migrate.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DONE = 0,
    FAILED = 1,
    USAGE = 2,
    PENDING = 3,
    DRIFT = 4,
    UNVERIFIED = 5,
    LOCKED = 6,
    LINT = 7,
    PRECONDITION = 8,
    STOPPED = 9,
    CANNOT_CONNECT = 10
};

/* A server of the operator's own with an empty database, and the environment that names it. */
struct desk {
    struct postgres_database database;
    struct arena arena;
    char app[256], migrator[256];
    const char *environment[3];
    PGconn *boss;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database_empty("command", &desk->database);
    snprintf(desk->app, sizeof desk->app, "CLINICD_DATABASE_URL=%s", desk->database.app_url);
    snprintf(desk->migrator, sizeof desk->migrator, "CLINICD_MIGRATE_URL=%s",
             desk->database.migrator_url);
    desk->environment[0] = desk->app;
    desk->environment[1] = desk->migrator;
    desk->boss = sql_connect(desk->database.superuser_url);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

static void start(struct desk *desk, const char *arguments, struct program *out)
{
    char line[512];
    snprintf(line, sizeof line, CLINICD_PROGRAM " migrate %s", arguments);
    program_start(line, desk->environment, out);
}

static struct program_end run(struct desk *desk, const char *arguments, int expected)
{
    struct program program;
    struct program_end end;
    start(desk, arguments, &program);
    program_wait(&program, &desk->arena, &end);
    if (end.exit != expected)
        fail_msg("`migrate %s` ended with %d:\n%s%s", arguments, end.exit, end.text, end.said);
    return end;
}

static json_t *document_of(struct desk *desk, const struct program_end *end)
{
    json_error_t error;
    json_t *document = json_loads(end->text, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        fail_msg("no JSON (%s): %s", error.text, end->text);
    return arena_json(&desk->arena, document);
}

static void the_envelope_says_which_database_and_what_comes_next(void **state)
{
    struct desk *desk = *state;
    struct program_end end = run(desk, "up --to 3 --json", DONE);
    json_t *document = document_of(desk, &end);
    const char *schema = NULL, *command = NULL, *name = NULL, *version = NULL, *identifier = NULL;
    int schema_version = 0, applied = 0;
    json_t *files = NULL, *next = NULL;
    assert_int_equal(json_unpack(document, "{s:s, s:s, s:{s:s, s:s, s:s, s:i}, s:{s:i, s:o}, s:o}",
                                 "schema", &schema, "command", &command, "database", "name", &name,
                                 "server_version", &version, "system_identifier", &identifier,
                                 "schema_version", &schema_version, "result", "applied", &applied,
                                 "files", &files, "next", &next),
                     0);
    assert_string_equal(schema, "clinicd.ops/1");
    assert_string_equal(command, "migrate up");
    assert_string_equal(name, desk->database.name);
    assert_true(strlen(identifier) > 10 && version[0] != '\0');
    assert_int_equal(schema_version, 3);
    assert_int_equal(applied, 3);
    assert_int_equal(json_array_size(files), 3);
    assert_non_null(strstr(json_string_value(json_array_get(next, 0)), "migrate verify"));
    assert_non_null(strstr(end.said, "ok 0001 house "));
    assert_non_null(strstr(end.said, "ok 0003 places "));
}

static void status_has_an_exit_code_for_each_state(void **state)
{
    struct desk *desk = *state;
    run(desk, "up --to 1", DONE);
    run(desk, "status", DONE);
    run(desk, "status --check", PENDING);
    run(desk, "status --wait 1ms", PENDING);
    sql_run(desk->boss, "UPDATE ops.migration SET sha256 = 'other'");
    run(desk, "status --check", DRIFT);
    run(desk, "up", DRIFT);
    sql_run(desk->boss, "DROP SCHEMA ops CASCADE");
    desk->environment[1] = "CLINICD_MIGRATE_URL=host=/nowhere user=clinicd_migrator";
    run(desk, "status", CANNOT_CONNECT);
}

static void two_at_once_one_works_the_other_waits_both_end_well(void **state)
{
    struct desk *desk = *state;
    struct program first, second;
    struct program_end ends[2];
    /* The first one to come is kept in its first file until the other stands behind it. */
    sql_run(desk->boss, "BEGIN");
    sql_run(desk->boss, "CREATE SCHEMA clinicd");
    start(desk, "up --lock-budget 30s", &first);
    PGconn *other SQL_CLOSE = sql_connect(desk->database.superuser_url);
    sql_wait_until(other, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                          " AND application_name = 'clinicd migrate V0001'"
                          " AND wait_event_type = 'Lock'");
    start(desk, "up", &second);
    sql_wait_until(other, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                          " AND application_name = 'clinicd migrate' AND state = 'idle'");
    struct program_end status = run(desk, "status", DONE);
    assert_non_null(strstr(status.text, "locked by process "));
    assert_non_null(strstr(status.text, "(clinicd migrate V0001) on this machine since "));
    run(desk, "up --wait 1ms", LOCKED);
    sql_run(desk->boss, "ROLLBACK");
    program_wait(&first, &desk->arena, &ends[0]);
    program_wait(&second, &desk->arena, &ends[1]);
    if (ends[0].exit != DONE || ends[1].exit != DONE)
        fail_msg("%d: %s\n%d: %s", ends[0].exit, ends[0].said, ends[1].exit, ends[1].said);
    char all[32];
    snprintf(all, sizeof all, "%d applied\n", migrate_latest());
    assert_string_equal(ends[0].text, all);
    assert_string_equal(ends[1].text, "0 applied\n");
    assert_non_null(strstr(ends[1].said, "waits for another migration: process "));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run WHERE outcome = 'done'"), 2);
}

static void ctrl_c_stops_it_and_it_goes_on(void **state)
{
    struct desk *desk = *state;
    struct program up;
    struct program_end end;
    run(desk, "up --to 4", DONE);
    sql_run(desk->boss, "BEGIN");
    sql_run(desk->boss, "LOCK TABLE clinicd.patient IN ACCESS EXCLUSIVE MODE");
    start(desk, "up --lock-budget 30s", &up);
    PGconn *other SQL_CLOSE = sql_connect(desk->database.superuser_url);
    sql_wait_until(other, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                          " AND application_name LIKE 'clinicd migrate V%'"
                          " AND wait_event_type = 'Lock'");
    kill(up.pid, SIGINT);
    sql_run(desk->boss, "COMMIT");
    program_wait(&up, &desk->arena, &end);
    assert_int_equal(end.exit, STOPPED);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run WHERE outcome = 'stopped'"),
                     1);
    run(desk, "up", DONE);
    run(desk, "verify", DONE);
}

static void the_arguments_are_written_down(void **state)
{
    struct desk *desk = *state;
    run(desk, "up --to 1 --wait=1m", DONE);
    sql_wait_until(desk->boss, "SELECT count(*) FROM ops.run WHERE arguments = "
                               "'[\"--to\", \"1\", \"--wait=1m\"]'");
}

static void what_the_server_warns_of_is_counted(void **state)
{
    struct desk *desk = *state;
    struct program up;
    struct program_end end;
    sql_run(desk->boss, "BEGIN");
    sql_run(desk->boss, "CREATE SCHEMA clinicd");
    start(desk, "up --to 1 --strict --json --lock-budget 20ms", &up);
    PGconn *other SQL_CLOSE = sql_connect(desk->database.superuser_url);
    sql_wait_until(other, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                          " AND application_name LIKE 'clinicd migrate V%'"
                          " AND query = 'ROLLBACK'");
    sql_run(desk->boss, "ROLLBACK");
    program_wait(&up, &desk->arena, &end);
    if (end.exit != UNVERIFIED)
        fail_msg("ended with %d: %s%s", end.exit, end.text, end.said);
    json_t *document = document_of(desk, &end);
    int warnings = 0;
    json_t *texts = NULL;
    assert_int_equal(json_unpack(document, "{s:{s:i}, s:o}", "result", "warnings", &warnings,
                                 "warnings", &texts),
                     0);
    assert_true(warnings > 0);
    assert_non_null(strstr(json_string_value(json_array_get(texts, 0)), "lock timeout (55P03)"));
    run(desk, "up --to 2 --strict", DONE);
    run(desk, "verify 1 2", DONE);
    run(desk, "verify 3", USAGE);
    run(desk, "verify x", USAGE);
}

static void a_baseline_is_proved_and_no_password_is_written_down(void **state)
{
    struct desk *desk = *state;
    struct postgres_database scratch;
    struct arena *arena = &desk->arena;
    run(desk, "up --to 1", DONE);
    sql_run(desk->boss, "DROP SCHEMA ops CASCADE");
    postgres_database_empty("scratch", &scratch);
    const char *folder = sql_text(desk->boss, arena, "SHOW unix_socket_directories");
    const char *arguments =
        arena_format(arena, "1 --scratch=postgresql://clinicd_migrator:canary@/%s?host=%s",
                     scratch.name, folder);
    sql_run(desk->boss, "ALTER TABLE clinicd.patient ADD COLUMN nickname text");
    struct program_end end = run(desk, arena_format(arena, "baseline %s", arguments), DRIFT);
    assert_string_equal(end.text, "added    column patient.nickname\n");
    sql_run(desk->boss, "ALTER TABLE clinicd.patient DROP COLUMN nickname");
    run(desk, arena_format(arena, "baseline %s", arguments), DONE);
    run(desk, "status --drift", PENDING);
    run(desk, "up", DONE);
    run(desk, "status --drift", DONE);
    assert_int_equal(sql_int(desk->boss,
                             "SELECT count(*) FROM ops.run"
                             " WHERE arguments = '[\"1\", \"--scratch=(connection)\"]'"),
                     2);
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM ops.run r WHERE r::text LIKE '%%secret%%'"), 0);
    postgres_drop(&scratch);
}

static void drift_and_lint_have_their_exit_codes(void **state)
{
    struct desk *desk = *state;
    run(desk, "plan", DONE);
    run(desk, "status --drift", PRECONDITION);
    run(desk, "up", DONE);
    sql_run(desk->boss, "ALTER TABLE clinicd.patient DISABLE ROW LEVEL SECURITY");
    struct program_end end = run(desk, "status --drift", DRIFT);
    assert_non_null(strstr(end.text, "changed  table patient\n"));
    run(desk, "lint", DONE);
    run(desk, "lint " SOURCE_DIR "/tests/command/bad_migration.sql", LINT);
    end = run(desk, "lint --against-db " SOURCE_DIR "/tests/command/bad_migration.sql", LINT);
    assert_non_null(strstr(end.text, " L17 "));
    assert_null(strstr(end.text, " L05 ")); /* no clinic has a row */
    end = run(desk, "lint --format github " SOURCE_DIR "/tests/command/bad_migration.sql", LINT);
    assert_non_null(strstr(end.text, "::error file=" SOURCE_DIR "/tests/command/bad_migration.sql,"
                                     "line=8,title=L17::char(n) pads"));
    end = run(desk, "lint --format json 1", DONE);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(document_of(desk, &end), "result"), "broken")),
                     0);
    run(desk, "lint --format verse", USAGE);
    run(desk, "to zero --data-loss-ok 7", USAGE);
}

static void a_new_file_has_the_next_number_and_overwrites_nothing(void **state)
{
    struct desk *desk = *state;
    char dir[] = "/tmp/clinicd-new-XXXXXX";
    char path[128];
    assert_non_null(mkdtemp(dir));
    const char *arguments =
        arena_format(&desk->arena, "new nickname --kind concurrent --dir %s", dir);
    snprintf(path, sizeof path, "%s/%04d_nickname.sql", dir, migrate_latest() + 1);
    struct program_end end = run(desk, arguments, DONE);
    assert_string_equal(end.text, arena_format(&desk->arena, "%s\n", path));
    run(desk, arguments, FAILED);
    run(desk, arena_format(&desk->arena, "lint %s", path), DONE);
    char text[128] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "_nickname.sql\n-- migrate: kind=expand tx=no\n"));
    unlink(path);
    rmdir(dir);
}

static void a_backfill_is_told_and_steered_from_a_second_terminal(void **state)
{
    struct desk *desk = *state;
    struct program_end end = run(desk, "progress", DONE);
    assert_string_equal(end.text, "there is no backfill\n");
    run(desk, "pause", PRECONDITION);
    run(desk, "up --to 1", DONE);
    run(desk, "pause", PRECONDITION);
    sql_run(desk->boss, "INSERT INTO ops.job (version, name, state, cursor, end_key, total, done,"
                        "    chunk, worked_us, started_at, heartbeat) VALUES (2, 'tokens',"
                        "    'running', '610000', '1000000', 1000000, 610000, 4000, 15969000,"
                        "    now(), now())");
    end = run(desk, "progress", DONE);
    assert_string_equal(end.text, "0002 tokens [##############----------]  61 %  610000/1000000  "
                                  "38199/s  ETA 00:10  chunk 4000  throttle 100 %  running, "
                                  "nobody works on it\n");
    run(desk, "throttle 25%", DONE);
    run(desk, "pause", DONE);
    end = run(desk, "progress --json", DONE);
    const char *job_state = NULL;
    int throttle = 0, percent = 0, pid = -1;
    assert_int_equal(json_unpack(document_of(desk, &end), "{s:{s:s, s:i, s:i, s:i}}", "result",
                                 "state", &job_state, "throttle", &throttle, "percent", &percent,
                                 "pid", &pid),
                     0);
    assert_string_equal(job_state, "paused");
    assert_int_equal(throttle, 25);
    assert_int_equal(percent, 61);
    assert_int_equal(pid, 0);
    run(desk, "resume", DONE);
    run(desk, "throttle", USAGE);
    run(desk, "throttle 0%", USAGE);
    run(desk, "throttle 101", USAGE);
    sql_run(desk->boss, "UPDATE ops.job SET state = 'done', cursor = NULL, done = 1000001");
    end = run(desk, "progress --follow", DONE);
    assert_non_null(strstr(end.text, "[########################] 100 %  1000001/1000000"));
    run(desk, "resume", PRECONDITION);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run"
                                         " WHERE command IN ('migrate pause', 'migrate resume',"
                                         "    'migrate throttle') AND outcome = 'done'"),
                     3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_envelope_says_which_database_and_what_comes_next),
        TEST(status_has_an_exit_code_for_each_state),
        TEST(two_at_once_one_works_the_other_waits_both_end_well),
        TEST(ctrl_c_stops_it_and_it_goes_on),
        TEST(the_arguments_are_written_down),
        TEST(what_the_server_warns_of_is_counted),
        TEST(a_baseline_is_proved_and_no_password_is_written_down),
        TEST(drift_and_lint_have_their_exit_codes),
        TEST(a_new_file_has_the_next_number_and_overwrites_nothing),
        TEST(a_backfill_is_told_and_steered_from_a_second_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
