/* The machine of an admission, every state to every state, as the domain says it (its 4.4): over
 * HTTP, and by SQL as the service's role. What an end needs, what it does to the patient, and how
 * it is corrected. */
#include "tests/harness/rx.h"
#include "tests/harness/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { STATES = 8, ACTIVE = 5 };

/* Those from ACTIVE on are ends. */
static const char *const states[STATES] = {
    "admitted",   "in_treatment", "improving", "stable", "ready_for_discharge",
    "discharged", "shifted",      "deceased"};

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "admission_states"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* The seed's open admission as it would be had it come to a state by itself. */
static void put(struct world *world, int to)
{
    sql_run(world->boss,
            "SET session_replication_role = replica; UPDATE clinicd.admission SET status = '%s', "
            "version = 7, ended_at = %s, final_diagnosis = 'Flu', discharge_notes = 'Well' WHERE "
            "id = '%s'; RESET session_replication_role",
            states[to], to < ACTIVE ? "NULL" : "admitted_at", id_a(world, WARD_OPEN));
    if (to < ACTIVE)
        sql_run(world->boss,
                "SET session_replication_role = replica; UPDATE clinicd.admission SET "
                "final_diagnosis = NULL, discharge_notes = NULL WHERE id = '%s'; RESET "
                "session_replication_role",
                id_a(world, WARD_OPEN));
}

static struct answer move(struct world *world, const char *rest, const char *body)
{
    return ask_if(world, "POST", path_a(world, "/admissions/%s%s", id_a(world, WARD_OPEN), rest),
                  token_a(world, "doctor"), body, "\"7\"");
}

static void every_state_to_every_state_over_http(void **state)
{
    struct world *world = *state;
    for (int from = 0; from < STATES; from++)
        for (int to = 0; to < STATES; to++) {
            world_restore(world);
            put(world, from);
            struct answer moved =
                to < ACTIVE
                    ? move(world, "/status",
                           arena_format(&world->arena, "{\"status\": \"%s\"}", states[to]))
                    : move(world, "/discharge",
                           arena_format(&world->arena,
                                        "{\"outcome\": \"%s\", \"final_diagnosis\": \"Flu\", "
                                        "\"discharge_notes\": \"Well\"}",
                                        states[to]));
            if (from >= ACTIVE) {
                expect(&moved, 409, "admission-ended");
            } else if (from == to) {
                expect(&moved, 409, "illegal-transition");
                assert_int_equal(rx_count(&moved, "allowed"), ACTIVE - 1);
            } else {
                expect(&moved, 200, NULL);
                assert_string_equal(answer_text(&moved, "status"), states[to]);
                assert_int_equal(json_is_null(json_object_get(moved.json, "ended_at")),
                                 to < ACTIVE);
                assert_int_equal(json_is_null(json_object_get(moved.json, "outcome")), to < ACTIVE);
            }
        }
}

static void every_state_to_every_state_by_sql(void **state)
{
    struct world *world = *state;
    char sqlstate[SQLSTATE_TEXT];
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    sql_run(app, "SET app.clinic_id = '7001'");
    for (int from = 0; from < STATES; from++)
        for (int to = 0; to < STATES; to++) {
            put(world, from);
            sql_run(app, "BEGIN");
            int rows = sql_try(app, sqlstate,
                               "UPDATE clinicd.admission SET status = '%s', updated_at = now()%s "
                               "WHERE id = '%s'",
                               states[to],
                               to < ACTIVE || from >= ACTIVE
                                   ? ""
                                   : ", final_diagnosis = 'Flu', discharge_notes = 'Well'",
                               id_a(world, WARD_OPEN));
            sql_run(app, "ROLLBACK");
            /* Over itself an active one is a change like any other. */
            if ((rows == 1) != (from < ACTIVE))
                fail_msg("%s to %s: %d %s", states[from], states[to], rows, sqlstate);
            if (rows < 0)
                assert_string_equal(sqlstate, "23514");
        }
}

static const char *end_flaws(struct world *world, const char *body)
{
    struct answer refused = move(world, "/discharge", body);
    return ward_flaws(world, &refused);
}

