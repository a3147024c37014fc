/* The conditions of a migration one by one, and the rehearsal with rows that proves the way back.
 */
#include "tests/harness/bench.h"

#include "db/backup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const true_verify[] = {"SELECT true", NULL};
static const char *const house_up[] = {
    "CREATE SCHEMA clinicd", "CREATE TABLE clinicd.clinic (id int PRIMARY KEY, name text)", NULL};
static const char *const note_up[] = {"ALTER TABLE clinicd.clinic ADD COLUMN note text", NULL};
static const char *const note_down[] = {"ALTER TABLE clinicd.clinic DROP COLUMN note", NULL};
static const char *const careless_down[] = {
    "ALTER TABLE clinicd.clinic DROP COLUMN note",
    "UPDATE clinicd.clinic SET name = upper(name) WHERE id = 2", NULL};
static const char *const losing_down[] = {"ALTER TABLE clinicd.clinic DROP COLUMN note",
                                          "DELETE FROM clinicd.clinic WHERE id = 2", NULL};

#define HOUSE                                                                                      \
    {                                                                                              \
        .version = 1, .name = "house", .kind = "expand", .in_tx = true, .text = "house",           \
        .up = house_up, .verify = true_verify                                                      \
    }
#define NOTE(sql, back)                                                                            \
    {                                                                                              \
        .version = 2, .name = "note", .kind = "expand", .in_tx = true, .text = (sql),              \
        .up = note_up, .verify = true_verify, .down = (back)                                       \
    }

#define NOTE_TEXT "-- section up\nALTER TABLE clinicd.clinic ADD COLUMN note text;\n"
#define LONG_TEXT "-- section up\nALTER TABLE clinicd.clinic ALTER COLUMN note TYPE text;\n"

static const struct migration files[] = {HOUSE, NOTE(NOTE_TEXT, note_down), {.version = 0}};
static const struct migration longer[] = {HOUSE, NOTE(LONG_TEXT, note_down), {.version = 0}};
static const struct migration careless[] = {HOUSE, NOTE(NOTE_TEXT, careless_down), {.version = 0}};
static const struct migration losing[] = {HOUSE, NOTE(NOTE_TEXT, losing_down), {.version = 0}};

enum { DAY_MS = 24 * 3600 * 1000 };

static int begin(void **state)
{
    int failed = bench_begin(state, files);
    struct bench *bench = *state;
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
    return failed;
}

static void clinics_add(struct bench *bench)
{
    sql_run(bench->boss, "INSERT INTO clinicd.clinic VALUES (1, 'one'), (2, 'two')");
}

static void backup_note(struct bench *bench, const char *made_at, const char *verified_at)
{
    sql_run(bench->boss,
            "INSERT INTO ops.backup (id, run_id, made_at, folder, sha256, bytes, snapshot_lsn,"
            "    manifest, duration_ms, verified_at)"
            " VALUES (gen_random_uuid(), 1, %s, '', '', 1, '0/0', '{}', 1, %s)",
            made_at, verified_at);
}

static enum err rehearse(struct bench *bench, struct rehearsal_report *report)
{
    struct postgres_database scratch;
    postgres_database_empty("scratch", &scratch);
    fault_reset(&bench->fault);
    enum err err =
        migrate_rehearse(&bench->options, &(struct rehearsal){.scratch_url = scratch.migrator_url},
                         &bench->fault, report);
    postgres_drop(&scratch);
    return err;
}

/* The rehearsal in a copy of the real database, as a restored backup is one. */
static enum err rehearse_copy(struct bench *bench, struct rehearsal_report *report)
{
    struct postgres_database copy;
    sql_close(&bench->boss);
    postgres_database_copy(&bench->database, "copy", &copy);
    bench->boss = sql_connect(bench->database.superuser_url);
    fault_reset(&bench->fault);
    enum err err = migrate_rehearse(
        &bench->options, &(struct rehearsal){.scratch_url = copy.migrator_url, .backup = "x"},
        &bench->fault, report);
    postgres_drop(&copy);
    return err;
}

static void a_database_without_clinics_needs_nothing(void **state)
{
    struct bench *bench = *state;
    struct migrate_guard guard = {.backup_max_age_ms = DAY_MS};
    bench->options.guard = &guard;
    bench_up(bench, 1);
    assert_int_equal(bench->report.conditions_n, 0);
    bench->options.guard = NULL;
}

static void each_condition_stands_in_the_way_by_its_name(void **state)
{
    struct bench *bench = *state;
    struct rehearsal_report report;
    struct migrate_guard guard = {.backup_max_age_ms = DAY_MS, .reason = "of a test"};
    bench->options.guard = &guard;
    clinics_add(bench);
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "doctor (nobody was asked)");
    guard.is_waived[CONDITION_DOCTOR] = true;
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "rehearsal (no green rehearsal");
    assert_int_equal(rehearse(bench, &report), ERR_NONE);
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "not ready: backup (no verified one");
    backup_note(bench, "now()", "NULL");
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "not ready: backup (no verified one");
    backup_note(bench, "now() - interval '25 h'", "now()");
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "too old");
    backup_note(bench, "now() - interval '23 h'", "now()");
    bench_up(bench, 1);
    assert_int_equal(bench->report.conditions_n, CONDITIONS_N);
    assert_true(bench->report.conditions[CONDITION_BACKUP].holds);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.run WHERE result LIKE"
                                          " '%%\"waived\": [\"doctor\"], \"reason\": \"of a test\""
                                          "%%' AND outcome = 'done'"),
                     1);
    bench->options.guard = NULL;
}

