/* The command line as scripts see it: the help, exit codes, one JSON document. */
#include "api/app/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_ROOM = 65536 };

static const char golden_migrate_down[] =
    "clinicd migrate down [N] [OPTION...]\n"
    "\n"
    "revert the last N migrations (1)\n"
    "\n"
    "  --data-loss-ok ROWS    agree to lose exactly so many rows\n"
    "  --lock-budget TIME     wait so long for one table's lock, 20 times (2s)\n"
    "  --wait TIME            wait so long for another migration to end (1m)\n"
    "  --json                 print one JSON document instead of text\n"
    "  --progress HOW         how far it is, on stderr: bar, lines, json or none\n"
    "  --help                 print this\n";

/* Runs one command line with what it writes to `descriptor` caught in `output`. */
static int run_caught(int descriptor, char output[OUTPUT_ROOM], const char *const environment[],
                      const char *line)
{
    const char *argv[16] = {"clinicd"};
    int argc = 1;
    char words[256];
    snprintf(words, sizeof words, "%s", line);
    for (char *rest = words, *word; argc < 15 && (word = strsep(&rest, " "));)
        argv[argc++] = word;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(NULL);
    int before = dup(descriptor);
    dup2(fileno(file), descriptor);
    int exit = commands_run(argc, argv, environment);
    fflush(NULL);
    dup2(before, descriptor);
    close(before);
    rewind(file);
    output[fread(output, 1, OUTPUT_ROOM - 1, file)] = '\0';
    fclose(file);
    return exit;
}

static const char *const no_settings[] = {NULL};

/* `clinicd help >tests/unit/app/help.txt` makes it anew. */
static void help_read(char golden[OUTPUT_ROOM])
{
    FILE *file = fopen(SOURCE_DIR "/tests/unit/app/help.txt", "re");
    assert_non_null(file);
    golden[fread(golden, 1, OUTPUT_ROOM - 1, file)] = '\0';
    fclose(file);
}

static void the_help_is_made_from_the_table(void **state)
{
    (void)state;
    static char output[OUTPUT_ROOM], golden_help[OUTPUT_ROOM];
    help_read(golden_help);
    assert_int_equal(run_caught(STDOUT_FILENO, output, no_settings, "help"), EXIT_DONE);
    assert_string_equal(output, golden_help);
    assert_int_equal(run_caught(STDOUT_FILENO, output, no_settings, "--help"), EXIT_DONE);
    assert_string_equal(output, golden_help);
    assert_int_equal(run_caught(STDOUT_FILENO, output, no_settings, "migrate down --help"),
                     EXIT_DONE);
    assert_string_equal(output, golden_migrate_down);
    assert_int_equal(run_caught(STDOUT_FILENO, output, no_settings, "help migrate down"),
                     EXIT_DONE);
    assert_string_equal(output, golden_migrate_down);
}

static void every_exit_code_is_explained(void **state)
{
    (void)state;
    static char output[OUTPUT_ROOM];
    assert_int_equal(run_caught(STDOUT_FILENO, output, no_settings, "help exit-codes"), EXIT_DONE);
    for (int code = EXIT_DONE; code <= EXIT_CANNOT_CONNECT; code++) {
        char line[16];
        snprintf(line, sizeof line, "%3d  ", code);
        assert_non_null(strstr(output, line));
    }
}

static void what_is_not_understood_is_named_with_exit_code_2(void **state)
{
    (void)state;
    static const struct {
        const char *line, *named;
    } cases[] = {
        {"frobnicate", "`frobnicate`"},
        {"migrate", "`migrate`"},
        {"settings --colour", "`--colour`"},
        {"settings extra", "`extra`"},
        {"completion bash --json", "`--json`"},
        {"openapi a.json", "--check"},
        {"migrate up --to", "`--to`"},
        {"migrate up --to=x", "--to"},
        {"migrate to", "zero"},
        {"migrate to nowhere", "zero"},
        {"migrate up --wait=soon", "--wait"},
        {"migrate accept 1", "--reason"},
        {"migrate baseline", "version"},
        {"migrate rehearse --to x", "--to"},
        {"migrate lint --format verse", "--format"},
        {"migrate new Upper", "letters"},
        {"migrate new x_y --kind=other", "--kind"},
        {"migrate sql 9999", "9999"},
        {"migrate status --check=yes", "`--check=yes`"},
        {"user create-superadmin --password-stdin", "--username"},
        {"import", "which file"},
        {"import a b", "which file"},
        {"import a --max-rejects x", "--max-rejects"},
        {"import a --passwords forget", "--passwords"},
        {"import --undo x", "--undo"},
        {"import --activate", "--open"},
        {"restore", "folder"},
        {"restore a", "--verify"},
        {"restore a --verify --into b", "--verify"},
        {"help frobnicate", "`frobnicate`"},
    };
    static char output[OUTPUT_ROOM];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(run_caught(STDERR_FILENO, output, no_settings, cases[i].line), EXIT_USAGE);
        if (!strstr(output, cases[i].named))
            fail_msg("`%s` does not name %s: %s", cases[i].line, cases[i].named, output);
    }
}

static void json_is_one_document_in_the_envelope(void **state)
{
    (void)state;
    static char output[OUTPUT_ROOM];
    assert_int_equal(run_caught(STDOUT_FILENO, output, no_settings, "version --json"), EXIT_DONE);
    json_t *document = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    assert_string_equal(json_string_value(json_object_get(document, "schema")), "clinicd.ops/1");
    assert_string_equal(json_string_value(json_object_get(document, "command")), "version");
    assert_true(json_is_true(json_object_get(document, "ok")));
    assert_int_equal(json_integer_value(json_object_get(document, "exit")), 0);
    assert_true(json_is_integer(json_object_get(document, "duration_ms")));
    assert_true(json_is_array(json_object_get(document, "warnings")));
    assert_true(json_is_array(json_object_get(document, "next")));
    json_t *result = json_object_get(document, "result");
    assert_string_equal(json_string_value(json_object_get(result, "version")), CLINICD_VERSION);
    json_decref(document);
}

static void a_failure_is_json_too_and_keeps_its_exit_code(void **state)
{
    (void)state;
    static const char *const wrong[] = {"CLINICD_LISTNE=x\"\n", NULL};
    static char output[OUTPUT_ROOM];
    assert_int_equal(run_caught(STDOUT_FILENO, output, wrong, "settings --json"), EXIT_USAGE);
    json_t *document = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    assert_true(json_is_false(json_object_get(document, "ok")));
    assert_int_equal(json_integer_value(json_object_get(document, "exit")), 2);
    json_t *faults = json_object_get(json_object_get(document, "error"), "faults");
    assert_int_equal(json_array_size(faults), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(faults, 0), "pointer")),
                        "CLINICD_LISTNE");
    json_decref(document);
}

static void a_health_check_of_nobody_fails(void **state)
{
    (void)state;
    static const char *const elsewhere[] = {"CLINICD_LISTEN=127.0.0.1:1", NULL};
    static char output[OUTPUT_ROOM];
    assert_int_equal(run_caught(STDERR_FILENO, output, elsewhere, "healthcheck"), EXIT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_help_is_made_from_the_table),
        cmocka_unit_test(every_exit_code_is_explained),
        cmocka_unit_test(what_is_not_understood_is_named_with_exit_code_2),
        cmocka_unit_test(json_is_one_document_in_the_envelope),
        cmocka_unit_test(a_failure_is_json_too_and_keeps_its_exit_code),
        cmocka_unit_test(a_health_check_of_nobody_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