static void an_end_says_what_its_outcome_needs(void **state)
{
    struct world *world = *state;
    world_restore(world);
    put(world, 0);
    assert_string_equal(end_flaws(world, "{\"outcome\": \"discharged\"}"),
                        "#/discharge_notes required, #/final_diagnosis required");
    assert_string_equal(end_flaws(world, "{\"outcome\": \"shifted\"}"),
                        "#/discharge_notes required");
    assert_string_equal(end_flaws(world, "{\"outcome\": \"deceased\", \"follow_up_on\": "
                                         "\"2999-01-01\", \"follow_up_instructions\": \"X\"}"),
                        "#/discharge_notes required, #/final_diagnosis required, "
                        "#/follow_up_instructions not-allowed, #/follow_up_on not-allowed");
    assert_string_equal(end_flaws(world, "{\"outcome\": \"shifted\", \"discharge_notes\": \"To the "
                                         "city\", \"follow_up_on\": \"2020-01-01\"}"),
                        "#/follow_up_on too-small");
    struct answer over = move(world, "/discharge",
                              "{\"outcome\": \"shifted\", \"discharge_notes\": \"To the city\", "
                              "\"follow_up_on\": \"2999-01-01\", \"follow_up_instructions\": "
                              "\"Bring the films\"}");
    expect(&over, 200, NULL);
    assert_string_equal(answer_text(&over, "outcome"), "shifted");
    assert_string_equal(answer_text(&over, "follow_up_on"), "2999-01-01");
    assert_string_equal(text_in(&over, "ended_by", "id"), id_a(world, SEED_DOCTOR));
}

/* By SQL too: an end without what it needs, with what has no place, in the past, or in two steps.
 */
static void the_database_knows_what_an_end_needs(void **state)
{
    struct world *world = *state;
    static const char *const sets[] = {
        "status = 'discharged'",
        "status = 'discharged', final_diagnosis = 'Flu'",
        "status = 'deceased', final_diagnosis = 'Flu', discharge_notes = 'Well', follow_up_on = "
        "'2999-01-01'",
        "status = 'shifted', discharge_notes = 'Well', follow_up_on = '2020-01-01'",
        "discharge_notes = 'Well'",
        "follow_up_on = '2999-01-01'",
        "status = 'stable', final_diagnosis = 'Flu'",
    };
    char sqlstate[SQLSTATE_TEXT];
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    sql_run(app, "SET app.clinic_id = '7001'");
    world_restore(world);
    put(world, 0);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        int rows = sql_try(app, sqlstate,
                           "UPDATE clinicd.admission SET %s, updated_at = now() WHERE id = '%s'",
                           sets[i], id_a(world, WARD_OPEN));
        if (rows != -1 || strcmp(sqlstate, "23514") != 0)
            fail_msg("%s: %d %s", sets[i], rows, sqlstate);
    }
}

static void an_end_frees_the_bed_and_moves_the_patient(void **state)
{
    static const char *const becomes[] = {"discharged", "discharged", "deceased"};
    struct world *world = *state;
    world_restore(world);
    ward_patients(world, 9);
    for (int i = 0; i < 3; i++) {
        struct answer stay = ward_admit(world, 1001 + i, "A", "");
        assert_string_equal(ward_patient_status(world, 1001 + i), "treatment_started");
        ward_end(world, &stay, states[ACTIVE + i]);
        assert_string_equal(ward_patient_status(world, 1001 + i), becomes[i]);
    }
    struct answer dead = ward_ask(world, 1003, "B", "");
    expect(&dead, 409, "patient-deceased");
    dead = ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
               arena_format(&world->arena, "{\"patient_id\": \"%s\"}", id_a(world, 1003)));
    expect(&dead, 409, "patient-deceased");
    struct answer back =
        ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
            arena_format(&world->arena, "{\"patient_id\": \"%s\"}", id_a(world, 1001)));
    expect(&back, 201, NULL);
    assert_string_equal(ward_patient_status(world, 1001), "in_diagnosis");
}

