/* The machine of a prescription (domain 4.3): every step from every state, what it needs, what it
 * does to the visit and the patient. prescription_locks_test.c has the same by SQL. */
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { VISIT_OPEN = 601 };

/* [from][to] */
static const bool goes[RX_STATES][RX_STATES] = {
    {false, true, true},
    {true, false, true},
    {false, false, false},
};

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "prescription_states"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static char *value(struct world *world, const char *table, const char *column, const char *id)
{
    return sql_text(world->boss, &world->arena, "SELECT %s FROM clinicd.%s WHERE id = '%s'", column,
                    table, id);
}

static void every_step_from_every_state_is_as_the_domain_says(void **state)
{
    struct world *world = *state;
    for (enum rx_state from = 0; from < RX_STATES; from++)
        for (enum rx_state to = 0; to < RX_STATES; to++) {
            struct answer rx = rx_in(world, from);
            struct answer stale = ask_if(world, "POST", rx_path(world, &rx, rx_verb(to)),
                                         token_a(world, "doctor"), rx_reason(to), "\"77\"");
            expect(&stale, 412, "precondition-failed");
            struct answer then = rx_step(world, &rx, "doctor", to);
            if (goes[from][to]) {
                expect(&then, 200, NULL);
                assert_string_equal(answer_text(&then, "status"), rx_states[to]);
                bool was_completed = from == RX_IS_COMPLETED || to == RX_IS_COMPLETED;
                assert_int_equal(*answer_text(&then, "completed_at") != '\0',
                                 was_completed && to != RX_IS_PENDING);
                assert_int_equal(*answer_text(&then, "cancel_reason") != '\0',
                                 to == RX_IS_CANCELLED);
                continue;
            }
            expect(&then, 409, "illegal-transition");
            json_t *allowed = json_object_get(then.json, "allowed");
            int n = 0;
            for (int i = 0; i < RX_STATES; i++)
                n += goes[from][i];
            assert_int_equal(json_array_size(allowed), n);
        }
}

static void completing_needs_something_to_say(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"vitals\": {\"pulse\": 72}");
    struct answer empty = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&empty, 422, "prescription-empty");
    rx = rx_do(world, &rx, "doctor", "POST", "/tests", "{" RX_TEST "}");
    rx = rx_do(world, &rx, "doctor", "DELETE",
               arena_format(&world->arena, "/tests/%s", rx_text(&rx, "tests", 0, "id")), NULL);
    empty = rx_step(world, &rx, "doctor", RX_IS_COMPLETED); /* a line that was taken off is none */
    expect(&empty, 422, "prescription-empty");
    rx = rx_do(world, &rx, "doctor", "PUT", "/notes", "{" RX_NOTES "}");
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&rx, 200, NULL);
}

/* D14: a visit that is in consultation is closed too; D11: through its link. */
static void the_visit_and_the_patient_move_along(void **state)
{
    struct world *world = *state;
    world_restore(world);
    const char *visit = id_a(world, VISIT_OPEN), *patient = id_a(world, SEED_PATIENT_OWN);
    const char *link = arena_format(&world->arena, ", \"visit_id\": \"%s\"", visit);
    assert_string_equal(value(world, "visit", "status", visit), "checked_in");
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, link);
    assert_string_equal(value(world, "visit", "status", visit), "in_consultation");
    assert_string_equal(value(world, "patient", "status", patient), "in_diagnosis");
    rx = rx_do(world, &rx, "doctor", "PUT", "/notes", "{" RX_NOTES "}");
    assert_string_equal(text_in(&rx, "notes", "checkin_purpose"), "Cough own-alphamark");
    rx = rx_do(world, &rx, "doctor", "POST", "/medicines", "{" RX_MEDICINE "}");
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&rx, 200, NULL);
    assert_string_equal(value(world, "visit", "status", visit), "completed");
    assert_string_equal(value(world, "patient", "status", patient), "treatment_started");
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.visit_change WHERE visit_id = '%s' AND by_id = '%s'",
                visit, id_a(world, SEED_DOCTOR)),
        2);
    struct answer late =
        ask(world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
            arena_format(&world->arena, "{\"patient_id\": \"%s\"%s}", patient, link));
    expect(&late, 409, "visit-closed");
}

static void without_a_link_the_open_visit_of_today_is_closed(void **state)
{
    struct world *world = *state;
    world_restore(world);
    const char *patient = id_a(world, SEED_PATIENT_OTHER);
    struct answer visit =
        ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
            arena_format(&world->arena, "{\"patient_id\": \"%s\"}", patient));
    expect(&visit, 201, NULL);
    struct answer rx = rx_make(world, SEED_PATIENT_OTHER, ", \"tests\": [{" RX_TEST "}]");
    assert_string_equal(value(world, "visit", "status", answer_text(&visit, "id")), "checked_in");
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    assert_string_equal(value(world, "visit", "status", answer_text(&visit, "id")), "completed");
    assert_string_equal(value(world, "patient", "status", patient), "in_diagnosis");

    rx = rx_make(world, SEED_PATIENT_OWN, ", \"tests\": [{" RX_TEST "}]");
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED); /* the open visit is of another day */
    assert_string_equal(value(world, "visit", "status", id_a(world, VISIT_OPEN)), "checked_in");
}

