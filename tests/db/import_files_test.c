/* Reports and their files, carried over from the legacy folder into the store. */
#include "tests/harness/legacy_move.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

enum { PATIENTS = 60, MEDICAL = PATIENTS / 2, TESTS = PATIENTS / 3 };

static void sound_or_wrecked(struct move *move, enum legacy_flaw flaw)
{
    move_pack_files(move, LEGACY_SUGAR, flaw, PATIENTS);
}

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

static void a_report_comes_with_its_file(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "medical_report", "loaded"), MEDICAL);
    assert_int_equal(move_step(move, "test_report", "loaded"), TESTS);
    assert_int_equal(move->result.left, 0);
    move_store_agrees(move);
    assert_string_equal(
        sql_text(move->boss, &move->arena,
                 "SELECT concat_ws(' ', p.patient_number, r.report_type, f.name, f.media_type,"
                 " f.state, to_char(f.uploaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),"
                 " f.uploaded_by_id IS NULL)"
                 " FROM ops.import_map m JOIN clinicd.report r ON r.id = m.id"
                 " JOIN clinicd.file f ON f.id = r.file_id JOIN clinicd.patient p ON p.id ="
                 " r.patient_id WHERE m.name = 'medical_report' AND m.legacy_id = 6"),
        "PT5-2026-00012 Discharge Summary sample_6.pdf application/pdf clean 2026-01-13 08:20 t");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.report"
                                         " WHERE report_type = 'Other'"),
                     move_changed(move, "medical_report", "type-given"));
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.file WHERE uploaded_by_name = 'Sample "
                            "Person' AND kind = 'test_report'"),
        TESTS - TESTS / 4);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.file WHERE name ~ '^नमूना'"),
                     MEDICAL / 5 + TESTS / 5);
}

/* Named by table, number and reason; nothing of it in the store, nothing of its name in the
 * report. */
static void what_may_not_come_is_named_without_its_name(void **state)
{
    static const struct {
        const char *name;
        int legacy_id;
        const char *why;
    } expected[] = {
        {"medical_report", 1, "file-missing report_file"},
        {"medical_report", 2, "path-refused report_file"},
        {"medical_report", 3, "path-refused report_file"},
        {"medical_report", 4, "path-refused report_file"},
        {"medical_report", 5, "unsupported-media-type report_file"},
        {"medical_report", 6, "unsupported-media-type report_file"},
        {"medical_report", 7, "file-refused report_file"},
        {"medical_report", 8, "file-missing report_file"},
        {"medical_report", 9, "path-refused report_file"},
        {"medical_report", 11, "patient-unknown patient_id"},
        {"medical_report", 12, "file-refused report_file"},
        {"medical_report", 14, "payload-too-large report_file"},
    };
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_WRECKED);
    file_write(media_of(move, "medical_reports/sample_12.pdf"),
                "%PDF-1.4\n1 0 obj\n<< /JS (app.alert(1)) /S /JavaScript >>\nendobj\n%%EOF\n");
    move->options.file_most = 660; /* sample_14.jpeg has one byte more, those before ten fewer */
    move_well(move);
    move_adds_up(move);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(rejected(move, expected[i].name, expected[i].legacy_id),
                            expected[i].why);
    assert_string_equal(rejected(move, "medical_report", 10), "");
    assert_null(strstr(move->text.text, "sample_"));
    assert_null(strstr(move->text.text, "page.pdf"));
    assert_null(strstr(move->json.text, "passwd"));
    move_store_agrees(move);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"),
                     sql_int(move->boss, "SELECT count(*) FROM clinicd.file"));
}

/* Nothing that somebody wrote down is dropped: what does not fit stands in the words. */
static void words_and_days_that_do_not_fit_stay_in_the_text(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_WRECKED);
    move_well(move);
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
    sound_or_wrecked(move, LEGACY_WRECKED);
    move_well(move);
    int64_t files = sql_int(move->boss, "SELECT count(*) FROM clinicd.file");
    assert_int_equal(link(media_of(move, "medical_reports/sample_12.pdf"),
                          media_of(move, "medical_reports/gone.pdf")),
                     0);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "medical_report", "loaded"), 1);
    assert_string_equal(rejected(move, "medical_report", 1), "");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.file"), files + 1);
    move_store_agrees(move);
}

static void a_second_run_brings_nothing_twice(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    char *once = move_digest(move);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "medical_report", "already"), MEDICAL);
    assert_string_equal(move_digest(move), once);
    move_store_agrees(move);
}

/* Without the folder they are counted and left; with it, they come later. */
static void without_the_folder_reports_are_left_and_can_follow(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move->options.files = NULL;
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move->result.left, MEDICAL + TESTS);
    assert_non_null(strstr(move->text.text, "left in the file: 30 rows of medicalreport"));
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.report"), 0);
    move->options.files = move->media;
    move_well(move);
    move_adds_up(move);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.report"), MEDICAL + TESTS);
    move_store_agrees(move);
}

static void a_dry_run_says_what_would_be_refused(void **state)
{
    static const char *const findings[] = {
        "\"code\": \"file-missing\", \"rows\": 2",
        "\"code\": \"path-refused\", \"rows\": 4",
        "\"code\": \"unsupported-media-type\", \"rows\": 2",
        "\"code\": \"file-refused\", \"rows\": 1",
    };
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_WRECKED);
    move->options.is_dry = true;
    move->options.url = NULL;
    move_well(move);
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++)
        assert_non_null(strstr(move->json.text, findings[i]));
    assert_int_equal(access(move->folder, F_OK), -1);
}

