/* What an import makes of admissions, treatments and papers: as they were, and nothing made up. */
#include "tests/harness/legacy_move.h"

#include "db/migrate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

enum { PATIENTS = 60 };

/* The rows of a table for which a condition holds. */
static int64_t rows(struct move *move, const char *table, const char *condition)
{
    return sql_int(move->boss, "SELECT count(*) FROM clinicd.%s WHERE %s", table, condition);
}

static void admissions_come_as_they_were_and_nothing_is_made_up(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move->result.rejected, 0);
    int64_t all = move_step(move, "admission", "loaded");
    assert_true(all >= 4);
    assert_int_equal(rows(move, "admission", "is_imported"), all);
    assert_int_equal(rows(move, "admission", "room_number IS NULL AND bed_number = 'B1'"),
                     move_changed(move, "admission", "place-not-recorded"));
    assert_true(rows(move, "admission", "room_number IS NULL AND status = 'admitted'") > 1);
    assert_true(rows(move, "admission",
                     "reason_for_admission IS NULL AND status = 'shifted' AND ended_at ="
                     " updated_at AND ended_at > admitted_at") > 0);
    assert_int_equal(move_changed(move, "admission", "end-from-last-change"),
                     rows(move, "admission", "status = 'shifted'"));
    assert_true(rows(move, "admission",
                     "status = 'discharged' AND discharge_notes = 'Sample farewell' AND"
                     " final_diagnosis IS NULL AND ended_by_id IS NULL AND follow_up_on ="
                     " (admitted_at + interval '10 days')::date AND room_number = '2 04'") > 0);
    assert_int_equal(rows(move, "admission", "allergies IS DISTINCT FROM 'no'"), 0);
    assert_int_equal(rows(move, "admission a",
                          "(SELECT count(*) FROM clinicd.admission_change h WHERE h.clinic_id ="
                          " a.clinic_id AND h.admission_id = a.id) <>"
                          " 1 + (a.status <> 'admitted')::int"),
                     0);
    assert_int_equal(rows(move, "treatment", "true"), move_step(move, "treatment", "loaded"));
    assert_true(rows(move, "treatment", "treatment_type = 'medication' AND route IS NULL") > 0);
    assert_int_equal(rows(move, "treatment", "administered_by_name = 'Sample Person'"),
                     move_step(move, "treatment", "loaded"));
    assert_null(strstr(move->text.text, "left in the file"));
}

static void stays_that_contradict_themselves_are_rejected_by_name(void **state)
{
    struct move *move = *state;
    static const char *const lines[] = {
        "rejected: admission 1, already-admitted (patient_id)",
        "rejected: admission 9002, bed-occupied (bed_number)",
        "rejected: admission 9003, ends-before-it-begins (discharge_date)",
        "rejected: admission 9004, status-unknown (status)",
        "rejected: admission 9005, type-unknown (admission_type)",
        "rejected: admission 9006, doctor-unknown (doctor_id)",
        "rejected: treatment 1, admission-unknown (admission_id)",
        "rejected: treatment 9002, name-missing (treatment_name)",
        "rejected: treatment 9003, admission-unknown (admission_id)",
        "rejected: admission_paper 9003, admission-unknown (id)"};
    move_pack(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move_well(move);
    move_adds_up(move);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!strstr(move->text.text, lines[i]))
            print_error("missing: %s\n", lines[i]);
        assert_non_null(strstr(move->text.text, lines[i]));
    }
    assert_int_equal(move_step(move, "admission", "rejected"), 6);
    assert_int_equal(move_changed(move, "treatment", "type-mapped"), 1);
    assert_int_equal(rows(move, "treatment", "treatment_type = 'other' AND notes = 'Type: hug'"),
                     1);
    assert_int_equal(rows(move, "admission", "admitted_at = '2026-12-01 10:00Z'"), 1);
}

static void what_the_migrations_prove_stays_true(void **state)
{
    struct move *move = *state;
    const struct migrate_options options = {.url = move->options.url};
    move_clinic(move, "chosen");
    for (int generation = LEGACY_SINGLE; generation <= LEGACY_SUGAR; generation++) {
        move->options.clinic = generation == LEGACY_SINGLE ? "chosen" : NULL;
        move_pack(move, (enum legacy_generation)generation,
                  generation == LEGACY_SUGAR ? LEGACY_WRECKED : LEGACY_SOUND, PATIENTS);
        move_well(move);
    }
    enum err err = migrate_verify(&options, &move->fault);
    if (err)
        print_error("%s: %s\n", move->fault.code, move->fault.detail);
    assert_int_equal(err, ERR_NONE);
    sql_run(move->boss, "DELETE FROM clinicd.prescription_paper WHERE prescription_id = (SELECT "
                        "prescription_id FROM clinicd.prescription_paper LIMIT 1)");
    assert_int_equal(migrate_verify(&options, &move->fault), ERR_INTERNAL);
}

