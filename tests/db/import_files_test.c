/* Reports and their files, carried over from the legacy folder into the store. An import takes
 * long, so the tests of a group go on with what the one before left. */
#include "db/verify.h"
#include "tests/harness/legacy_move.h"
#include "tests/harness/s3_server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

enum { PATIENTS = 60, MEDICAL = PATIENTS / 2, TESTS = PATIENTS / 3 };

static void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *media_of(struct move *move, const char *name)
{
    return arena_format(&move->arena, "%s/%s", move->media, name);
}

/* Where the store has the file of a report. */
static const char *object_of(struct move *move, const char *name, int legacy_id)
{
    return arena_format(&move->arena, "%s/%s", move->folder,
                        sql_text(move->boss, &move->arena,
                                 "SELECT clinic_id || '/' || right(id::text, 2) || '/' || id FROM"
                                 " ops.import_file WHERE name = '%s' AND legacy_id = %d",
                                 name, legacy_id));
}

/* The code that the last import rejected a report with, and the column; "": it did not. */
static const char *rejected(struct move *move, const char *name, int legacy_id)
{
    return sql_text(move->boss, &move->arena,
                    "SELECT coalesce((SELECT code || ' ' || column_name FROM ops.import_reject"
                    " WHERE name = '%s' AND legacy_id = %d AND import_id ="
                    " (SELECT max(id) FROM ops.import)), '')",
                    name, legacy_id);
}

/* --- a sound one, into a clinic that is there ----------------------------------------------- */

static int sound_begin(void **state)
{
    struct move *move = test_calloc(1, sizeof *move);
    move_begin(move, "import_sound");
    move_clinic(move, "chosen");
    sql_run(move->boss, "UPDATE clinicd.file_quota SET max_files = 3, max_bytes = 10");
    move->options.clinic = "chosen";
    move_pack_files(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    *state = move;
    return 0;
}

static void a_report_comes_with_its_file(void **state)
{
    struct move *move = *state;
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "medical_report", "loaded"), MEDICAL);
    assert_int_equal(move_step(move, "test_report", "loaded"), TESTS);
    assert_int_equal(move->result.left, 0);
    assert_int_equal(move_store_agrees(move), 0);
    assert_string_equal(
        sql_text(move->boss, &move->arena,
                 "SELECT concat_ws(' ', p.patient_number, r.report_type, f.name, f.media_type,"
                 " f.state, to_char(f.uploaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),"
                 " f.uploaded_by_id IS NULL)"
                 " FROM ops.import_map m JOIN clinicd.report r ON r.id = m.id"
                 " JOIN clinicd.file f ON f.id = r.file_id JOIN clinicd.patient p ON p.id ="
                 " r.patient_id WHERE m.name = 'medical_report' AND m.legacy_id = 6"),
        "PT5-2026-00012 Discharge Summary sample_6.pdf application/pdf clean 2026-01-13 08:20 t");
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.report WHERE report_type = 'Other'"),
        move_changed(move, "medical_report", "type-given"));
    assert_int_equal(sql_int(move->boss,
                             "SELECT count(*) FROM clinicd.file WHERE uploaded_by_name = 'Sample "
                             "Person' AND kind = 'test_report'"),
                     TESTS - TESTS / 4);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.file WHERE name ~ '^नमूना'"),
                     MEDICAL / 5 + TESTS / 5);
}

static void a_clinic_has_a_place_for_what_it_has(void **state)
{
    struct move *move = *state;
    assert_int_equal(sql_int(move->boss, "SELECT max_files FROM clinicd.file_quota"),
                     MEDICAL + TESTS);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.file_quota WHERE max_bytes = bytes"), 1);
}

/* A service that runs must hear that a clinic which it knows is closed. */
static void the_clinic_that_is_moved_into_is_closed_and_that_is_told(void **state)
{
    struct move *move = *state;
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'importing'"), 1);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.news n JOIN clinicd.clinic"
                                         " c ON n.kind = 'clinic' AND n.key = c.clinic_id::text"),
                     1);
}

static void the_service_sees_nothing_of_the_importer(void **state)
{
    struct move *move = *state;
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'ops'::regnamespace AND"
                " c.relname LIKE 'import%%' AND c.relkind = 'r' AND has_table_privilege("
                "'clinicd_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"),
        0);
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'ops'::regnamespace AND"
                " has_function_privilege('clinicd_app', p.oid, 'EXECUTE')"),
        0);
    PGconn *app SQL_CLOSE = sql_connect(move->database.app_url);
    sql_run(app, "SELECT set_config('app.import', 'on', false)");
    assert_int_equal(sql_int(app, "SELECT clinicd.is_history()::int"), 0);
}

