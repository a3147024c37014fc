/* The laboratory over HTTP: what a completed prescription asks for, what becomes of it, and who
 * sees the result. */
#include "tests/harness/race.h"
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEST(name, type) "{\"test_name\": \"" name "\", \"test_type\": \"" type "\"}"

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_laboratory"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer as_lab(struct world *world, const char *method, const char *path,
                            const char *body, const char *if_match)
{
    return ask_if(world, method, path, token_a(world, "lab_tech"), body, if_match);
}

/* A completed prescription for `patient` with these tests. */
static struct answer order(struct world *world, int patient, const char *tests)
{
    struct answer made =
        rx_make(world, patient, arena_format(&world->arena, ", \"tests\": [%s]", tests));
    struct answer done = rx_step(world, &made, "doctor", RX_IS_COMPLETED);
    expect(&done, 200, NULL);
    return done;
}

static const char *test_path(struct world *world, const struct answer *rx, size_t i,
                             const char *what)
{
    return path_a(world, "/prescriptions/%s/tests/%s/%s", answer_text(rx, "id"),
                  rx_text(rx, "tests", i, "id"), what);
}

static void what_is_completed_is_on_the_work_list_oldest_first(void **state)
{
    struct world *world = *state;
    struct answer first = order(world, SEED_PATIENT_OTHER, TEST("Sodium", "blood"));
    struct answer second =
        order(world, SEED_PATIENT_OWN, TEST("Chest", "xray") ", " TEST("Sugar", "urine"));
    struct answer list = as_lab(world, "GET", path_a(world, "/tests?count=exact"), NULL, NULL);
    expect(&list, 200, NULL);
    assert_int_equal(json_integer_value(json_object_get(list.json, "total")), 4);
    assert_string_equal(rx_text(&list, "items", 0, "test_name"), "Test alphamark");
    assert_string_equal(rx_text(&list, "items", 1, "test_name"), "Sodium");
    assert_string_equal(rx_text(&list, "items", 1, "id"), rx_text(&first, "tests", 0, "id"));
    assert_string_equal(rx_text(&list, "items", 1, "status"), "pending");
    const json_t *patient = json_object_get(rx_item(&list, "items", 1), "patient");
    assert_string_equal(json_string_value(json_object_get(patient, "id")),
                        id_a(world, SEED_PATIENT_OTHER));
    const json_t *rx = json_object_get(rx_item(&list, "items", 1), "prescription");
    assert_string_equal(json_string_value(json_object_get(rx, "rx_number")),
                        answer_text(&first, "rx_number"));
    const char *today =
        sql_text(world->boss, &world->arena, "SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date");
    const struct {
        const char *query;
        size_t found;
    } asked[] = {
        {"?test_type=urine", 1},
        {arena_format(&world->arena, "?patient_id=%s", id_a(world, SEED_PATIENT_OWN)), 3},
        {arena_format(&world->arena, "?from=%s", today), 3},
        {arena_format(&world->arena, "?from=%s&to=%s", today, today), 3},
        {"?to=2025-03-04", 1},
        {"?to=2025-03-03", 0},
        {"?q=sODI", 1},
        {"?q=other-alpha", 1},
        {arena_format(&world->arena, "?q=%s", answer_text(&second, "rx_number")), 2},
        {"?q=pt-2025-00102", 1},
        {"?status=in_progress", 0},
        {"?status=all", 4},
        {"?status=pending&q=Chest", 1},
        {"?status=completed", 0},
        {"?status=all&q=other-alpha", 1},
        {"?status=cancelled&q=other-alpha", 0},
        {arena_format(&world->arena, "?status=all&q=%s", answer_text(&second, "rx_number")), 2},
        {arena_format(&world->arena, "?status=all&patient_id=%s", id_a(world, SEED_PATIENT_OWN)),
         3},
        {arena_format(&world->arena, "?status=all&q=own-alpha&patient_id=%s&from=%s&to=%s",
                      id_a(world, SEED_PATIENT_OTHER), today, today),
         0},
        {"?status=all&test_type=xray&from=2020-01-01&to=2999-01-01", 1},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct answer answer =
            as_lab(world, "GET", path_a(world, "/tests%s", asked[i].query), NULL, NULL);
        expect(&answer, 200, NULL);
        if (rx_count(&answer, "items") != asked[i].found)
            fail_msg("%s: %s", asked[i].query, answer.body);
    }
    struct answer page = as_lab(world, "GET", path_a(world, "/tests?limit=3"), NULL, NULL);
    page = as_lab(world, "GET",
                  path_a(world, "/tests?limit=3&cursor=%s", answer_text(&page, "next_cursor")),
                  NULL, NULL);
    assert_int_equal(rx_count(&page, "items"), 1);
}