static void an_administrator_cancels_with_a_reason_and_nobody_else(void **state)
{
    struct world *world = *state;
    rx_colleague(world);
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer no = rx_step(world, &rx, "colleague", RX_IS_CANCELLED);
    expect(&no, 403, "not-the-author");
    no = rx_do(world, &rx, "admin", "POST", "/cancel", "{}");
    expect(&no, 422, "validation-failed");
    no = rx_step(world, &rx, "admin", RX_IS_PENDING);
    expect(&no, 403, "missing-permission");
    rx = rx_step(world, &rx, "admin", RX_IS_CANCELLED);
    expect(&rx, 200, NULL);
    assert_string_equal(text_in(&rx, "cancelled_by", "name"), "admin-aa");
    assert_string_equal(answer_text(&rx, "cancel_reason"), "Mistake");
    struct answer own = ask(world, "GET", rx_path(world, &rx, ""), token_a(world, "patient"), NULL);
    expect(&own, 404, "not-found");
}

static void advice_to_admit_is_given_and_withdrawn_also_when_completed(void **state)
{
    struct world *world = *state;
    world_restore(world);
    struct answer list = ask(world, "GET", path_a(world, "/admission-recommendations?count=exact"),
                             token_a(world, "admin"), NULL);
    assert_int_equal(rx_count(&list, "items"), 2); /* of clinic.sql; the hidden patient's is not */
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer none = rx_do(world, &rx, "doctor", "DELETE", "/admission-recommendation", NULL);
    expect(&none, 404, "not-found");
    rx = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation",
               "{\"reason\": \"Dehydration\", \"admission_type\": \"icu\"}");
    expect(&rx, 200, NULL);
    assert_string_equal(text_in(&rx, "admission_recommendation", "admission_type"), "icu");
    list = ask(world, "GET", path_a(world, "/admission-recommendations?mine=true&count=exact"),
               token_a(world, "doctor"), NULL);
    expect(&list, 200, NULL);
    assert_int_equal(rx_count(&list, "items"), 3);
    assert_string_equal(rx_text(&list, "items", 2, "reason"), "Dehydration"); /* oldest first */
    list = ask(world, "GET", path_a(world, "/admission-recommendations"),
               token_a(world, "receptionist"), NULL);
    expect(&list, 403, "missing-permission");
    rx = rx_do(world, &rx, "doctor", "DELETE", "/admission-recommendation", NULL);
    expect(&rx, 200, NULL);
    assert_true(json_is_null(json_object_get(rx.json, "admission_recommendation")));
    rx = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}");
    rx = rx_step(world, &rx, "doctor", RX_IS_CANCELLED);
    list = ask(world, "GET", path_a(world, "/admission-recommendations"), token_a(world, "admin"),
               NULL);
    assert_int_equal(rx_count(&list, "items"), 2); /* what is cancelled is no advice */
    none = rx_do(world, &rx, "doctor", "DELETE", "/admission-recommendation", NULL);
    expect(&none, 409, "prescription-locked");
    none =
        rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}");
    expect(&none, 409, "prescription-locked");
}

static void what_was_completed_comes_back_on_the_same_day_of_the_clinic_only(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED), old = rx_in(world, RX_IS_COMPLETED);
    rx = rx_step(world, &rx, "doctor", RX_IS_PENDING);
    expect(&rx, 200, NULL);
    rx = rx_do(world, &rx, "doctor", "PUT", "/vitals", "{\"pulse\": 90}");
    expect(&rx, 200, NULL);
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&rx, 200, NULL);
    later(INT64_C(86400) * 1000000);
    old = rx_step(world, &old, "doctor", RX_IS_PENDING);
    expect(&old, 409, "reopened-too-late");
    later(-INT64_C(86400) * 1000000);
}

static void every_step_is_in_the_trail_with_before_and_after(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_PENDING);
    rx = rx_do(world, &rx, "doctor", "PUT", "/vitals", "{\"pulse\": 90}");
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    PGresult *trail = sql_rows(
        world->boss, &world->arena,
        "SELECT operation, before->'vitals'->>'pulse', after->'vitals'->>'pulse', "
        "before->>'status', after->>'status', patient_id = '%s' FROM clinicd.audit WHERE entity_id "
        "= '%s' AND clinic_id = 7001 AND status < 300 AND after IS NOT NULL ORDER BY at",
        id_a(world, SEED_PATIENT_OWN), answer_text(&rx, "id"));
    assert_int_equal(PQntuples(trail), 3);
    static const char *const wanted[3][6] = {
        {"prescriptions_create", "", "72", "", "pending", "t"},
        {"prescription_vitals_put", "72", "90", "pending", "pending", "t"},
        {"prescriptions_complete", "90", "90", "pending", "completed", "t"},
    };
    for (int row = 0; row < 3; row++)
        for (int i = 0; i < 6; i++)
            assert_string_equal(PQgetvalue(trail, row, i), wanted[row][i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_from_every_state_is_as_the_domain_says),
        cmocka_unit_test(completing_needs_something_to_say),
        cmocka_unit_test(the_visit_and_the_patient_move_along),
        cmocka_unit_test(without_a_link_the_open_visit_of_today_is_closed),
        cmocka_unit_test(an_administrator_cancels_with_a_reason_and_nobody_else),
        cmocka_unit_test(what_was_completed_comes_back_on_the_same_day_of_the_clinic_only),
        cmocka_unit_test(every_step_is_in_the_trail_with_before_and_after),
        cmocka_unit_test(advice_to_admit_is_given_and_withdrawn_also_when_completed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