static void the_rules_of_a_clinic_hold_for_what_came(void **state)
{
    struct move *move = *state;
    struct verification found = {.n = 0};
    fault_reset(&move->fault);
    enum err err = verify_data(move->database.migrator_url, NULL, &move->fault, &found);
    for (size_t i = 0; i < found.n; i++)
        print_error("%s %s\n", found.findings[i].check, found.findings[i].object);
    assert_int_equal(err, ERR_NONE);
}

/* It adds up, or it fails. */
static void assert_differs(struct move *move, const char *words)
{
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    assert_int_equal(move_import(move), ERR_INTERNAL);
    assert_string_equal(move->fault.code, "verification-failed");
    assert_non_null(strstr(move->fault.detail, words));
    sql_run(move->boss, "UPDATE ops.import SET state = 'whole'");
}

static void a_source_that_changed_does_not_add_up(void **state)
{
    struct move *move = *state;
    const char *path = media_of(move, "test_reports/sample_6.pdf");
    const char *aside = media_of(move, "aside");
    assert_int_equal(rename(path, aside), 0);
    file_write(path, "%PDF-1.4 another\n");
    assert_differs(move, "test_report 6 is not the same in the legacy folder");
    assert_int_equal(rename(aside, path), 0);
}

static void an_object_that_changed_or_went_does_not_add_up(void **state)
{
    struct move *move = *state;
    const char *path = object_of(move, "medical_report", 7), *aside = media_of(move, "aside");
    assert_int_equal(link(path, aside), 0);
    assert_int_equal(unlink(path), 0);
    assert_differs(move, "medical_report 7 is not the same in the store");
    int64_t size = sql_int(move->boss, "SELECT size_bytes FROM ops.import_file WHERE name ="
                                       " 'medical_report' AND legacy_id = 7");
    file_write(path, arena_format(&move->arena, "%*s", (int)size, "?"));
    assert_differs(move, "medical_report 7 is not the same in the store");
    assert_int_equal(rename(aside, path), 0);
}

static void a_row_with_another_sum_does_not_add_up(void **state)
{
    struct move *move = *state;
    sql_run(move->boss, "SET session_replication_role = replica;"
                        "CREATE TEMP TABLE was AS SELECT id, sha256 FROM clinicd.file LIMIT 1;"
                        "UPDATE clinicd.file f SET sha256 = repeat('0', 64) FROM was"
                        " WHERE f.id = was.id");
    assert_differs(move, "_report");
    sql_run(move->boss, "UPDATE clinicd.file f SET sha256 = was.sha256 FROM was"
                        " WHERE f.id = was.id;"
                        "SET session_replication_role = origin");
}

static void a_run_that_stopped_with_files_goes_on_with_files(void **state)
{
    struct move *move = *state;
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    move->options.files = NULL;
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-needs-files");
    move->options.files = move->media;
    move_well(move);
}

static void a_second_run_brings_nothing_twice(void **state)
{
    struct move *move = *state;
    char *once = move_digest(move);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "medical_report", "already"), MEDICAL);
    assert_string_equal(move_digest(move), once);
    move_store_agrees(move);
}

/* Somebody has tampered with the importer's memory: what a row names is not touched. */
static void what_a_row_names_is_never_replaced(void **state)
{
    struct move *move = *state;
    sql_run(move->boss,
            "CREATE TEMP TABLE known AS SELECT * FROM ops.import_map WHERE name = 'medical_report'"
            " AND legacy_id = 9;"
            "DELETE FROM ops.import_map WHERE name = 'medical_report' AND legacy_id = 9");
    file_write(object_of(move, "medical_report", 9), "what nobody else has");
    move_well(move);
    assert_string_equal(rejected(move, "medical_report", 9), "id-taken id");
    struct stat about;
    assert_int_equal(stat(object_of(move, "medical_report", 9), &about), 0);
    assert_int_equal(about.st_size, strlen("what nobody else has"));
    sql_run(move->boss, "INSERT INTO ops.import_map SELECT * FROM known");
}

static enum err undo_into(struct move *move, const struct store_options *store)
{
    fault_reset(&move->fault);
    return import_undo(move->database.migrator_url, store, 1, &move->fault, &move->text,
                       &move->json);
}

