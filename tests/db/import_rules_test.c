/* What an import makes of the oddities of a legacy database, and how it is taken back. */
#include "db/verify.h"
#include "tests/harness/legacy_move.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

enum { PATIENTS = 40 };

static void rows_that_cannot_come_are_named_without_their_values(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "patient", "rejected"), 3);
    assert_non_null(strstr(move->text.text, "rejected: patient 1, name-missing (patient_name)"));
    assert_non_null(
        strstr(move->text.text, "rejected: patient 2, day-unreadable (registration_date)"));
    assert_non_null(strstr(move->text.text, "rejected: patient 3, too-long (patient_name)"));
    assert_int_equal(move_changed(move, "patient", "age-impossible"), 1);
    assert_int_equal(move_changed(move, "patient", "gender-unknown"), 1);
    assert_int_equal(move_changed(move, "patient", "blanks-trimmed"), 1);
    assert_int_equal(move_changed(move, "doctor", "license-unknown"), 1);
    assert_null(strstr(move->json.text, "2026-02-31"));
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_stage"), 0);
}

static void the_platform_stays_outside_and_no_plain_password_comes(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    assert_int_equal(move_step(move, "staff", "skipped"), 2);
    assert_int_equal(move_changed(move, "staff", "platform-user"), 2);
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM clinicd.account WHERE username IN ('platform', 'founder')"),
        0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.platform_account"), 0);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.account WHERE NOT must_change_password"),
        0);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.account WHERE role = "
                                         "'patient' AND password_hash IS NOT NULL"),
                     0);
    assert_int_equal(sql_int(move->boss,
                             "SELECT count(*) FROM clinicd.account WHERE role <> 'patient'"
                             " AND password_hash LIKE 'pbkdf2_sha256$1000000$%%'"),
                     6);
}

static void reset_means_that_nobody_keeps_a_password(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    move->options.resets_passwords = true;
    move_well(move);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.account WHERE password_hash IS NOT NULL"),
        0);
    assert_int_equal(move_changed(move, "staff", "password-to-reset"), 6);
}

static void children_without_a_clinic_go_where_their_parents_are(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_VITALS, LEGACY_SOUND, PATIENTS);
    move_well(move);
    assert_true(move_changed(move, "visit", "clinic-inherited") > 0);
    assert_true(move_changed(move, "prescription_medicine", "clinic-inherited") > 0);
    assert_int_equal(sql_int(move->boss, "SELECT count(DISTINCT clinic_id) FROM clinicd.patient"),
                     2);
}

static void display_text_is_taken_off_and_a_dose_that_differs_stays(void **state)
{
    struct move *move = *state;
    static const struct {
        const char *name, *dose, *kind, *becomes;
    } cases[] = {
        {"Betamol 500 mg (Tablet)", "500 mg", "tablet", "Betamol"},
        {"Betamol 500 mg (Tablet) 500 mg (Tablet)", "500 mg", "tablet", "Betamol"},
        {"Betamol 500 mg (Tablet)", "500", "tablet", "Betamol"},
        {"Betamol 650 mg (Tablet)", "500 mg", "tablet", "Betamol 650 mg"},
        {"Betamol (forte)", "500 mg", "tablet", "Betamol (forte)"},
        {"Betamol 500 mg", "500 mg", "tablet", "Betamol 500 mg"},
        {"(Tablet)", "500 mg", "tablet", "(Tablet)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(sql_text(move->boss, &move->arena,
                                     "SELECT ops.medicine_name('%s', '%s', '%s')", cases[i].name,
                                     cases[i].dose, cases[i].kind),
                            cases[i].becomes);
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    assert_true(move_changed(move, "catalog_medicine", "display-text-removed") > 0);
    assert_true(move_step(move, "catalog_medicine", "merged") > 0);
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM clinicd.catalog_medicine WHERE medicine_name LIKE '%%(%%'"),
        0);
}

static void days_that_are_none_are_none(void **state)
{
    struct move *move = *state;
    assert_string_equal(sql_text(move->boss, &move->arena, "SELECT ops.day('2024-02-29')"),
                        "2024-02-29");
    assert_null(sql_text(move->boss, &move->arena, "SELECT ops.day('2026-02-29')"));
    assert_null(sql_text(move->boss, &move->arena, "SELECT ops.day('yesterday')"));
    assert_int_equal(
        sql_int(move->boss, "SELECT extract(epoch FROM ops.moment('2026-01-01 00:00:01'))"),
        1767225601);
    assert_int_equal(
        sql_int(move->boss, "SELECT extract(epoch FROM ops.moment('2026-01-01 00:00:01.000000'))"),
        1767225601);
    assert_null(sql_text(move->boss, &move->arena, "SELECT ops.moment('2026-01-01 25:00:00')"));
}

