/* Admissions: one a patient, one a bed, what an admission says, lists, advice that is taken up. */
#include "tests/harness/rx.h"
#include "tests/harness/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DAY_US (86400 * INT64_C(1000000))

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "admissions"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static void fresh(struct world *world)
{
    world_restore(world);
    ward_patients(world, 9);
}

static void a_patient_is_admitted_once(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer stay = ward_admit(world, 1001, "A", "");
    assert_string_equal(answer_text(&stay, "status"), "admitted");
    assert_string_equal(answer_text(&stay, "admission_type"), "general");
    assert_string_equal(text_in(&stay, "patient", "id"), id_a(world, 1001));
    assert_string_equal(text_in(&stay, "doctor", "id"), id_a(world, SEED_DOCTOR));
    assert_true(json_is_null(json_object_get(stay.json, "outcome")));
    assert_string_equal(ward_patient_status(world, 1001), "treatment_started");
    struct answer twice = ward_ask(world, 1001, "B", "");
    expect(&twice, 409, "already-admitted");
    assert_string_equal(text_in(&twice, "open_admission", "id"), answer_text(&stay, "id"));
    assert_string_equal(text_in(&twice, "open_admission", "admission_number"),
                        answer_text(&stay, "admission_number"));
    ward_end(world, &stay, "discharged");
    struct answer again = ward_admit(world, 1001, "B", "");
    assert_string_equal(ward_patient_status(world, 1001), "treatment_started");
    assert_string_not_equal(answer_text(&again, "id"), answer_text(&stay, "id"));
}

/* However it is spelt. */
static void a_bed_has_one_patient(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer stay = ward_admit(world, 1001, "b 12", "");
    struct answer other = ward_ask(world, 1002, "B12", "");
    expect(&other, 409, "bed-occupied");
    assert_string_equal(text_in(&other, "open_admission", "id"), answer_text(&stay, "id"));
    assert_string_equal(ward_patient_status(world, 1002), "registered");
    struct answer next = ward_admit(world, 1002, "B13", "");
    struct answer moved = ward_do(world, &next, "doctor", "PATCH", "", "{\"bed_number\": \"B12\"}");
    expect(&moved, 409, "bed-occupied");
    moved = ward_do(world, &next, "doctor", "PATCH", "",
                    "{\"room_number\": \"ICU\", \"admission_type\": \"icu\"}");
    expect(&moved, 200, NULL);
    assert_string_equal(answer_text(&moved, "room_number"), "ICU");
    assert_string_equal(answer_text(&moved, "bed_number"), "B13");
    ward_end(world, &stay, "shifted");
    moved = ward_do(world, &next, "doctor", "PATCH", "",
                    "{\"room_number\": \"7\", \"bed_number\": \"B12\"}");
    expect(&moved, 200, NULL);
}

static void what_is_wrong_with_an_admission_is_said_at_once(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer wrong = ward_ask(world, 1001, "A",
                                   arena_format(&world->arena,
                                                ", \"prescription_id\": \"%s\", \"admitted_at\": "
                                                "\"2999-01-01T00:00:00Z\"",
                                                id_a(world, RX_PENDING)));
    assert_string_equal(ward_flaws(world, &wrong),
                        "#/prescription_id not-found, #/admitted_at too-large");
    struct answer empty =
        ask(world, "POST", path_a(world, "/admissions"), token_a(world, "doctor"), "{}");
    assert_string_equal(ward_flaws(world, &empty),
                        "#/patient_id required, #/admission_type required, #/room_number required, "
                        "#/bed_number required, #/reason_for_admission required");
    struct answer hidden = ward_ask(world, SEED_PATIENT_DELETED, "A", "");
    expect(&hidden, 404, "not-found");
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.admission WHERE clinic_id "
                                          "= 7001 AND bed_number = 'A'"),
                     0);
}

/* Of the year and the clinic; what is refused takes none. */
static void numbers_have_no_gap(void **state)
{
    struct world *world = *state;
    fresh(world);
    int year = (int)sql_int(world->boss, "SELECT extract(year FROM now() AT TIME ZONE "
                                         "'Asia/Kolkata')::int");
    for (int i = 1; i <= 3; i++) {
        const char *bed = arena_format(&world->arena, "%d", i);
        struct answer stay = ward_admit(world, 1000 + i, bed, "");
        assert_string_equal(answer_text(&stay, "admission_number"),
                            arena_format(&world->arena, "AD-%d-%05d", year, i));
        struct answer refused = ward_ask(world, 1000 + i, "X", "");
        expect(&refused, 409, "already-admitted");
        refused = ward_ask(world, 1009, bed, "");
        expect(&refused, 409, "bed-occupied");
    }
}

