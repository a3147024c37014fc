/* `clinicd verify …` as an operator's shell sees it. */
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { DONE = 0, USAGE = 2, UNVERIFIED = 5, PRECONDITION = 8, CANNOT_CONNECT = 10 };

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
    postgres_database("command_verify", &desk->database);
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

static struct program_end run(struct desk *desk, const char *arguments, int expected)
{
    struct program_end end =
        program_run(&desk->arena, arena_format(&desk->arena, CLINICD_PROGRAM " %s", arguments),
                    desk->environment);
    if (end.exit != expected)
        fail_msg("`%s` ended with %d:\n%s%s", arguments, end.exit, end.text, end.said);
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

static void the_walls_stand(void **state)
{
    struct desk *desk = *state;
    struct program_end end = run(desk, "verify isolation", DONE);
    assert_non_null(strstr(end.text, " checks: the walls stand\n"));
}

static void a_hole_is_named_with_exit_code_5(void **state)
{
    struct desk *desk = *state;
    json_t *findings;
    const char *name;
    sql_run(desk->boss, "ALTER TABLE clinicd.visit NO FORCE ROW LEVEL SECURITY, "
                        "DISABLE ROW LEVEL SECURITY");
    struct program_end end = run(desk, "verify isolation --json", UNVERIFIED);
    assert_int_equal(json_unpack(document_of(desk, &end), "{s:{s:s}, s:{s:o}}", "database", "name",
                                 &name, "result", "findings", &findings),
                     0);
    assert_string_equal(name, desk->database.name);
    assert_true(json_array_size(findings) >= 4);
    size_t i;
    json_t *one;
    json_array_foreach(findings, i, one)
    {
        const char *object = json_string_value(json_object_get(one, "object"));
        assert_true(strcmp(object, "visit") == 0 || strcmp(object, "clinicd.visit") == 0);
    }
}

/* One policy switched off: the rows and the catalogue both name its table, and no other. */
static void a_policy_that_is_gone_is_named_by_its_table(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "ALTER POLICY clinic ON clinicd.allergy USING (true) WITH CHECK (true)");
    struct program_end end =
        run(desk, "verify isolation --self-test --scratch host=/nowhere", UNVERIFIED);
    assert_non_null(strstr(end.text, "allergy "));
    for (char *line = strtok(arena_copy(&desk->arena, end.text), "\n"); line;
         line = strtok(NULL, "\n"))
        assert_true(strstr(line, " allergy ") || strstr(line, " clinicd.allergy "));
}

static void a_table_is_shown_as_it_is(void **state)
{
    struct desk *desk = *state;
    struct program_end end = run(desk, "verify schema --show clinic", DONE);
    assert_non_null(strstr(end.text, "column     slug                           text NOT NULL\n"));
    assert_non_null(strstr(end.text, "clinic__slug-taken"));
    assert_non_null(strstr(end.text, "policy     clinic "));
    assert_non_null(strstr(end.text, "walls      clinic                         forced\n"));
    end = run(desk, "verify schema --show all", DONE);
    assert_non_null(strstr(end.text, "clinicd.patient "));
    assert_non_null(strstr(end.text, "ops.run "));
    end = run(desk, "verify schema --show ops.run --json", DONE);
    const json_t *lines = json_object_get(document_of(desk, &end), "result");
    assert_true(json_array_size(lines) > 5);
    end = run(desk, "verify schema --show no'such", USAGE);
    assert_non_null(strstr(end.said, "there is no table no'such"));
}

static void who_may_be_there_twice_is_told_with_the_ids(void **state)
{
    struct desk *desk = *state;
    seed_clinic(desk->boss, &seed_a);
    sql_run(desk->boss,
            "UPDATE clinicd.patient SET phone_key = right(id::text, 12), name = id::text");
    run(desk, "verify data --duplicates", DONE);
    sql_run(desk->boss,
            "UPDATE clinicd.patient SET name = 'Asha  Rao', date_of_birth = '1990-01-02'"
            " WHERE clinic_id = 7001");
    struct program_end end = run(desk, "verify data --duplicates --clinic clinic-a", UNVERIFIED);
    assert_non_null(strstr(end.text, "same name, same birth date patient of clinic-a"));
    assert_null(strstr(end.text, "same phone"));
    assert_null(strstr(end.text, "Asha"));
    sql_run(desk->boss, "UPDATE clinicd.patient SET phone_key = '5550'");
    end = run(desk, "verify data --duplicates", UNVERIFIED);
    assert_non_null(strstr(end.text, "same name, same phone"));
}

static void the_self_test_takes_every_wall_away(void **state)
{
    struct desk *desk = *state;
    struct postgres_database scratch;
    run(desk, "verify isolation --self-test", USAGE); /* nobody makes it a database */
    postgres_database_empty("command_scratch", &scratch);
    const char *url =
        arena_format(&desk->arena, "postgresql://clinicd_migrator@/%s?host=%s", scratch.name,
                     sql_text(desk->boss, &desk->arena, "SHOW unix_socket_directories"));
    struct program_end end = run(
        desk, arena_format(&desk->arena, "verify isolation --self-test --scratch %s", url), DONE);
    assert_non_null(strstr(end.text, " walls taken away one by one, "));
    run(desk, arena_format(&desk->arena, "verify schema --scratch %s", url), DONE);
    postgres_drop(&scratch);
}

static void a_schema_changed_by_hand_is_named_with_exit_code_5(void **state)
{
    struct desk *desk = *state;
    run(desk, "verify schema", DONE);
    sql_run(desk->boss, "DROP INDEX clinicd.patient_by_phone");
    struct program_end end = run(desk, "verify schema", UNVERIFIED);
    assert_non_null(strstr(end.text, "index patient_by_phone"));
    assert_non_null(strstr(end.text, "missing"));
}

static void a_wrong_count_is_named_with_the_clinic(void **state)
{
    struct desk *desk = *state;
    seed_clinic(desk->boss, &seed_a);
    struct program_end end = run(desk, "verify data --clinic clinic-a", UNVERIFIED);
    assert_non_null(strstr(end.text, "quota "));
    assert_non_null(strstr(end.text, "[\"7001\"]"));
    run(desk, "verify data --clinic nobody", USAGE);
    desk->environment[1] = "CLINICD_MIGRATE_URL=host=/nowhere user=clinicd_migrator";
    run(desk, "verify data", CANNOT_CONNECT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_walls_stand),
        TEST(a_hole_is_named_with_exit_code_5),
        TEST(a_policy_that_is_gone_is_named_by_its_table),
        TEST(a_table_is_shown_as_it_is),
        TEST(who_may_be_there_twice_is_told_with_the_ids),
        TEST(the_self_test_takes_every_wall_away),
        TEST(a_schema_changed_by_hand_is_named_with_exit_code_5),
        TEST(a_wrong_count_is_named_with_the_clinic),
    };
    return cmocka_run_group_tests_name("verify commands", tests, NULL, NULL);
}
