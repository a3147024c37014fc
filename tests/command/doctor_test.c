/* `clinicd doctor`: what it asks a real server and this machine. What the answers mean, check by
 * check, is proven in tests/unit/db/doctor_rules_test.c. */
#include "db/verify/rules.h"
#include "tests/harness/old_server.h"
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/s3_server.h"
#include "tests/harness/seed.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DONE = 0, USAGE = 2, AMBER = 3, RED = 8 };

struct desk {
    struct postgres_database database;
    struct arena arena;
    char app[256], migrator[256];
    const char *environment[5];
    char folder[64], home[96];
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
    snprintf(desk->folder, sizeof desk->folder, "/tmp/clinicd-doctor-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    snprintf(desk->home, sizeof desk->home, "CLINICD_DATA_DIR=%s", desk->folder);
    desk->environment[2] = desk->home;
    desk->boss = sql_connect(desk->database.superuser_url);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    unlink(arena_format(&desk->arena, "%s/secrets", desk->folder));
    rmdir(arena_format(&desk->arena, "%s/files", desk->folder));
    assert_int_equal(rmdir(desk->folder), 0); /* nothing else was left there */
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

static const json_t *check_of(const struct visit *visit, const char *id)
{
    json_t *checks = json_object_get(json_object_get(visit->document, "result"), "checks");
    size_t i;
    json_t *one;
    json_array_foreach(checks, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
            return one;
    }
    return NULL;
}

/* "green", or "absent". */
static const char *level(const struct visit *visit, const char *id)
{
    const json_t *check = check_of(visit, id);
    return check ? json_string_value(json_object_get(check, "level")) : "absent";
}

static const char *next_of(const struct visit *visit)
{
    const char *next =
        json_string_value(json_array_get(json_object_get(visit->document, "next"), 0));
    return next ? strchr(next, ' ') + 1 : "nothing";
}

static void assert_level(struct desk *desk, const char *options, const char *id, const char *wanted)
{
    struct visit visit = doctor(desk, options);
    if (strcmp(level(&visit, id), wanted) != 0)
        fail_msg("%s is %s: %s", id, level(&visit, id),
                 json_string_value(json_object_get(check_of(&visit, id), "measured")));
    if (strcmp(wanted, "red") == 0)
        assert_int_equal(visit.exit, RED);
}

/* The cluster of the tests runs without fsync, checksums and archive, which the doctor sees. */
static void a_server_for_tests_is_red_where_it_is_careless_only(void **state)
{
    struct desk *desk = *state;
    static const char *const careless[] = {"server.fsync",        "server.full_page_writes",
                                           "server.checksums",    "server.synchronous_commit",
                                           "wal.archive",         "server.fixes",
                                           "server.transactions", "server.disk",
                                           "server.connections",  "disk.data"};
    struct visit visit = doctor(desk, " --for scale");
    for (size_t i = 0; i < doctor_rules_n; i++) {
        const char *id = doctor_rules[i].id;
        bool is_careless = false;
        for (size_t k = 0; k < sizeof careless / sizeof careless[0]; k++)
            is_careless = is_careless || strcmp(careless[k], id) == 0;
        if (!is_careless && strcmp(level(&visit, id), "green") != 0 &&
            strcmp(id, "wal.archiver") != 0 && strcmp(id, "backup.verified") != 0 &&
            strcmp(id, "schema.partitions") != 0)
            fail_msg("%s is %s", id, level(&visit, id));
    }
    const char *fsync = sql_text(desk->boss, &desk->arena, "SHOW fsync");
    assert_string_equal(level(&visit, "server.fsync"), strcmp(fsync, "on") == 0 ? "green" : "red");
    assert_string_equal(level(&visit, "wal.archive"), "amber");
    assert_string_equal(level(&visit, "backup.verified"),
                        "absent"); /* no clinic, nothing to lose */
    const char *rung =
        json_string_value(json_object_get(check_of(&visit, "scale.rung"), "measured"));
    assert_non_null(strstr(rung, "rung 0, one node: 0 clinics, 0 patients, 0.0"));
    assert_string_equal(next_of(&visit), "doctor"); /* fsync is nothing that a command mends */
}

static void each_planted_ill_turns_its_check(void **state)
{
    struct desk *desk = *state;
    static const struct plant {
        const char *id, *level, *sql;
    } plants[] = {
        {"schema.walls", "red", "ALTER TABLE clinicd.visit DISABLE ROW LEVEL SECURITY"},
        {"schema.drift", "red", "ALTER TABLE clinicd.patient ADD nickname text"},
        {"schema.constraints", "amber",
         "ALTER TABLE clinicd.patient ADD CONSTRAINT loose CHECK (name <> '') NOT VALID"},
        {"schema.indexes", "red",
         "UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
         "'clinicd.patient_by_phone'::regclass"},
        {"schema.partitions", "amber",
         "DO $$ BEGIN EXECUTE format('DROP TABLE clinicd.%I', 'audit_' || to_char(now() + interval "
         "'1 month', 'YYYY_MM')); END $$"},
        {"role.public", "red", "GRANT CREATE ON SCHEMA clinicd TO PUBLIC"},
        {"server.statements", "amber",
         "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET pg_stat_statements.track_utility = on',"
         " current_database()); END $$"},
        {"schema.history", "red", "UPDATE ops.migration SET sha256 = 'x' WHERE version = 1"},
    };
    sql_run(desk->boss, "SELECT clinicd.audit_partitions_ensure(current_date)");
    struct visit before = doctor(desk, "");
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        assert_string_equal(level(&before, plants[i].id), "green");
        sql_run(desk->boss, "%s", plants[i].sql);
    }
    struct visit after = doctor(desk, "");
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        if (strcmp(level(&after, plants[i].id), plants[i].level) != 0)
            fail_msg("%s is %s after %s", plants[i].id, level(&after, plants[i].id), plants[i].sql);
    }
    assert_int_equal(after.exit, RED);
}