/* An app that was offline sends it twice. */
static void the_same_record_is_not_made_twice(void **state)
{
    static const char id[] = ", \"id\": \"019345f2-7c1a-7d30-8a5e-2f6b1c9d0e61\"";
    struct world *world = *state;
    fresh(world);
    ward_admit(world, 1001, "A", id);
    struct answer twin = ward_ask(world, 1001, "A", id);
    expect(&twin, 409, "id-taken");
    twin = ward_ask(world, 1001, "A", ", \"id\": \"019345f2-7c1a-4d30-8a5e-2f6b1c9d0e61\"");
    assert_string_equal(ward_flaws(world, &twin), "#/id format");
    struct answer stay = ward_admit(world, 1002, "B", "");
    static const char own[] = "{" WARD_SALINE ", \"id\": \"019345f2-7c1a-7d30-8a5e-2f6b1c9d0e62\"}";
    struct answer given = ward_do(world, &stay, "doctor", "POST", "/treatments", own);
    expect(&given, 201, NULL);
    given = ward_do(world, &stay, "doctor", "POST", "/treatments", own);
    expect(&given, 409, "id-taken");
    given = ward_do(world, &stay, "doctor", "POST", "/treatments",
                    "{" WARD_SALINE ", \"id\": \"019345f2-7c1a-4d30-8a5e-2f6b1c9d0e62\"}");
    assert_string_equal(ward_flaws(world, &given), "#/id format");
}

/* D26: what the patient does not tolerate stands with every admission, whoever wrote what. */
static void allergies_of_the_patient_are_shown_with_every_admission(void **state)
{
    struct world *world = *state;
    fresh(world);
    const char *path = path_a(world, "/patients/%s/allergies", id_a(world, 1001));
    static const char *const known[] = {
        "{\"substance\": \"Dust\", \"severity\": \"mild\"}",
        "{\"substance\": \"Penicillin\", \"severity\": \"severe\", \"reaction\": \"Rash\"}"};
    for (int i = 0; i < 2; i++) {
        struct answer noted = ask(world, "POST", path, token_a(world, "doctor"), known[i]);
        expect(&noted, 201, NULL);
    }
    struct answer stay = ward_admit(world, 1001, "A", "");
    assert_string_equal(answer_text(&stay, "allergies"), "Penicillin (severe: Rash); Dust (mild)");
    struct answer late = ask(world, "POST", path, token_a(world, "doctor"),
                             "{\"substance\": \"Latex\", \"severity\": \"severe\"}");
    expect(&late, 201, NULL);
    struct answer now = ward_read(world, &stay);
    assert_string_equal(answer_text(&now, "allergies"), "Penicillin (severe: Rash); Dust (mild)");
    assert_int_equal(rx_count(&now, "patient_allergies"), 3);
    assert_string_equal(rx_text(&now, "patient_allergies", 0, "substance"), "Latex");
    struct answer said = ward_admit(world, 1002, "B", ", \"allergies\": \"Says: none\"");
    assert_string_equal(answer_text(&said, "allergies"), "Says: none");
    struct answer none = ward_admit(world, 1003, "C", "");
    assert_true(json_is_null(json_object_get(none.json, "allergies")));
    struct answer list =
        ask(world, "GET", path_a(world, "/admissions?patient_id=%s", id_a(world, 1001)),
            token_a(world, "receptionist"), NULL);
    expect(&list, 200, NULL);
    assert_non_null(strstr(list.body, "Latex"));
    assert_null(strstr(list.body, "reason_for_admission"));
}

/* What is advised is taken up once, and can then neither be withdrawn nor changed. */
static void an_admission_takes_up_advice_once(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer rx = rx_make(world, 1001, "");
    struct answer advised =
        rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}");
    expect(&advised, 200, NULL);
    const char *linked =
        arena_format(&world->arena, ", \"prescription_id\": \"%s\"", answer_text(&rx, "id"));
    struct answer other = ward_ask(world, 1002, "A", linked);
    assert_string_equal(ward_flaws(world, &other), "#/prescription_id not-found");
    struct answer stay = ward_admit(world, 1001, "A", linked);
    assert_string_equal(answer_text(&stay, "prescription_id"), answer_text(&rx, "id"));
    struct answer gone =
        rx_do(world, &advised, "doctor", "DELETE", "/admission-recommendation", NULL);
    expect(&gone, 409, "recommendation-closed");
    gone =
        rx_do(world, &advised, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"X\"}");
    expect(&gone, 409, "recommendation-closed");
    ward_end(world, &stay, "discharged");
    struct answer again = ward_ask(world, 1001, "A", linked);
    expect(&again, 409, "recommendation-closed");
}