/* What somebody has decided since stays decided. */
static void a_report_that_was_deleted_since_keeps_its_import(void **state)
{
    struct move *move = *state;
    sql_run(move->boss, "UPDATE clinicd.file SET deleted_at = now(), version = 2 WHERE id ="
                        " (SELECT id FROM was)");
    assert_int_equal(undo_into(move, &move->store), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-touched");
    assert_non_null(strstr(move->fault.detail, "_report"));
    sql_run(move->boss, "SET session_replication_role = replica;"
                        "UPDATE clinicd.file SET deleted_at = NULL WHERE deleted_at IS NOT NULL;"
                        "UPDATE clinicd.file_quota SET (files, bytes) = (SELECT count(*),"
                        " sum(size_bytes) FROM clinicd.file);"
                        "SET session_replication_role = origin");
}

/* The rows are gone and the store is not there: the same command goes on. What the scanner has said
 * is nobody's change. */
static void an_undo_that_could_not_reach_the_store_goes_on(void **state)
{
    struct move *move = *state;
    const struct store_options away = {.folder = "/proc/nowhere"};
    sql_run(move->boss, "UPDATE clinicd.file SET version = version + 1");
    assert_int_not_equal(undo_into(move, &away), ERR_NONE);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.file"), 0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"), MEDICAL + TESTS);
    assert_int_equal(undo_into(move, &move->store), ERR_NONE);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"), 0);
    move_store_agrees(move);
    assert_int_equal(undo_into(move, &move->store), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-unknown");
}

/* A run was killed behind an object and before its row: what lies there may be half of it. */
static void an_object_that_a_killed_run_left_is_replaced(void **state)
{
    struct move *move = *state;
    move->options.scans = true;
    move_well(move);
    const char *path = object_of(move, "medical_report", 7);
    move_undo(move, move->result.id);
    assert_int_equal(access(path, F_OK), -1);
    file_write(path, "half of it");
    move_well(move); /* and it was compared */
    move_store_agrees(move);
}

static void files_wait_for_the_scanner_when_there_is_one(void **state)
{
    struct move *move = *state;
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.file WHERE state = 'pending'"),
        MEDICAL + TESTS);
}

/* --- a wrecked one, which makes its clinic -------------------------------------------------- */

static int wrecked_begin(void **state)
{
    struct move *move = test_calloc(1, sizeof *move);
    move_begin(move, "import_wrecked");
    move_pack_files(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    file_write(media_of(move, "medical_reports/sample_12.pdf"),
               "%PDF-1.4\n1 0 obj\n<< /JS (app.alert(1)) /S /JavaScript >>\nendobj\n%%EOF\n");
    move->options.file_most = 660; /* sample_14.jpeg has one byte more */
    *state = move;
    return 0;
}

static void a_dry_run_says_what_would_be_refused(void **state)
{
    static const char *const findings[] = {
        "\"code\": \"file-missing\", \"rows\": 2",
        "\"code\": \"path-refused\", \"rows\": 4",
        "\"code\": \"unsupported-media-type\", \"rows\": 2",
        "\"code\": \"file-refused\", \"rows\": 2",
    };
    struct move *move = *state;
    struct import_options options = move->options;
    move->options.is_dry = true;
    move->options.url = NULL;
    move->options.store = NULL;
    move_well(move);
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++)
        assert_non_null(strstr(move->json.text, findings[i]));
    assert_int_equal(access(move->folder, F_OK), -1);
    move->options = options;
}

static void a_folder_that_is_none_is_refused_before_anything_is_written(void **state)
{
    struct move *move = *state;
    move->options.files = "/nowhere/media";
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-no-files");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 0);
    move->options.files = move->media;
}

static void without_the_folder_reports_are_left(void **state)
{
    struct move *move = *state;
    move->options.files = NULL;
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move->result.left, MEDICAL + TESTS);
    assert_non_null(strstr(move->text.text, "left in the file: 30 rows of medicalreport"));
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.report"), 0);
    assert_int_equal(move_step(move, "medical_report", "loaded"), -1);
    move->options.files = move->media;
}

/* Named by table, number and reason; nothing of it is in the store, nor its name in the report. */
static void what_may_not_come_is_named_without_its_name(void **state)
{
    static const struct {
        int legacy_id;
        const char *why;
    } expected[] = {
        {1, "file-missing report_file"},
        {2, "path-refused report_file"},
        {3, "path-refused report_file"},
        {4, "path-refused report_file"},
        {5, "unsupported-media-type report_file"},
        {6, "unsupported-media-type report_file"},
        {7, "file-refused report_file"},
        {8, "file-missing report_file"},
        {9, "path-refused report_file"},
        {10, ""},
        {11, "patient-unknown patient_id"},
        {12, "file-refused report_file"},
        {13, ""},
        {14, "payload-too-large report_file"},
    };
    struct move *move = *state;
    move_well(move);
    move_adds_up(move);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(rejected(move, "medical_report", expected[i].legacy_id),
                            expected[i].why);
    assert_null(strstr(move->text.text, "sample_"));
    assert_null(strstr(move->text.text, "page.pdf"));
    assert_null(strstr(move->json.text, "passwd"));
    assert_int_equal(move_store_agrees(move), 0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"),
                     sql_int(move->boss, "SELECT count(*) FROM clinicd.file"));
}