/* As long as there is a clinic there is something to lose. */
static void a_clinic_wants_a_backup_that_was_proven(void **state)
{
    struct desk *desk = *state;
    static const char noted[] = "INSERT INTO ops.backup (id, run_id, made_at, folder, sha256, "
                                "bytes, snapshot_lsn, manifest,"
                                " duration_ms, verified_at, restore_ms) VALUES (gen_random_uuid(), "
                                "1, now() - interval '%s',"
                                " '/b', 'x', 1, '0/0', '{}', 1, %s, 1500)";
    seed_clinic(desk->boss, &seed_a);
    sql_run(desk->boss, noted, "1 hour", "NULL");
    assert_level(desk, "", "backup.verified", "red");
    sql_run(desk->boss, noted, "30 hours", "now()");
    assert_level(desk, "", "backup.verified", "amber");
    sql_run(desk->boss, noted, "2 hours", "now()");
    struct visit visit = doctor(desk, " --for migrate");
    const json_t *check = check_of(&visit, "backup.verified");
    assert_string_equal(json_string_value(json_object_get(check, "measured")),
                        "2.0 h old, restored in 1.5 s");
    assert_string_equal(level(&visit, "key.file"), "amber"); /* the keys that were with it */
}

static void the_key_file_is_its_owners_alone(void **state)
{
    struct desk *desk = *state;
    struct stat home;
    const char *path = arena_format(&desk->arena, "%s/secrets", desk->folder);
    FILE *file = fopen(path, "we");
    fprintf(file, "{\"keys\": [{\"id\": 1, \"made_at\": \"-\", \"key\": \"%064d\"}]}\n", 7);
    fclose(file);
    assert_int_equal(stat(desk->folder, &home), 0);
    chmod(path, 0600);
    assert_level(desk, "", "key.file", "green");
    chmod(path, 0640);
    assert_level(desk, "", "key.file", "red");
    chmod(path, 0600);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_level(desk, "", "key.file", "red");
        assert_int_equal(chown(path, home.st_uid, home.st_gid), 0);
    }
    assert_int_equal(truncate(path, 10), 0);
    assert_level(desk, "", "key.file", "red");
}

