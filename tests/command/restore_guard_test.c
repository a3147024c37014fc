/* `clinicd restore --into` beside others who are at the server: nothing of theirs is lost. */
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
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, PRECONDITION = 8 };
enum { APP, MIGRATOR, BACKUP, RESTORE, VARIABLES };

struct desk {
    struct postgres_database database, other;
    struct arena arena;
    const char *environment[VARIABLES + 1];
    char dir[64];
    const char *folder; /* a backup */
    PGconn *boss;
};

static struct program_end run(struct desk *desk, const char *arguments)
{
    return program_run(&desk->arena, arena_format(&desk->arena, CLINICD_PROGRAM " %s", arguments),
                       desk->environment);
}

static void backup(struct desk *desk)
{
    const char *folder = NULL;
    struct program_end end =
        run(desk, arena_format(&desk->arena, "backup --json --to %s", desk->dir));
    assert_int_equal(end.exit, DONE);
    json_t *answer = arena_json(&desk->arena, json_loads(end.text, 0, NULL));
    assert_int_equal(json_unpack(answer, "{s:{s:s}}", "result", "folder", &folder), 0);
    desk->folder = folder;
}

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("restore", &desk->database);
    postgres_database_empty("taken", &desk->other);
    const char *const pairs[VARIABLES][2] = {
        [APP] = {"CLINICD_DATABASE_URL", desk->database.app_url},
        [MIGRATOR] = {"CLINICD_MIGRATE_URL", desk->database.migrator_url},
        [BACKUP] = {"CLINICD_BACKUP_URL", desk->database.backup_url},
        [RESTORE] = {"CLINICD_RESTORE_URL", desk->database.superuser_url},
    };
    for (size_t i = 0; i < VARIABLES; i++)
        desk->environment[i] = arena_format(&desk->arena, "%s=%s", pairs[i][0], pairs[i][1]);
    desk->boss = sql_connect(desk->database.superuser_url);
    snprintf(desk->dir, sizeof desk->dir, "%s/clinicd-restore-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(desk->dir));
    backup(desk);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    const char *const none[] = {NULL};
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    postgres_drop(&desk->other);
    program_run(&desk->arena, arena_format(&desk->arena, "/bin/rm -rf %s", desk->dir), none);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

/* It was free when the restore began, and then somebody moved in. */
static void what_came_into_being_meanwhile_is_not_restored_over(void **state)
{
    struct desk *desk = *state;
    struct program restore;
    struct program_end end;
    program_start(arena_format(&desk->arena, CLINICD_PROGRAM " restore %s --into %s", desk->folder,
                               desk->other.name),
                  desk->environment, &restore);
    sql_wait_until(desk->boss,
                   "SELECT count(*) FROM pg_database WHERE datname LIKE 'clinicd-restore-%'");
    PGconn *mover SQL_CLOSE = sql_connect(desk->other.superuser_url);
    sql_run(mover, "CREATE TABLE furniture (id int)");
    sql_close(&mover);
    program_wait(&restore, &desk->arena, &end);
    assert_int_equal(end.exit, PRECONDITION);
    assert_non_null(strstr(end.said, "is there and not empty"));
    mover = sql_connect(desk->other.superuser_url);
    assert_int_equal(sql_int(mover, "SELECT count(*) FROM pg_class WHERE relname = 'furniture'"),
                     1);
    assert_int_equal(
        sql_int(desk->boss,
                "SELECT count(*) FROM pg_database WHERE datname LIKE 'clinicd-restore-%%'"),
        0);
}

/* What a killed restore left is swept, what another one has just made is not. */
static void a_restore_leaves_what_another_one_is_making(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "CREATE DATABASE \"clinicd-restore-01890000-0000-7000-8000-000000000001\"");
    PGconn *other SQL_CLOSE = sql_connect(desk->database.superuser_url);
    sql_run(other, "SELECT pg_advisory_lock_shared(1668049262, 3)"); /* it is at work */
    const char *line = arena_format(&desk->arena, "restore %s --verify", desk->folder);
    static const char left[] =
        "SELECT count(*) FROM pg_database WHERE datname LIKE 'clinicd-restore-%%'";
    assert_int_equal(run(desk, line).exit, DONE);
    assert_int_equal(sql_int(desk->boss, left), 1);
    sql_run(other, "SELECT pg_advisory_unlock_shared(1668049262, 3)");
    assert_int_equal(run(desk, line).exit, DONE);
    assert_int_equal(sql_int(desk->boss, left), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_came_into_being_meanwhile_is_not_restored_over, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_restore_leaves_what_another_one_is_making, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
