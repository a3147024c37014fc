/* What templates are for: written into prescriptions, at once or not at all, and made of them. */
#include "tests/harness/race.h"
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MEDICINE(name)                                                                             \
    "{\"medicine_name\": \"" name "\", \"medicine_type\": \"tablet\", \"dosage\": \"500 mg\", "    \
    "\"frequency_per_day\": 3, \"duration\": \"3 days\", \"quantity\": 9}"
#define TEST(name) "{\"test_name\": \"" name "\", \"test_type\": \"blood\"}"

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_template_use"});
    rx_colleague(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* As the doctor of the seed, whom most of this is about. */
static struct answer as_doctor(struct world *world, const char *method, const char *path,
                               const char *body, const char *if_match)
{
    return ask_if(world, method, path, token_a(world, "doctor"), body, if_match);
}

static struct answer make(struct world *world, const char *body)
{
    struct answer made = as_doctor(world, "POST", path_a(world, "/templates"), body, NULL);
    expect(&made, 201, NULL);
    return made;
}

static const char *one(struct world *world, const struct answer *template)
{
    return path_a(world, "/templates/%s", answer_text(template, "id"));
}

static const char *flaw(const struct answer *answer)
{
    return rx_text(answer, "errors", 0, "pointer");
}

static struct answer apply(struct world *world, const char *prescription, const char *template_id,
                           const char *more)
{
    return as_doctor(world, "POST", arena_format(&world->arena, "%s/apply-template", prescription),
                     arena_format(&world->arena, "{\"template_id\": \"%s\"%s}", template_id, more),
                     NULL);
}

/* Of scenario 4 the part from the template on; the whole is told in scenarios_test.c. */
static void scenario_4_a_template_is_loaded_a_line_is_edited_and_completing_locks_them(void **state)
{
    struct world *world = *state;
    struct answer template = make(world, "{\"name\": \"Scenario\", \"medicines\": [" MEDICINE(
                                             "Ibuprofen") "], \"tests\": [" TEST("ESR") "]}");
    struct answer rx = rx_make(world, SEED_PATIENT_OTHER, "");
    struct answer loaded = apply(world, rx_path(world, &rx, ""), answer_text(&template, "id"), "");
    expect(&loaded, 200, NULL);
    const char *line =
        arena_format(&world->arena, "/medicines/%s", rx_text(&loaded, "medicines", 0, "id"));
    struct answer edited = rx_do(world, &loaded, "doctor", "PATCH", line, "{\"quantity\": 6}");
    expect(&edited, 200, NULL);
    struct answer noted =
        rx_do(world, &edited, "doctor", "PUT", "/vitals", "{\"pulse_text\": \"72\"}");
    expect(&noted, 200, NULL);
    noted = rx_do(world, &noted, "doctor", "PUT", "/notes", "{" RX_NOTES "}");
    expect(&noted, 200, NULL);
    struct answer done = rx_step(world, &noted, "doctor", RX_IS_COMPLETED);
    expect(&done, 200, NULL);
    struct answer patient =
        ask(world, "GET", path_a(world, "/patients/%s", id_a(world, SEED_PATIENT_OTHER)),
            token_a(world, "doctor"), NULL);
    assert_string_equal(answer_text(&patient, "status"), "treatment_started");
    struct answer locked = rx_do(world, &done, "doctor", "PATCH", line, "{\"quantity\": 7}");
    expect(&locked, 409, "prescription-locked");
    locked = apply(world, rx_path(world, &rx, ""), answer_text(&template, "id"), "");
    expect(&locked, 409, "prescription-locked");
    /* The template is as it was. */
    struct answer kept = as_doctor(world, "GET", one(world, &template), NULL, NULL);
    assert_string_equal(kept.body, template.body);
}

static void a_template_is_written_into_a_prescription_at_once(void **state)
{
    struct world *world = *state;
    struct answer template =
        make(world, "{\"name\": \"Apply\", \"medicines\": [" MEDICINE("Paracetamol") ", " MEDICINE(
                        "Cetirizine") "], \"tests\": [" TEST("Platelets") "]}");
    struct answer rx =
        rx_make(world, SEED_PATIENT_OWN, ", \"medicines\": [" MEDICINE("PARACETAMOL") "]");
    const char *path = rx_path(world, &rx, "");
    struct answer applied =
        apply(world, path, answer_text(&template, "id"), ", \"skip_duplicates\": true");
    expect(&applied, 200, NULL);
    assert_int_equal(rx_count(&applied, "medicines"), 1);
    assert_string_equal(rx_text(&applied, "medicines", 0, "medicine_name"), "Cetirizine");
    assert_string_equal(
        rx_text(&applied, "tests", 0, "test_on"),
        sql_text(world->boss, &world->arena, "SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date"));
    assert_string_equal(rx_text(&applied, "allergies", 0, "substance"), "Pollen own-alphamark");
    assert_string_equal(answer_text(&applied, "id"), answer_text(&rx, "id"));

    struct answer whole = as_doctor(world, "GET", path, NULL, NULL);
    assert_string_equal(rx_etag(world, &applied), rx_etag(world, &whole));
    assert_int_equal(rx_count(&whole, "medicines"), 2);
    applied = apply(world, path, answer_text(&template, "id"), "");
    assert_int_equal(rx_count(&applied, "medicines"), 2);
    assert_int_equal(rx_count(&applied, "tests"), 1);
    applied = apply(world, path, answer_text(&template, "id"), ", \"skip_duplicates\": true");
    assert_int_equal(rx_count(&applied, "medicines"), 0);
    assert_string_equal(
        sql_text(
            world->boss, &world->arena,
            "SELECT operation || ' ' || entity || ' ' || status || ' ' || (after ? 'allergies')"
            " || ' ' || json_array_length((before->'medicines')::json) FROM clinicd.audit "
            "WHERE patient_id = '%s' ORDER BY at DESC, id DESC LIMIT 1",
            id_a(world, SEED_PATIENT_OWN)),
        "prescriptions_apply_template prescription 200 true 4");
}

static void only_what_one_may_use_is_written_into_what_one_may_write(void **state)
{
    struct world *world = *state;
    struct answer template = make(world, "{\"name\": \"May\", \"tests\": [" TEST("Urea") "]}");
    const char *id = answer_text(&template, "id");
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    const char *path = rx_path(world, &rx, "");
    struct answer answer = apply(world, path, id_a(world, SEED_NOBODY), "");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaw(&answer), "#/template_id");
    struct answer theirs = ask(world, "POST", path_a(world, "/templates"),
                               token_a(world, "colleague"), "{\"name\": \"Theirs alone\"}");
    answer = apply(world, path, answer_text(&theirs, "id"), "");
    expect(&answer, 422, "validation-failed");
    const char *body = arena_format(&world->arena, "{\"template_id\": \"%s\"}", id);
    const char *to = arena_format(&world->arena, "%s/apply-template", path);
    answer = ask(world, "POST", to, token_a(world, "colleague"), body);
    expect(&answer, 403, "not-the-author");
    answer = ask(world, "POST", to, token_a(world, "admin"), body);
    expect(&answer, 403, "missing-permission");
    answer = as_doctor(world, "PATCH", one(world, &template), "{\"is_active\": false}", "\"1\"");
    expect(&answer, 200, NULL);
    answer = apply(world, path, id, "");
    expect(&answer, 422, "validation-failed");
    answer = as_doctor(world, "PATCH", one(world, &template), "{\"is_active\": true}", "\"2\"");
    answer = apply(world, path_a(world, "/prescriptions/%s", id_a(world, 701)), id, "");
    expect(&answer, 409, "prescription-locked");
    sql_run(world->boss,
            "INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, "
            "position, test_name, test_type, created_at, updated_at) "
            "SELECT 7001, gen_random_uuid(), p.id, p.patient_id, n, 'T' || n, 'other', now(), "
            "now() FROM clinicd.prescription p, generate_series(1, 200) n WHERE p.id = '%s'",
            strrchr(path, '/') + 1);
    answer = apply(world, path, id, "");
    expect(&answer, 409, "too-many-lines");
}

