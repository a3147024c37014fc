/* Help, manual page and completion are made from one table: what one knows all know. */
#include "tests/harness/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *const nothing[] = {NULL};

static struct program_end run(struct arena *arena, const char *line)
{
    struct program_end end = program_run(arena, line, nothing);
    if (end.exit != 0)
        fail_msg("`%s` ended with %d: %s", line, end.exit, end.said);
    return end;
}

/* roff writes "\-" for "-". */
static char *roff_of(struct arena *arena, const char *text, size_t length)
{
    char *out = arena_take(arena, 2 * length + 1), *at = out;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '-')
            *at++ = '\\';
        *at++ = text[i];
    }
    *at = '\0';
    return out;
}

static void the_manual_page_has_every_command_and_exit_code(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *help = run(&arena, CLINICD_PROGRAM " help").text;
    const char *manual = run(&arena, CLINICD_PROGRAM " help --man").text;
    int commands = 0;
    for (const char *line = strstr(help, "\n  "); line; line = strstr(line + 1, "\n  ")) {
        const char *end = strstr(line + 3, "  ");
        const char *blank = strchr(line + 3, '\n');
        size_t length = (size_t)((end && end < blank ? end : blank) - line - 3);
        /* A name as long as its column is parted from its help by one blank only. */
        if (length > 24)
            continue;
        while (line[3 + length - 1] == ' ')
            length--;
        const char *name = roff_of(&arena, line + 3, length);
        if (!strstr(manual, arena_format(&arena, "\n.SS %s", name)))
            fail_msg("the manual page lacks %s", name);
        commands++;
    }
    assert_true(commands > 30);
    assert_non_null(strstr(manual, "\n.B \\-\\-data\\-loss\\-ok \\fIROWS\\fR\n"));
    assert_non_null(strstr(manual, ".TP\n.B 10\ncannot connect\n"));
}

static const char *offered(struct arena *arena, const char *words)
{
    return run(arena,
               arena_format(arena, SOURCE_DIR "/tests/command/completion.sh " CLINICD_PROGRAM " %s",
                            words))
        .text;
}

static void bash_offers_commands_then_words_then_options(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    assert_string_equal(offered(&arena, "ver"), "verify version ");
    assert_non_null(strstr(offered(&arena, "migrate -"), "up down "));
    assert_string_equal(offered(&arena, "clinic cr"), "create ");
    assert_string_equal(offered(&arena, "migrate down --d"), "--data-loss-ok ");
    assert_string_equal(offered(&arena, "verify isolation --sc"), "--scratch ");
    assert_string_equal(offered(&arena, "import --dry"), "--dry-run ");
    assert_string_equal(offered(&arena, "migrate sql --j"), " ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manual_page_has_every_command_and_exit_code),
        cmocka_unit_test(bash_offers_commands_then_words_then_options),
    };
    return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
