/* `clinicd doctor`: green on a database as it should be, and for each planted ill the check that
 * names it. */
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { DONE = 0, USAGE = 2, AMBER = 3, RED = 8 };

struct desk {
    struct postgres_database database;
    struct arena arena;
    char app[256], migrator[256];
    const char *environment[4];
    PGconn *boss;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("doctor", &desk->database);
    snprintf(desk->app, sizeof desk->app, "CLINICD_DATABASE_URL=%s", desk->database.app_url);
    snprintf(desk->migrator, sizeof desk->migrator, "CLINICD_MIGRATE_URL=%s",
             desk->database.migrator_url);
    desk->environment[0] = desk->app;
    desk->environment[1] = desk->migrator;
    desk->environment[2] = "CLINICD_DATA_DIR=/";
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

struct visit {
    int exit;
    json_t *document;
};

static struct visit doctor(struct desk *desk, const char *options)
{
    struct program_end end = program_run(
        &desk->arena, arena_format(&desk->arena, CLINICD_PROGRAM " doctor%s --json", options),
        desk->environment);
    json_t *document = json_loads(end.text, JSON_REJECT_DUPLICATES, NULL);
    if (!document)
        fail_msg("no JSON: %s%s", end.text, end.said);
    return (struct visit){.exit = end.exit, .document = arena_json(&desk->arena, document)};
}

/* "green", or "absent". */
static const char *level(const struct visit *visit, const char *id)
{
    json_t *checks = json_object_get(json_object_get(visit->document, "result"), "checks");
    size_t i;
    json_t *one;
    json_array_foreach(checks, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
            return json_string_value(json_object_get(one, "level"));
    }
    return "absent";
}

/* The cluster of the tests runs without fsync and checksums, which the doctor sees. */
static void a_server_for_tests_is_red_where_it_is_careless_only(void **state)
{
    struct desk *desk = *state;
    static const char *const green[] = {
        "database.app",      "database.migrator",   "server.version",        "server.primary",
        "server.encoding",   "server.timezone",     "server.connections",    "server.prepared",
        "role.clinicd_app",  "role.clinicd_backup", "role.clinicd_migrator", "schema.walls",
        "schema.migrations", "schema.drift",        "schema.indexes",        "schema.constraints",
        "program.pg_dump",   "server.wraparound"};
    struct visit visit = doctor(desk, "");
    for (size_t i = 0; i < sizeof green / sizeof green[0]; i++)
        if (strcmp(level(&visit, green[i]), "green") != 0)
            fail_msg("%s is %s", green[i], level(&visit, green[i]));
    const char *fsync = sql_text(desk->boss, &desk->arena, "SHOW fsync");
    assert_string_equal(level(&visit, "server.fsync"), strcmp(fsync, "on") == 0 ? "green" : "red");
    if (strcmp(fsync, "on") != 0)
        assert_int_equal(visit.exit, RED);
}

static void each_planted_ill_turns_its_check(void **state)
{
    struct desk *desk = *state;
    static const struct plant {
        const char *id, *level, *sql, *back;
    } plants[] = {
        {"schema.walls", "red", "ALTER TABLE clinicd.visit DISABLE ROW LEVEL SECURITY",
         "ALTER TABLE clinicd.visit ENABLE ROW LEVEL SECURITY"},
        {"schema.drift", "red", "ALTER TABLE clinicd.patient ADD nickname text",
         "ALTER TABLE clinicd.patient DROP nickname"},
        {"schema.constraints", "amber",
         "ALTER TABLE clinicd.patient ADD CONSTRAINT loose CHECK (name <> '') NOT VALID",
         "ALTER TABLE clinicd.patient DROP CONSTRAINT loose"},
        {"schema.indexes", "red",
         "UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
         "'clinicd.patient_by_phone'::regclass",
         "UPDATE pg_index SET indisvalid = true WHERE indexrelid = "
         "'clinicd.patient_by_phone'::regclass"},
        {"schema.migrations", "red", "UPDATE ops.migration SET sha256 = 'x' WHERE version = 1",
         "SELECT 1"},
    };
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        sql_run(desk->boss, "%s", plants[i].sql);
        struct visit visit = doctor(desk, "");
        sql_run(desk->boss, "%s", plants[i].back);
        if (strcmp(level(&visit, plants[i].id), plants[i].level) != 0)
            fail_msg("%s is %s after %s", plants[i].id, level(&visit, plants[i].id), plants[i].sql);
        if (strcmp(plants[i].level, "red") == 0)
            assert_int_equal(visit.exit, RED);
    }
}

static void what_is_pending_is_red_for_serving_and_fine_for_migrating(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "DELETE FROM ops.migration WHERE version = (SELECT max(version) FROM "
                        "ops.migration)");
    struct visit visit = doctor(desk, " --for serve");
    assert_string_equal(level(&visit, "schema.migrations"), "red");
    visit = doctor(desk, " --for migrate");
    assert_string_equal(level(&visit, "schema.migrations"), "green");
    visit = doctor(desk, "");
    assert_string_equal(level(&visit, "schema.migrations"), "amber");
    visit = doctor(desk, " --for nothing");
    assert_int_equal(visit.exit, USAGE);
}

static void a_server_that_is_not_there_is_red(void **state)
{
    struct desk *desk = *state;
    desk->environment[0] = "CLINICD_DATABASE_URL=host=/nowhere user=clinicd_app";
    desk->environment[1] = "CLINICD_MIGRATE_URL=host=/nowhere user=clinicd_migrator";
    struct visit visit = doctor(desk, "");
    assert_int_equal(visit.exit, RED);
    assert_string_equal(level(&visit, "database.app"), "red");
    assert_string_equal(level(&visit, "database.migrator"), "red");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_server_for_tests_is_red_where_it_is_careless_only),
        TEST(each_planted_ill_turns_its_check),
        TEST(what_is_pending_is_red_for_serving_and_fine_for_migrating),
        TEST(a_server_that_is_not_there_is_red),
    };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
