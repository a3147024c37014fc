/* `clinicd import` and `clinicd report` as an operator's shell sees them. */
#include "tests/harness/legacy.h"
#include "tests/harness/legacy_twin.h"
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"

#include "db/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DONE = 0, USAGE = 2, UNVERIFIED = 5, PRECONDITION = 8, CANNOT_CONNECT = 10 };
enum { PATIENTS = 12 };

struct desk {
    struct postgres_database database;
    struct arena arena;
    const char *environment[3];
    char dir[64];
    PGconn *boss;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("import", &desk->database);
    desk->environment[0] =
        arena_format(&desk->arena, "CLINICD_DATABASE_URL=%s", desk->database.app_url);
    desk->environment[1] =
        arena_format(&desk->arena, "CLINICD_MIGRATE_URL=%s", desk->database.migrator_url);
    desk->boss = sql_connect(desk->database.superuser_url);
    snprintf(desk->dir, sizeof desk->dir, "%s/clinicd-import-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(desk->dir));
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

static struct program_end run(struct desk *desk, int expected, const char *format, ...)
    PRINTF(3, 4);

static struct program_end run(struct desk *desk, int expected, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *arguments = arena_vformat(&desk->arena, format, args);
    va_end(args);
    struct program_end ended =
        program_run(&desk->arena, arena_format(&desk->arena, "%s %s", CLINICD_PROGRAM, arguments),
                    desk->environment);
    if (ended.exit != expected)
        print_error("clinicd %s\n%s%s", arguments, ended.text, ended.said);
    assert_int_equal(ended.exit, expected);
    return ended;
}

static const char *at(struct desk *desk, const char *name)
{
    return arena_format(&desk->arena, "%s/%s", desk->dir, name);
}

static const char *legacy(struct desk *desk, enum legacy_generation generation,
                          enum legacy_flaw flaw)
{
    const struct legacy_plan plan = {
        .generation = generation, .flaw = flaw, .patients = PATIENTS, .seed = 7};
    const char *path = at(desk, "db.sqlite3");
    legacy_make(&plan, path);
    return path;
}

static void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static char *file_text(struct desk *desk, const char *path)
{
    char *text = arena_take(&desk->arena, 1 << 20);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int64_t files_in(struct desk *desk)
{
    const char *const none[] = {NULL};
    struct program_end listed =
        program_run(&desk->arena, arena_format(&desk->arena, "/bin/ls -A %s", desk->dir), none);
    int64_t n = 0;
    for (const char *c = listed.text; *c; c++)
        n += *c == '\n';
    return n;
}

/* --- reports --- */

static void a_report_is_its_owners_and_its_hash_stands_in_the_chain(void **state)
{
    struct desk *desk = *state;
    char hash[DIGEST_TEXT];
    struct stat about;
    const char *file = legacy(desk, LEGACY_SUGAR, LEGACY_SOUND), *out = at(desk, "report.json");
    file_write(out, "what was here before");
    run(desk, DONE, "import %s --report %s", file, out);
    assert_int_equal(stat(out, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(files_in(desk), 2);
    const char *text = file_text(desk, out);
    digest_hex(text, strlen(text), hash);
    assert_string_equal(sql_text(desk->boss, &desk->arena,
                                 "SELECT result::json->>'report_sha256' FROM ops.run WHERE "
                                 "command = 'import' AND outcome = 'done'"),
                        hash);
    struct program_end ended = run(desk, DONE, "report verify %s", out);
    assert_non_null(strstr(ended.text, "the report of import 1"));
    assert_non_null(strstr(ended.text, hash));
}

static void what_was_altered_of_a_report_or_its_run_is_found_out(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SUGAR, LEGACY_SOUND), *out = at(desk, "report.json");
    run(desk, DONE, "import %s --report %s", file, out);
    sql_run(desk->boss, "CREATE TABLE kept AS TABLE ops.run");
    sql_run(desk->boss, "UPDATE ops.run SET os_user = 'nobody' WHERE command = 'import'");
    struct program_end ended = run(desk, UNVERIFIED, "report verify %s", out);
    assert_non_null(strstr(ended.said, "in ops.run was changed"));
    sql_run(desk->boss, "TRUNCATE ops.run; INSERT INTO ops.run OVERRIDING SYSTEM VALUE TABLE kept");
    run(desk, DONE, "report verify %s", out);
    char *text = file_text(desk, out);
    *strstr(text, "12") = '7';
    file_write(out, text);
    ended = run(desk, UNVERIFIED, "report verify %s", out);
    assert_non_null(strstr(ended.said, "was altered"));
}

static void a_report_is_shown_from_its_file_or_by_number(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SUGAR, LEGACY_WRECKED), *out = at(desk, "report.json");
    run(desk, DONE, "import %s --report %s", file, out);
    const char *shown = run(desk, DONE, "report show %s", out).text;
    assert_non_null(strstr(shown, "generation 10 (sugar)"));
    assert_non_null(strstr(shown, "rejected: patient 1, name-missing (patient_name)"));
    assert_string_equal(run(desk, DONE, "report show 1").text, shown);
    run(desk, USAGE, "report show 2");
    run(desk, USAGE, "report show %s", file);
    run(desk, USAGE, "report show");
    run(desk, USAGE, "report verify %s", at(desk, "nothing.json"));
}

static void a_report_that_cannot_be_written_stops_it_before_it_begins(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SUGAR, LEGACY_SOUND);
    run(desk, USAGE, "import %s --report %s", file, at(desk, "nowhere/report.json"));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.import_source"), 0);
    run(desk, PRECONDITION, "import %s --report %s", at(desk, "nothing"), at(desk, "report.json"));
    assert_int_equal(files_in(desk), 1); /* the legacy file */
}

/* --- runs --- */

static void every_run_that_writes_is_noted_without_secrets(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SUGAR, LEGACY_SOUND);
    run(desk, DONE, "import %s --dry-run", file);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run WHERE command = 'import'"),
                     0);
    run(desk, DONE, "import %s", file);
    run(desk, DONE, "import --open 1");
    run(desk, DONE, "import --undo 1");
    run(desk, CANNOT_CONNECT, "import postgresql://clerk:canary@127.0.0.1:1/old");
    run(desk, PRECONDITION, "import --undo 77");
    assert_string_equal(
        sql_text(desk->boss, &desk->arena,
                 "SELECT string_agg(concat_ws(' ', outcome, result::json->>'import'),"
                 " ', ' ORDER BY number) FROM ops.run WHERE os_user <> '' AND host <> '' AND "
                 "command = 'import'"),
        "done 1, done 1, done 1, database-unavailable 0, import-unknown 77");
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM ops.run r WHERE r::text LIKE '%%canary%%'"), 0);
    run(desk, DONE, "migrate verify");
}