static void scenario_8_a_result_is_recorded_and_doctor_and_patient_see_it(void **state)
{
    struct world *world = *state;
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Dengue NS1", "blood"));
    struct answer list = as_lab(world, "GET", path_a(world, "/tests?q=dengue"), NULL, NULL);
    assert_int_equal(rx_count(&list, "items"), 1);
    struct answer answer = as_lab(world, "POST", test_path(world, &rx, 0, "status"),
                                  "{\"status\": \"in_progress\"}", "\"1\"");
    expect(&answer, 200, NULL);
    answer = as_lab(world, "POST", test_path(world, &rx, 0, "result"),
                    "{\"result\": \"Positive\", \"result_values\": [{\"name\": \"NS1\", "
                    "\"value\": 11.2, \"unit\": \"PanBio units\", \"reference_low\": 0, "
                    "\"reference_high\": 9}]}",
                    "\"2\"");
    expect(&answer, 200, NULL);
    list = as_lab(world, "GET", path_a(world, "/tests?q=dengue"), NULL, NULL);
    assert_int_equal(rx_count(&list, "items"), 0);
    static const char *const readers[] = {"doctor", "patient", "admin"};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        struct answer seen =
            ask(world, "GET", rx_path(world, &rx, ""), token_a(world, readers[i]), NULL);
        expect(&seen, 200, NULL);
        assert_string_equal(rx_text(&seen, "tests", 0, "status"), "completed");
        assert_string_equal(rx_text(&seen, "tests", 0, "result"), "Positive");
        assert_string_equal(rx_text(&seen, "tests", 0, "result_at"),
                            answer_text(&answer, "result_at"));
        const json_t *values = json_object_get(rx_item(&seen, "tests", 0), "result_values");
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(values, 0), "interpretation")),
            "high");
        /* The prescription itself is as it was completed. */
        assert_string_equal(rx_etag(world, &seen), rx_etag(world, &rx));
        assert_string_equal(answer_text(&seen, "updated_at"), answer_text(&rx, "updated_at"));
    }
}

static struct answer get_unless(struct world *world, const char *path, const char *who,
                                const char *etag)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){.path = path,
                             .token = token_a(world, who),
                             .headers = {arena_format(&world->arena, "If-None-Match: %s", etag)}},
              &answer);
    return answer;
}

static void nobody_who_asks_for_what_is_new_misses_a_result_or_an_allergy(void **state)
{
    struct world *world = *state;
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("New", "blood"));
    const char *path = rx_path(world, &rx, "");
    struct answer before = ask(world, "GET", path, token_a(world, "patient"), NULL);
    const char *etag = answer_header(&world->arena, &before, "ETag", NULL);
    assert_int_equal(get_unless(world, path, "patient", etag).status, 304);
    struct answer done = as_lab(world, "POST", test_path(world, &rx, 0, "result"),
                                "{\"result\": \"Found\"}", "\"1\"");
    expect(&done, 200, NULL);
    struct answer after = get_unless(world, path, "patient", etag);
    expect(&after, 200, NULL);
    assert_string_equal(rx_text(&after, "tests", 0, "result"), "Found");

    struct answer draft = rx_make(world, SEED_PATIENT_OTHER, "");
    path = rx_path(world, &draft, "");
    before = ask(world, "GET", path, token_a(world, "doctor"), NULL);
    etag = answer_header(&world->arena, &before, "ETag", NULL);
    struct answer noted =
        ask(world, "POST", path_a(world, "/patients/%s/allergies", id_a(world, SEED_PATIENT_OTHER)),
            token_a(world, "receptionist"), "{\"substance\": \"Sulfa\", \"severity\": \"severe\"}");
    expect(&noted, 201, NULL);
    after = get_unless(world, path, "doctor", etag);
    expect(&after, 200, NULL);
    assert_string_equal(rx_text(&after, "allergies", 0, "substance"), "Sulfa");
    /* The prescription's version is as it was: who read it before may write. */
    after = ask_if(world, "PATCH", path, token_a(world, "doctor"),
                   "{\"follow_up_on\": \"2999-01-01\"}", etag);
    expect(&after, 200, NULL);
    after = ask_if(world, "PATCH", path, token_a(world, "doctor"),
                   "{\"follow_up_on\": \"2999-01-02\"}", etag);
    expect(&after, 412, "precondition-failed");
    after = ask_if(world, "PATCH", path, token_a(world, "doctor"),
                   "{\"follow_up_on\": \"2999-01-02\"}", "\"2.xyz\"");
    expect(&after, 412, "precondition-failed");
}

