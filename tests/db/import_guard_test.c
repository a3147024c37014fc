/* What must not happen around an import: a clinic that is closed and does not know it, a choice
 * that is forgotten, somebody's work that goes with what is taken back. */
#include "tests/harness/legacy_move.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENTS = 12 };

/* Stops the import when the first chunk of patients is in. */
struct breaker {
    struct stop stop;
    bool is_asked;
};

static void stop_at_patients(void *user, const struct import_progress *progress)
{
    struct breaker *breaker = user;
    if (strcmp(progress->name, "patient") == 0)
        breaker->stop.asked = breaker->is_asked = true;
}

static void move_stops(struct move *move)
{
    struct breaker breaker = {.stop = {.fd = -1}};
    move->options.chunk_rows = 5;
    move->options.stop = &breaker.stop;
    move->options.progress = stop_at_patients;
    move->options.user = &breaker;
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "stopped");
    move->options.stop = NULL;
    move->options.progress = NULL;
}

static enum err undo(struct move *move)
{
    fault_reset(&move->fault);
    return import_undo(move->database.migrator_url, NULL, move->result.id, &move->fault,
                       &move->text, &move->json);
}

static void assert_refused(struct move *move, enum err err, const char *code, const char *words)
{
    assert_int_equal(err, ERR_CONFLICT);
    assert_string_equal(move->fault.code, code);
    assert_non_null(strstr(move->fault.detail, words));
}

static enum err open_clinics(struct move *move, int64_t id)
{
    fault_reset(&move->fault);
    return import_activate(move->database.migrator_url, id, &move->fault);
}

static void only_a_whole_import_is_opened(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_stops(move);
    int64_t id = sql_int(move->boss, "SELECT id FROM ops.import");
    assert_refused(move, open_clinics(move, id), "import-unknown", "is loading");
    assert_refused(move, open_clinics(move, 99), "import-unknown", "no import 99");
    move_well(move);
    assert_int_equal(open_clinics(move, id), ERR_NONE);
    assert_int_equal(undo(move), ERR_NONE);
    assert_refused(move, open_clinics(move, id), "import-unknown", "is undone");
}

static void a_pipe_is_no_legacy_database(void **state)
{
    struct move *move = *state;
    unlink(move->path);
    assert_int_equal(mkfifo(move->path, 0600), 0);
    assert_refused(move, move_import(move), "import-unreadable", "it is no file");
}

/* Somebody was at the legacy file. */
static void tamper(struct move *move, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(move->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_view_is_no_legacy_table(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    tamper(move, "PRAGMA foreign_keys = off; PRAGMA legacy_alter_table = on;"
                 "ALTER TABLE hospital_vitals RENAME TO other;"
                 "CREATE VIEW hospital_vitals AS SELECT * FROM other");
    assert_refused(move, move_import(move), "import-not-legacy", "views");
}

static void a_number_that_is_no_number_of_ours_stops_nothing(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    tamper(move, "PRAGMA ignore_check_constraints = on;"
                 "UPDATE hospital_clinic SET max_doctors = 99999999999;"
                 "UPDATE hospital_patient SET age = 9223372036854775807, weight = 9e999;"
                 "UPDATE hospital_medicine SET qty = 99999999999, frequency_per_day = -99999999999;"
                 "UPDATE hospital_standardtemplatemedicine SET qty = 99999999999");
    move_well(move);
    move_adds_up(move);
    assert_int_equal(sql_int(move->boss, "SELECT max(allowed) FROM clinicd.quota"), 2147483647);
    assert_int_equal(move_changed(move, "patient", "age-impossible"), PATIENTS);
}

static void a_hash_that_the_service_would_not_check_is_not_kept(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    tamper(move, "UPDATE hospital_user SET password = replace(password, '$1000000$', '$2000001$')");
    move_well(move);
    assert_int_equal(move_changed(move, "staff", "password-to-renew"), 0);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.account WHERE password_hash IS NOT NULL"),
        0);
}

static void a_running_service_hears_that_a_chosen_clinic_is_closed(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    move->options.clinic = "chosen";
    move_pack(move, LEGACY_SINGLE, LEGACY_SOUND, PATIENTS);
    move_stops(move);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'importing'"), 1);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.news n JOIN clinicd.clinic c"
                                         " ON n.key = c.clinic_id::text WHERE n.kind = 'clinic'"),
                     1);
}

static void a_stopped_import_goes_on_with_the_same_choices_only(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    move->options.clinic = "chosen";
    move_pack(move, LEGACY_SINGLE, LEGACY_SOUND, PATIENTS);
    move_stops(move);
    move->options.resets_passwords = true;
    assert_refused(move, move_import(move), "import-other-choice", "--passwords keep");
    move->options.resets_passwords = false;
    move->options.clinic = "elsewhere";
    assert_refused(move, move_import(move), "import-other-choice", "--clinic chosen");
    move->options.clinic = "chosen";
    move_well(move);
    move_adds_up(move);
}

static void what_is_known_in_one_clinic_is_not_left_out_of_another(void **state)
{
    struct move *move = *state;
    move_clinic(move, "chosen");
    move->options.clinic = "chosen";
    move_pack(move, LEGACY_SINGLE, LEGACY_SOUND, PATIENTS);
    move_well(move);
    move_clinic(move, "other");
    move->options.clinic = "other";
    assert_refused(move, move_import(move), "import-other-choice", "into `chosen`");
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'active'"), 1);
    move->options.clinic = "chosen";
    move_well(move);
    assert_int_equal(move_step(move, "patient", "already"), PATIENTS);
}