static void a_database_is_imported_by_its_address(void **state)
{
    struct desk *desk = *state;
    legacy_twin(legacy(desk, LEGACY_SUGAR, LEGACY_SOUND), desk->boss, "old", "clinicd_app");
    const char *address = arena_format(
        &desk->arena, "postgresql://clinicd_app:canary@/%s?host=%s&options=-csearch_path%%3Dold",
        desk->database.name, PQhost(desk->boss));
    struct program_end ended = run(desk, DONE, "import %s --json", address);
    assert_non_null(strstr(ended.text, "\"kind\":\"postgresql\""));
    assert_null(strstr(ended.text, "canary"));
    assert_null(strstr(ended.said, "canary"));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.patient"), PATIENTS);
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM ops.run r WHERE r::text LIKE '%%canary%%'"), 0);
}

/* --- a clinic that is made for it --- */

static const char clinic_json[] =
    "{\"slug\": \"old-town\", \"name\": \"Old Town Clinic\", \"address\": \"1 High St\", "
    "\"city\": \"Pune\", \"state\": \"MH\", \"zip_code\": \"411001\", \"phone_number\": "
    "\"+91-20-XXXX-XXXX\", \"email\": \"office@old.example\", \"registration_number\": \"R 1\", "
    "\"pharmacy\": {\"name\": \"By the gate\", \"address\": \"2 High St\"}";

static const char *clinic(struct desk *desk, const char *more)
{
    const char *path = at(desk, "clinic.json");
    file_write(path, arena_format(&desk->arena, "%s%s}", clinic_json, more));
    return path;
}

static void a_clinic_is_made_with_its_import_and_goes_with_it(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SINGLE, LEGACY_SOUND), *made = clinic(desk, "");
    struct program_end ended =
        run(desk, DONE, "import %s --create-clinic %s --report %s", file, made, at(desk, "report"));
    assert_non_null(strstr(ended.text, "made the clinic old-town; its administrator "
                                       "old-town_admin has the password "));
    assert_non_null(strstr(ended.text, "clinic old-town: importing"));
    assert_null(strstr(file_text(desk, at(desk, "report")), "password\":\""));
    assert_int_equal(sql_int(desk->boss,
                             "SELECT count(*) FROM clinicd.patient JOIN clinicd.clinic c USING "
                             "(clinic_id) WHERE c.slug = 'old-town' AND c.status = 'importing'"),
                     PATIENTS);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.account WHERE username = "
                                         "'old-town_admin' AND must_change_password"),
                     1);
    ended = run(desk, DONE, "import %s --create-clinic %s", file, made); /* nothing twice */
    assert_null(strstr(ended.text, "made the clinic"));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.patient"), PATIENTS);
    run(desk, DONE, "import --undo 2");
    run(desk, DONE, "import --open 1");
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'trial'"), 1);
    run(desk, DONE, "import --undo 1");
    assert_int_equal(sql_int(desk->boss, "SELECT (SELECT count(*) FROM clinicd.clinic) + (SELECT "
                                         "count(*) FROM clinicd.account) + (SELECT count(*) FROM "
                                         "clinicd.pharmacy) + (SELECT count(*) FROM "
                                         "ops.import_map)"),
                     0);
}