static void what_is_not_completed_is_not_the_laboratory_s(void **state)
{
    struct world *world = *state;
    const char *doctor = token_a(world, "doctor");
    struct answer made =
        ask(world, "POST", path_a(world, "/prescriptions"), doctor,
            arena_format(&world->arena,
                         "{\"patient_id\": \"%s\", \"tests\": [" TEST("Draft", "ecg") "]}",
                         id_a(world, SEED_PATIENT_OWN)));
    struct answer list =
        as_lab(world, "GET", path_a(world, "/tests?status=all&test_type=ecg"), NULL, NULL);
    assert_int_equal(rx_count(&list, "items"), 0);
    struct answer answer = as_lab(world, "POST", test_path(world, &made, 0, "status"),
                                  "{\"status\": \"in_progress\"}", "\"1\"");
    expect(&answer, 404, "not-found");
    answer =
        as_lab(world, "POST", test_path(world, &made, 0, "result"), "{\"result\": \"x\"}", "\"1\"");
    expect(&answer, 404, "not-found");
}

static void an_order_goes_its_ways_and_no_others(void **state)
{
    struct world *world = *state;
    struct answer rx =
        order(world, SEED_PATIENT_OWN, TEST("Way one", "blood") ", " TEST("Way two", "blood"));
    const char *status = test_path(world, &rx, 0, "status");
    static const char begin[] = "{\"status\": \"in_progress\"}",
                      cancel[] = "{\"status\": \"cancelled\", \"note\": \"The sample clotted\"}";
    struct answer answer = as_lab(world, "POST", status, begin, NULL);
    expect(&answer, 428, NULL);
    answer = as_lab(world, "POST", status, begin, "\"7\"");
    expect(&answer, 412, NULL);
    answer = as_lab(world, "POST", status, "{\"status\": \"completed\"}", "\"1\"");
    expect(&answer, 422, "validation-failed");
    answer = as_lab(world, "POST", status, "{\"status\": \"cancelled\"}", "\"1\"");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(rx_text(&answer, "errors", 0, "pointer"), "#/note");
    answer = as_lab(world, "POST", status, begin, "\"1\"");
    expect(&answer, 200, NULL);
    assert_string_equal(rx_etag(world, &answer), "\"2\"");
    assert_true(json_is_string(json_object_get(answer.json, "started_at")));
    answer = as_lab(world, "POST", status, begin, "\"2\"");
    expect(&answer, 409, "illegal-transition");
    assert_int_equal(rx_count(&answer, "allowed"), 2);
    answer = as_lab(world, "POST", status, cancel, "\"2\"");
    expect(&answer, 200, NULL);
    assert_string_equal(answer_text(&answer, "note"), "The sample clotted");
    answer = as_lab(world, "POST", status, begin, "\"3\"");
    expect(&answer, 409, "illegal-transition");
    assert_int_equal(rx_count(&answer, "allowed"), 0);
    answer =
        as_lab(world, "POST", test_path(world, &rx, 0, "result"), "{\"result\": \"x\"}", "\"3\"");
    expect(&answer, 409, "illegal-transition");
    answer =
        as_lab(world, "POST", test_path(world, &rx, 1, "result"), "{\"result\": \"x\"}", "\"1\"");
    expect(&answer, 200, NULL);
    answer = as_lab(world, "POST", test_path(world, &rx, 1, "status"), cancel, "\"2\"");
    expect(&answer, 409, "illegal-transition");
    answer = rx_read(world, &rx);
    assert_string_equal(rx_text(&answer, "tests", 0, "status"), "cancelled");
    assert_string_equal(rx_text(&answer, "tests", 1, "status"), "completed");
}