static void a_prescription_may_begin_with_a_template(void **state)
{
    struct world *world = *state;
    struct answer template = make(world, "{\"name\": \"Begin\", \"medicines\": [" MEDICINE(
                                             "From it") "], \"tests\": [" TEST("Of it") "]}");
    const char *id = answer_text(&template, "id");
    struct answer rx =
        rx_make(world, SEED_PATIENT_OWN,
                arena_format(&world->arena, ", \"template_id\": \"%s\", \"medicines\": [%s]", id,
                             MEDICINE("Behind it")));
    assert_int_equal(rx_count(&rx, "medicines"), 2);
    assert_string_equal(rx_text(&rx, "medicines", 0, "medicine_name"), "From it");
    assert_string_equal(rx_text(&rx, "medicines", 1, "medicine_name"), "Behind it");
    assert_string_equal(rx_text(&rx, "tests", 0, "test_name"), "Of it");
    struct answer theirs = ask(world, "POST", path_a(world, "/templates"),
                               token_a(world, "colleague"), "{\"name\": \"Not for others\"}");
    const char *const wrong[] = {answer_text(&theirs, "id"), id_a(world, SEED_NOBODY)};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer = as_doctor(
            world, "POST", path_a(world, "/prescriptions"),
            arena_format(&world->arena, "{\"patient_id\": \"%s\", \"template_id\": \"%s\"}",
                         id_a(world, SEED_PATIENT_OWN), wrong[i]),
            NULL);
        expect(&answer, 422, "validation-failed");
        assert_string_equal(flaw(&answer), "#/template_id");
    }
}