static void a_rehearsal_is_of_exactly_these_files(void **state)
{
    struct bench *bench = *state;
    struct rehearsal_report report;
    struct migrate_guard guard = {
        .backup_max_age_ms = DAY_MS,
        .is_waived = {[CONDITION_BACKUP] = true, [CONDITION_DOCTOR] = true},
        .reason = "of a test"};
    clinics_add(bench);
    assert_int_equal(rehearse(bench, &report), ERR_NONE);
    bench->options.guard = &guard;
    bench->options.files = longer;
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "not ready: rehearsal (no green");
    bench->options.files = files;
    sql_run(bench->boss, "UPDATE ops.run SET outcome = 'failed'"
                         " WHERE command = 'migrate rehearse'");
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "not ready: rehearsal (no green");
    sql_run(bench->boss, "UPDATE ops.run SET outcome = 'done' WHERE command = 'migrate rehearse'");
    bench_up(bench, 1);
    bench->options.guard = NULL;
}

static void others_wait_no_longer_than_the_budget_or_maintenance_is_on(void **state)
{
    struct bench *bench = *state;
    struct migrate_guard guard = {
        .backup_max_age_ms = DAY_MS,
        .is_waived =
            {[CONDITION_BACKUP] = true, [CONDITION_DOCTOR] = true, [CONDITION_REHEARSAL] = true},
        .reason = "of a test"};
    clinics_add(bench);
    sql_run(bench->boss, "UPDATE pg_class SET reltuples = 1e6"
                         " WHERE oid = 'clinicd.clinic'::regclass");
    bench->options.guard = &guard;
    bench->options.files = longer;
    bench_up_fails(bench, ERR_CONFLICT, "not-ready",
                   "window (others wait 16300 ms, the budget is "
                   "2000 ms");
    sql_run(bench->boss, "INSERT INTO ops.maintenance (is_read_only, is_fenced, app_limit, since,"
                         "    ordered_by, run_id) VALUES (true, false, -1, now(), 'x', 1)");
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "window (others wait");
    sql_run(bench->boss, "UPDATE ops.maintenance SET is_read_only = false");
    bench_up(bench, 1);
    assert_string_equal(bench->report.conditions[CONDITION_WINDOW].found, "maintenance is on");
    bench->options.guard = NULL;
    bench->options.files = files;
}

static enum err backup_made(void *user, struct fault *fault)
{
    (void)fault;
    backup_note(user, "now()", "now()");
    return ERR_NONE;
}

static enum err backup_broken(void *user, struct fault *fault)
{
    (void)user;
    return (fail)(fault, ERR_INTERNAL, "backup-failed", "no room"); /* cmocka has one, too */
}

static void a_backup_that_cannot_be_made_stops_it(void **state)
{
    struct bench *bench = *state;
    struct migrate_guard guard = {
        .backup_max_age_ms = DAY_MS, .backup = backup_broken, .user = bench};
    clinics_add(bench);
    bench->options.guard = &guard;
    bench_up_fails(bench, ERR_CONFLICT, "not-ready", "backup (no verified one"); /* not tried */
    guard.is_waived[CONDITION_DOCTOR] = guard.is_waived[CONDITION_REHEARSAL] = true;
    bench_up_fails(bench, ERR_INTERNAL, "backup-failed", "no room");
    guard.backup = backup_made;
    bench_up(bench, 1);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.backup"), 1);
    bench->options.guard = NULL;
}

static void a_way_down_that_alters_rows_is_red(void **state)
{
    struct bench *bench = *state;
    struct rehearsal_report report;
    clinics_add(bench);
    bench->options.files = careless;
    assert_int_equal(rehearse(bench, &report), ERR_NONE); /* no rows, no difference */
    assert_int_equal(rehearse_copy(bench, &report), ERR_INTERNAL);
    assert_string_equal(bench->fault.code, "verification-failed");
    assert_int_equal(report.drift_n, 0);
    assert_int_equal(report.changes_n, 1);
    assert_string_equal(report.changes[0].what, "table clinicd.clinic");
    bench->options.files = files;
}

static void a_way_down_that_loses_rows_is_red(void **state)
{
    struct bench *bench = *state;
    struct rehearsal_report report;
    clinics_add(bench);
    bench->options.files = losing;
    assert_int_equal(rehearse_copy(bench, &report), ERR_INTERNAL);
    assert_int_equal(report.changes_n, 1);
    assert_non_null(strstr(report.changes[0].wanted, "2 rows"));
    assert_non_null(strstr(report.changes[0].found, "1 rows"));
    bench->options.files = files;
    assert_int_equal(rehearse_copy(bench, &report), ERR_NONE);
    assert_int_equal(report.from, 1);
    assert_int_equal(bench->report.done_n, 1);
    bench_up(bench, 1);
    assert_int_equal(rehearse_copy(bench, &report), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "nothing-pending");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(a_database_without_clinics_needs_nothing),
        TEST(each_condition_stands_in_the_way_by_its_name),
        TEST(a_rehearsal_is_of_exactly_these_files),
        TEST(others_wait_no_longer_than_the_budget_or_maintenance_is_on),
        TEST(a_backup_that_cannot_be_made_stops_it),
        TEST(a_way_down_that_alters_rows_is_red),
        TEST(a_way_down_that_loses_rows_is_red),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