/* Nothing that somebody wrote down is dropped: what does not fit stands in the words. */
static void words_and_days_that_do_not_fit_stay_in_the_text(void **state)
{
    struct move *move = *state;
    assert_string_equal(
        sql_text(move->boss, &move->arena,
                 "SELECT r.report_type || ' ' || left(r.description, 10) FROM ops.import_map m JOIN"
                 " clinicd.report r ON r.id = m.id WHERE m.name = 'medical_report'"
                 " AND m.legacy_id = 10"),
        "Other Type: 0000");
    assert_int_equal(move_changed(move, "medical_report", "type-moved"), 1);
    assert_string_equal(
        sql_text(move->boss, &move->arena,
                 "SELECT string_agg(coalesce(r.test_on::text, '-') || ' ' || r.notes, '; ' ORDER BY"
                 " m.legacy_id) FROM ops.import_map m JOIN clinicd.report r ON r.id = m.id"
                 " WHERE m.name = 'test_report' AND m.legacy_id <= 2"),
        "- Day of the test: 2026-02-31; - Day of the test: 2036-01-31");
    assert_int_equal(move_changed(move, "test_report", "test-day-impossible"), 2);
}

static void a_file_that_was_missing_comes_when_it_is_there(void **state)
{
    struct move *move = *state;
    int64_t files = sql_int(move->boss, "SELECT count(*) FROM clinicd.file");
    assert_int_equal(link(media_of(move, "medical_reports/sample_18.pdf"),
                          media_of(move, "medical_reports/gone.pdf")),
                     0);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "medical_report", "loaded"), 1);
    assert_string_equal(rejected(move, "medical_report", 1), "");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.file"), files + 1);
    move_store_agrees(move);
}

/* --- into a bucket -------------------------------------------------------------------------- */

static void a_bucket_gets_the_files_and_gives_them_back(void **state)
{
    struct move move;
    struct s3_server server;
    (void)state;
    move_begin(&move, "import_bucket");
    s3_server_start(&server);
    s3_server_options(&server, &move.store);
    move.store.folder = move.folder;
    move_pack_files(&move, LEGACY_TEMPLATES, LEGACY_SOUND, 12);
    move_well(&move);
    move_adds_up(&move);
    assert_int_equal(move_step(&move, "medical_report", "loaded"), 6);
    assert_int_equal(move_store_agrees(&move), 0);
    s3_server_trouble(&server, "503", 100);
    assert_int_equal(import_undo(move.database.migrator_url, &move.store, move.result.id,
                                 &move.fault, &move.text, &move.json),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(move.fault.detail, "run the same command again"));
    s3_server_trouble(&server, "503", 0);
    move_undo(&move, move.result.id);
    move_store_agrees(&move);
    s3_server_stop(&server);
    move_end(&move);
}

int main(void)
{
    const struct CMUnitTest bucket[] = {
        cmocka_unit_test(a_bucket_gets_the_files_and_gives_them_back),
    };
    const struct CMUnitTest sound[] = {
        cmocka_unit_test(a_report_comes_with_its_file),
        cmocka_unit_test(a_clinic_has_a_place_for_what_it_has),
        cmocka_unit_test(the_clinic_that_is_moved_into_is_closed_and_that_is_told),
        cmocka_unit_test(the_service_sees_nothing_of_the_importer),
        cmocka_unit_test(the_rules_of_a_clinic_hold_for_what_came),
        cmocka_unit_test(a_source_that_changed_does_not_add_up),
        cmocka_unit_test(an_object_that_changed_or_went_does_not_add_up),
        cmocka_unit_test(a_row_with_another_sum_does_not_add_up),
        cmocka_unit_test(a_run_that_stopped_with_files_goes_on_with_files),
        cmocka_unit_test(a_second_run_brings_nothing_twice),
        cmocka_unit_test(what_a_row_names_is_never_replaced),
        cmocka_unit_test(a_report_that_was_deleted_since_keeps_its_import),
        cmocka_unit_test(an_undo_that_could_not_reach_the_store_goes_on),
        cmocka_unit_test(an_object_that_a_killed_run_left_is_replaced),
        cmocka_unit_test(files_wait_for_the_scanner_when_there_is_one),
    };
    const struct CMUnitTest wrecked[] = {
        cmocka_unit_test(a_dry_run_says_what_would_be_refused),
        cmocka_unit_test(a_folder_that_is_none_is_refused_before_anything_is_written),
        cmocka_unit_test(without_the_folder_reports_are_left),
        cmocka_unit_test(what_may_not_come_is_named_without_its_name),
        cmocka_unit_test(words_and_days_that_do_not_fit_stay_in_the_text),
        cmocka_unit_test(a_file_that_was_missing_comes_when_it_is_there),
    };
    if (sodium_init() < 0)
        return 1;
    int failed = cmocka_run_group_tests(sound, sound_begin, move_teardown);
    failed += cmocka_run_group_tests(wrecked, wrecked_begin, move_teardown);
    return failed + cmocka_run_group_tests(bucket, NULL, NULL);
}
