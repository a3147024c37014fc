/* Acceptance scenarios of the domain (its appendix C) about a clinic's day, told through the public
 * API alone. They build on one another, in order; scenario 3 is in visit_days_test.c, the others
 * are in scenarios_test.c. */
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PATIENT_PASSWORD "nine lamps along the quiet harbour"

/* What one scenario leaves for the next. */
struct story {
    struct world world;
    const char *patient_id, *patient; /* patient: the access token */
    const char *one_time;
    const char *visit_id, *template_id, *prescription_id, *test_id;
};

static int setup(void **state)
{
    static struct story story;
    world_begin(&story.world, &(struct world_options){.name = "scenarios_day"});
    *state = &story;
    return 0;
}

static int teardown(void **state)
{
    struct story *story = *state;
    world_end(&story->world);
    return 0;
}

static struct answer as(struct story *story, const char *who, const char *method, const char *path,
                        const char *body)
{
    return ask(&story->world, method, path, token_a(&story->world, who), body);
}

static const char *etag(struct story *story, const struct answer *answer)
{
    return answer_header(&story->world.arena, answer, "ETag", NULL);
}

/* The prescription's own address, and what follows it. */
static const char *rx(struct story *story, const char *rest)
{
    return path_a(&story->world, "/prescriptions/%s%s", story->prescription_id, rest);
}

/* A change of the prescription by its doctor, of the version that is there. */
static struct answer prescribe(struct story *story, const char *method, const char *rest,
                               const char *body)
{
    struct answer now = as(story, "doctor", "GET", rx(story, ""), NULL);
    expect(&now, 200, NULL);
    return ask_if(&story->world, method, rx(story, rest), token_a(&story->world, "doctor"), body,
                  etag(story, &now));
}

static const json_t *member(const struct answer *answer, const char *list, size_t i)
{
    return json_array_get(json_object_get(answer->json, list), i);
}

static const char *text(const json_t *object, const char *name)
{
    const char *found = json_string_value(json_object_get(object, name));
    return found ? found : "";
}

static int64_t figure(const struct answer *answer, const char *object, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(answer->json, object), name));
}

/* Reception registers the patient with a login, which the patient makes their own. */
static void a_patient_comes(struct story *story)
{
    struct world *world = &story->world;
    struct answer made = as(
        story, "receptionist", "POST", path_a(world, "/patients"),
        "{\"name\": \"Kavita Deshmukh\", \"date_of_birth\": \"1988-09-30\", "
        "\"phone_number\": \"98900 43210\", \"address\": \"5 Mill Road\", \"create_login\": true}");
    expect(&made, 201, NULL);
    story->patient_id = answer_text(&made, "id");
    story->one_time = text_in(&made, "login", "one_time_password");
    struct answer in = sign_in_a(world, text_in(&made, "login", "username"), story->one_time);
    expect(&in, 200, NULL);
    story->patient = answer_text(&in, "access_token");
    struct answer changed = ask(
        world, "POST", path_a(world, "/auth/password"), story->patient,
        arena_format(&world->arena,
                     "{\"current_password\": \"%s\", \"new_password\": \"" PATIENT_PASSWORD "\"}",
                     story->one_time));
    expect(&changed, 204, NULL);
}

static void the_patient_checks_in(struct story *story)
{
    struct world *world = &story->world;
    struct answer made =
        as(story, "receptionist", "POST", path_a(world, "/visits"),
           arena_format(&world->arena,
                        "{\"patient_id\": \"%s\", \"doctor_id\": \"%s\", \"purpose\": \"Fever\"}",
                        story->patient_id, id_a(world, SEED_DOCTOR)));
    expect(&made, 201, NULL);
    story->visit_id = answer_text(&made, "id");
    struct answer desk =
        as(story, "receptionist", "GET", path_a(world, "/dashboards/reception"), NULL);
    assert_int_equal(figure(&desk, "visits", "waiting"), 1);
}

static void the_doctor_sees_who_waits(struct story *story)
{
    struct world *world = &story->world;
    struct answer queue = as(story, "doctor", "GET", path_a(world, "/queue"), NULL);
    expect(&queue, 200, NULL);
    assert_non_null(strstr(queue.body, story->visit_id));
    struct answer own = as(story, "doctor", "GET", path_a(world, "/dashboards/doctor"), NULL);
    assert_non_null(strstr(own.body, story->visit_id));
}

static void a_template_is_there(struct story *story)
{
    struct answer made = as(
        story, "doctor", "POST", path_a(&story->world, "/templates"),
        "{\"name\": \"Fever, adult\", \"medicines\": [{\"medicine_name\": \"Paracetamol\", "
        "\"medicine_type\": \"tablet\", \"dosage\": \"500 mg\", \"frequency_per_day\": 3, "
        "\"duration\": \"3 days\", \"quantity\": 9, \"schedule\": \"morning_afternoon_night\", "
        "\"food_instruction\": \"after\"}], \"tests\": [{\"test_name\": \"Complete blood count\", "
        "\"test_type\": \"blood\"}]}");
    expect(&made, 201, NULL);
    story->template_id = answer_text(&made, "id");
}