static void finished_history_is_written_by_the_importer_only(void **state)
{
    struct move *move = *state;
    char sqlstate[SQLSTATE_TEXT];
    static const char insert[] = "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, "
                                 "token_number, status, status_at, checked_in_at,"
                                 " ended_at, created_at, updated_at) SELECT clinic_id, "
                                 "gen_random_uuid(), id, '2026-01-01', 999, 'completed',"
                                 " '2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01', "
                                 "'2026-01-01' FROM clinicd.patient LIMIT 1";
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    move_well(move);
    PGconn *app SQL_CLOSE = sql_connect(move->database.app_url);
    sql_run(app, "SELECT set_config('app.import', 'on', false), set_config('app.clinic_id',"
                 " '1', false)");
    assert_int_equal(sql_try(app, sqlstate, "%s", insert), -1);
    assert_string_equal(sqlstate, "23514");
    assert_string_equal(sql_text(app, &move->arena, "SELECT clinicd.is_history()"), "f");
    PGconn *migrator SQL_CLOSE = sql_connect(move->database.migrator_url);
    assert_int_equal(sql_try(migrator, sqlstate, "%s", insert), -1);
    sql_run(migrator, "SELECT set_config('app.import', 'on', false)");
    assert_int_equal(sql_try(migrator, sqlstate, "%s", insert), 1);
}

static void what_the_triggers_keep_is_right_afterwards(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM clinicd.prescription_figures() n"
                " FULL JOIN clinicd.prescription_figure f USING (clinic_id, doctor_id)"
                " WHERE (n.pending, n.completed, n.cancelled, n.recommended)"
                "  IS DISTINCT FROM (f.pending, f.completed, f.cancelled, f.recommended)"),
        0);
    assert_int_equal(sql_int(move->boss, "SELECT used FROM clinicd.quota WHERE kind = 'patient'"),
                     PATIENTS);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.event"), 0);
    assert_int_equal(sql_int(move->boss,
                             "SELECT count(*) FROM clinicd.visit v WHERE (SELECT max(number)"
                             " FROM clinicd.visit_change h WHERE h.visit_id = v.id) <> v.version"),
                     0);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(DISTINCT patient_id) FROM clinicd.patient_word"),
        PATIENTS);
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM (SELECT p.clinic_id, p.id, p.name_key, n.word COLLATE \"C\" "
                "AS word"
                "  FROM clinicd.patient p, unnest(clinicd.name_words(p.name_key)) n (word)) m"
                " FULL JOIN clinicd.patient_word w ON w.clinic_id = m.clinic_id"
                "  AND w.patient_id = m.id AND w.word = m.word AND w.name_key = m.name_key"
                " LEFT JOIN clinicd.name_word k ON k.clinic_id = w.clinic_id AND k.word = w.word"
                " WHERE m.id IS NULL OR k.word IS NULL"),
        0);
    assert_int_equal(
        sql_int(
            move->boss,
            "SELECT count(*) FROM clinicd.visit WHERE status IN ('checked_in', 'in_consultation')"),
        0);
}

static void legacy_alter(struct move *move, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(move->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* A doctor whose licence stood twice has an account, and was refused a profile. */
static void places_are_counted_by_what_accounts_are(void **state)
{
    struct move *move = *state;
    struct verification found = {.n = 0};
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 6);
    legacy_alter(move, "DELETE FROM hospital_doctor WHERE id = 2");
    move_well(move);
    assert_int_equal(sql_int(move->boss, "SELECT used FROM clinicd.quota WHERE kind = 'doctor'"),
                     2);
    assert_int_equal(verify_data(move->database.migrator_url, NULL, &move->fault, &found),
                     ERR_NONE);
    move_undo(move, move->result.id);
}

/* They are written by the chunk; a prescription's is asked for alone when it is completed. */
static void a_paper_of_many_is_the_same_as_one(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    assert_true(sql_int(move->boss, "SELECT count(*) FROM clinicd.prescription_paper") > 1);
    assert_true(sql_int(move->boss, "SELECT count(*) FROM clinicd.admission_paper") > 0);
    assert_int_equal(sql_int(move->boss,
                             "SELECT count(*) FROM clinicd.prescription_paper k"
                             " JOIN clinicd.prescription p ON p.id = k.prescription_id"
                             " WHERE k.facts->>'number' <> p.rx_number"
                             "  OR k.facts->'doctor'->>'name' <> p.doctor_name"
                             "  OR k.facts::text IS DISTINCT FROM"
                             "   clinicd.prescription_facts(k.clinic_id, k.prescription_id)::text"),
                     0);
    assert_int_equal(sql_int(move->boss,
                             "SELECT count(*) FROM clinicd.admission_paper k"
                             " JOIN clinicd.admission a ON a.id = k.admission_id"
                             " WHERE k.facts->>'number' <> a.admission_number"
                             "  OR k.facts::text IS DISTINCT FROM"
                             "   clinicd.admission_facts(k.clinic_id, k.admission_id)::text"),
                     0);
    assert_int_equal(
        sql_int(move->boss,
                "SELECT count(*) FROM clinicd.prescription p"
                " JOIN clinicd.prescription_paper k ON k.prescription_id = p.id"
                " WHERE json_array_length(k.facts->'medicines') <> (SELECT count(*)"
                "  FROM clinicd.prescription_medicine m WHERE m.prescription_id = p.id)"),
        0);
}

static void an_import_is_taken_back_whole(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    char *before = move_digest(move);
    for (int generation = LEGACY_SINGLE; generation <= LEGACY_SUGAR; generation += 4) {
        move->options.clinic = generation == LEGACY_SINGLE ? "chosen" : NULL;
        move_pack(move, (enum legacy_generation)generation, LEGACY_SOUND, 12);
        move_well(move);
        assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id,
                                     &move->fault, &move->text, &move->json),
                         ERR_NONE);
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.patient"), 0);
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic"), 1);
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_map"), 0);
    }
    sql_run(move->boss, "DELETE FROM clinicd.counter");
    sql_run(move->boss, "DELETE FROM clinicd.quota");
    sql_run(move->boss, "DELETE FROM clinicd.name_word");
    assert_string_equal(move_digest(move), before);
}