static void values_are_kept_as_they_were_sent_and_judged(void **state)
{
    struct world *world = *state;
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Count", "blood"));
    const char *result = test_path(world, &rx, 0, "result");
    static const char *const wrong[] = {
        "{}",
        "{\"result\": null, \"result_values\": []}",
        "{\"result\": \"x\", \"reason\": \"nothing to correct\"}",
        "{\"result_values\": [{\"value\": 1}]}",
        "{\"result_values\": [{\"name\": \"A\"}]}",
        "{\"result_values\": [{\"name\": \"A\", \"value\": \"1\"}]}",
        "{\"result_values\": [{\"name\": \"A\", \"value\": 1, \"interpretation\": \"fine\"}]}",
        ("{\"result_values\": [{\"name\": \"A\", \"value\": 1, \"reference_low\": 2, "
         "\"interpretation\": \"normal\"}]}"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer = as_lab(world, "POST", result, wrong[i], "\"1\"");
        expect(&answer, 422, "validation-failed");
    }
    struct answer done = as_lab(
        world, "POST", result,
        "{\"result_values\": [{\"name\": \"Haemoglobin\", \"value\": 11.4, \"unit\": \"g/dL\", "
        "\"reference_low\": 12, \"reference_high\": 15.5}, {\"name\": \"Potassium\", \"value\": "
        "0.1}]}",
        "\"1\"");
    expect(&done, 200, NULL);
    assert_string_equal(rx_text(&done, "result_values", 0, "interpretation"), "low");
    assert_non_null(strstr(done.body, "11.4,"));
    assert_non_null(strstr(done.body, "0.1,"));
    assert_true(json_is_null(json_object_get(done.json, "result")));
    assert_string_equal(text_in(&done, "result_by", "name"), "lab_tech-aa");
}

static void a_correction_needs_a_reason_and_keeps_what_was_said(void **state)
{
    struct world *world = *state;
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Corrected", "blood"));
    const char *result = test_path(world, &rx, 0, "result");
    struct answer answer =
        as_lab(world, "POST", result, "{\"result\": \"First\\nline two\"}", "\"1\"");
    expect(&answer, 200, NULL);
    assert_int_equal(rx_count(&answer, "corrections"), 0);
    const char *first_at = answer_text(&answer, "result_at");
    answer = as_lab(world, "POST", result, "{\"result\": \"Second\"}", "\"1\"");
    expect(&answer, 412, "precondition-failed");
    answer = as_lab(world, "POST", result, "{\"result\": \"Second\"}", "\"2\"");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(rx_text(&answer, "errors", 0, "pointer"), "#/reason");
    answer = ask_if(world, "POST", result, token_a(world, "doctor"),
                    "{\"result\": \"Second\", \"reason\": \"Samples confused\"}", "\"2\"");
    expect(&answer, 200, NULL);
    answer = as_lab(
        world, "POST", result,
        "{\"result_values\": [{\"name\": \"A\", \"value\": 2}], \"reason\": \"Typing\"}", "\"3\"");
    expect(&answer, 200, NULL);
    assert_int_equal(rx_count(&answer, "corrections"), 2);
    assert_string_equal(rx_text(&answer, "corrections", 0, "result"), "First\nline two");
    assert_string_equal(rx_text(&answer, "corrections", 0, "result_at"), first_at);
    assert_string_equal(rx_text(&answer, "corrections", 0, "reason"), "Samples confused");
    assert_string_equal(rx_text(&answer, "corrections", 1, "result"), "Second");
    const json_t *by = json_object_get(rx_item(&answer, "corrections", 1), "result_by");
    assert_string_equal(json_string_value(json_object_get(by, "name")), "doctor-aa");
    answer = rx_read(world, &rx);
    assert_true(json_is_null(json_object_get(rx_item(&answer, "tests", 0), "result")));
    assert_string_equal(rx_etag(world, &answer), "\"2\"");
}

static void what_the_service_s_role_may_not_do_in_sql_either(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("In SQL", "blood"));
    struct answer done = as_lab(world, "POST", test_path(world, &rx, 0, "result"),
                                "{\"result\": \"True\"}", "\"1\"");
    expect(&done, 200, NULL);
    const char *where = arena_format(&world->arena, "WHERE clinic_id = 7001 AND test_id = '%s'",
                                     rx_text(&rx, "tests", 0, "id"));
    static const struct {
        const char *what, *sqlstate;
    } tried[] = {
        {"UPDATE clinicd.lab_order SET status = 'pending'", "23514"},
        {"UPDATE clinicd.lab_order SET status = 'cancelled', note = 'x'", "23514"},
        {"UPDATE clinicd.lab_order SET result_text = 'Forged'", "23514"},
        {"UPDATE clinicd.lab_order SET result_at = NULL", "23514"},
        {"UPDATE clinicd.lab_order SET corrections = '[]'", "42501"},
        {"UPDATE clinicd.lab_order SET withdrawn_at = now()", "42501"},
        {"UPDATE clinicd.lab_order SET patient_id = gen_random_uuid()", "42501"},
        {"DELETE FROM clinicd.lab_order", "42501"},
        {"INSERT INTO clinicd.lab_order SELECT * FROM clinicd.lab_order", "42501"},
    };
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
        char sqlstate[SQLSTATE_TEXT];
        sql_run(app, "BEGIN; SELECT set_config('app.clinic_id', '7001', true)");
        assert_int_equal(sql_try(app, sqlstate, "%s %s", tried[i].what, where), -1);
        sql_run(app, "ROLLBACK");
        assert_string_equal(sqlstate, tried[i].sqlstate);
    }
    sql_run(app, "BEGIN; SELECT set_config('app.clinic_id', '7001', true)");
    sql_run(app,
            "UPDATE clinicd.lab_order SET result_text = 'Better', correction_reason = 'why' %s",
            where);
    sql_run(app, "COMMIT");
    assert_string_equal(
        sql_text(world->boss, &world->arena,
                 "SELECT corrections->0->>'result' || ' ' || (correction_reason IS NULL) FROM "
                 "clinicd.lab_order %s",
                 where),
        "True true");
}