static void the_database_admits_no_dead_and_lets_none_visit(void **state)
{
    struct world *world = *state;
    char sqlstate[SQLSTATE_TEXT];
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    sql_run(app, "SET app.clinic_id = '7001'");
    world_restore(world);
    ward_patients(world, 1);
    sql_run(world->boss, "UPDATE clinicd.patient SET status = 'deceased' WHERE id = '%s'",
            id_a(world, 1001));
    int rows = sql_try(app, sqlstate,
                       "INSERT INTO clinicd.admission (clinic_id, id, admission_number, "
                       "patient_id, doctor_id, doctor_name, admission_type, room_number, "
                       "bed_number, reason_for_admission, status_at, admitted_at, created_at, "
                       "updated_at) VALUES (7001, gen_random_uuid(), 'AD-1', '%s', '%s', 'X', "
                       "'icu', '1', '1', 'X', now(), now(), now(), now())",
                       id_a(world, 1001), id_a(world, SEED_DOCTOR));
    assert_int_equal(rows, -1);
    assert_string_equal(sqlstate, "23514");
    rows = sql_try(app, sqlstate,
                   "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, "
                   "status_at, checked_in_at, created_at, updated_at) VALUES (7001, "
                   "gen_random_uuid(), '%s', '2026-01-01', 900, now(), now(), now(), now())",
                   id_a(world, 1001));
    assert_int_equal(rows, -1);
    assert_string_equal(sqlstate, "23514");
}

/* At the very next request. */
static void who_has_died_is_signed_in_nowhere(void **state)
{
    struct world *world = *state;
    world_restore(world);
    struct answer in = ask(world, "GET", path_a(world, "/me"), token_a(world, "patient"), NULL);
    expect(&in, 200, NULL);
    struct answer stay = ask(world, "GET", path_a(world, "/admissions/%s", id_a(world, WARD_OPEN)),
                             token_a(world, "doctor"), NULL);
    ward_end(world, &stay, "deceased");
    struct answer out = ask(world, "GET", path_a(world, "/me"), token_a(world, "patient"), NULL);
    expect(&out, 401, NULL);
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.account WHERE id = '%s' AND is_active",
                             id_a(world, SEED_PATIENT_LOGIN)),
                     0);
}

static struct answer steps_of(struct world *world, const struct answer *stay)
{
    struct answer steps = ask(world, "GET", ward_path(world, stay, "/status-history"),
                              token_a(world, "doctor"), NULL);
    expect(&steps, 200, NULL);
    return steps;
}

static void every_step_is_in_the_history(void **state)
{
    struct world *world = *state;
    world_restore(world);
    ward_patients(world, 1);
    struct answer stay = ward_admit(world, 1001, "A", "");
    struct answer better = ward_do(world, &stay, "admin", "POST", "/status",
                                   "{\"status\": \"improving\", \"reason\": \"No fever\"}");
    expect(&better, 200, NULL);
    ward_end(world, &stay, "discharged");
    struct answer steps = steps_of(world, &stay);
    assert_int_equal(rx_count(&steps, "items"), 3);
    assert_string_equal(rx_text(&steps, "items", 0, "to"), "admitted");
    assert_string_equal(rx_text(&steps, "items", 1, "from"), "admitted");
    assert_string_equal(rx_text(&steps, "items", 1, "to"), "improving");
    assert_string_equal(rx_text(&steps, "items", 1, "note"), "No fever");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(rx_item(&steps, "items", 1), "by"), "id")),
                        id_a(world, SEED_ADMIN));
    assert_string_equal(rx_text(&steps, "items", 2, "to"), "discharged");
    struct answer nowhere =
        ask(world, "GET", path_a(world, "/admissions/%s/status-history", id_a(world, 999)),
            token_a(world, "doctor"), NULL);
    expect(&nowhere, 404, "not-found");
}

static struct answer correct(struct world *world, const struct answer *stay, const char *body)
{
    return ward_do(world, stay, "admin", "POST", "/correction", body);
}

