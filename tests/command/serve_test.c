/* `clinicd serve` on a server of the operator's own: what it does not begin to serve. */
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PRECONDITION = 8 };

struct desk {
    struct postgres_database database;
    struct arena arena;
    char folder[64];
    PGconn *boss;
};

/* Root becomes the owner of the data directory's server: here that of the tests' cluster, whose
 * socket nobody else may reach. */
static void data_dir_make(struct desk *desk)
{
    struct stat about;
    const char *socket = sql_text(desk->boss, &desk->arena, "SHOW unix_socket_directories");
    const char *data = arena_format(&desk->arena, "%s/data", desk->folder);
    const char *server = arena_format(&desk->arena, "%s/postgres", data);
    assert_int_equal(stat(socket, &about), 0);
    assert_int_equal(mkdir(data, 0700) | mkdir(server, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chmod(desk->folder, 0711), 0);
        assert_int_equal(chown(data, about.st_uid, about.st_gid), 0);
        assert_int_equal(chown(server, about.st_uid, about.st_gid), 0);
    }
}

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("command_serve", &desk->database);
    snprintf(desk->folder, sizeof desk->folder, "/tmp/clinicd-serve-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    desk->boss = sql_connect(desk->database.superuser_url);
    data_dir_make(desk);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    const char *const none[] = {NULL};
    program_run(&desk->arena, arena_format(&desk->arena, "/bin/rm -rf %s", desk->folder), none);
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

static struct program_end serve_refused(struct desk *desk, const char *url)
{
    const char *leaks = getenv("LSAN_OPTIONS"); /* of the program, when it is built to find them */
    const char *const environment[] = {
        arena_format(&desk->arena, "LSAN_OPTIONS=%s", leaks ? leaks : ""),
        arena_format(&desk->arena, "CLINICD_DATABASE_URL=%s", url),
        arena_format(&desk->arena, "CLINICD_DATA_DIR=%s/data", desk->folder),
        "CLINICD_LISTEN=127.0.0.1:0",
        "CLINICD_OPERATOR_LISTEN=127.0.0.1:0",
        NULL};
    struct program_end end = program_run(&desk->arena, CLINICD_PROGRAM " serve", environment);
    if (end.exit != PRECONDITION)
        fail_msg("serve ended with %d:\n%s%s", end.exit, end.text, end.said);
    assert_null(strstr(end.text, "http://"));
    return end;
}

static void a_schema_of_another_version_is_not_served(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "DELETE FROM ops.migration WHERE version = (SELECT max(version) FROM "
                        "ops.migration)");
    struct program_end end = serve_refused(desk, desk->database.app_url);
    assert_non_null(strstr(end.said, "version"));
}

static void a_role_that_passes_walls_is_not_served(void **state)
{
    struct desk *desk = *state;
    struct program_end end = serve_refused(desk, desk->database.migrator_url);
    assert_non_null(strstr(end.said, "clinicd_migrator"));
    serve_refused(desk, desk->database.superuser_url);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_schema_of_another_version_is_not_served),
        TEST(a_role_that_passes_walls_is_not_served),
    };
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