static size_t advised(struct world *world, const char *filter, int patient)
{
    struct answer list = ask(
        world, "GET",
        path_a(world, "/admission-recommendations?patient_id=%s%s", id_a(world, patient), filter),
        token_a(world, "doctor"), NULL);
    expect(&list, 200, NULL);
    return rx_count(&list, "items");
}

static void advice_is_pending_until_the_patient_is_admitted(void **state)
{
    struct world *world = *state;
    fresh(world);
    for (int is_linked = 0; is_linked < 2; is_linked++) {
        int patient = 1001 + is_linked;
        struct answer rx = rx_make(world, patient, "");
        struct answer given = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation",
                                    "{\"reason\": \"Weak\"}");
        expect(&given, 200, NULL);
        assert_int_equal(advised(world, "&status=pending", patient), 1);
        assert_int_equal(advised(world, "&status=admitted&mine=true", patient), 0);
        struct answer stay =
            ward_admit(world, patient, is_linked ? "A" : "B",
                       is_linked ? arena_format(&world->arena, ", \"prescription_id\": \"%s\"",
                                                answer_text(&rx, "id"))
                                 : "");
        assert_int_equal(advised(world, "&status=pending", patient), 0);
        assert_int_equal(advised(world, "&status=admitted&mine=true", patient), 1);
        struct answer list =
            ask(world, "GET",
                path_a(world, "/admission-recommendations?patient_id=%s", id_a(world, patient)),
                token_a(world, "admin"), NULL);
        const json_t *item = rx_item(&list, "items", 0);
        assert_true(json_is_true(json_object_get(item, "is_admitted")));
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(item, "current_admission"), "id")),
            answer_text(&stay, "id"));
        assert_int_equal(json_is_object(json_object_get(item, "taken_up_by")), is_linked);
        ward_end(world, &stay, "discharged");
        assert_int_equal(advised(world, "&status=pending", patient), !is_linked);
        assert_int_equal(advised(world, "", patient), 1);
    }
}

static size_t listed(struct world *world, const char *query)
{
    struct answer list =
        ask(world, "GET", path_a(world, "/admissions?%s", query), token_a(world, "admin"), NULL);
    expect(&list, 200, NULL);
    return rx_count(&list, "items");
}

static void admissions_are_found(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer first = ward_admit(world, 1001, "A", "");
    ward_admit(world, 1002, "B", "");
    ward_end(world, &first, "shifted");
    assert_int_equal(listed(world, ""), 5);
    assert_int_equal(listed(world, "active=true"), 2);
    assert_int_equal(listed(world, "active=false"), 3);
    assert_int_equal(listed(world, "status=shifted"), 1);
    assert_int_equal(listed(world, "active=true&status=admitted&admission_type=general"), 1);
    assert_int_equal(listed(world, "admission_type=icu"), 1);
    assert_int_equal(listed(world, "q=Lying"), 2);
    assert_int_equal(listed(world, "q=Lying&active=true"), 1);
    assert_int_equal(listed(world, "q=PT-2026-00001"), 1);
    assert_int_equal(listed(world, "to=2025-03-04"), 2);
    assert_int_equal(listed(world, "from=2025-03-05"), 3);
    assert_int_equal(
        listed(world, arena_format(&world->arena, "doctor_id=%s", id_a(world, SEED_DOCTOR))), 5);
    assert_int_equal(listed(world, arena_format(&world->arena, "patient_id=%s", id_a(world, 1001))),
                     1);
    struct answer page = ask(world, "GET", path_a(world, "/admissions?limit=3&count=exact"),
                             token_a(world, "admin"), NULL);
    expect(&page, 200, NULL);
    assert_int_equal(json_integer_value(json_object_get(page.json, "total")), 5);
    assert_string_equal(rx_text(&page, "items", 0, "bed_number"), "B");
    struct answer rest =
        ask(world, "GET",
            path_a(world, "/admissions?limit=3&cursor=%s", answer_text(&page, "next_cursor")),
            token_a(world, "admin"), NULL);
    expect(&rest, 200, NULL);
    assert_int_equal(rx_count(&rest, "items"), 2);
}