static void what_is_opened_again_leaves_the_list_unless_somebody_began(void **state)
{
    struct world *world = *state;
    const char *doctor = token_a(world, "doctor");
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Again", "mri"));
    const char *path = path_a(world, "/prescriptions/%s", answer_text(&rx, "id"));
    const char *reopen = arena_format(&world->arena, "%s/reopen", path);
    const char *list = path_a(world, "/tests?status=all&test_type=mri");
    struct answer answer = ask_if(world, "POST", reopen, doctor, NULL, "\"2\"");
    expect(&answer, 200, NULL);
    answer = as_lab(world, "GET", list, NULL, NULL);
    assert_int_equal(rx_count(&answer, "items"), 0);
    answer = as_lab(world, "POST", test_path(world, &rx, 0, "status"),
                    "{\"status\": \"in_progress\"}", "\"1\"");
    expect(&answer, 404, NULL);
    answer = ask_if(world, "POST", arena_format(&world->arena, "%s/complete", path), doctor, NULL,
                    "\"3\"");
    expect(&answer, 200, NULL);
    answer = as_lab(world, "GET", list, NULL, NULL);
    assert_int_equal(rx_count(&answer, "items"), 1);
    answer = as_lab(world, "POST", test_path(world, &rx, 0, "status"),
                    "{\"status\": \"in_progress\"}", "\"1\"");
    expect(&answer, 200, NULL);
    answer = ask_if(world, "POST", reopen, doctor, NULL, "\"4\"");
    expect(&answer, 409, "laboratory-started");
    answer = ask_if(world, "POST", arena_format(&world->arena, "%s/cancel", path), doctor,
                    "{\"reason\": \"Wrong patient\"}", "\"4\"");
    expect(&answer, 200, NULL);
    answer = as_lab(world, "GET", list, NULL, NULL);
    assert_string_equal(rx_text(&answer, "items", 0, "status"), "cancelled");
    assert_string_equal(rx_text(&answer, "items", 0, "note"), "Wrong patient");
}

static void one_of_two_results_that_come_at_once_is_kept(void **state)
{
    struct world *world = *state;
    enum { RACERS = 6 };
    struct racer racers[RACERS] = {0};
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Raced", "blood"));
    for (int i = 0; i < RACERS; i++)
        racers[i].call = (struct call){
            .method = "POST",
            .path = test_path(world, &rx, 0, i % 2 ? "result" : "status"),
            .token = token_a(world, "lab_tech"),
            .body = i % 2 ? arena_format(&world->arena, "{\"result\": \"%d\"}", i)
                          : "{\"status\": \"cancelled\", \"note\": \"x\"}",
            .if_match = "\"1\"",
        };
    race(world, racers, RACERS);
    assert_int_equal(race_count(racers, RACERS, 200), 1);
    assert_int_equal(race_count(racers, RACERS, 412), RACERS - 1);
    race_forget(racers, RACERS);
}