static void the_prescription_is_opened(struct story *story)
{
    struct world *world = &story->world;
    struct answer made =
        as(story, "doctor", "POST", path_a(world, "/prescriptions"),
           arena_format(&world->arena, "{\"patient_id\": \"%s\", \"visit_id\": \"%s\"}",
                        story->patient_id, story->visit_id));
    expect(&made, 201, NULL);
    story->prescription_id = answer_text(&made, "id");
    struct answer visit =
        as(story, "doctor", "GET", path_a(world, "/visits/%s", story->visit_id), NULL);
    assert_string_equal(answer_text(&visit, "status"), "in_consultation");
    struct answer applied =
        as(story, "doctor", "POST", rx(story, "/apply-template"),
           arena_format(&world->arena, "{\"template_id\": \"%s\"}", story->template_id));
    expect(&applied, 200, NULL);
}

static const char *line_path(struct story *story)
{
    struct answer now = as(story, "doctor", "GET", rx(story, ""), NULL);
    story->test_id = text(member(&now, "tests", 0), "id");
    return arena_format(&story->world.arena, "/medicines/%s",
                        text(member(&now, "medicines", 0), "id"));
}

/* Doctor sees the queue, opens a prescription (visit in consultation), loads a template, edits a
 * line, saves vitals and notes, completes → visit completed, patient status moved, lines locked
 * (409). */
static void scenario_4_from_the_queue_to_a_locked_prescription(void **state)
{
    struct story *story = *state;
    struct world *world = &story->world;
    a_patient_comes(story);
    the_patient_checks_in(story);
    the_doctor_sees_who_waits(story);
    a_template_is_there(story);
    the_prescription_is_opened(story);
    const char *line = line_path(story);
    struct answer step =
        prescribe(story, "PATCH", line, "{\"quantity\": 15, \"duration\": \"5 days\"}");
    expect(&step, 200, NULL);
    step = prescribe(story, "PUT", "/vitals",
                     "{\"bp_text\": \"120/80\", \"temperature_text\": \"101.3 F\"}");
    expect(&step, 200, NULL);
    step = prescribe(story, "PUT", "/notes",
                     "{\"observations\": \"Throat red\", \"diagnosis\": \"Viral fever\", "
                     "\"treatment_plan\": \"Rest and fluids\"}");
    expect(&step, 200, NULL);
    struct answer early = ask(world, "GET", rx(story, ""), story->patient, NULL);
    expect(&early, 404, "not-found");
    step = prescribe(story, "POST", "/complete", NULL);
    expect(&step, 200, NULL);

    struct answer visit =
        as(story, "doctor", "GET", path_a(world, "/visits/%s", story->visit_id), NULL);
    assert_string_equal(answer_text(&visit, "status"), "completed");
    struct answer patient =
        as(story, "doctor", "GET", path_a(world, "/patients/%s", story->patient_id), NULL);
    assert_string_equal(answer_text(&patient, "status"), "treatment_started");
    step = prescribe(story, "PATCH", line, "{\"quantity\": 1}");
    expect(&step, 409, "prescription-locked");
    step = prescribe(story, "DELETE", line, NULL);
    expect(&step, 409, "prescription-locked");
    struct answer shown = ask(world, "GET", rx(story, ""), story->patient, NULL);
    expect(&shown, 200, NULL);
    assert_int_equal(
        json_integer_value(json_object_get(member(&shown, "medicines", 0), "quantity")), 15);
    struct answer desk =
        as(story, "receptionist", "GET", path_a(world, "/dashboards/reception"), NULL);
    assert_int_equal(figure(&desk, "visits", "completed"), 1);
    assert_int_equal(figure(&desk, "visits", "waiting"), 0);
}

/* Lab technician completes a test with result (and file: files come later); doctor and patient see
 * it. */