static void a_clinic_where_somebody_was_at_work_does_not_go(void **state)
{
    struct desk *desk = *state;
    static const char *const works[] = {"UPDATE clinicd.pharmacy SET version = 2",
                                        "UPDATE clinicd.account SET version = 2 WHERE "
                                        "username = 'old-town_admin'"};
    const char *file = legacy(desk, LEGACY_SINGLE, LEGACY_SOUND);
    run(desk, DONE, "import %s --create-clinic %s", file, clinic(desk, ""));
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        sql_run(desk->boss, "%s", works[i]);
        struct program_end ended = run(desk, PRECONDITION, "import --undo 1");
        assert_non_null(strstr(ended.said, "nothing is taken back"));
        sql_run(desk->boss, "UPDATE clinicd.pharmacy SET version = 1; UPDATE clinicd.account SET "
                            "version = 1");
    }
    run(desk, DONE, "import --undo 1");
}

static void a_clinic_that_cannot_be_made_is_told_before_anything_is(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SINGLE, LEGACY_SOUND);
    struct program_end ended = run(desk, USAGE, "import %s --create-clinic %s", file,
                                   clinic(desk, ", \"max_doctors\": -1, \"colour\": 1"));
    assert_non_null(strstr(ended.said, "#/max_doctors"));
    assert_non_null(strstr(ended.said, "#/colour"));
    run(desk, USAGE, "import %s --create-clinic %s --clinic there", file, clinic(desk, ""));
    run(desk, USAGE, "import %s --create-clinic %s", file, at(desk, "nothing.json"));
    run(desk, USAGE, "import %s --create-clinic %s", file,
        clinic(desk, ", \"timezone\": \"Asia/Nowhere\""));
    run(desk, DONE, "import %s --create-clinic %s", file, clinic(desk, ""));
    legacy_make(&(struct legacy_plan){.generation = LEGACY_SINGLE, .patients = 3, .seed = 8}, file);
    ended = run(desk, PRECONDITION, "import %s --create-clinic %s", file, clinic(desk, ""));
    assert_non_null(strstr(ended.said, "there is a clinic `old-town` already"));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic"), 1);
}

/* --- rejects --- */

static void a_part_of_the_rows_may_be_rejected(void **state)
{
    struct desk *desk = *state;
    const char *file = legacy(desk, LEGACY_SUGAR, LEGACY_WRECKED), *out = at(desk, "report.json");
    struct program_end ended =
        run(desk, UNVERIFIED, "import %s --max-rejects 0.5%% --report %s --activate", file, out);
    assert_non_null(strstr(ended.text, "rejected: patient 1, name-missing"));
    assert_non_null(strstr(file_text(desk, out), "name-missing"));
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic WHERE status <> 'importing'"), 0);
    run(desk, UNVERIFIED, "import %s --max-rejects 0%%", file);
    run(desk, DONE, "import %s --max-rejects 50%%", file);
    static const char *const nonsense[] = {"101%", "x%", "%", "-1%", "5%%", "1e1%", "x", "5,5%"};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
        run(desk, USAGE, "import %s --max-rejects %s", file, nonsense[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_report_is_its_owners_and_its_hash_stands_in_the_chain,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_was_altered_of_a_report_or_its_run_is_found_out, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_report_is_shown_from_its_file_or_by_number, begin, end),
        cmocka_unit_test_setup_teardown(a_report_that_cannot_be_written_stops_it_before_it_begins,
                                        begin, end),
        cmocka_unit_test_setup_teardown(every_run_that_writes_is_noted_without_secrets, begin, end),
        cmocka_unit_test_setup_teardown(a_database_is_imported_by_its_address, begin, end),
        cmocka_unit_test_setup_teardown(a_clinic_is_made_with_its_import_and_goes_with_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_clinic_where_somebody_was_at_work_does_not_go, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_clinic_that_cannot_be_made_is_told_before_anything_is,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_part_of_the_rows_may_be_rejected, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
