/* Drift, baseline and rehearsal: what the catalogue proves. */
#include "tests/harness/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const house_up[] = {
    "CREATE SCHEMA clinicd", "CREATE TABLE clinicd.thing (id int PRIMARY KEY, kind text)",
    "CREATE FUNCTION clinicd.one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE INDEX thing_kind ON clinicd.thing (kind)", NULL};
static const char *const house_down[] = {"DROP SCHEMA clinicd CASCADE", NULL};
static const char *const wider_up[] = {"ALTER TABLE clinicd.thing ADD COLUMN note text", NULL};
static const char *const wider_down[] = {"ALTER TABLE clinicd.thing DROP COLUMN note", NULL};
static const char *const lazy_down[] = {"SELECT 1", NULL};
static const char *const true_verify[] = {"SELECT true", NULL};

#define HOUSE                                                                                      \
    {                                                                                              \
        .version = 1, .name = "house", .kind = "expand", .in_tx = true, .text = "house",           \
        .up = house_up, .verify = true_verify, .down = house_down                                  \
    }
#define WIDER(back)                                                                                \
    {                                                                                              \
        .version = 2, .name = "wider", .kind = "expand", .in_tx = true, .text = "wider",           \
        .up = wider_up, .verify = true_verify, .down = (back)                                      \
    }

static const struct migration files[] = {HOUSE, WIDER(wider_down), {.version = 0}};
static const struct migration lazy_files[] = {HOUSE, WIDER(lazy_down), {.version = 0}};

static int begin(void **state)
{
    return bench_begin(state, files);
}

static void assert_drift(struct bench *bench, size_t n, const char *kind, const char *object)
{
    struct drift *drift = NULL;
    size_t found = 99;
    if (migrate_drift(&bench->options, &bench->arena, &bench->fault, &drift, &found))
        fail_msg("%s: %s", bench->fault.code, bench->fault.detail);
    for (size_t i = 0; found != n && i < found; i++)
        print_error("%s %s\n", drift[i].kind, drift[i].object);
    assert_int_equal(found, n);
    if (n == 0)
        return;
    assert_string_equal(drift[0].kind, kind);
    assert_string_equal(drift[0].object, object);
}

static void every_change_by_hand_is_drift(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *plant, *heal, *kind, *object;
    } cases[] = {
        {"ALTER TABLE clinicd.thing ADD COLUMN x int", "ALTER TABLE clinicd.thing DROP COLUMN x",
         "added", "column thing.x"},
        {"DROP INDEX clinicd.thing_kind", "CREATE INDEX thing_kind ON clinicd.thing (kind)",
         "missing", "index thing_kind"},
        {"ALTER TABLE clinicd.thing ALTER COLUMN kind SET NOT NULL",
         "ALTER TABLE clinicd.thing ALTER COLUMN kind DROP NOT NULL", "changed",
         "column thing.kind"},
        {"ALTER TABLE clinicd.thing ENABLE ROW LEVEL SECURITY",
         "ALTER TABLE clinicd.thing DISABLE ROW LEVEL SECURITY", "changed", "table thing"},
        {"GRANT SELECT (id) ON clinicd.thing TO clinicd_app",
         "REVOKE SELECT (id) ON clinicd.thing FROM clinicd_app", "changed", "column thing.id"},
        {"CREATE OR REPLACE FUNCTION clinicd.one() RETURNS int LANGUAGE sql AS $$ SELECT 2 $$",
         "CREATE OR REPLACE FUNCTION clinicd.one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
         "changed", "function one()"},
        {"CREATE POLICY open ON clinicd.thing USING (true)", "DROP POLICY open ON clinicd.thing",
         "added", "policy thing.open"},
        {"ALTER TABLE clinicd.thing ADD CONSTRAINT positive CHECK (id > 0) NOT VALID",
         "ALTER TABLE clinicd.thing DROP CONSTRAINT positive", "added",
         "constraint thing.positive"},
    };
    bench_up(bench, 2);
    assert_drift(bench, 0, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sql_run(bench->boss, "%s", cases[i].plant);
        assert_drift(bench, 1, cases[i].kind, cases[i].object);
        sql_run(bench->boss, "%s", cases[i].heal);
        assert_drift(bench, 0, NULL, NULL);
    }
    bench_up(bench, 0); /* a run without work takes no drift for granted */
    sql_run(bench->boss, "ALTER TABLE clinicd.thing ADD COLUMN x int");
    bench_up(bench, 0);
    assert_drift(bench, 1, "added", "column thing.x");
}

static void without_a_migration_there_is_nothing_to_compare(void **state)
{
    struct bench *bench = *state;
    struct drift *drift = NULL;
    size_t n = 0;
    assert_int_equal(migrate_drift(&bench->options, &bench->arena, &bench->fault, &drift, &n),
                     ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "catalogue-unknown");
}

static enum err baseline(struct bench *bench, int version, const char *scratch, size_t *drift_n)
{
    struct drift *drift = NULL;
    fault_reset(&bench->fault);
    return migrate_baseline(&bench->options, version, scratch, &bench->fault, &drift, drift_n);
}

