/* What somebody sees who watches an import: a bar on a terminal, lines in a log, events for a
 * program, or nothing. */
#include "tests/harness/die.h"
#include "tests/harness/legacy.h"
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCREEN_ROOM = 1 << 16, COLUMNS = 100, PATIENTS = 60, WORDS_MAX = 8 };

struct desk {
    struct postgres_database database;
    struct arena arena;
    const char *environment[5];
    char file[64];
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    struct legacy_plan plan = {.generation = LEGACY_SUGAR, .patients = PATIENTS, .seed = 11};
    postgres_database("progress", &desk->database);
    desk->environment[0] =
        arena_format(&desk->arena, "CLINICD_DATABASE_URL=%s", desk->database.app_url);
    desk->environment[1] =
        arena_format(&desk->arena, "CLINICD_MIGRATE_URL=%s", desk->database.migrator_url);
    desk->environment[2] = "CLINICD_DATA_DIR=/";
    snprintf(desk->file, sizeof desk->file, "%s/clinicd-progress-test-XXXXXX", P_tmpdir);
    close(mkstemp(desk->file));
    legacy_make(&plan, desk->file);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    unlink(desk->file);
    postgres_drop(&desk->database);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

/* The import with its stderr and its stdout on a terminal: all that went to the screen. */
static const char *screen(struct desk *desk, const char *term, const char *progress)
{
    const char *argv[WORDS_MAX] = {CLINICD_PROGRAM, "import", desk->file, "--json", progress};
    const struct winsize size = {.ws_row = 25, .ws_col = COLUMNS};
    char *text = arena_take(&desk->arena, SCREEN_ROOM);
    size_t length = 0;
    int terminal, status;
    desk->environment[3] = term;
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid < 0)
        die("no terminal: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execve(argv[0], (char *const *)(uintptr_t)argv,
               (char *const *)(uintptr_t)desk->environment);
        _exit(127);
    }
    for (ssize_t n; length < SCREEN_ROOM - 1 &&
                    (n = read(terminal, text + length, SCREEN_ROOM - 1 - length)) > 0;)
        length += (size_t)n;
    close(terminal);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    text[length] = '\0';
    return text;
}

static const char *said(struct desk *desk, const char *progress)
{
    desk->environment[3] = "TERM=xterm";
    struct program_end end = program_run(
        &desk->arena,
        arena_format(&desk->arena, CLINICD_PROGRAM " import %s%s", desk->file, progress),
        desk->environment);
    if (end.exit != 0)
        fail_msg("it ended with %d: %s", end.exit, end.said);
    return end.said;
}

/* Both passes, each line no wider than the terminal, and written over until it is whole. */
static void a_terminal_shows_a_bar_of_the_import_and_of_the_verification(void **state)
{
    struct desk *desk = *state;
    const char *all = screen(desk, "TERM=xterm", NULL);
    assert_non_null(strstr(all, "\rimport patient"));
    assert_non_null(strstr(all, "]   0 %  0/60"));
    assert_non_null(strstr(all, "[##############] 100 %  60/60  "));
    assert_non_null(strstr(all, "\rverify patient"));
    assert_null(strstr(all, "  0.0 k/s"));
    for (const char *at = strstr(all, "\rimport"); at; at = strstr(at + 1, "\rimport"))
        assert_true(strcspn(at + 1, "\033") < COLUMNS);
}

static void a_terminal_that_cannot_show_a_bar_gets_lines(void **state)
{
    struct desk *desk = *state;
    assert_null(strchr(screen(desk, "TERM=dumb", NULL), '\033'));
    assert_null(strchr(screen(desk, "NO_COLOR=1", NULL), '\033'));
    assert_null(strstr(screen(desk, "TERM=xterm", "--progress=none"), "100 %"));
}

static void a_log_has_lines_and_whoever_wants_it_a_bar(void **state)
{
    struct desk *desk = *state;
    const char *lines = said(desk, "");
    assert_non_null(strstr(lines, "import patient               [##############] 100 %  60/60  "));
    assert_null(strchr(lines, '\r'));
    assert_non_null(strstr(said(desk, " --progress=bar"), "\rimport patient"));
}

static void a_program_gets_an_event_a_line(void **state)
{
    struct desk *desk = *state;
    const char *events = said(desk, " --progress=json");
    int imported = 0, verified = 0;
    for (const char *at = events; *at == '{'; at += strcspn(at, "\n") + 1) {
        json_t *event = arena_json(&desk->arena, json_loadb(at, strcspn(at, "\n"), 0, NULL));
        assert_non_null(event);
        const char *command = json_string_value(json_object_get(event, "command"));
        imported += strcmp(command, "import") == 0;
        verified += strcmp(command, "verify") == 0;
        assert_int_equal(json_integer_value(json_object_get(event, "rejected")), 0);
    }
    assert_true(imported > 10 && verified > 10);
}

static void a_way_of_telling_that_does_not_exist_is_a_usage_error(void **state)
{
    struct desk *desk = *state;
    struct program_end end =
        program_run(&desk->arena, CLINICD_PROGRAM " import x --progress=loud", desk->environment);
    assert_int_equal(end.exit, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_shows_a_bar_of_the_import_and_of_the_verification),
        cmocka_unit_test(a_terminal_that_cannot_show_a_bar_gets_lines),
        cmocka_unit_test(a_log_has_lines_and_whoever_wants_it_a_bar),
        cmocka_unit_test(a_program_gets_an_event_a_line),
        cmocka_unit_test(a_way_of_telling_that_does_not_exist_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