static void scenario_8_the_laboratory_finds_and_doctor_and_patient_see(void **state)
{
    struct story *story = *state;
    struct world *world = &story->world;
    struct answer list = as(story, "lab_tech", "GET", path_a(world, "/tests?status=pending"), NULL);
    expect(&list, 200, NULL);
    assert_non_null(strstr(list.body, story->test_id));
    struct answer me = ask(world, "GET", path_a(world, "/me"), story->patient, NULL);
    assert_int_equal(figure(&me, "counts", "open_tests"), 1);
    const char *test = arena_format(&world->arena, "/tests/%s", story->test_id);
    struct answer begun =
        ask_if(world, "POST", rx(story, arena_format(&world->arena, "%s/status", test)),
               token_a(world, "lab_tech"), "{\"status\": \"in_progress\"}", "\"1\"");
    expect(&begun, 200, NULL);
    struct answer found =
        ask_if(world, "POST", rx(story, arena_format(&world->arena, "%s/result", test)),
               token_a(world, "lab_tech"),
               "{\"result\": \"Mild anaemia\", \"result_values\": [{\"name\": \"Haemoglobin\", "
               "\"value\": 11.4, \"unit\": \"g/dL\"}]}",
               etag(story, &begun));
    expect(&found, 200, NULL);
    struct answer doctors = as(story, "doctor", "GET", rx(story, ""), NULL);
    assert_non_null(strstr(doctors.body, "Mild anaemia"));
    struct answer patients = ask(world, "GET", rx(story, ""), story->patient, NULL);
    assert_non_null(strstr(patients.body, "Mild anaemia"));
    struct answer history =
        ask(world, "GET", path_a(world, "/patients/%s/history?include=tests", story->patient_id),
            story->patient, NULL);
    assert_non_null(strstr(history.body, "Mild anaemia"));
    assert_non_null(strstr(history.body, "11.4"));
    me = ask(world, "GET", path_a(world, "/me"), story->patient, NULL);
    assert_int_equal(figure(&me, "counts", "open_tests"), 0);
    assert_int_equal(figure(&me, "counts", "completed_tests"), 1);
}

/* Deactivate doctor: old prescriptions still print his name; login refused; sessions revoked. */
static void scenario_12_what_a_doctor_prescribed_keeps_the_name(void **state)
{
    struct story *story = *state;
    struct world *world = &story->world;
    struct answer before = ask(world, "GET", rx(story, ""), story->patient, NULL);
    const char *name = text_in(&before, "doctor", "name");
    assert_string_not_equal(name, "");
    const char *path = path_a(world, "/doctors/%s", id_a(world, SEED_DOCTOR));
    struct answer doctor = as(story, "admin", "GET", path, NULL);
    struct answer gone =
        ask_if(world, "DELETE", path, token_a(world, "admin"), NULL, etag(story, &doctor));
    expect(&gone, 204, NULL);
    struct answer out = as(story, "doctor", "GET", path_a(world, "/queue"), NULL);
    expect(&out, 401, NULL);
    struct answer in = sign_in_a(world, "doctor-aa", SEED_PASSWORD);
    expect(&in, 401, "invalid-credentials");
    struct answer after = ask(world, "GET", rx(story, ""), story->patient, NULL);
    expect(&after, 200, NULL);
    assert_string_equal(text_in(&after, "doctor", "name"), name);
    struct answer page =
        ask(world, "GET", path_a(world, "/dashboards/patient"), story->patient, NULL);
    assert_string_equal(text(json_object_get(member(&page, "prescriptions", 0), "doctor"), "name"),
                        name);
}

/* Every page of what the trail says of the patient, one behind the other. */
static const char *trail_of(struct story *story)
{
    struct arena *arena = &story->world.arena;
    const char *all = "", *cursor = NULL;
    do {
        const char *path =
            path_a(&story->world, "/audit?limit=200&patient_id=%s%s%s", story->patient_id,
                   cursor ? "&cursor=" : "", cursor ? cursor : "");
        struct answer page = as(story, "admin", "GET", path, NULL);
        expect(&page, 200, NULL);
        all = arena_format(arena, "%s%s", all, page.body);
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    } while (cursor);
    return all;
}

/* Audit shows who, what, when, before/after for 1–14; contains no secrets. */
static void scenario_15_the_trail_tells_the_day_and_no_secret(void **state)
{
    struct story *story = *state;
    const char *trail = trail_of(story);
    static const char *const told[] = {"\"patients_create\"",
                                       "\"visits_create\"",
                                       "\"queue_get\"",
                                       "\"dashboards_doctor\"",
                                       "\"dashboards_reception\"",
                                       "\"prescriptions_create\"",
                                       "\"prescriptions_apply_template\"",
                                       "\"prescription_medicines_update\"",
                                       "\"prescription_vitals_put\"",
                                       "\"prescription_notes_put\"",
                                       "\"prescriptions_complete\"",
                                       "\"tests_status\"",
                                       "\"tests_result\"",
                                       "\"history_list\"",
                                       "\"me_get\"",
                                       "\"doctor-aa\"",
                                       "\"receptionist-aa\"",
                                       "\"lab_tech-aa\"",
                                       "Viral fever",
                                       "5 days",
                                       "Mild anaemia"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!strstr(trail, told[i]))
            fail_msg("the trail does not tell %s", told[i]);
    assert_null(strstr(trail, story->one_time));
    assert_null(strstr(trail, PATIENT_PASSWORD));
    assert_null(strstr(trail, story->patient));
    assert_null(strstr(trail, "argon2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_4_from_the_queue_to_a_locked_prescription),
        cmocka_unit_test(scenario_8_the_laboratory_finds_and_doctor_and_patient_see),
        cmocka_unit_test(scenario_12_what_a_doctor_prescribed_keeps_the_name),
        cmocka_unit_test(scenario_15_the_trail_tells_the_day_and_no_secret),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