static void what_was_said_at_the_end_is_corrected_and_kept(void **state)
{
    struct world *world = *state;
    world_restore(world);
    ward_patients(world, 1);
    struct answer stay = ward_admit(world, 1001, "A", "");
    struct answer early = correct(world, &stay, "{\"reason\": \"X\", \"discharge_notes\": \"Y\"}");
    expect(&early, 409, "conflict");
    ward_end(world, &stay, "discharged");
    struct answer mended =
        correct(world, &stay,
                "{\"reason\": \"Confused\", \"outcome\": \"shifted\", \"final_diagnosis\": null}");
    expect(&mended, 200, NULL);
    assert_string_equal(answer_text(&mended, "outcome"), "shifted");
    assert_string_equal(answer_text(&mended, "discharge_notes"), "As agreed");
    struct answer steps = steps_of(world, &stay);
    const json_t *last = rx_item(&steps, "items", 2);
    assert_string_equal(rx_text(&steps, "items", 2, "note"), "Confused");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(last, "was"), "final_diagnosis")),
        "Dengue fever");
    assert_string_equal(json_string_value(json_object_get(json_object_get(last, "was"), "outcome")),
                        "discharged");
    struct answer same = correct(world, &stay, "{\"reason\": \"X\", \"outcome\": \"shifted\"}");
    assert_string_equal(ward_flaws(world, &same), "# unchanged");
    struct answer less = correct(world, &stay, "{\"reason\": \"X\", \"discharge_notes\": null}");
    assert_string_equal(ward_flaws(world, &less), "#/discharge_notes required");
    struct answer past =
        correct(world, &stay, "{\"reason\": \"X\", \"follow_up_on\": \"2020-01-01\"}");
    assert_string_equal(ward_flaws(world, &past), "#/follow_up_on too-small");
    struct answer doctor = ward_do(world, &stay, "doctor", "POST", "/correction",
                                   "{\"reason\": \"X\", \"discharge_notes\": \"Y\"}");
    expect(&doctor, 403, "missing-permission");
    struct answer died = correct(world, &stay,
                                 "{\"reason\": \"Letter of the other hospital\", \"outcome\": "
                                 "\"deceased\", \"final_diagnosis\": \"Dengue fever\"}");
    expect(&died, 200, NULL);
    assert_string_equal(ward_patient_status(world, 1001), "deceased");
}

static void a_stale_version_changes_nothing(void **state)
{
    struct world *world = *state;
    world_restore(world);
    ward_patients(world, 1);
    struct answer stay = ward_admit(world, 1001, "A", "");
    const struct {
        const char *method, *rest, *body;
    } writes[] = {
        {"PATCH", "", "{\"bed_number\": \"B\"}"},
        {"POST", "/status", "{\"status\": \"stable\"}"},
        {"POST", "/discharge", "{\"outcome\": \"shifted\", \"discharge_notes\": \"X\"}"},
        {"POST", "/correction", "{\"reason\": \"X\", \"discharge_notes\": \"Y\"}"},
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        const char *who = i == 3 ? "admin" : "doctor";
        struct answer stale =
            ask_if(world, writes[i].method, ward_path(world, &stay, writes[i].rest),
                   token_a(world, who), writes[i].body, "\"99\"");
        expect(&stale, 412, "precondition-failed");
        stale = ask(world, writes[i].method, ward_path(world, &stay, writes[i].rest),
                    token_a(world, who), writes[i].body);
        expect(&stale, 428, "precondition-required");
    }
    assert_string_equal(ward_read(world, &stay).body, stay.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_to_every_state_over_http),
        cmocka_unit_test(every_state_to_every_state_by_sql),
        cmocka_unit_test(an_end_says_what_its_outcome_needs),
        cmocka_unit_test(the_database_knows_what_an_end_needs),
        cmocka_unit_test(an_end_frees_the_bed_and_moves_the_patient),
        cmocka_unit_test(the_database_admits_no_dead_and_lets_none_visit),
        cmocka_unit_test(who_has_died_is_signed_in_nowhere),
        cmocka_unit_test(every_step_is_in_the_history),
        cmocka_unit_test(what_was_said_at_the_end_is_corrected_and_kept),
        cmocka_unit_test(a_stale_version_changes_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
