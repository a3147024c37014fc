/* Acceptance scenario 7 of the domain (its appendix C), told through the public API alone: a
 * patient is recommended to be admitted, is admitted, treated and discharged, and the dashboards
 * know. */
#include "tests/harness/rx.h"
#include "tests/harness/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "scenarios_ward"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer get(struct world *world, const char *who, const char *path)
{
    struct answer answer = ask(world, "GET", path_a(world, "%s", path), token_a(world, who), NULL);
    expect(&answer, 200, NULL);
    return answer;
}

static int64_t figure(const struct answer *answer, const char *object, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(answer->json, object), name));
}

/* How many figures of the wards, of the clinic and of the doctor say so. */
struct figures {
    int64_t lie, admitted, discharged, shifted, deceased, advised, mine;
};

static struct figures figures_of(struct world *world)
{
    struct answer wards = get(world, "doctor", "/dashboards/admissions");
    struct answer clinic = get(world, "admin", "/dashboards/admin");
    struct answer doctor = get(world, "doctor", "/dashboards/doctor");
    struct figures all = {
        .lie = figure(&wards, "current", "total"),
        .admitted = figure(&wards, "today", "admitted"),
        .discharged = figure(&wards, "today", "discharged"),
        .shifted = figure(&wards, "today", "shifted"),
        .deceased = figure(&wards, "today", "deceased"),
        .advised = json_integer_value(json_object_get(clinic.json, "recommendations")),
        .mine = figure(&doctor, "counts", "active_admissions"),
    };
    assert_int_equal(figure(&clinic, "admissions", "current"), all.lie);
    assert_int_equal(rx_count(&wards, "beds"), all.lie);
    assert_int_equal(figure(&doctor, "counts", "admissions_recommended"), all.advised);
    return all;
}

static size_t pending(struct world *world)
{
    struct answer list =
        get(world, "doctor", "/admission-recommendations?status=pending&mine=true");
    return rx_count(&list, "items");
}

/* A patient who comes with a fever and is told to stay. */
static struct answer recommended(struct world *world, int patient)
{
    struct answer rx = rx_make(world, patient, ", \"notes\": {" RX_NOTES "}");
    struct answer done = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&done, 200, NULL);
    struct answer advised = rx_do(world, &done, "doctor", "PUT", "/admission-recommendation",
                                  "{\"reason\": \"Cannot drink\", \"admission_type\": \"icu\"}");
    expect(&advised, 200, NULL);
    return advised;
}

static void treated(struct world *world, const struct answer *stay)
{
    static const char *const given[] = {
        "{" WARD_SALINE ", \"duration\": \"4 hours\"}",
        "{\"treatment_type\": \"injection\", \"treatment_name\": \"Paracetamol\", \"dosage\": "
        "\"1 g\", \"route\": \"IV\", \"frequency\": \"Every 8 hours\"}",
        "{\"treatment_type\": \"oxygen\", \"treatment_name\": \"Oxygen\", \"oxygen_type\": \"Nasal "
        "cannula\", \"oxygen_flow_rate\": \"2 l/min\"}",
        "{\"treatment_type\": \"monitoring\", \"treatment_name\": \"Platelets\"}"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct answer made = ask(world, "POST", ward_path(world, stay, "/treatments"),
                                 token_a(world, "doctor"), given[i]);
        expect(&made, 201, NULL);
    }
    struct answer wrong =
        ask(world, "POST", ward_path(world, stay, "/treatments"), token_a(world, "doctor"),
            "{\"treatment_type\": \"oxygen\", \"treatment_name\": \"Oxygen\", "
            "\"dosage\": \"much\"}");
    assert_string_equal(
        ward_flaws(world, &wrong),
        "#/dosage not-allowed, #/oxygen_flow_rate required, #/oxygen_type required");
}

static void discharged(struct world *world, const struct answer *stay)
{
    struct answer early =
        ward_do(world, stay, "doctor", "POST", "/discharge", "{\"outcome\": \"discharged\"}");
    assert_string_equal(ward_flaws(world, &early),
                        "#/discharge_notes required, #/final_diagnosis required");
    struct answer over = ward_do(
        world, stay, "doctor", "POST", "/discharge",
        "{\"outcome\": \"discharged\", \"final_diagnosis\": \"Dengue fever\", \"discharge_notes\": "
        "\"Drinks well\", \"follow_up_on\": \"2999-01-01\", \"follow_up_instructions\": \"Blood "
        "count\"}");
    expect(&over, 200, NULL);
    assert_string_equal(answer_text(&over, "follow_up_on"), "2999-01-01");
}

static void scenario_7_recommended_admitted_treated_and_discharged(void **state)
{
    struct world *world = *state;
    ward_patients(world, 4);
    struct figures before = figures_of(world);
    size_t waiting = pending(world);
    struct answer rx = recommended(world, 1001);
    assert_int_equal(pending(world), waiting + 1);
    assert_int_equal(figures_of(world).advised, before.advised + 1);

    struct answer stay = ward_admit(
        world, 1001, "A",
        arena_format(&world->arena, ", \"prescription_id\": \"%s\"", answer_text(&rx, "id")));
    assert_int_equal(pending(world), waiting);
    struct figures now = figures_of(world);
    assert_int_equal(now.advised, before.advised);
    assert_int_equal(now.lie, before.lie + 1);
    assert_int_equal(now.mine, before.mine + 1);
    assert_int_equal(now.admitted, before.admitted + 1);
    struct answer second = ward_ask(world, 1001, "B", "");
    expect(&second, 409, "already-admitted");
    second = ward_ask(world, 1002, "A", "");
    expect(&second, 409, "bed-occupied");

    treated(world, &stay);
    struct answer better =
        ward_do(world, &stay, "admin", "POST", "/status", "{\"status\": \"ready_for_discharge\"}");
    expect(&better, 200, NULL);
    discharged(world, &stay);
    now = figures_of(world);
    assert_int_equal(now.lie, before.lie);
    assert_int_equal(now.discharged, before.discharged + 1);
    assert_int_equal(now.advised, before.advised);
    assert_string_equal(ward_patient_status(world, 1001), "discharged");
    struct answer next = ward_admit(world, 1002, "A", "");
    expect(&next, 201, NULL);
}

/* D16: whoever was shifted or has died lay on in the old system's wards. */
static void scenario_7_shifted_and_deceased_leave_current(void **state)
{
    struct world *world = *state;
    ward_patients(world, 4);
    struct figures before = figures_of(world);
    struct answer one = ward_admit(world, 1003, "C", ""), two = ward_admit(world, 1004, "D", "");
    assert_int_equal(figures_of(world).lie, before.lie + 2);
    ward_end(world, &one, "shifted");
    struct answer dead = ward_end(world, &two, "deceased");
    struct figures now = figures_of(world);
    assert_int_equal(now.lie, before.lie);
    assert_int_equal(now.shifted, before.shifted + 1);
    assert_int_equal(now.deceased, before.deceased + 1);
    assert_false(json_is_null(json_object_get(dead.json, "ended_at")));
    struct answer list = get(world, "doctor", "/admissions?active=true&q=Lying");
    assert_null(strstr(list.body, id_a(world, 1003)));
    assert_null(strstr(list.body, id_a(world, 1004)));
    struct answer wards = get(world, "admin", "/dashboards/admissions");
    assert_string_equal(rx_text(&wards, "last_ended", 0, "outcome"), "deceased");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_7_recommended_admitted_treated_and_discharged),
        cmocka_unit_test(scenario_7_shifted_and_deceased_leave_current),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