static void a_baseline_is_recorded_only_when_it_is_true(void **state)
{
    struct bench *bench = *state;
    struct postgres_database scratch;
    size_t n = 0;
    postgres_database_empty("scratch", &scratch);
    bench_up(bench, 2);
    assert_int_equal(baseline(bench, 2, scratch.migrator_url, &n), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "history-there");
    sql_run(bench->boss, "DROP SCHEMA ops CASCADE");
    assert_int_equal(baseline(bench, 1, scratch.migrator_url, &n), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "catalogue-differs");
    assert_int_equal(n, 1);
    assert_int_equal(sql_int(bench->boss, "SELECT count(*) FROM ops.migration"), 0);
    assert_int_equal(baseline(bench, 2, scratch.migrator_url, &n), ERR_NONE);
    assert_int_equal(n, 0);
    bench_up(bench, 0);
    bench_verifies(bench, ERR_NONE, NULL);
    assert_drift(bench, 0, NULL, NULL);
    postgres_drop(&scratch);
}

static void a_scratch_database_is_empty_and_another_one(void **state)
{
    struct bench *bench = *state;
    struct postgres_database scratch;
    size_t n = 0;
    assert_int_equal(baseline(bench, 1, bench->options.url, &n), ERR_INPUT);
    postgres_database_empty("scratch", &scratch);
    PGconn *boss SQL_CLOSE = sql_connect(scratch.superuser_url);
    sql_run(boss, "CREATE TABLE public.precious AS SELECT 1 AS one");
    assert_int_equal(baseline(bench, 1, scratch.migrator_url, &n), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, "scratch-not-empty");
    assert_int_equal(sql_int(boss, "SELECT one FROM public.precious"), 1);
    sql_close(&boss);
    postgres_drop(&scratch);
}

static enum err rehearse(struct bench *bench, const char *scratch_url,
                         struct rehearsal_report *report)
{
    fault_reset(&bench->fault);
    *report = (struct rehearsal_report){.from = 0};
    return migrate_rehearse(&bench->options, &(struct rehearsal){.scratch_url = scratch_url},
                            &bench->fault, report);
}

static void a_rehearsal_leads_back_and_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    struct postgres_database scratch;
    struct rehearsal_report report;
    postgres_database_empty("scratch", &scratch);
    PGconn *boss SQL_CLOSE = sql_connect(scratch.superuser_url);
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
    assert_int_equal(rehearse(bench, scratch.migrator_url, &report), ERR_NONE);
    assert_int_equal(bench->report.done_n, 1);
    assert_int_equal(bench->report.done[0].version, 2);
    assert_int_equal(sql_int(bench->boss, "SELECT max(version) FROM ops.migration"), 1);
    assert_int_equal(sql_int(boss, "SELECT count(*) FROM pg_namespace"
                                   " WHERE nspname IN ('clinicd', 'ops')"),
                     0);
    bench->options.files = lazy_files;
    assert_int_equal(rehearse(bench, scratch.migrator_url, &report), ERR_INTERNAL);
    assert_string_equal(bench->fault.code, "verification-failed");
    assert_int_equal(report.drift_n, 1);
    assert_string_equal(report.drift[0].object, "column thing.note");
    assert_string_equal(report.drift[0].kind, "added");
    assert_string_equal(sql_text(bench->boss, &bench->arena,
                                 "SELECT string_agg(outcome, ' ' ORDER BY number) FROM ops.run"
                                 " WHERE command = 'migrate rehearse'"),
                        "done verification-failed");
    sql_close(&boss);
    postgres_drop(&scratch);
}

/* The service makes partitions as time goes on: no drift. */
static void our_own_files_lead_back_and_have_no_drift(void **state)
{
    struct bench *bench = *state;
    struct postgres_database scratch;
    struct rehearsal_report report;
    postgres_database_empty("scratch", &scratch);
    bench->options.files = NULL;
    enum err err = rehearse(bench, scratch.migrator_url, &report);
    for (size_t i = 0; i < report.drift_n; i++)
        print_error("%s %s\n", report.drift[i].kind, report.drift[i].object);
    if (err)
        fail_msg("%s", bench->fault.detail);
    bench_up(bench, migrate_latest());
    sql_run(bench->boss, "SELECT clinicd.audit_partitions_ensure('2031-05-01'::date)");
    assert_drift(bench, 0, NULL, NULL);
    postgres_drop(&scratch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, bench_end)
    const struct CMUnitTest tests[] = {
        TEST(every_change_by_hand_is_drift),
        TEST(without_a_migration_there_is_nothing_to_compare),
        TEST(a_baseline_is_recorded_only_when_it_is_true),
        TEST(a_scratch_database_is_empty_and_another_one),
        TEST(a_rehearsal_leads_back_and_leaves_nothing),
        TEST(our_own_files_lead_back_and_have_no_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
