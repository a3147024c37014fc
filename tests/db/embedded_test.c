/* The embedded server, for real: made, left running as a kill -9 of clinicd would leave it,
 * adopted, revived after a crash, stopped. PostgreSQL does not run as root: when root runs this it
 * becomes the user of Debian's PostgreSQL package. */
#include "db/embedded.h"
#include "db/postmaster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    struct arena arena;
    struct fault fault;
    char data_dir[64];
};

static void started(struct fixture *fixture, struct embedded **out)
{
    enum err err = embedded_start(fixture->data_dir, &fixture->fault, out);
    if (err)
        print_error("%s\n", fixture->fault.detail);
    assert_int_equal(err, ERR_NONE);
}

static pid_t postmaster_pid(struct fixture *fixture)
{
    struct postmaster postmaster;
    assert_int_equal(postmaster_find(fixture->data_dir, &fixture->fault, &postmaster), ERR_NONE);
    return postmaster_is_alive(&postmaster) ? postmaster.pid : 0;
}

/* One value, or "" when the role is not let in. */
static const char *answer(struct fixture *fixture, const char *url, const char *sql)
{
    PGconn *connection = PQconnectdb(url);
    PGresult *result = PQexec(connection, sql);
    const char *value = "";
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        value = arena_copy(&fixture->arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(connection);
    return value;
}

static void wait_until_gone(pid_t pid)
{
    struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 3000 && kill(pid, 0) == 0; i++)
        nanosleep(&pause, NULL);
}

static void every_role_signs_in_as_itself_to_a_durable_server(void **state)
{
    struct fixture *fixture = *state;
    struct embedded *embedded;
    started(fixture, &embedded);

    static const char *const roles[] = {"app", "migrator", "backup"};
    for (size_t i = 0; i < 3; i++) {
        const char *name = arena_format(&fixture->arena, "clinicd_%s", roles[i]);
        assert_string_equal(
            answer(fixture, embedded_url(embedded, roles[i]), "SELECT current_user"), name);
    }
    assert_null(embedded_url(embedded, "owner"));

    const char *url = embedded_url(embedded, "app");
    assert_string_equal(answer(fixture, url, "SHOW data_checksums"), "on");
    assert_string_equal(answer(fixture, url, "SHOW fsync"), "on");
    assert_string_equal(answer(fixture, url, "SHOW synchronous_commit"), "on");
    assert_string_equal(answer(fixture, url, "SHOW full_page_writes"), "on");
    assert_string_equal(answer(fixture, url, "SHOW listen_addresses"), "");
    assert_string_equal(answer(fixture, url, "SHOW server_encoding"), "UTF8");
    assert_string_equal(answer(fixture, url,
                               "SELECT rolsuper::text FROM pg_roles "
                               "WHERE rolname = current_user"),
                        "false");
    assert_string_equal(
        answer(fixture, url, "SELECT has_database_privilege(current_database(), 'TEMP')::text"),
        "false");
    embedded_stop(embedded);
    assert_int_equal(postmaster_pid(fixture), 0);
}

static void a_role_that_the_map_does_not_name_is_not_let_in(void **state)
{
    struct fixture *fixture = *state;
    struct embedded *embedded;
    started(fixture, &embedded);
    const char *url = embedded_url(embedded, "app");
    const char *owner = arena_format(&fixture->arena, "%s user=clinicd_owner", url);
    assert_string_equal(answer(fixture, url, "SELECT 1"), "1");
    assert_string_equal(answer(fixture, owner, "SELECT 1"), "");
    embedded_stop(embedded);
}

static void a_server_that_outlived_its_program_is_adopted(void **state)
{
    struct fixture *fixture = *state;
    struct embedded *embedded;
    started(fixture, &embedded);
    pid_t before = postmaster_pid(fixture);
    assert_true(before > 0);
    embedded_leave(embedded);

    started(fixture, &embedded);
    assert_int_equal(postmaster_pid(fixture), before);
    assert_string_equal(answer(fixture, embedded_url(embedded, "app"), "SELECT 1"), "1");
    embedded_stop(embedded);
    assert_int_equal(postmaster_pid(fixture), 0);
}

