/* What an operator may say about rows that have no clinic, stand twice or are too long, and about
 * whose clinics they become. */
#include "tests/harness/legacy_move.h"

#include "tests/harness/die.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

enum { PATIENTS = 8 };

/* Changes the legacy file. */
static void alter(struct move *move, const char *sql)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(move->path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("legacy: %s: %s", sqlite3_errmsg(db), sql);
    sqlite3_close(db);
}

static void pack(struct move *move, enum legacy_generation generation, const char *sql)
{
    move_pack(move, generation, LEGACY_SOUND, PATIENTS);
    alter(move, sql);
}

static int64_t rejected(struct move *move, const char *name, const char *code)
{
    return sql_int(move->boss,
                   "SELECT count(*) FROM ops.import_reject WHERE import_id = %d AND name = '%s' "
                   "AND code = '%s'",
                   (int)move->result.id, name, code);
}

/* --- too long --- */

static const char long_texts[] =
    "UPDATE hospital_patient SET patient_name = ' ' || hex(zeroblob(60)) WHERE id = 1;"
    "UPDATE hospital_patient SET phone_number = hex(zeroblob(20)) WHERE id = 2;"
    "UPDATE hospital_patientvisit SET notes = hex(zeroblob(1500)), purpose = hex(zeroblob(150))"
    "    WHERE id = (SELECT min(id) FROM hospital_patientvisit WHERE patient_id = 3);"
    "UPDATE hospital_mastermedicine SET description = hex(zeroblob(1500)) WHERE id = 1";

static void what_is_too_long_is_rejected_or_cut_and_counted(void **state)
{
    struct move *move = *state;
    pack(move, LEGACY_SUGAR, long_texts);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(rejected(move, "patient", "too-long"), 2);
    assert_int_equal(rejected(move, "visit", "too-long"), 1);
    assert_int_equal(move_changed(move, "catalog_medicine", "cut"), 1);
    assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id, &move->fault,
                                 &move->text, &move->json),
                     ERR_NONE);
    move->options.cuts = true;
    move_well(move);
    move_adds_up(move);
    assert_int_equal(rejected(move, "patient", "too-long"),
                     1); /* nobody is called on half a number */
    assert_int_equal(rejected(move, "visit", "too-long"), 0);
    assert_int_equal(move_changed(move, "patient", "cut"), 1);
    assert_int_equal(move_changed(move, "visit", "cut"), 1);
    assert_int_equal(move_changed(move, "catalog_medicine", "cut"), 1);
    assert_int_equal(sql_int(move->boss, "SELECT length(name) FROM clinicd.patient WHERE "
                                         "patient_number = 'PT5-2026-00001'"),
                     100);
}

/* --- twice --- */

/* The generator's list has names that stand twice; two of the staff differ in their letters' case.
 */
static const char doubles[] =
    "UPDATE hospital_user SET username = 'Twice' WHERE id = 3;"
    "UPDATE hospital_user SET username = 'twice' WHERE id = 4;"
    "UPDATE hospital_mastertest SET test_name = 'Blood sugar', test_type = 'blood' WHERE id = 2;"
    "UPDATE hospital_mastertest SET test_name = 'BLOOD SUGAR', test_type = 'blood', clinic_id ="
    "    (SELECT clinic_id FROM hospital_mastertest WHERE id = 2) WHERE id = 3";