/* The clinic's calendar: the evening in Kolkata is another day in UTC. */
static void days_are_the_clinics(void **state)
{
    struct world *world = *state;
    fresh(world);
    int64_t to_eight =
        sql_int(world->boss, "SELECT (extract(epoch FROM ((now() AT TIME ZONE 'Asia/Kolkata')"
                             "::date + 1 + time '23:50') AT TIME ZONE 'Asia/Kolkata' - now()) * "
                             "1000000)::bigint");
    later(to_eight);
    struct answer stay = ward_admit(world, 1001, "A", "");
    assert_int_equal(json_integer_value(json_object_get(stay.json, "days_admitted")), 0);
    later(DAY_US / 24);
    struct answer next = ward_read(world, &stay);
    assert_int_equal(json_integer_value(json_object_get(next.json, "days_admitted")), 1);
    struct answer over = ward_end(world, &stay, "discharged");
    later(3 * DAY_US);
    struct answer ended = ward_read(world, &stay);
    assert_int_equal(json_integer_value(json_object_get(over.json, "days_admitted")), 1);
    assert_int_equal(json_integer_value(json_object_get(ended.json, "days_admitted")), 1);
    later(-(to_eight + DAY_US / 24 + 3 * DAY_US));
}

static void a_patient_in_a_bed_is_not_put_away(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer stay = ward_admit(world, 1001, "A", "");
    const char *path = path_a(world, "/patients/%s", id_a(world, 1001));
    struct answer patient = ask(world, "GET", path, token_a(world, "admin"), NULL);
    struct answer gone = ask_if(world, "DELETE", path, token_a(world, "admin"), NULL,
                                answer_header(&world->arena, &patient, "ETag", NULL));
    expect(&gone, 409, "patient-admitted");
    ward_end(world, &stay, "discharged");
    patient = ask(world, "GET", path, token_a(world, "admin"), NULL);
    gone = ask_if(world, "DELETE", path, token_a(world, "admin"), NULL,
                  answer_header(&world->arena, &patient, "ETag", NULL));
    expect(&gone, 204, NULL);
    struct answer stays =
        ask(world, "GET", ward_path(world, &stay, ""), token_a(world, "doctor"), NULL);
    expect(&stays, 404, NULL);
}

static void the_history_has_admissions_and_reception_sees_no_illness(void **state)
{
    struct world *world = *state;
    fresh(world);
    struct answer stay = ask(world, "GET", path_a(world, "/admissions/%s", id_a(world, WARD_OPEN)),
                             token_a(world, "doctor"), NULL);
    struct answer over =
        ward_do(world, &stay, "doctor", "POST", "/discharge",
                "{\"outcome\": \"discharged\", \"final_diagnosis\": \"Flu\", "
                "\"discharge_notes\": \"Well\", \"follow_up_on\": \"2999-01-01\"}");
    expect(&over, 200, NULL);
    const char *path =
        path_a(world, "/patients/%s/history?include=admissions", id_a(world, SEED_PATIENT_OWN));
    struct answer seen = ask(world, "GET", path, token_a(world, "patient"), NULL);
    expect(&seen, 200, NULL);
    const json_t *entry = rx_item(&seen, "items", 0);
    assert_int_equal(rx_count(&seen, "items"), 2);
    assert_string_equal(json_string_value(json_object_get(entry, "kind")), "admission");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(entry, "admission"), "status")),
        "discharged");
    assert_non_null(
        json_string_value(json_object_get(json_object_get(entry, "stay"), "final_diagnosis")));
    struct answer desk = ask(world, "GET", path, token_a(world, "receptionist"), NULL);
    expect(&desk, 200, NULL);
    assert_null(json_object_get(rx_item(&desk, "items", 0), "stay"));
    struct answer me = ask(world, "GET", path_a(world, "/me"), token_a(world, "patient"), NULL);
    expect(&me, 200, NULL);
    assert_non_null(strstr(me.body, "admission_follow_up"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patient_is_admitted_once),
        cmocka_unit_test(a_bed_has_one_patient),
        cmocka_unit_test(what_is_wrong_with_an_admission_is_said_at_once),
        cmocka_unit_test(numbers_have_no_gap),
        cmocka_unit_test(the_same_record_is_not_made_twice),
        cmocka_unit_test(allergies_of_the_patient_are_shown_with_every_admission),
        cmocka_unit_test(an_admission_takes_up_advice_once),
        cmocka_unit_test(advice_is_pending_until_the_patient_is_admitted),
        cmocka_unit_test(admissions_are_found),
        cmocka_unit_test(days_are_the_clinics),
        cmocka_unit_test(a_patient_in_a_bed_is_not_put_away),
        cmocka_unit_test(the_history_has_admissions_and_reception_sees_no_illness),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