static void a_folder_that_is_none_is_refused_before_anything_is_written(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move->options.files = "/nowhere/media";
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-no-files");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 0);
}

static void undone_nothing_is_left_in_the_store(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    move->options.clinic = "chosen";
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    assert_true(sql_int(move->boss, "SELECT sum(bytes) FROM clinicd.file_quota") > 0);
    move_undo(move, move->result.id);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.report"), 0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.file"), 0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"), 0);
    move_store_agrees(move);
    move_well(move);
    move_adds_up(move);
    move_store_agrees(move);
}

/* What somebody has built on a report is not pulled from under it. */
static void a_report_that_was_deleted_since_keeps_its_import(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    sql_run(move->boss, "UPDATE clinicd.file SET deleted_at = now(), version = 2 WHERE id ="
                        " (SELECT min(id::text)::uuid FROM clinicd.file)");
    fault_reset(&move->fault);
    assert_int_equal(import_undo(move->database.migrator_url, &move->store, move->result.id,
                                 &move->fault, &move->text, &move->json),
                     ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-touched");
    assert_non_null(strstr(move->fault.detail, "_report"));
}

/* The rows are gone and the store is not there: the same command goes on. */
static void an_undo_that_could_not_reach_the_store_goes_on(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    const struct store_options away = {.folder = "/proc/nowhere"};
    assert_int_not_equal(import_undo(move->database.migrator_url, &away, move->result.id,
                                     &move->fault, &move->text, &move->json),
                         ERR_NONE);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"), MEDICAL + TESTS);
    move_undo(move, move->result.id);
    move_store_agrees(move);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_file"), 0);
}

/* --- it adds up, or it fails ---------------------------------------------------------------- */

static void assert_differs(struct move *move, const char *words)
{
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    assert_int_equal(move_import(move), ERR_INTERNAL);
    assert_string_equal(move->fault.code, "verification-failed");
    assert_non_null(strstr(move->fault.detail, words));
}

static void a_source_that_changed_does_not_add_up(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    file_write(media_of(move, "test_reports/sample_6.pdf"), "%PDF-1.4 another\n");
    assert_differs(move, "test_report 6 is not the same in the legacy folder");
}

static void an_object_that_changed_does_not_add_up(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    const char *path = object_of(move, "medical_report", 7);
    int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, "?", 1, 40), 1);
    close(file);
    assert_differs(move, "medical_report 7 is not the same in the store");
    unlink(path);
    assert_differs(move, "medical_report 7 is not the same in the store");
}

static void a_row_that_says_another_sum_does_not_add_up(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    sql_run(move->boss, "UPDATE ops.import_file SET sha256 = repeat('0', 64) WHERE name ="
                        " 'medical_report' AND legacy_id = 8");
    assert_differs(move, "medical_report 8");
}

static void a_run_that_stopped_with_files_goes_on_with_files(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    move->options.files = NULL;
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-needs-files");
}

/* A run was killed behind an object and before its row: what lies there may be half of it. */
static void an_object_that_a_killed_run_left_is_replaced(void **state)
{
    struct move *move = *state;
    sound_or_wrecked(move, LEGACY_SOUND);
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
    sound_or_wrecked(move, LEGACY_SOUND);
    move->options.scans = true;
    move_well(move);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.file WHERE state <> 'pending'"), 0);
    sql_run(move->boss, "UPDATE clinicd.file SET state = 'clean', version = version + 1");
    move_undo(move, move->result.id); /* the scanner's word is nobody's change */
}

/* A clinic has a place for what it has. */
static void a_clinic_is_not_refused_what_it_has(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    move->options.clinic = "chosen";
    sql_run(move->boss, "UPDATE clinicd.file_quota SET max_files = 3, max_bytes = 10");
    sound_or_wrecked(move, LEGACY_SOUND);
    move_well(move);
    assert_int_equal(sql_int(move->boss, "SELECT max_files FROM clinicd.file_quota WHERE files > 0"),
                     MEDICAL + TESTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(a_report_comes_with_its_file),
        MOVE_TEST(what_may_not_come_is_named_without_its_name),
        MOVE_TEST(words_and_days_that_do_not_fit_stay_in_the_text),
        MOVE_TEST(a_file_that_was_missing_comes_when_it_is_there),
        MOVE_TEST(a_second_run_brings_nothing_twice),
        MOVE_TEST(without_the_folder_reports_are_left_and_can_follow),
        MOVE_TEST(a_dry_run_says_what_would_be_refused),
        MOVE_TEST(a_folder_that_is_none_is_refused_before_anything_is_written),
        MOVE_TEST(undone_nothing_is_left_in_the_store),
        MOVE_TEST(a_report_that_was_deleted_since_keeps_its_import),
        MOVE_TEST(an_undo_that_could_not_reach_the_store_goes_on),
        MOVE_TEST(a_source_that_changed_does_not_add_up),
        MOVE_TEST(an_object_that_changed_does_not_add_up),
        MOVE_TEST(a_row_that_says_another_sum_does_not_add_up),
        MOVE_TEST(a_run_that_stopped_with_files_goes_on_with_files),
        MOVE_TEST(an_object_that_a_killed_run_left_is_replaced),
        MOVE_TEST(files_wait_for_the_scanner_when_there_is_one),
        MOVE_TEST(a_clinic_is_not_refused_what_it_has),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