static void what_somebody_has_changed_is_not_taken_back(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 12);
    move_well(move);
    sql_run(move->boss,
            "UPDATE clinicd.patient SET version = 2 WHERE patient_number = 'PT5-2026-00003'");
    char *before = move_digest(move);
    assert_int_equal(import_undo(move->database.migrator_url, NULL, move->result.id, &move->fault,
                                 &move->text, &move->json),
                     ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-touched");
    assert_non_null(strstr(move->fault.detail, "1 of the rows of step patient"));
    assert_string_equal(move_digest(move), before);
}

static void phone_numbers_are_compared_as_the_service_does(void **state)
{
    struct move *move = *state;
    static const char *const cases[][2] = {
        {"9000000001", "+919000000001"},      {"098800 12345", "+919880012345"},
        {"+91-98800-12345", "+919880012345"}, {"00919880012345", "+919880012345"},
        {"919880012345", "+919880012345"},    {"900000001", "+91900000001"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(
            sql_text(move->boss, &move->arena, "SELECT ops.phone_key('%s', '91')", cases[i][0]),
            cases[i][1]);
    assert_null(sql_text(move->boss, &move->arena, "SELECT ops.phone_key('none', '91')"));
}

static void stop_at_once(void *user, const struct import_progress *progress)
{
    if (strcmp(progress->name, "patient") == 0 && progress->done >= 10)
        *(bool *)user = raise(SIGTERM) == 0;
}

static void who_asks_it_to_stop_finds_whole_chunks_and_may_go_on(void **state)
{
    struct move *move = *state;
    struct stop stop;
    bool is_asked = false;
    assert_true(stop_open(&stop));
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move->options.chunk_rows = 5;
    move->options.stop = &stop;
    move->options.progress = stop_at_once;
    move->options.user = &is_asked;
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_true(is_asked);
    assert_string_equal(move->fault.code, "stopped");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.patient"), 10);
    stop_close(&stop);
    move->options.stop = NULL;
    move->options.progress = NULL;
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "patient", "loaded"), PATIENTS);
}

static void asked_while_it_reads_the_file_it_writes_nothing(void **state)
{
    struct move *move = *state;
    struct stop stop = {.fd = -1, .asked = 1};
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move->options.stop = &stop;
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "stopped");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 0);
    move->options.stop = NULL;
    move_well(move);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(rows_that_cannot_come_are_named_without_their_values),
        MOVE_TEST(the_platform_stays_outside_and_no_plain_password_comes),
        MOVE_TEST(reset_means_that_nobody_keeps_a_password),
        MOVE_TEST(children_without_a_clinic_go_where_their_parents_are),
        MOVE_TEST(display_text_is_taken_off_and_a_dose_that_differs_stays),
        MOVE_TEST(days_that_are_none_are_none),
        MOVE_TEST(finished_history_is_written_by_the_importer_only),
        MOVE_TEST(what_the_triggers_keep_is_right_afterwards),
        MOVE_TEST(places_are_counted_by_what_accounts_are),
        MOVE_TEST(a_paper_of_many_is_the_same_as_one),
        MOVE_TEST(an_import_is_taken_back_whole),
        MOVE_TEST(what_somebody_has_changed_is_not_taken_back),
        MOVE_TEST(phone_numbers_are_compared_as_the_service_does),
        MOVE_TEST(who_asks_it_to_stop_finds_whole_chunks_and_may_go_on),
        MOVE_TEST(asked_while_it_reads_the_file_it_writes_nothing),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
