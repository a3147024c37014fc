/* `clinicd migrate up` of a database that holds clinics: not before everything is ready, or
 * somebody has put his name to going without. */
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/seed.h"
#include "tests/harness/sql.h"

#include "db/migrate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE = 0, USAGE = 2, UNVERIFIED = 5, PRECONDITION = 8 };
enum { APP, MIGRATOR, BACKUP, RESTORE, DATA, VARIABLES };

/* The cluster of the tests does without fsync, which is red. */
#define WAIVE_DOCTOR "--waive doctor --reason tests"

/* A clinic in a database whose newest migration is pending, and a folder for backups. */
struct desk {
    struct postgres_database database;
    struct arena arena;
    const char *environment[VARIABLES + 1];
    char dir[64];
    PGconn *boss;
};

static const char *command(struct desk *desk, const char *arguments)
{
    return arena_format(&desk->arena, CLINICD_PROGRAM " %s", arguments);
}

static struct program_end run(struct desk *desk, const char *arguments, int expected)
{
    struct program_end end = program_run(&desk->arena, command(desk, arguments), desk->environment);
    if (end.exit != expected)
        fail_msg("`%s` ended with %d:\n%s%s", arguments, end.exit, end.text, end.said);
    return end;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("ready", &desk->database);
    snprintf(desk->dir, sizeof desk->dir, "%s/clinicd-ready-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(desk->dir));
    const char *const pairs[VARIABLES][2] = {
        [APP] = {"CLINICD_DATABASE_URL", desk->database.app_url},
        [MIGRATOR] = {"CLINICD_MIGRATE_URL", desk->database.migrator_url},
        [BACKUP] = {"CLINICD_BACKUP_URL", desk->database.backup_url},
        [RESTORE] = {"CLINICD_RESTORE_URL", desk->database.superuser_url},
        [DATA] = {"CLINICD_DATA_DIR", desk->dir},
    };
    for (size_t i = 0; i < VARIABLES; i++)
        desk->environment[i] = arena_format(&desk->arena, "%s=%s", pairs[i][0], pairs[i][1]);
    desk->boss = sql_connect(desk->database.superuser_url);
    seed_clinic(desk->boss, &seed_a);
    sql_run(desk->boss, "UPDATE clinicd.file SET state = 'missing'"); /* the seed has rows only */
    run(desk, "migrate down", DONE);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    const char *const none[] = {NULL};
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    program_run(&desk->arena, arena_format(&desk->arena, "/bin/rm -rf %s", desk->dir), none);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

/* The one folder that `backup --to` made. */
static const char *backup_make(struct desk *desk)
{
    struct program_end end =
        run(desk, arena_format(&desk->arena, "backup --to %s", desk->dir), DONE);
    return arena_copy_n(&desk->arena, end.text, strcspn(end.text, "\n"));
}

static void what_is_missing_is_named_and_nothing_is_done(void **state)
{
    struct desk *desk = *state;
    struct program_end end = run(desk, "migrate up --backup none", PRECONDITION);
    assert_says(end.said, "backup (no verified one");
    assert_says(end.said, "rehearsal (no green rehearsal of these files");
    assert_says(end.text, "red     rehearsal");
    run(desk, arena_format(&desk->arena, "migrate to %d --backup none", migrate_latest()),
        PRECONDITION);
    run(desk, "migrate up --waive backup,doctor,rehearsal", USAGE);
    run(desk, "migrate up --waive weather --reason x", USAGE);
    run(desk, "migrate up --backup perhaps", USAGE);
    run(desk, "migrate up --backup none --waive backup --waive doctor --reason x", PRECONDITION);
    assert_int_equal(sql_int(desk->boss, "SELECT max(version) FROM ops.migration"),
                     migrate_latest() - 1);
    end = run(desk,
              "migrate up --json --backup none --waive backup --waive doctor,rehearsal "
              "--reason agreed",
              DONE);
    assert_says(end.text, "\"name\": \"rehearsal\", \"holds\": false, \"waived\": true");
    assert_int_equal(sql_int(desk->boss,
                             "SELECT count(*) FROM ops.run WHERE outcome = 'done'"
                             "   AND result::jsonb -> 'waived' @> '[\"backup\", \"rehearsal\"]'"
                             "   AND result::jsonb ->> 'reason' = 'agreed'"
                             "   AND arguments::jsonb @> '[\"agreed\"]'"),
                     1);
    run(desk, "migrate verify", DONE);
}

/* One works, and makes the backup that is missing; the other waits, and has nothing to do. */
static void two_at_once(struct desk *desk)
{
    struct program programs[2];
    struct program_end ends[2];
    program_start(command(desk, "migrate up --wait 5m " WAIVE_DOCTOR), desk->environment,
                  &programs[0]);
    program_start(command(desk, "migrate up --wait 5m " WAIVE_DOCTOR), desk->environment,
                  &programs[1]);
    for (int i = 0; i < 2; i++)
        program_wait(&programs[i], &desk->arena, &ends[i]);
    if (ends[0].exit != DONE || ends[1].exit != DONE)
        fail_msg("%d: %s\n%d: %s", ends[0].exit, ends[0].said, ends[1].exit, ends[1].said);
    assert_int_equal(strcmp(ends[0].text, ends[1].text) != 0, 1); /* one has nothing to do */
}

/* The seed's eight rows, with what was measured where something was. */
static void assert_reported(struct desk *desk)
{
    static const char *const steps[] = {
        "Backup",         "Generate",     "Review SQL",   "Run migrate", "Seed initial clinic",
        "Data migration", "Verification", "Rollback prep"};
    struct program_end end = run(desk, "migrate report --since 1h --json", DONE);
    json_t *document = arena_json(&desk->arena, json_loads(end.text, 0, NULL));
    json_t *result = json_object_get(document, "result");
    json_t *rows = json_object_get(result, "timeline");
    assert_int_equal(json_array_size(rows), 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(rows, i), "step")),
                            steps[i]);
    static const size_t measured[] = {0, 3, 7}; /* backup, up, rehearsal */
    for (size_t i = 0; i < 3; i++)
        assert_true(json_is_real(json_object_get(json_array_get(rows, measured[i]), "real")));
    assert_true(json_is_real(json_object_get(json_array_get(rows, 3), "rehearsed")));
    assert_true(json_array_size(json_object_get(result, "runs")) >= 5);
    end = run(desk, "migrate report", DONE);
    assert_says(end.text, "| Run migrate | ");
    assert_says(end.text, "| migrate rehearse | `[\"--from\", ");
    run(desk, "migrate report --since yesterday-ish", USAGE);
}

