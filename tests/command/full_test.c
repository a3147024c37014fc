/* What a command says is lost: then it has not done what it was asked for. */
#include "tests/harness/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

enum { FAILED = 1, USAGE = 2 };

static void an_answer_that_cannot_be_written_is_a_failure(void **state)
{
    struct arena arena CLEANUP(arena_end) = {0};
    static const struct {
        const char *arguments;
        int exit;
    } cases[] = {{"version", FAILED},
                 {"version --json", FAILED},
                 {"openapi", FAILED},
                 {"version --json --bogus", USAGE}};
    const char *const none[] = {NULL};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct program_end end =
            program_run(&arena,
                        arena_format(&arena, "/bin/sh %s/tests/command/full.sh %s %s", SOURCE_DIR,
                                     CLINICD_PROGRAM, cases[i].arguments),
                        none);
        assert_int_equal(end.exit, cases[i].exit);
        assert_non_null(strstr(end.said, "could not be written: No space left on device"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_cannot_be_written_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
