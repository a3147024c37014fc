/* The same legacy database as a file and in PostgreSQL: whichever is carried over, the same comes
 * of it. */
#include "tests/harness/legacy_move.h"
#include "tests/harness/legacy_twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

enum { PATIENTS = 12 };
#define OLD_SCHEMA "&options=-csearch_path%3Dold"

/* As the service's role, which may SELECT in the twin and nothing else. */
static void reader_use(struct move *move, const char *more)
{
    move->options.file = arena_format(&move->arena, "postgresql://clinicd_app@/%s?host=%s%s",
                                      move->database.name, PQhost(move->boss), more);
}

static void twin_choose(struct move *move)
{
    legacy_twin(move->path, move->boss, "old", "clinicd_app");
    reader_use(move, OLD_SCHEMA);
}

/* All of the last report but what says where it came from. */
static const char *report_without_source(struct move *move)
{
    static const char *const own[] = {"source", "sha256", "bytes"};
    json_t *report = json_loadb(move->json.text, move->json.length, 0, NULL);
    assert_non_null(report);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        assert_int_equal(json_object_del(report, own[i]), 0);
    char *text = json_dumps(report, JSON_INDENT(1) | JSON_SORT_KEYS);
    const char *kept = arena_copy(&move->arena, text);
    free(text);
    json_decref(report);
    return kept;
}

/* The file into one database, its twin into another. */
static void twins_agree(struct move *move, struct move *other, enum legacy_generation generation,
                        enum legacy_flaw flaw)
{
    move->options.clinic = other->options.clinic = generation == LEGACY_SINGLE ? "chosen" : NULL;
    move_pack(move, generation, flaw, PATIENTS);
    move_well(move);
    legacy_twin(move->path, other->boss, "old", "clinicd_app");
    reader_use(other, OLD_SCHEMA);
    move_well(other);
    move_adds_up(other);
    assert_int_equal(move_step(other, "patient", "loaded"), PATIENTS);
    assert_string_equal(report_without_source(other), report_without_source(move));
    assert_string_equal(move_digest(other), move_digest(move));
}

static void a_database_and_its_file_give_the_same_report_and_rows(void **state)
{
    static const enum legacy_generation generations[] = {LEGACY_SINGLE, LEGACY_ADMISSIONS,
                                                         LEGACY_SCHEDULES, LEGACY_SUGAR};
    struct move *move = *state, other;
    move_begin(&other, "import_twin");
    move_clinic(move, "chosen");
    move_clinic(&other, "chosen");
    for (size_t i = 0; i < sizeof generations / sizeof generations[0]; i++)
        twins_agree(move, &other, generations[i], LEGACY_SOUND);
    twins_agree(move, &other, LEGACY_TEMPLATES, LEGACY_HALF_MIGRATED);
    assert_non_null(strstr(other.text.text, "treatmentlog.clinic_id is missing"));
    move_end(&other);
}

static void a_database_is_known_again_as_its_file(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, PATIENTS);
    move_well(move);
    twin_choose(move);
    move_well(move);
    move_adds_up(move);
    assert_int_equal(move_step(move, "patient", "already"), PATIENTS);
    assert_int_equal(move_step(move, "patient", "loaded"), 0);
    assert_int_equal(move_changed(move, "patient", "changed-since-then"), 0);
}

static void the_report_names_the_moment_that_was_read(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 3);
    twin_choose(move);
    move->options.is_dry = true;
    move_well(move);
    json_t *report = json_loadb(move->json.text, move->json.length, 0, NULL);
    json_t *source = json_object_get(report, "source");
    assert_string_equal(json_string_value(json_object_get(source, "kind")), "postgresql");
    assert_string_equal(json_string_value(json_object_get(source, "database")),
                        move->database.name);
    assert_string_equal(
        json_string_value(json_object_get(source, "system_identifier")),
        sql_text(move->boss, &move->arena, "SELECT system_identifier FROM pg_control_system()"));
    assert_true(strchr(json_string_value(json_object_get(source, "lsn")), '/') != NULL);
    assert_true(strchr(json_string_value(json_object_get(source, "snapshot")), ':') != NULL);
    json_decref(report);
}