/* Another installation that began as a copy: its people are others, under the same numbers. */
static void pack_twin(struct move *move, int patients)
{
    const struct legacy_plan plan = {
        .generation = LEGACY_SUGAR, .flaw = LEGACY_SOUND, .patients = patients, .seed = 20260507};
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(move->path, &db), SQLITE_OK);
    sqlite3_stmt *row = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT applied FROM django_migrations ORDER BY id", -1, &row, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    const char *applied =
        arena_format(&move->arena, "UPDATE django_migrations SET applied = '%s' WHERE id = 1",
                     (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(db);
    legacy_make(&plan, move->path);
    tamper(move, applied);
}

static void the_twin_of_a_database_is_not_taken_for_it(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    pack_twin(move, PATIENTS + 1);
    assert_refused(move, move_import(move), "import-other-database", "another installation");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 1);
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'importing'"),
        sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic"));
}

/* Most rows are those of before they parted: what came last tells. */
static void a_twin_that_parted_late_is_known_by_what_came_last(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS * 10);
    move_well(move);
    tamper(move, "UPDATE hospital_patientvisit SET check_in_date = datetime(check_in_date, '-61"
                 " minutes') WHERE id > (SELECT max(id) - 20 FROM hospital_patientvisit)");
    assert_refused(move, move_import(move), "import-other-database", "hospital_patientvisit");
}

static void a_newer_copy_in_which_every_row_was_changed_is_taken(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS + 1);
    tamper(move, "UPDATE hospital_patient SET address = 'Moved', status = 'discharged';"
                 "UPDATE hospital_user SET last_login = '2026-05-05 05:05:05.050505';"
                 "UPDATE hospital_patientvisit SET notes = 'more';"
                 "UPDATE hospital_prescription SET prescription_date = '2026-05-05 05:05:05'"
                 " WHERE id = (SELECT max(id) FROM hospital_prescription)");
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "patient", "loaded"), 1);
    assert_int_equal(move_changed(move, "patient", "changed-since-then"), PATIENTS);
}

static void only_the_newest_import_is_taken_back(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    int64_t first = move->result.id;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS * 2);
    move_well(move);
    int64_t second = move->result.id;
    move->result.id = first;
    assert_refused(move, undo(move), "import-touched", "is newer");
    move->result.id = second;
    assert_int_equal(undo(move), ERR_NONE);
    move->result.id = first;
    assert_int_equal(undo(move), ERR_NONE);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.clinic"), 0);
    assert_true(sql_int(move->boss, "SELECT count(*) FROM clinicd.news WHERE kind = 'clinic'") > 0);
}

static void what_others_have_made_of_it_keeps_an_import(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    sql_run(move->boss,
            "INSERT INTO clinicd.pharmacy (clinic_id, id, name, address, is_primary, is_active,"
            " created_at, updated_at) SELECT clinic_id, gen_random_uuid(), 'New', '', false, true,"
            " now(), now() FROM clinicd.clinic");
    assert_refused(move, undo(move), "import-touched", "made or changed");
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM clinicd.patient"), PATIENTS);
}

struct undoing {
    struct move *move;
    enum err err;
};

static void *undo_aside(void *given)
{
    struct undoing *undoing = given;
    undoing->err = undo(undoing->move);
    return NULL;
}

static void a_change_that_comes_while_an_import_is_taken_back_is_kept(void **state)
{
    struct move *move = *state;
    struct undoing undoing = {.move = move};
    pthread_t thread;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    PGconn *clerk SQL_CLOSE = sql_connect(move->database.superuser_url);
    sql_run(clerk, "BEGIN; UPDATE clinicd.patient SET version = 2, name = 'Corrected'"
                   " WHERE patient_number = 'PT5-2026-00003'");
    assert_int_equal(pthread_create(&thread, NULL, undo_aside, &undoing), 0);
    sql_wait_until(move->boss, "SELECT count(*) FROM pg_stat_activity WHERE application_name ="
                               " 'clinicd import' AND wait_event_type = 'Lock'");
    sql_run(clerk, "COMMIT");
    pthread_join(thread, NULL);
    assert_refused(move, undoing.err, "import-touched", "meanwhile");
    assert_int_equal(
        sql_int(move->boss, "SELECT count(*) FROM clinicd.patient WHERE name = 'Corrected'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(only_a_whole_import_is_opened),
        MOVE_TEST(a_pipe_is_no_legacy_database),
        MOVE_TEST(a_view_is_no_legacy_table),
        MOVE_TEST(a_number_that_is_no_number_of_ours_stops_nothing),
        MOVE_TEST(a_hash_that_the_service_would_not_check_is_not_kept),
        MOVE_TEST(a_running_service_hears_that_a_chosen_clinic_is_closed),
        MOVE_TEST(a_stopped_import_goes_on_with_the_same_choices_only),
        MOVE_TEST(what_is_known_in_one_clinic_is_not_left_out_of_another),
        MOVE_TEST(the_twin_of_a_database_is_not_taken_for_it),
        MOVE_TEST(a_twin_that_parted_late_is_known_by_what_came_last),
        MOVE_TEST(a_newer_copy_in_which_every_row_was_changed_is_taken),
        MOVE_TEST(only_the_newest_import_is_taken_back),
        MOVE_TEST(what_others_have_made_of_it_keeps_an_import),
        MOVE_TEST(a_change_that_comes_while_an_import_is_taken_back_is_kept),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