static void a_catalogue_that_moved_on_does_not_change_what_a_template_says(void **state)
{
    struct world *world = *state;
    struct answer made = make(
        world, arena_format(&world->arena,
                            "{\"name\": \"Moved on\", \"medicines\": [{\"catalog_id\": \"%s\", "
                            "\"quantity\": 1}]}",
                            id_a(world, 431)));
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    const char *path = rx_path(world, &rx, "");
    struct answer answer = apply(world, path, answer_text(&made, "id"), "");
    assert_string_equal(rx_text(&answer, "medicines", 0, "catalog_id"), id_a(world, 431));
    sql_run(world->boss,
            "UPDATE clinicd.catalog_medicine SET medicine_name = 'Another drug' WHERE id = '%s'",
            id_a(world, 431));
    answer = apply(world, path, answer_text(&made, "id"), "");
    assert_string_equal(rx_text(&answer, "medicines", 0, "medicine_name"), "Medicine alphamark");
    assert_true(json_is_null(json_object_get(rx_item(&answer, "medicines", 0), "catalog_id")));
}

static void a_prescription_becomes_a_template_without_the_patient(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(
        world, SEED_PATIENT_OWN,
        ", \"medicines\": [" MEDICINE("Kept") "], \"tests\": [" TEST(
            "Kept too") "], "
                        "\"notes\": {\"observations\": \"secret words\", \"diagnosis\": \"x\", "
                        "\"treatment_plan\": \"y\"}");
    const char *path = rx_path(world, &rx, "");
    const char *save = arena_format(&world->arena, "%s/save-as-template", path);
    struct answer made =
        as_doctor(world, "POST", save, "{\"name\": \"Saved\", \"visibility\": \"clinic\"}", NULL);
    expect(&made, 201, NULL);
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL), one(world, &made));
    assert_string_equal(rx_text(&made, "medicines", 0, "medicine_name"), "Kept");
    assert_string_equal(rx_text(&made, "tests", 0, "test_name"), "Kept too");
    assert_null(strstr(made.body, "secret words"));
    struct answer again = as_doctor(world, "POST", save, "{\"name\": \"saved\"}", NULL);
    expect(&again, 409, "name-taken");
    struct answer theirs =
        ask(world, "POST", save, token_a(world, "colleague"), "{\"name\": \"Mine now\"}");
    expect(&theirs, 403, "not-the-author");
    rx = rx_make(world, SEED_PATIENT_OWN, "");
    path = rx_path(world, &rx, "");
    struct answer empty =
        as_doctor(world, "POST", arena_format(&world->arena, "%s/save-as-template", path),
                  "{\"name\": \"Empty\"}", NULL);
    expect(&empty, 422, "prescription-empty");
    struct answer locked = as_doctor(
        world, "POST", path_a(world, "/prescriptions/%s/save-as-template", id_a(world, 701)),
        "{\"name\": \"Of a completed one\"}", NULL);
    expect(&locked, 201, NULL);
}