static void one_that_stopped_goes_on_only_with_the_same_rows(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 10);
    twin_choose(move);
    move_well(move);
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    sql_run(move->boss, "VACUUM FULL old.hospital_patient");
    move_well(move);
    sql_run(move->boss, "UPDATE ops.import SET state = 'loading'");
    sql_run(move->boss, "UPDATE old.hospital_patient SET age = age + 1 WHERE id = 3");
    assert_int_equal(move_import(move), ERR_CONFLICT);
    assert_string_equal(move->fault.code, "import-other-copy");
}

static void assert_refused(struct move *move, enum err expected, const char *code,
                           const char *words)
{
    assert_int_equal(move_import(move), expected);
    assert_string_equal(move->fault.code, code);
    if (!strstr(move->fault.detail, words))
        fail_msg("%s", move->fault.detail);
    assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import"), 0);
}

static void a_row_that_a_policy_hides_is_a_failure(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    twin_choose(move);
    sql_run(move->boss, "ALTER TABLE old.hospital_patient ENABLE ROW LEVEL SECURITY;"
                        "CREATE POLICY few ON old.hospital_patient USING (id < 3)");
    assert_refused(move, ERR_CONFLICT, "import-unreadable", "row-level security policy");
}

static void a_table_that_may_not_be_read_is_named(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    twin_choose(move);
    sql_run(move->boss, "REVOKE SELECT ON old.hospital_vitals FROM clinicd_app");
    assert_refused(move, ERR_CONFLICT, "import-unreadable",
                   "permission denied for table hospital_vitals");
}

static void an_id_that_is_missing_or_stands_twice_is_refused(void **state)
{
    struct move *move = *state;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 5);
    twin_choose(move);
    sql_run(move->boss, "ALTER TABLE old.hospital_test DROP CONSTRAINT hospital_test_pkey");
    sql_run(move->boss, "INSERT INTO old.hospital_test SELECT * FROM old.hospital_test LIMIT 1");
    assert_refused(move, ERR_CONFLICT, "import-unreadable", "an id of hospital_test stands twice");
    sql_run(move->boss,
            "ALTER TABLE old.hospital_test ALTER id DROP IDENTITY, ALTER id DROP NOT NULL");
    assert_refused(move, ERR_CONFLICT, "import-unreadable",
                   "hospital_test has no whole-numbered id");
}

static void a_database_without_the_tables_is_refused(void **state)
{
    struct move *move = *state;
    reader_use(move, "");
    assert_refused(move, ERR_CONFLICT, "import-not-legacy", "none of the legacy program's tables");
}

static void a_password_in_the_address_is_never_told(void **state)
{
    static const char *const addresses[] = {
        "postgresql://clerk:canary@[::1/old", "postgresql://clerk:canary@localhost:0x/old",
        "postgresql://clerk:canary@localhost:5432/old?nonsense=canary",
        "postgres://clerk:canary@127.0.0.1:1/old",
        "postgres://clerk:canary@127.0.0.1:1/old?sslmode=hush"};
    struct move *move = *state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        move->options.file = addresses[i];
        assert_int_not_equal(move_import(move), ERR_NONE);
        assert_non_null(move->fault.detail);
        assert_null(strstr(move->fault.detail, "canary"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOVE_TEST(a_database_and_its_file_give_the_same_report_and_rows),
        MOVE_TEST(a_database_is_known_again_as_its_file),
        MOVE_TEST(the_report_names_the_moment_that_was_read),
        MOVE_TEST(one_that_stopped_goes_on_only_with_the_same_rows),
        MOVE_TEST(a_row_that_a_policy_hides_is_a_failure),
        MOVE_TEST(a_table_that_may_not_be_read_is_named),
        MOVE_TEST(an_id_that_is_missing_or_stands_twice_is_refused),
        MOVE_TEST(a_database_without_the_tables_is_refused),
        MOVE_TEST(a_password_in_the_address_is_never_told),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