static void a_rehearsal_and_a_backup_make_it_ready(void **state)
{
    struct desk *desk = *state;
    const char *folder = backup_make(desk);
    struct program_end end =
        run(desk, arena_format(&desk->arena, "migrate rehearse --from %s", folder), DONE);
    assert_says(end.text, "down to the same catalogue, rows and checksums, up again\n");
    assert_says(end.text, "restore ");
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.backup"
                                         " WHERE verified_at IS NOT NULL"),
                     1);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM pg_database"
                                         " WHERE datname LIKE 'clinicd-scratch-%%'"),
                     0);
    run(desk, arena_format(&desk->arena, "migrate rehearse --from %s --scratch x=y", folder),
        USAGE);
    sql_run(desk->boss, "UPDATE ops.backup SET made_at = made_at - interval '25 h'");
    end = run(desk, "migrate up --backup none " WAIVE_DOCTOR, PRECONDITION);
    assert_says(end.said, "which is too old");
    end = run(desk, "migrate plan --format markdown", DONE);
    assert_says(end.text, "# The database is going to be migrated\n\nThe service goes on");
    assert_says(end.text, "| Data migration | ");
    two_at_once(desk);
    assert_reported(desk);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.backup"
                                         " WHERE verified_at > now() - interval '1 h'"
                                         "   AND made_at > now() - interval '1 h'"),
                     1);
}

static void proofs_make_their_own_scratch_database(void **state)
{
    struct desk *desk = *state;
    run(desk, "migrate up --backup none --waive backup,doctor,rehearsal --reason x", DONE);
    sql_run(desk->boss, "ALTER TABLE clinicd.patient ADD COLUMN nickname text");
    run(desk, "verify schema --from-nothing", UNVERIFIED);
    desk->environment[RESTORE] = "CLINICD_RESTORE_URL=";
    run(desk, "migrate rehearse", USAGE);
    run(desk, "verify isolation --self-test", USAGE);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM pg_database"
                                         " WHERE datname LIKE 'clinicd-scratch-%%'"),
                     0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_is_missing_is_named_and_nothing_is_done),
        TEST(a_rehearsal_and_a_backup_make_it_ready),
        TEST(proofs_make_their_own_scratch_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