static void what_is_sent_twice_with_a_key_is_done_once(void **state)
{
    struct world *world = *state;
    const char *doctor = token_a(world, "doctor");
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"tests\": [" TEST("Keyed") "]");
    const char *path = rx_path(world, &rx, "/save-as-template"), *applied[2];
    struct answer saved[2];
    for (int i = 0; i < 2; i++) {
        saved[i] =
            ask_keyed(world, "POST", path, doctor, "{\"name\": \"Keyed\"}", "template-key-1");
        expect(&saved[i], 201, NULL);
        assert_string_equal(answer_header(&world->arena, &saved[i], "Location", NULL),
                            one(world, &saved[0]));
    }
    assert_string_equal(saved[0].body, saved[1].body);
    for (int i = 0; i < 2; i++) {
        struct answer answer = ask_keyed(
            world, "POST", rx_path(world, &rx, "/apply-template"), doctor,
            arena_format(&world->arena, "{\"template_id\": \"%s\"}", answer_text(&saved[0], "id")),
            "template-key-2");
        expect(&answer, 200, NULL);
        applied[i] = answer.body;
    }
    assert_string_equal(applied[0], applied[1]);
    struct answer whole = rx_read(world, &rx);
    assert_int_equal(rx_count(&whole, "tests"), 2);
}

static void two_who_save_the_same_name_at_once_get_one_template(void **state)
{
    struct world *world = *state;
    enum { RACERS = 8 };
    struct racer racers[RACERS] = {0};
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"tests\": [" TEST("Raced") "]");
    const char *path = rx_path(world, &rx, "");
    for (int i = 0; i < RACERS; i++)
        racers[i].call = (struct call){
            .method = "POST",
            .path = i % 2 ? path_a(world, "/templates")
                          : arena_format(&world->arena, "%s/save-as-template", path),
            .token = token_a(world, "doctor"),
            .body = "{\"name\": \"Raced\"}",
        };
    race(world, racers, RACERS);
    assert_int_equal(race_count(racers, RACERS, 201), 1);
    assert_int_equal(race_count(racers, RACERS, 409), RACERS - 1);
    race_forget(racers, RACERS);
    assert_int_equal(
        sql_int(world->boss, "SELECT count(*) FROM clinicd.template WHERE name = 'Raced'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            scenario_4_a_template_is_loaded_a_line_is_edited_and_completing_locks_them),
        cmocka_unit_test(a_template_is_written_into_a_prescription_at_once),
        cmocka_unit_test(only_what_one_may_use_is_written_into_what_one_may_write),
        cmocka_unit_test(a_prescription_may_begin_with_a_template),
        cmocka_unit_test(a_catalogue_that_moved_on_does_not_change_what_a_template_says),
        cmocka_unit_test(a_prescription_becomes_a_template_without_the_patient),
        cmocka_unit_test(what_is_sent_twice_with_a_key_is_done_once),
        cmocka_unit_test(two_who_save_the_same_name_at_once_get_one_template),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
