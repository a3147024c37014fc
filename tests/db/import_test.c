/* Legacy databases of every generation, carried over as an operator would. */
#include "tests/harness/legacy_move.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

enum { PATIENTS = 40 };

static void assert_refused(struct move *move, const char *code, const char *words)
{
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, code);
    assert_non_null(strstr(move->fault.detail, words));
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.patient"), 0);
}

static void every_generation_imports_and_a_second_run_adds_nothing(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    for (int generation = LEGACY_SINGLE; generation <= LEGACY_SUGAR; generation++) {
        move->options.clinic = generation == LEGACY_SINGLE ? "chosen" : NULL;
        move_pack(move, (enum legacy_generation)generation, LEGACY_SOUND, PATIENTS);
        move_well(move);
        move_adds_up(move);
        assert_int_equal(move_step(move, "patient", "loaded"), PATIENTS);
        assert_int_equal(move->result.rejected, 0);
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.patient"),
                         PATIENTS * (generation - LEGACY_SINGLE + 1));
        char *once = move_digest(move);
        move_well(move);
        move_adds_up(move);
        assert_int_equal(move_step(move, "patient", "already"), PATIENTS);
        assert_int_equal(move_step(move, "patient", "loaded"), 0);
        assert_string_equal(move_digest(move), once);
    }
}

static void what_was_never_used_is_refused(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_DISCARDED, LEGACY_SOUND, 0);
    assert_refused(move, "import-discarded", "given up before anybody used it");
}

static void a_column_that_nobody_knows_is_named_and_refused(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_TEMPLATES, LEGACY_UNKNOWN_COLUMN, 3);
    assert_refused(move, "import-unknown-columns", "patient.favourite_colour");
}

static void a_damaged_file_is_refused(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_DAMAGED, 20);
    assert_refused(move, "import-unreadable", "damaged");
    move->options.file = "tests/db/import_test.c";
    assert_refused(move, "import-unreadable", "cannot be imported");
}

/* With what is only in the log beside it, while its writer goes on. */
static void a_file_in_wal_mode_is_taken_as_it_stands(void **state)
{
    struct move *move = *state;
    sqlite3 *writer;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    assert_int_equal(sqlite3_open(move->path, &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer,
                                  "PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0;"
                                  "UPDATE hospital_patient SET patient_name = 'Wal Log'"
                                  " WHERE id = 3; BEGIN; DELETE FROM hospital_clinic",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    move_well(move);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.patient WHERE name = 'Wal Log'"), 1);
    sqlite3_close(writer);
}

static void a_half_migrated_file_is_imported_and_the_difference_named(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_TEMPLATES, LEGACY_HALF_MIGRATED, 10);
    move_well(move);
    move_adds_up(move);
    assert_non_null(strstr(move->text.text, "treatmentlog.clinic_id is missing"));
    assert_non_null(strstr(move->text.text, "half-migrated: 0052"));
}

static void without_clinics_somebody_must_say_whose_it_is(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SINGLE, LEGACY_SOUND, 3);
    assert_refused(move, "import-needs-clinic", "--clinic");
    move->options.clinic = "nowhere";
    assert_refused(move, "import-needs-clinic", "there is no clinic `nowhere`");
}

static void a_dry_run_counts_and_writes_nothing(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move->options.is_dry = true;
    move->options.url = NULL;
    move_well(move);
    assert_non_null(strstr(move->json.text, "\"code\": \"password-in-plain-text\", \"rows\": 40"));
    assert_non_null(strstr(
        move->json.text, "\"column\": \"registration_date\", \"code\": \"bad-time\", \"rows\": 1"));
    assert_non_null(strstr(move->json.text,
                           "\"column\": \"patient_name\", \"code\": \"overlong\", \"rows\": 1"));
    assert_null(strstr(move->json.text, "Sampleville"));
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_source"), 0);
}

static void a_clinic_is_invisible_until_it_is_opened(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    move_well(move);
    assert_string_equal(move->result.slug, "sample-clinic");
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'importing'"), 1);
    assert_int_equal(import_activate(move->database.migrator_url, move->result.id, &move->fault),
                     ERR_NONE);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'active'"), 1);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.news WHERE kind = 'clinic'"),
                     1);
}

static void too_many_rejects_leave_the_clinic_closed(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move->options.most_rejects = 2;
    move->options.activates = true;
    assert_int_equal(move_import(move), ERR_INTERNAL);
    assert_string_equal(move->fault.code, "verification-failed");
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status <> 'importing'"), 0);
    move->options.most_rejects = -1; /* the same command goes on where it stopped */
    move_well(move);
    move_adds_up(move);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'active'"), 1);
}

static void a_newer_copy_adds_what_is_new(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 20);
    move_well(move);
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 30);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "patient", "already"), 20);
    assert_int_equal(move_step(move, "patient", "loaded"), 10);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.patient"), 30);
}

static void what_was_altered_behind_its_back_does_not_add_up(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 12);
    move_well(move);
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    sql_run(
        move->boss,
        "UPDATE clinicd.patient SET name = name || 'x' WHERE patient_number = 'PT5-2026-00003'");
    assert_int_equal(move_import(move), ERR_INTERNAL);
    assert_string_equal(move->fault.code, "verification-failed");
    assert_non_null(strstr(move->fault.detail, "patient"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(every_generation_imports_and_a_second_run_adds_nothing),
        MOVE_TEST(what_was_never_used_is_refused),
        MOVE_TEST(a_column_that_nobody_knows_is_named_and_refused),
        MOVE_TEST(a_damaged_file_is_refused),
        MOVE_TEST(a_file_in_wal_mode_is_taken_as_it_stands),
        MOVE_TEST(a_half_migrated_file_is_imported_and_the_difference_named),
        MOVE_TEST(without_clinics_somebody_must_say_whose_it_is),
        MOVE_TEST(a_dry_run_counts_and_writes_nothing),
        MOVE_TEST(a_clinic_is_invisible_until_it_is_opened),
        MOVE_TEST(too_many_rejects_leave_the_clinic_closed),
        MOVE_TEST(a_newer_copy_adds_what_is_new),
        MOVE_TEST(what_was_altered_behind_its_back_does_not_add_up),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