static void the_store_is_used_and_left_as_it_was(void **state)
{
    struct desk *desk = *state;
    const char *files = arena_format(&desk->arena, "%s/files", desk->folder);
    assert_int_equal(mkdir(files, 0700), 0);
    assert_level(desk, "", "files.store", "green");
    assert_int_equal(rmdir(files), 0); /* it is empty again */
    desk->environment[3] = "CLINICD_FILES_DIR=/proc/self";
    assert_level(desk, "", "files.store", "red");
}

static void a_bucket_is_used_and_one_that_does_not_answer_is_red(void **state)
{
    struct desk *desk = *state;
    struct s3_server server;
    struct store_options options = {.folder = NULL};
    s3_server_start(&server);
    s3_server_options(&server, &options);
    const char *environment[] = {
        desk->app,
        desk->migrator,
        desk->home,
        arena_format(&desk->arena, "CLINICD_BUCKET_URL=%s", options.bucket_url),
        arena_format(&desk->arena, "CLINICD_BUCKET_REGION=%s", options.region),
        arena_format(&desk->arena, "CLINICD_BUCKET_ACCESS_KEY=%s", options.access_key),
        arena_format(&desk->arena, "CLINICD_BUCKET_SECRET_KEY=%s", options.secret_key),
        "CLINICD_BUCKET_TIMEOUT_S=1",
        NULL};
    assert_int_equal(mkdir(arena_format(&desk->arena, "%s/files", desk->folder), 0700), 0);
    struct program_end end = program_run(&desk->arena, CLINICD_PROGRAM " doctor", environment);
    assert_non_null(strstr(end.text, "green  files.store                the bucket keeps, gives "));
    assert_true(s3_server_asked(&server) >= 3); /* put, get, delete */
    s3_server_stop(&server);
    end = program_run(&desk->arena, CLINICD_PROGRAM " doctor --for serve", environment);
    assert_int_equal(end.exit, RED);
    assert_non_null(strstr(end.text, "red    files.store"));
    assert_null(strstr(end.text, options.secret_key));
}

static void what_is_pending_is_red_for_serving_and_fine_for_migrating(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "DELETE FROM ops.migration WHERE version = (SELECT max(version) FROM "
                        "ops.migration)");
    struct visit visit = doctor(desk, "");
    assert_string_equal(level(&visit, "schema.migrations"), "amber");
    visit = doctor(desk, " --for migrate");
    assert_string_equal(level(&visit, "schema.migrations"), "green");
    struct program_end end =
        program_run(&desk->arena, CLINICD_PROGRAM " doctor --for nothing", desk->environment);
    assert_int_equal(end.exit, USAGE);
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

/* It does not know what newer ones are asked: nothing is asked of it but its version. */
static void an_old_server_is_red_and_nothing_else_is_asked_of_it(void **state)
{
    struct desk *desk = *state;
    struct old_server old;
    old_server_start("14.9", &old);
    desk->environment[0] = arena_format(&desk->arena, "CLINICD_DATABASE_URL=%s", old.url);
    desk->environment[1] = arena_format(&desk->arena, "CLINICD_MIGRATE_URL=%s", old.url);
    struct visit visit = doctor(desk, " --for serve");
    old_server_stop(&old);
    assert_int_equal(visit.exit, RED);
    assert_string_equal(level(&visit, "database.app"), "green");
    assert_string_equal(level(&visit, "server.version"), "red");
    assert_string_equal(
        json_string_value(json_object_get(check_of(&visit, "server.version"), "measured")), "14.9");
    assert_string_equal(level(&visit, "server.fsync"), "absent");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_server_for_tests_is_red_where_it_is_careless_only),
        TEST(each_planted_ill_turns_its_check),
        TEST(a_clinic_wants_a_backup_that_was_proven),
        TEST(the_key_file_is_its_owners_alone),
        TEST(the_store_is_used_and_left_as_it_was),
        TEST(a_bucket_is_used_and_one_that_does_not_answer_is_red),
        TEST(what_is_pending_is_red_for_serving_and_fine_for_migrating),
        TEST(a_server_that_is_not_there_is_red),
        TEST(an_old_server_is_red_and_nothing_else_is_asked_of_it),
    };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