static void opening_again_and_beginning_at_once_leave_one_truth(void **state)
{
    struct world *world = *state;
    struct racer racers[2] = {0};
    for (int round = 0; round < 8; round++) {
        struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Either", "blood"));
        racers[0].call = (struct call){
            .method = "POST",
            .path = path_a(world, "/prescriptions/%s/reopen", answer_text(&rx, "id")),
            .token = token_a(world, "doctor"),
            .if_match = "\"2\"",
        };
        racers[1].call = (struct call){
            .method = "POST",
            .path = test_path(world, &rx, 0, "status"),
            .token = token_a(world, "lab_tech"),
            .body = "{\"status\": \"in_progress\"}",
            .if_match = "\"1\"",
        };
        race(world, racers, 2);
        bool is_open = racers[0].answer.status == 200, has_begun = racers[1].answer.status == 200;
        if (is_open == has_begun)
            fail_msg("reopen %d, begin %d", racers[0].answer.status, racers[1].answer.status);
        race_forget(racers, 2);
        struct answer now = rx_read(world, &rx);
        assert_string_equal(answer_text(&now, "status"), is_open ? "pending" : "completed");
    }
}

static void whoever_may_sees_and_writes(void **state)
{
    struct world *world = *state;
    struct answer rx = order(world, SEED_PATIENT_OWN, TEST("Who may", "blood"));
    static const struct {
        const char *who;
        int status;
    } roles[] = {{"receptionist", 403}, {"patient", 403}, {"admin", 200}, {"doctor", 200}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct answer answer =
            ask(world, "GET", path_a(world, "/tests"), token_a(world, roles[i].who), NULL);
        assert_int_equal(answer.status, roles[i].status);
        answer =
            ask_if(world, "POST", test_path(world, &rx, 0, "result"), token_a(world, roles[i].who),
                   i > 2 ? "{\"result\": \"x\", \"reason\": \"y\"}" : "{\"result\": \"x\"}",
                   i > 2 ? "\"2\"" : "\"1\"");
        assert_int_equal(answer.status, roles[i].status);
    }
    struct answer answer =
        ask(world, "GET", path_a(world, "/prescriptions"), token_a(world, "lab_tech"), NULL);
    expect(&answer, 403, "missing-permission");
}

static void the_trail_names_the_patient(void **state)
{
    struct world *world = *state;
    struct answer rx = order(world, SEED_PATIENT_OTHER, TEST("Trail", "blood"));
    struct answer done = as_lab(world, "POST", test_path(world, &rx, 0, "result"),
                                "{\"result\": \"Found\"}", "\"1\"");
    expect(&done, 200, NULL);
    assert_string_equal(
        sql_text(world->boss, &world->arena,
                 "SELECT operation || ' ' || entity || ' ' || (entity_id = '%s') || ' ' || "
                 "(before->>'status') || ' ' || (after->>'result') FROM clinicd.audit WHERE "
                 "patient_id = '%s' ORDER BY at DESC, id DESC LIMIT 1",
                 rx_text(&rx, "tests", 0, "id"), id_a(world, SEED_PATIENT_OTHER)),
        "tests_result lab_order true pending Found");
    as_lab(world, "GET", path_a(world, "/tests?q=other-alphamark&status=all"), NULL, NULL);
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.audit WHERE operation = 'tests_list' "
                             "AND patient_ids @> ARRAY['%s'::uuid]",
                             id_a(world, SEED_PATIENT_OTHER)) > 0,
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_completed_is_on_the_work_list_oldest_first),
        cmocka_unit_test(scenario_8_a_result_is_recorded_and_doctor_and_patient_see_it),
        cmocka_unit_test(nobody_who_asks_for_what_is_new_misses_a_result_or_an_allergy),
        cmocka_unit_test(what_is_not_completed_is_not_the_laboratory_s),
        cmocka_unit_test(an_order_goes_its_ways_and_no_others),
        cmocka_unit_test(values_are_kept_as_they_were_sent_and_judged),
        cmocka_unit_test(a_correction_needs_a_reason_and_keeps_what_was_said),
        cmocka_unit_test(what_the_service_s_role_may_not_do_in_sql_either),
        cmocka_unit_test(what_is_opened_again_leaves_the_list_unless_somebody_began),
        cmocka_unit_test(one_of_two_results_that_come_at_once_is_kept),
        cmocka_unit_test(opening_again_and_beginning_at_once_leave_one_truth),
        cmocka_unit_test(whoever_may_sees_and_writes),
        cmocka_unit_test(the_trail_names_the_patient),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
