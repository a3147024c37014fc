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

static const char golden_help[] =
    "clinicd COMMAND [OPTION...]\n"
    "\n"
    "  serve                   run the service until SIGTERM; without CLINICD_DATABASE_URL also "
    "its database\n"
    "  migrate up              bring the schema to this program's version\n"
    "  migrate down            revert the last N migrations (1)\n"
    "  migrate to              go up or down to version V, or to nothing at all\n"
    "  migrate plan            tell what up would do: order, locks, tables, rows, seconds\n"
    "  migrate report          tell what was run, by whom, for how long, beside what was "
    "estimated\n"
    "  migrate status          list the migrations and what became of them\n"
    "  migrate verify          ask the database whether the applied migrations still hold\n"
    "  migrate repair          bring a file that stopped half-way to its end\n"
    "  migrate progress        tell how far the backfill is that runs\n"
    "  migrate pause           let the backfill wait, from a second terminal\n"
    "  migrate resume          let a backfill that was paused go on\n"
    "  migrate throttle        let the backfill work so much of the time (100%)\n"
    "  migrate rehearse        up, down and up again in a scratch database, and compare\n"
    "  migrate baseline        take a database without history for version V, when it proves to be "
    "that\n"
    "  migrate accept          take an applied file that was edited for what was applied\n"
    "  migrate new             write the skeleton of the next migration\n"
    "  migrate lint            look for what locks, rewrites, loses or crosses clinics\n"
    "  migrate sql             print the statements of these versions (all), exactly as they are "
    "sent\n"
    "  migrate roles           print the SQL that makes the roles, for a server of your own\n"
    "  import                  carry a legacy database over; run again, it goes on or adds what is "
    "new\n"
    "  report verify           prove that an import's report is as it was written\n"
    "  report show             print the report of an import, from its file or from the database\n"
    "  backup                  dump the database into a folder with a manifest of counts and "
    "checksums\n"
    "  restore                 prove that a backup comes back whole, or make a new database of it\n"
    "  maintenance on          take the service away: every request gets 503 with the reason\n"
    "  maintenance off         give the service back, once it is proven to serve (verify smoke)\n"
    "  maintenance status      tell whether the service is away, why, and who is still connected\n"
    "  doctor                  check program, server, roles and schema: green, amber or red, and "
    "what to do\n"
    "  verify isolation        try to cross from one clinic into another, on every table, as the "
    "service\n"
    "  verify schema           compare the schema with what the migrations left\n"
    "  verify data             look for rows that point nowhere, counts that are wrong, gaps in "
    "the trail\n"
    "  verify smoke            use the service from outside: clinics, a patient, and no way "
    "across\n"
    "  clinic create           open a clinic with its first administrator, whose password is shown "
    "once\n"
    "  clinic list             all clinics and their state\n"
    "  clinic show             one clinic, whole with --json\n"
    "  clinic activate         open a clinic that was closed or has expired\n"
    "  clinic suspend          close a clinic to everybody; its records stay\n"
    "  user list               who signs in at a clinic, but for its patients\n"
    "  user reset              put a one-time password in the place of the old one, end all "
    "sessions\n"
    "  user create-superadmin  make an account of the platform; the password is asked for\n"
    "  files fsck              compare every file with its row, sums and all\n"
    "  files sweep             as the service does hourly: lengths only; remove what crashes left\n"
    "  settings                print the settings in effect\n"
    "  openapi                 print the OpenAPI document\n"
    "  healthcheck             exit 0 when the service here is alive\n"
    "  completion              print the shell's completion; source it\n"
    "  version                 print the version\n"
    "  help                    explain a command, or `exit-codes`\n"
    "\n"
    "Settings are environment variables: `clinicd settings`.\n"
    "`clinicd help COMMAND` explains a command, `clinicd help exit-codes` its exit code.\n";

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

static void the_help_is_made_from_the_table(void **state)
{
    (void)state;
    static char output[OUTPUT_ROOM];
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