/* Papers that do not have all that their prescription has. */
static int64_t papers_short_of_lines(struct move *move)
{
    return sql_int(
        move->boss,
        "SELECT count(*) FROM clinicd.prescription_paper k WHERE json_array_length(k.facts->"
        "'medicines') <> (SELECT count(*) FROM clinicd.prescription_medicine l WHERE l.clinic_id ="
        " k.clinic_id AND l.prescription_id = k.prescription_id) OR json_array_length(k.facts->"
        "'tests') <> (SELECT count(*) FROM clinicd.prescription_test l WHERE l.clinic_id ="
        " k.clinic_id AND l.prescription_id = k.prescription_id) OR (k.facts->>'vitals' IS NULL) ="
        " EXISTS (SELECT FROM clinicd.prescription_vitals l WHERE l.clinic_id = k.clinic_id"
        " AND l.prescription_id = k.prescription_id) OR (k.facts->>'notes' IS NULL) ="
        " EXISTS (SELECT FROM clinicd.prescription_notes l WHERE l.clinic_id = k.clinic_id"
        " AND l.prescription_id = k.prescription_id)");
}

static void a_paper_has_every_line_and_one_that_is_mended_later(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move_well(move);
    int64_t papers = rows(move, "prescription_paper", "true");
    assert_int_equal(papers, rows(move, "prescription", "status <> 'pending'"));
    assert_int_equal(papers_short_of_lines(move), 0);
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS); /* as if somebody had mended it */
    move_well(move);
    move_adds_up(move);
    assert_true(move_step(move, "prescription_medicine", "loaded") > 0);
    assert_true(rows(move, "prescription_paper", "true") > papers);
    assert_int_equal(papers_short_of_lines(move), 0);
    assert_int_equal(
        rows(move, "admission_paper k",
             "json_array_length(k.facts->'treatments') <> (SELECT count(*) FROM clinicd.treatment l"
             " WHERE l.clinic_id = k.clinic_id AND l.admission_id = k.admission_id)"),
        0);
    assert_int_equal(rows(move, "admission_paper", "true"),
                     rows(move, "admission", "ended_at IS NOT NULL"));
}

static void only_the_importer_leaves_a_bed_away(void **state)
{
    struct move *move = *state;
    char sqlstate[SQLSTATE_TEXT];
    static const char insert[] =
        "INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id,"
        " doctor_name, admission_type, status_at, admitted_at, is_imported, created_at, updated_at)"
        " SELECT a.clinic_id, gen_random_uuid(), 'AD-2026-99999', p.id, a.doctor_id, a.doctor_name,"
        " 'icu', now(), now(), %s, now(), now() FROM clinicd.admission a JOIN clinicd.patient p ON"
        " p.clinic_id = a.clinic_id AND NOT EXISTS (SELECT FROM clinicd.admission o WHERE"
        " o.patient_id = p.id) LIMIT 1";
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    PGconn *app SQL_CLOSE = sql_connect(move->database.app_url);
    sql_run(app,
            "SELECT set_config('app.import', 'on', false), set_config('app.clinic_id', '%lld',"
            " false)",
            (long long)sql_int(move->boss, "SELECT max(clinic_id) FROM clinicd.admission"));
    assert_int_equal(sql_try(app, sqlstate, insert, "true"), -1);
    assert_string_equal(sqlstate, "23514");
    assert_int_equal(sql_try(app, sqlstate, insert, "false"), -1);
    assert_string_equal(sqlstate, "23514");
    assert_int_equal(sql_try(app, sqlstate, "DELETE FROM clinicd.admission"), -1);
    PGconn *migrator SQL_CLOSE = sql_connect(move->database.migrator_url);
    sql_run(migrator, "SELECT set_config('row_security', 'off', false)");
    assert_int_equal(sql_try(migrator, sqlstate, insert, "true"), -1);
    assert_string_equal(sqlstate, "23514");
    assert_int_equal(sql_try(migrator, sqlstate, "DELETE FROM clinicd.treatment"), -1);
    assert_string_equal(sqlstate, "23514");
    sql_run(migrator, "SELECT set_config('app.import', 'on', false)");
    assert_int_equal(sql_try(migrator, sqlstate, insert, "true"), 1);
}

static void an_admission_that_somebody_worked_on_is_not_taken_back(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    sql_run(move->boss, "UPDATE clinicd.admission SET status = 'stable', updated_at = now()"
                        " WHERE id = (SELECT min(id::text)::uuid FROM clinicd.admission WHERE"
                        " status = 'admitted')");
    assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id, &move->fault,
                                 &move->text, &move->json),
                     ERR_CONFLICT);
    assert_non_null(strstr(move->fault.detail, "1 of the rows of step admission"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(admissions_come_as_they_were_and_nothing_is_made_up),
        MOVE_TEST(stays_that_contradict_themselves_are_rejected_by_name),
        MOVE_TEST(what_the_migrations_prove_stays_true),
        MOVE_TEST(a_paper_has_every_line_and_one_that_is_mended_later),
        MOVE_TEST(only_the_importer_leaves_a_bed_away),
        MOVE_TEST(an_admission_that_somebody_worked_on_is_not_taken_back),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
