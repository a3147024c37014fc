/* `clinicd maintenance …` beside a running `clinicd serve` with its own database: the whole
 * program, as an operator's two terminals see it. */
#include "tests/harness/die.h"
#include "tests/harness/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DONE = 0,
    USAGE = 2,
    UNVERIFIED = 5,
    PRECONDITION = 8,
    POLL_US = 20 * 1000,
    POLLS_MOST = 6000
};

/* What is asked for before an upgrade is another test's: migrate_ready_test.c. */
#define UP_ANYHOW " migrate up --waive backup,doctor,rehearsal --reason test"

struct desk {
    struct arena arena;
    struct program serve;
    int port;
    char folder[64], data_dir[128];
    const char *environment[6];
};

static const char password[] = "seven tall mango trees";

static int port_said(const struct program *program)
{
    char text[4096];
    int port = 0;
    ssize_t n = pread(program->out, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    const char *at = strstr(text, "API            http://127.0.0.1:");
    return at && sscanf(at, "API http://127.0.0.1:%d", &port) == 1 ? port : 0;
}

static const char *const *with_password(struct desk *desk, const char *given)
{
    size_t room = sizeof desk->environment / sizeof desk->environment[0];
    const char **environment = arena_take(&desk->arena, (room + 1) * sizeof *environment);
    size_t n = 0;
    for (; desk->environment[n]; n++)
        environment[n] = desk->environment[n];
    environment[n] = arena_format(&desk->arena, "PASSWORD=%s", given);
    return environment;
}

/* A command that reads the founder's password, against the running service or not. */
static struct program_end run_asking(struct desk *desk, const char *given, int expected,
                                     const char *command)
{
    const char *line =
        arena_format(&desk->arena,
                     SOURCE_DIR "/tests/command/asking.sh " CLINICD_PROGRAM " %s --username "
                                "founder --password-stdin",
                     command);
    struct program_end end = program_run(&desk->arena, line, with_password(desk, given));
    if (end.exit != expected)
        fail_msg("`%s` ended with %d:\n%s%s", command, end.exit, end.text, end.said);
    return end;
}

static struct program_end off(struct desk *desk, const char *given, int expected)
{
    return run_asking(
        desk, given, expected,
        arena_format(&desk->arena, "maintenance off --http http://127.0.0.1:%d", desk->port));
}

static struct program_end smoke(struct desk *desk, int expected)
{
    return run_asking(
        desk, password, expected,
        arena_format(&desk->arena, "verify smoke --http http://127.0.0.1:%d", desk->port));
}

static int begin(void **state)
{
    static struct desk desk = {.folder = "/tmp/clinicd-away-XXXXXX"};
    if (!mkdtemp(desk.folder) || chmod(desk.folder, 0755))
        die("no folder");
    snprintf(desk.data_dir, sizeof desk.data_dir, "CLINICD_DATA_DIR=%s/var", desk.folder);
    desk.environment[0] = desk.data_dir;
    desk.environment[1] = "CLINICD_LISTEN=127.0.0.1:0";
    desk.environment[2] = "CLINICD_OPERATOR_LISTEN=127.0.0.1:0";
    desk.environment[3] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    const char *leaks = getenv("LSAN_OPTIONS"); /* of the program, when it is built to find them */
    desk.environment[4] = arena_format(&desk.arena, "LSAN_OPTIONS=%s", leaks ? leaks : "");
    program_start(CLINICD_PROGRAM " serve", desk.environment, &desk.serve);
    for (int i = 0; i < POLLS_MOST && !desk.port; i++, usleep(POLL_US))
        desk.port = port_said(&desk.serve);
    if (!desk.port)
        die("the service does not start");
    run_asking(&desk, password, DONE, "user create-superadmin");
    *state = &desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    struct program_end end;
    char line[128];
    kill(desk->serve.pid, SIGTERM);
    program_wait(&desk->serve, &desk->arena, &end);
    snprintf(line, sizeof line, "rm -rf %s", desk->folder);
    int left = system(line);
    arena_end(&desk->arena);
    return end.exit == 0 && left == 0 ? 0 : -1;
}

/* The status of a GET; the whole answer goes to the arena. */
static int get(struct desk *desk, const char *path, const char **answer)
{
    char text[8192];
    size_t n = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)desk->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
    const char *request = arena_format(
        &desk->arena, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) ||
        write(fd, request, strlen(request)) < 0)
        die("the service does not listen");
    for (ssize_t got; n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd);
    text[n] = '\0';
    if (sscanf(text, "HTTP/1.1 %d", &status) != 1)
        die("no answer to GET %s", path);
    *answer = arena_copy(&desk->arena, text);
    return status;
}