static void what_stands_twice_becomes_one_or_is_told_apart_or_is_rejected(void **state)
{
    static const char *const ways[] = {"merge", "suffix", "reject"};
    struct move *move = *state;
    int64_t medicines[3], tests[3], merged = 0;
    pack(move, LEGACY_SUGAR, doubles);
    for (int i = 0; i < 3; i++) {
        move->options.duplicates = ways[i];
        move_well(move);
        move_adds_up(move);
        medicines[i] = move_step(move, "catalog_medicine", "loaded");
        tests[i] = move_step(move, "catalog_test", "loaded");
        if (i == 0)
            merged = move_step(move, "catalog_medicine", "merged");
        else
            assert_int_equal(move_step(move, "catalog_medicine", "merged"), 0);
        assert_int_equal(move_changed(move, "catalog_medicine", "name-changed"),
                         i == 1 ? merged : 0);
        assert_int_equal(rejected(move, "catalog_medicine", "duplicate"), i == 2 ? merged : 0);
        assert_int_equal(rejected(move, "catalog_test", "duplicate"), i == 2 ? 1 : 0);
        assert_int_equal(move_changed(move, "staff", "username-changed"), i == 2 ? 0 : 1);
        assert_int_equal(rejected(move, "staff", "duplicate"), i == 2 ? 1 : 0);
        assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id,
                                     &move->fault, &move->text, &move->json),
                         ERR_NONE);
    }
    assert_true(merged > 0);
    assert_int_equal(medicines[1], medicines[0] + merged);
    assert_int_equal(medicines[2], medicines[0]);
    assert_int_equal(tests[1], tests[0] + 1);
    assert_int_equal(tests[2], tests[0]);
}

/* --- no clinic --- */

static const char homeless[] =
    "UPDATE hospital_patient SET clinic_id = NULL, registered_by_id = NULL WHERE id = 1;"
    "UPDATE hospital_patientvisit SET clinic_id = NULL WHERE patient_id = 2";

static const char *clinic_of(struct move *move, const char *number)
{
    return sql_text(move->boss, &move->arena,
                    "SELECT c.slug FROM clinicd.patient p JOIN clinicd.clinic c USING (clinic_id)"
                    " WHERE p.patient_number = '%s'",
                    number);
}

static void a_row_without_a_clinic_goes_where_it_was_said(void **state)
{
    static const char *const ways[] = {"inherit", "chosen", "reject"};
    static const char *const clinics[] = {"sample-clinic", "chosen", NULL};
    struct move *move = *state;
    move_clinic(move, "chosen");
    pack(move, LEGACY_SUGAR, homeless);
    for (int i = 0; i < 3; i++) {
        move->options.null_clinic = ways[i];
        move_well(move);
        move_adds_up(move);
        const char *clinic = clinic_of(move, "PT5-2026-00001");
        assert_int_equal(clinic != NULL, clinics[i] != NULL);
        if (clinic)
            assert_string_equal(clinic, clinics[i]);
        assert_int_equal(rejected(move, "patient", "clinic-unknown"), i == 2 ? 1 : 0);
        assert_true(move_changed(move, "visit", "clinic-inherited") > 0);
        assert_string_equal(clinic_of(move, "PT5-2026-00002"), "sample-clinic");
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = "
                                             "'importing'"),
                         i == 1 ? 2 : 1);
        assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id,
                                     &move->fault, &move->text, &move->json),
                         ERR_NONE);
        assert_string_equal(sql_text(move->boss, &move->arena,
                                     "SELECT string_agg(slug || ' ' || status, ',') FROM "
                                     "clinicd.clinic"),
                            "chosen active");
    }
}

/* --- whose clinics they become --- */

static void a_slug_that_cannot_stay_leads_to_the_new_one_until_it_is_taken_back(void **state)
{
    struct move *move = *state;
    pack(move, LEGACY_SUGAR, "UPDATE hospital_clinic SET slug = 'Old_Town'");
    move_well(move);
    assert_int_equal(move_changed(move, "clinic", "slug-changed"), 1);
    assert_string_equal(
        sql_text(move->boss, &move->arena,
                 "SELECT r.slug || ' ' || c.slug FROM clinicd.clinic_redirects(NULL)"
                 " r JOIN clinicd.clinic c USING (clinic_id)"),
        "Old_Town old-town");
    assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id, &move->fault,
                                 &move->text, &move->json),
                     ERR_NONE);
    alter(move, "UPDATE hospital_clinic SET slug = 'old-town'");
    move_well(move);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.clinic_redirect"), 0);
}

static const char second_clinic[] =
    "INSERT INTO hospital_clinic SELECT 77, 'Second', 'second_clinic', logo, address, city, state,"
    "    zip_code, phone_number, email, website, 'REG 77', subscription_status, max_doctors,"
    "    max_patients, max_receptionists, created_at, updated_at, is_active FROM hospital_clinic"
    "    LIMIT 1;"
    "UPDATE hospital_patient SET clinic_id = 77, registered_by_id = NULL, user_id = NULL"
    "    WHERE id = 1;"
    "DELETE FROM hospital_prescription WHERE patient_id = 1;"
    "DELETE FROM hospital_patientvisit WHERE patient_id = 1;"
    "DELETE FROM hospital_patientadmission WHERE patient_id = 1";