static void a_second_process_joins_and_leaves_it_running(void **state)
{
    struct fixture *fixture = *state;
    struct embedded *embedded, *joined;
    assert_int_equal(embedded_join(fixture->data_dir, 0, &fixture->fault, &joined),
                     ERR_UNAVAILABLE);
    fault_reset(&fixture->fault);
    started(fixture, &embedded);
    assert_int_equal(embedded_join(fixture->data_dir, 5000, &fixture->fault, &joined), ERR_NONE);
    assert_string_equal(embedded_url(joined, "app"), embedded_url(embedded, "app"));
    embedded_leave(joined);
    assert_true(postmaster_pid(fixture) > 0);
    embedded_stop(embedded);
}

static void a_killed_server_is_revived_with_the_same_address(void **state)
{
    struct fixture *fixture = *state;
    struct embedded *embedded;
    started(fixture, &embedded);
    const char *url = embedded_url(embedded, "app");
    pid_t before = postmaster_pid(fixture);
    kill(before, SIGKILL);
    wait_until_gone(before);

    assert_int_equal(embedded_tend(embedded, &fixture->fault), ERR_NONE);
    assert_int_not_equal(postmaster_pid(fixture), before);
    assert_string_equal(answer(fixture, url, "SELECT 1"), "1");
    assert_int_equal(embedded_tend(embedded, &fixture->fault), ERR_NONE);
    embedded_stop(embedded);
}

/* After a reboot the number in postmaster.pid may be anybody's: here it is this test's own. */
static void a_pid_file_of_another_process_does_not_stop_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct embedded *embedded;
    started(fixture, &embedded);
    embedded_stop(embedded);
    const char *path =
        arena_format(&fixture->arena, "%s/postgres/postmaster.pid", fixture->data_dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%d\n%s/postgres\n1\n5432\n/nowhere\n", (int)getpid(), fixture->data_dir);
    fclose(file);
    assert_int_equal(postmaster_pid(fixture), 0);
    started(fixture, &embedded);
    embedded_stop(embedded);
}

static void what_an_interrupted_first_start_left_is_swept_away(void **state)
{
    struct fixture *fixture = *state;
    const char *half = arena_format(&fixture->arena, "%s/postgres.new-1", fixture->data_dir);
    assert_int_equal(mkdir(half, 0700), 0);
    FILE *file = fopen(arena_format(&fixture->arena, "%s/PG_VERSION", half), "w");
    assert_non_null(file);
    fclose(file);
    struct embedded *embedded;
    started(fixture, &embedded);
    assert_int_equal(access(half, F_OK), -1);
    embedded_stop(embedded);
}

static int fixture_begin(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    fixture->fault.arena = &fixture->arena;
    snprintf(fixture->data_dir, sizeof fixture->data_dir, "/tmp/clinicd-embedded-XXXXXX");
    *state = fixture;
    return mkdtemp(fixture->data_dir) ? 0 : -1;
}

/* Also after a failed assertion no server may be left behind. */
static int fixture_end(void **state)
{
    struct fixture *fixture = *state;
    struct postmaster postmaster;
    fault_reset(&fixture->fault);
    if (!postmaster_find(fixture->data_dir, &fixture->fault, &postmaster) &&
        postmaster_is_alive(&postmaster) && postmaster_stop(&postmaster, &fixture->fault))
        print_error("%s\n", fixture->fault.detail);
    char command[128];
    snprintf(command, sizeof command, "rm -rf -- '%s'", fixture->data_dir);
    int status = system(command);
    arena_end(&fixture->arena);
    free(fixture);
    return status;
}

static int become_unprivileged(void)
{
    if (geteuid() != 0)
        return 0;
    const struct passwd *user = getpwnam("postgres");
    if (!user || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 1); /* the leak checker looks into its own process */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup_teardown(test, fixture_begin, fixture_end)
        EACH(every_role_signs_in_as_itself_to_a_durable_server),
        EACH(a_role_that_the_map_does_not_name_is_not_let_in),
        EACH(a_server_that_outlived_its_program_is_adopted),
        EACH(a_second_process_joins_and_leaves_it_running),
        EACH(a_killed_server_is_revived_with_the_same_address),
        EACH(a_pid_file_of_another_process_does_not_stop_the_start),
        EACH(what_an_interrupted_first_start_left_is_swept_away),
    };
    if (become_unprivileged() != 0) {
        perror("cannot become an unprivileged user");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