static void wait_for(struct desk *desk, const char *path, int status, const char *word)
{
    const char *answer = "";
    for (int i = 0; i < POLLS_MOST; i++, usleep(POLL_US))
        if (get(desk, path, &answer) == status && strstr(answer, word))
            return;
    fail_msg("GET %s never was %d with %s: %s", path, status, word, answer);
}

static struct program_end run(struct desk *desk, const char *arguments, int expected)
{
    const char *line = arena_format(&desk->arena, CLINICD_PROGRAM " maintenance %s", arguments);
    struct program_end end = program_run(&desk->arena, line, desk->environment);
    if (end.exit != expected)
        fail_msg("`maintenance %s` ended with %d:\n%s%s", arguments, end.exit, end.text, end.said);
    return end;
}

static json_t *status_of(struct desk *desk)
{
    struct program_end end = run(desk, "status --json", DONE);
    json_t *document = json_loads(end.text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    return json_object_get(arena_json(&desk->arena, document), "result");
}

static const char *member(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void it_goes_and_comes_back(void **state)
{
    struct desk *desk = *state;
    const char *answer;
    assert_string_equal(member(status_of(desk), "maintenance"), "off");
    run(desk, "on --until 10m --reason moving", DONE);
    wait_for(desk, "/clinics/none/patients", 503, "\"code\":\"maintenance\"");
    assert_int_equal(get(desk, "/clinics/none/patients", &answer), 503);
    assert_non_null(strstr(answer, "\"detail\":\"moving\""));
    assert_non_null(strstr(answer, "Retry-After: "));
    assert_int_equal(get(desk, "/health/live", &answer), 200);
    assert_int_equal(get(desk, "/health/ready", &answer), 503);
    json_t *now = status_of(desk);
    assert_string_equal(member(now, "maintenance"), "full");
    assert_string_equal(member(now, "reason"), "moving");
    assert_string_equal(member(now, "ordered_by"), "clinicd_migrator");
    assert_false(json_is_true(json_object_get(now, "is_fenced")));
    assert_true(json_integer_value(json_object_get(now, "sessions")) > 0);
    run(desk, "on --read-only", DONE); /* an order may change */
    wait_for(desk, "/health/ready", 200, "ok");
    assert_string_equal(member(status_of(desk), "maintenance"), "read-only");
    assert_string_equal(member(status_of(desk), "reason"), "");
    struct program_end end = run(desk, "off --force", DONE);
    assert_string_equal(end.text, "maintenance is off\n");
    end = run(desk, "off", DONE);
    assert_string_equal(end.text, "maintenance is off, and was before\n");
    wait_for(desk, "/clinics/none/patients", 401, "unauthenticated");
}

static void behind_a_fence_nobody_is_connected(void **state)
{
    struct desk *desk = *state;
    run(desk, "on --fence --drain 1s --reason alone", DONE);
    json_t *now = status_of(desk);
    assert_true(json_is_true(json_object_get(now, "is_fenced")));
    assert_int_equal(json_integer_value(json_object_get(now, "sessions")), 0);
    wait_for(desk, "/clinics/none/patients", 503, "\"detail\":\"alone\"");
    struct program_end end = run(desk, "on --reason still --until 1h", DONE);
    assert_non_null(strstr(end.text, "maintenance is on"));
    assert_true(json_is_true(json_object_get(status_of(desk), "is_fenced")));
    run(desk, "on --fence", DONE); /* once more: what is put back stays what it was */
    end = smoke(desk, PRECONDITION);
    assert_non_null(strstr(end.said, "behind a fence"));
    end = off(desk, password, DONE);
    assert_non_null(strstr(end.text, "ok     a patient is registered: 201\n"));
    assert_non_null(strstr(end.text, "\nmaintenance is off\n"));
    wait_for(desk, "/health/ready", 200, "ok");
    assert_true(json_integer_value(json_object_get(status_of(desk), "sessions")) > 0);
}

static void what_was_not_proven_to_serve_is_not_given_back(void **state)
{
    struct desk *desk = *state;
    run(desk, "on --reason proof", DONE);
    struct program_end end = run(desk, "off", PRECONDITION);
    assert_non_null(strstr(end.said, "no smoke run was green"));
    assert_non_null(strstr(end.said, "maintenance off --http URL"));
    end = off(desk, "not the password", UNVERIFIED);
    assert_non_null(strstr(end.text, "ok     without the pass nobody gets in: 503\n"));
    assert_non_null(strstr(end.text, "FAILED the platform signs in: 401\n"));
    assert_null(strstr(end.text, "maintenance is off"));
    assert_string_equal(member(status_of(desk), "maintenance"), "full");
    wait_for(desk, "/clinics/none/patients", 503, "\"detail\":\"proof\"");
    end = smoke(desk, DONE);
    assert_non_null(strstr(end.text, "ok     without the pass nobody gets in: 503\n"));
    assert_non_null(strstr(end.said, "maintenance off"));
    run(desk, "off", DONE);
    wait_for(desk, "/health/ready", 200, "ok");
}

static void usage_is_checked_before_anything_is_ordered(void **state)
{
    struct desk *desk = *state;
    run(desk, "on --until tomorrow", USAGE);
    run(desk, "on --read-only --fence", USAGE);
    run(desk, "on --drain soon", USAGE);
    run(desk, "on --reason=", USAGE);
    run(desk, "off --http http://127.0.0.1:1", USAGE);
    assert_string_equal(member(status_of(desk), "maintenance"), "off");
}

static void what_is_not_ready_is_not_given_back(void **state)
{
    struct desk *desk = *state;
    run(desk, "on", DONE);
    struct program_end end =
        program_run(&desk->arena, CLINICD_PROGRAM " migrate down", desk->environment);
    assert_int_equal(end.exit, DONE);
    end = run(desk, "off", PRECONDITION);
    assert_non_null(strstr(end.said, "schema version"));
    assert_string_equal(member(status_of(desk), "maintenance"), "full");
    end = program_run(&desk->arena, CLINICD_PROGRAM UP_ANYHOW, desk->environment);
    assert_int_equal(end.exit, DONE);
    end = run(desk, "off", PRECONDITION); /* the way down and up was no proof */
    assert_non_null(strstr(end.said, "no smoke run was green"));
    end = program_run(&desk->arena, CLINICD_PROGRAM " migrate down", desk->environment);
    assert_int_equal(end.exit, DONE);
    run(desk, "off --force", DONE);
    end = program_run(&desk->arena, CLINICD_PROGRAM UP_ANYHOW, desk->environment);
    assert_int_equal(end.exit, DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_and_comes_back),
        cmocka_unit_test(behind_a_fence_nobody_is_connected),
        cmocka_unit_test(usage_is_checked_before_anything_is_ordered),
        cmocka_unit_test(what_is_not_ready_is_not_given_back),
        cmocka_unit_test(what_was_not_proven_to_serve_is_not_given_back),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