static void clinics_go_where_the_map_says(void **state)
{
    static const char *const maps[] = {"{\"77\": \"chosen\"}", "{\"second_clinic\": \"chosen\"}"};
    struct move *move = *state;
    move_clinic(move, "chosen");
    pack(move, LEGACY_SUGAR, second_clinic);
    for (int i = 0; i < 2; i++) {
        move->options.clinic_map = maps[i];
        move->options.timezone = "Europe/Rome";
        move_well(move);
        move_adds_up(move);
        assert_string_equal(clinic_of(move, "PT5-2026-00001"), "chosen");
        assert_string_equal(clinic_of(move, "PT5-2026-00002"), "sample-clinic");
        assert_int_equal(move_step(move, "clinic", "merged"), 1);
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = "
                                             "'importing'"),
                         2);
        assert_string_equal(sql_text(move->boss, &move->arena,
                                     "SELECT string_agg(timezone, ',' ORDER BY slug) FROM "
                                     "clinicd.clinic"),
                            "Asia/Kolkata,Europe/Rome"); /* the chosen one keeps its own */
        assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id,
                                     &move->fault, &move->text, &move->json),
                         ERR_NONE);
    }
}

static void assert_flaws(struct move *move, const char *const pointers[], size_t n)
{
    assert_int_equal(move_import(move), ERR_INPUT);
    assert_string_equal(move->fault.code, "validation-failed");
    assert_int_equal(move->fault.flaws_n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(move->fault.flaws[i].pointer, pointers[i]);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 0);
}

static void what_the_options_name_and_nobody_knows_is_told_at_once(void **state)
{
    static const char *const legacy[] = {"--clinic-map#/9", "--clinic-map#/nowhere",
                                         "--clinic-map#/second_clinic"};
    static const char *const here[] = {"--clinic-map#/5", "--clinic-map#/77", "--null-clinic",
                                       "--tz"};
    static const char *const twice[] = {"--clinic-map#/77"};
    struct move *move = *state;
    move_clinic(move, "chosen");
    pack(move, LEGACY_SUGAR, second_clinic);
    move->options.clinic_map = "{\"9\": \"chosen\", \"nowhere\": \"chosen\", \"77\": \"chosen\","
                               " \"second_clinic\": \"other\"}";
    assert_flaws(move, legacy, 3);
    move->options.clinic_map = "{\"5\": \"one\", \"second_clinic\": \"two\"}";
    move->options.null_clinic = "three";
    move->options.timezone = "Asia/Nowhere";
    assert_flaws(move, here, 4);
    move->options.clinic_map = "{\"5\": \"chosen\", \"second_clinic\": \"chosen\"}";
    move->options.null_clinic = move->options.timezone = NULL;
    assert_flaws(move, twice, 1);
}

static void one_that_stopped_goes_on_as_it_was_told_only(void **state)
{
    struct move *move = *state;
    pack(move, LEGACY_SUGAR, long_texts);
    move->options.most_rejects = 0;
    assert_int_equal(move_import(move), ERR_INTERNAL);
    assert_non_null(strstr(move->text.text, "too-long"));
    move->options.most_rejects = -1;
    move->options.cuts = true;
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-other-choice");
    move->options.cuts = false;
    move_well(move);
    move_adds_up(move);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(what_is_too_long_is_rejected_or_cut_and_counted),
        MOVE_TEST(what_stands_twice_becomes_one_or_is_told_apart_or_is_rejected),
        MOVE_TEST(a_row_without_a_clinic_goes_where_it_was_said),
        MOVE_TEST(a_slug_that_cannot_stay_leads_to_the_new_one_until_it_is_taken_back),
        MOVE_TEST(clinics_go_where_the_map_says),
        MOVE_TEST(what_the_options_name_and_nobody_knows_is_told_at_once),
        MOVE_TEST(one_that_stopped_goes_on_as_it_was_told_only),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
