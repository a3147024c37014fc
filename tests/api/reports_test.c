/* Reports over HTTP: who adds one, what is said about it, who finds it, and the test that it
 * answers. */
#include "tests/harness/race.h"
#include "tests/harness/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ADMISSION_OWN = 511, ADMISSION_OTHER = 512 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_reports"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer send_own(struct world *world, const char *who, const char *what,
                              const char *const *fields)
{
    return report_send(world, who, of_patient(world, SEED_PATIENT_OWN, what), paper_pdf(world),
                       fields, NULL);
}

static struct answer get(struct world *world, const char *who, const char *path)
{
    return ask(world, "GET", path_a(world, "%s", path), token_a(world, who), NULL);
}

static void a_medical_report_is_kept_with_its_file(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    const char *const fields[] = {"report_type=X-Ray", "description=After the fall\nleft arm",
                                  NULL};
    struct answer made = send_own(world, "doctor", "reports", fields);
    expect(&made, 201, NULL);
    assert_string_equal(answer_text(&made, "kind"), "medical_report");
    assert_string_equal(answer_text(&made, "report_type"), "X-Ray");
    assert_string_equal(answer_text(&made, "description"), "After the fall\nleft arm");
    assert_string_equal(text_in(&made, "uploaded_by", "id"), id_a(world, SEED_DOCTOR));
    assert_string_equal(report_file(&made, "name"), "chest.pdf");
    assert_string_equal(report_file(&made, "media_type"), "application/pdf");
    assert_string_equal(report_file(&made, "state"), "clean");
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL),
                        report_path(world, &made, ""));
    struct objects after = objects_now(world);
    assert_int_equal(after.rows, before.rows + 1);
    assert_int_equal(after.objects, before.objects + 1);
    struct answer file =
        ask(world, "GET", report_path(world, &made, ""), token_a(world, "admin"), NULL);
    expect(&file, 200, NULL);
    assert_string_equal(text_in(&file, "patient", "id"), id_a(world, SEED_PATIENT_OWN));
    assert_string_equal(text_in(&file, "report", "id"), answer_text(&made, "id"));
    assert_string_equal(text_in(&file, "report", "report_type"), "X-Ray");
    assert_string_equal(answer_text(&file, "sha256"), report_file(&made, "sha256"));
    struct answer plain = send_own(world, "lab_tech", "reports", NULL);
    expect(&plain, 201, NULL);
    assert_string_equal(answer_text(&plain, "report_type"), "Other");
}

static void a_report_needs_its_file_and_only_what_it_knows(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    const char *path = of_patient(world, SEED_PATIENT_OWN, "reports");
    const char *tests = of_patient(world, SEED_PATIENT_OWN, "test-reports");
    const char *const unknown[] = {"test_type=Blood", NULL};
    const char *const long_type[] = {
        "report_type=123456789 123456789 123456789 123456789 123456789 1", NULL};
    const char *const future[] = {"test_type=Blood", "test_on=2999-01-01", NULL};
    const char *const no_day[] = {"test_type=Blood", "test_on=2026-02-30", NULL};
    const char *const half[] = {"test_type=Blood", "test_id=0190a000-0000-7000-8000-aa0000000721",
                                NULL};
    const char *const old_id[] = {"id=6f9619ff-8b86-4011-b42d-00c04fc964ff", NULL};
    const struct {
        const char *path, *const *fields;
        bool has_file;
        const char *pointer;
    } asked[] = {
        {path, NULL, false, "#/file"},
        {path, unknown, true, "#/test_type"},
        {path, long_type, true, "#/report_type"},
        {path, old_id, true, "#/id"},
        {tests, NULL, true, "#/test_type"},
        {tests, future, true, "#/test_on"},
        {tests, no_day, true, "#/test_on"},
        {tests, half, true, "#/prescription_id"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct paper paper = asked[i].has_file ? paper_pdf(world) : (struct paper){0};
        struct answer answer =
            report_send(world, "receptionist", asked[i].path, paper, asked[i].fields, NULL);
        expect(&answer, 422, "validation-failed");
        if (!strstr(answer.body, asked[i].pointer))
            fail_msg("%zu: no word of %s: %s", i, asked[i].pointer, answer.body);
    }
    struct objects after = objects_now(world);
    assert_int_equal(after.rows, before.rows);
    assert_int_equal(after.objects, before.objects);
}

static void a_patient_adds_to_the_own_record_only(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    const char *const fields[] = {"test_type=Sugar", "test_on=2026-01-02", "notes=At home", NULL};
    struct answer own = send_own(world, "patient", "test-reports", fields);
    expect(&own, 201, NULL);
    assert_string_equal(text_in(&own, "uploaded_by", "id"), id_a(world, SEED_PATIENT_LOGIN));
    assert_string_equal(answer_text(&own, "notes"), "At home");
    struct answer other =
        report_send(world, "patient", of_patient(world, SEED_PATIENT_OTHER, "reports"),
                    paper_pdf(world), NULL, NULL);
    expect(&other, 404, "not-found");
    struct answer hidden =
        report_send(world, "admin", of_patient(world, SEED_PATIENT_DELETED, "reports"),
                    paper_pdf(world), NULL, NULL);
    expect(&hidden, 404, "not-found");
    assert_int_equal(objects_now(world).objects, before.objects + 1);
}

static void lists_are_of_one_kind_newest_first_and_filtered(void **state)
{
    struct world *world = *state;
    reports_restore(world);
    const char *const xray[] = {"report_type=X-Ray", NULL};
    const char *const scan[] = {"report_type=CT Scan", NULL};
    const char *const blood[] = {"test_type=Blood count", NULL};
    struct answer first = send_own(world, "doctor", "reports", xray);
    struct answer second = send_own(world, "doctor", "reports", scan);
    struct answer third = send_own(world, "doctor", "test-reports", blood);
    struct answer list =
        get(world, "lab_tech", of_patient(world, SEED_PATIENT_OWN, "reports?count=exact"));
    expect(&list, 200, NULL);
    assert_int_equal(json_integer_value(json_object_get(list.json, "total")), 3);
    assert_string_equal(rx_text(&list, "items", 0, "id"), answer_text(&second, "id"));
    assert_string_equal(rx_text(&list, "items", 1, "id"), answer_text(&first, "id"));
    list = get(world, "patient", of_patient(world, SEED_PATIENT_OWN, "test-reports"));
    assert_int_equal(rx_count(&list, "items"), 2);
    assert_string_equal(rx_text(&list, "items", 0, "id"), answer_text(&third, "id"));
    const char *today =
        sql_text(world->boss, &world->arena, "SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date");
    const struct {
        const char *query;
        size_t found;
    } asked[] = {
        {"reports?report_type=x-ray", 1},
        {"reports?report_type=X-Ra", 0},
        {"test-reports?test_type=BLOOD%20count", 1},
        {arena_format(&world->arena, "reports?from=%s&to=%s", today, today), 2},
        {"reports?to=2025-03-05", 1},
        {"reports?to=2025-03-04", 0},
        {"test-reports?from=2999-01-01", 0},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct answer answer =
            get(world, "admin", of_patient(world, SEED_PATIENT_OWN, asked[i].query));
        expect(&answer, 200, NULL);
        if (rx_count(&answer, "items") != asked[i].found)
            fail_msg("%s: %s", asked[i].query, answer.body);
    }
    struct answer page =
        get(world, "admin", of_patient(world, SEED_PATIENT_OWN, "reports?limit=2"));
    page = get(world, "admin",
               of_patient(world, SEED_PATIENT_OWN,
                          arena_format(&world->arena, "reports?limit=2&cursor=%s",
                                       answer_text(&page, "next_cursor"))));
    assert_int_equal(rx_count(&page, "items"), 1);
}

static void an_admissions_report_is_its_patients_too(void **state)
{
    struct world *world = *state;
    reports_restore(world);
    const char *path =
        arena_format(&world->arena, "/admissions/%s/reports", id_a(world, ADMISSION_OTHER));
    struct answer made = report_send(world, "doctor", path, paper_pdf(world), NULL, NULL);
    expect(&made, 201, NULL);
    assert_string_equal(answer_text(&made, "admission_id"), id_a(world, ADMISSION_OTHER));
    struct answer there = get(world, "doctor", path);
    assert_int_equal(rx_count(&there, "items"), 2);
    struct answer patients = get(world, "doctor", of_patient(world, SEED_PATIENT_OTHER, "reports"));
    assert_string_equal(rx_text(&patients, "items", 0, "id"), answer_text(&made, "id"));
    struct answer foreign = report_send(world, "patient", path, paper_pdf(world), NULL, NULL);
    expect(&foreign, 404, "not-found");
    foreign = get(world, "patient", path);
    expect(&foreign, 404, "not-found");
    struct answer own =
        get(world, "patient",
            arena_format(&world->arena, "/admissions/%s/reports", id_a(world, ADMISSION_OWN)));
    assert_int_equal(rx_count(&own, "items"), 1);
    objects_now(world);
}

static void reports_are_in_the_history_and_counted(void **state)
{
    struct world *world = *state;
    reports_restore(world);
    struct answer made = send_own(world, "patient", "reports", NULL);
    struct answer history =
        get(world, "patient", of_patient(world, SEED_PATIENT_OWN, "history?include=reports"));
    expect(&history, 200, NULL);
    assert_int_equal(rx_count(&history, "items"), 3);
    assert_string_equal(rx_text(&history, "items", 0, "id"), answer_text(&made, "id"));
    const json_t *report = json_object_get(rx_item(&history, "items", 0), "report");
    assert_string_equal(json_string_value(json_object_get(report, "report_type")), "Other");
    struct answer me = get(world, "patient", "/me");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(me.json, "counts"), "reports")), 3);
    struct answer gone = ask_if(world, "DELETE", report_path(world, &made, ""),
                                token_a(world, "doctor"), NULL, "\"1\"");
    expect(&gone, 204, NULL);
    me = get(world, "patient", "/me");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(me.json, "counts"), "reports")), 2);
    history = get(world, "patient", of_patient(world, SEED_PATIENT_OWN, "history?include=reports"));
    assert_int_equal(rx_count(&history, "items"), 2);
}

static void an_id_of_the_clients_own_is_taken_once(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    const char *const fields[] = {"id=019345f2-7c1a-7d30-8a5e-2f6b1c9d0e60", NULL};
    struct answer made = send_own(world, "doctor", "reports", fields);
    expect(&made, 201, NULL);
    assert_string_equal(answer_text(&made, "id"), *fields + 3);
    struct answer again = send_own(world, "doctor", "reports", fields);
    expect(&again, 409, "id-taken");
    assert_string_equal(answer_header(&world->arena, &again, "Location", NULL),
                        report_path(world, &made, ""));
    const char *const blood[] = {*fields, "test_type=Blood", NULL};
    again = send_own(world, "doctor", "test-reports", blood);
    expect(&again, 409, "id-taken");
    again = report_send(
        world, "doctor",
        arena_format(&world->arena, "/admissions/%s/reports", id_a(world, ADMISSION_OTHER)),
        paper_pdf(world), fields, NULL);
    expect(&again, 409, "id-taken");
    assert_int_equal(objects_now(world).objects, before.objects + 1);
}

static void the_same_upload_twice_is_one_report_and_one_object(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    const char *path = of_patient(world, SEED_PATIENT_OWN, "reports");
    struct answer first =
        report_send(world, "doctor", path, paper_pdf(world), NULL, "Idempotency-Key: once");
    expect(&first, 201, NULL);
    struct answer again =
        report_send(world, "doctor", path, paper_pdf(world), NULL, "Idempotency-Key: once");
    expect(&again, 201, NULL);
    assert_string_equal(again.body, first.body);
    assert_string_equal(answer_header(&world->arena, &again, "Location", NULL),
                        answer_header(&world->arena, &first, "Location", NULL));
    assert_string_equal(answer_header(&world->arena, &again, "Idempotency-Replayed", NULL), "true");
    struct paper other = paper_big(&world->arena, 1000, 7);
    struct answer reused = report_send(world, "doctor", path, other, NULL, "Idempotency-Key: once");
    expect(&reused, 422, "idempotency-key-reused");
    struct objects after = objects_now(world);
    assert_int_equal(after.objects, before.objects + 1);
    assert_int_equal(after.rows, before.rows + 1);
}

static void twins_at_once_are_one_report_and_one_object(void **state)
{
    enum { TWINS = 4 };
    struct world *world = *state;
    struct racer racers[TWINS] = {0};
    struct objects before = objects_now(world);
    for (int i = 0; i < TWINS; i++) {
        struct paper paper = paper_pdf(world);
        struct form form;
        form_begin(&form, &world->arena);
        form_file(&form, paper.name, paper.type, paper.bytes.text, paper.bytes.length);
        form_end(&form);
        racers[i].call = (struct call){
            .method = "POST",
            .path = path_a(world, "%s", of_patient(world, SEED_PATIENT_OWN, "reports")),
            .token = token_a(world, "doctor"),
            .body = form.body.text,
            .body_length = form.body.length,
            .type = FORM_TYPE,
            .headers = {"Idempotency-Key: twins"}};
    }
    race(world, racers, TWINS);
    assert_int_equal(race_count(racers, TWINS, 201), TWINS);
    for (int i = 1; i < TWINS; i++)
        assert_string_equal(racers[i].answer.body, racers[0].answer.body);
    race_forget(racers, TWINS);
    assert_int_equal(objects_now(world).objects, before.objects + 1);
}

/* --- the test that it answers --------------------------------------------------------------- */

static struct answer ordered(struct world *world, int patient)
{
    struct answer made = rx_make(world, patient, ", \"tests\": [{" RX_TEST "}]");
    return rx_step(world, &made, "doctor", RX_IS_COMPLETED);
}

static struct answer record(struct world *world, const struct answer *rx, const char *body,
                            const char *if_match)
{
    const char *path = rx_path(
        world, rx, arena_format(&world->arena, "/tests/%s/result", rx_text(rx, "tests", 0, "id")));
    return ask_if(world, "POST", path, token_a(world, "lab_tech"), body, if_match);
}

static const char *resting_on(struct world *world, const struct answer *report)
{
    return arena_format(&world->arena, "{\"report_id\": \"%s\"}", answer_text(report, "id"));
}

static struct answer test_report(struct world *world, int patient, const struct answer *rx)
{
    const char *fields[] = {"test_type=Complete blood count", NULL, NULL, NULL};
    if (rx) {
        fields[1] = arena_format(&world->arena, "prescription_id=%s", answer_text(rx, "id"));
        fields[2] = arena_format(&world->arena, "test_id=%s", rx_text(rx, "tests", 0, "id"));
    }
    return report_send(world, "lab_tech", of_patient(world, patient, "test-reports"),
                       paper_pdf(world), fields, NULL);
}

static void a_result_may_be_a_report_which_then_stays(void **state)
{
    struct world *world = *state;
    reports_restore(world);
    struct answer rx = ordered(world, SEED_PATIENT_OWN);
    struct answer report = test_report(world, SEED_PATIENT_OWN, &rx);
    expect(&report, 201, NULL);
    assert_string_equal(answer_text(&report, "test_id"), rx_text(&rx, "tests", 0, "id"));
    assert_string_equal(answer_text(&report, "prescription_id"), answer_text(&rx, "id"));
    struct answer done = record(world, &rx, resting_on(world, &report), "\"1\"");
    expect(&done, 200, NULL);
    assert_string_equal(answer_text(&done, "status"), "completed");
    assert_string_equal(answer_text(&done, "report_file_id"), report_file(&report, "id"));
    struct answer seen =
        ask(world, "GET", rx_path(world, &rx, ""), token_a(world, "patient"), NULL);
    assert_string_equal(rx_text(&seen, "tests", 0, "report_file_id"), report_file(&report, "id"));
    struct answer kept = ask_if(world, "DELETE", report_path(world, &report, ""),
                                token_a(world, "admin"), NULL, "\"1\"");
    expect(&kept, 409, "report-in-use");
    struct answer corrected =
        record(world, &rx, "{\"result\": \"Normal\", \"reason\": \"Another's report\"}", "\"2\"");
    expect(&corrected, 200, NULL);
    assert_string_equal(rx_text(&corrected, "corrections", 0, "report_file_id"),
                        report_file(&report, "id"));
    struct answer gone = ask_if(world, "DELETE", report_path(world, &report, ""),
                                token_a(world, "admin"), NULL, "\"1\"");
    expect(&gone, 204, NULL);
}

static void a_result_rests_on_no_strange_report(void **state)
{
    struct world *world = *state;
    reports_restore(world);
    struct answer rx = ordered(world, SEED_PATIENT_OWN);
    struct answer other_rx = ordered(world, SEED_PATIENT_OWN);
    struct answer medical = report_make(world, SEED_PATIENT_OWN);
    struct answer foreign = test_report(world, SEED_PATIENT_OTHER, NULL);
    struct answer of_other_test = test_report(world, SEED_PATIENT_OWN, &other_rx);
    struct answer deleted = test_report(world, SEED_PATIENT_OWN, NULL);
    struct answer gone = ask_if(world, "DELETE", report_path(world, &deleted, ""),
                                token_a(world, "admin"), NULL, "\"1\"");
    expect(&gone, 204, NULL);
    struct answer infected = test_report(world, SEED_PATIENT_OWN, NULL);
    sql_run(world->boss, "ALTER TABLE clinicd.file DISABLE TRIGGER file_guard");
    sql_run(world->boss, "UPDATE clinicd.file SET state = 'infected' WHERE id = '%s'",
            report_file(&infected, "id"));
    sql_run(world->boss, "ALTER TABLE clinicd.file ENABLE TRIGGER file_guard");
    const struct answer *const strange[] = {&medical, &foreign, &of_other_test, &deleted,
                                            &infected};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        struct answer refused = record(world, &rx, resting_on(world, strange[i]), "\"1\"");
        expect(&refused, 422, "validation-failed");
        assert_non_null(strstr(refused.body, "#/report_id"));
    }
    struct answer nothing = record(world, &rx, "{}", "\"1\"");
    expect(&nothing, 422, "validation-failed");
    /* Nor past the API: as the service's role. */
    const char *const sqlstates[] = {"23503", "23514"};
    const struct answer *const both[] = {&foreign, &of_other_test};
    for (size_t i = 0; i < 2; i++) {
        char sqlstate[SQLSTATE_TEXT];
        assert_int_equal(sql_try(world->boss, sqlstate,
                                 "UPDATE clinicd.lab_order SET status = 'completed', "
                                 "result_at = now(), report_file_id = '%s' WHERE test_id = '%s'",
                                 report_file(both[i], "id"), rx_text(&rx, "tests", 0, "id")),
                         -1);
        assert_string_equal(sqlstate, sqlstates[i]);
    }
}

static void a_report_names_only_a_test_that_was_ordered_for_this_patient(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    struct answer rx = ordered(world, SEED_PATIENT_OTHER);
    struct answer pending = rx_make(world, SEED_PATIENT_OWN, ", \"tests\": [{" RX_TEST "}]");
    struct answer refused = test_report(world, SEED_PATIENT_OWN, &rx);
    expect(&refused, 422, "validation-failed");
    refused = test_report(world, SEED_PATIENT_OWN, &pending);
    expect(&refused, 422, "validation-failed");
    assert_non_null(strstr(refused.body, "#/test_id"));
    assert_int_equal(objects_now(world).objects, before.objects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_medical_report_is_kept_with_its_file),
        cmocka_unit_test(a_report_needs_its_file_and_only_what_it_knows),
        cmocka_unit_test(a_patient_adds_to_the_own_record_only),
        cmocka_unit_test(lists_are_of_one_kind_newest_first_and_filtered),
        cmocka_unit_test(an_admissions_report_is_its_patients_too),
        cmocka_unit_test(reports_are_in_the_history_and_counted),
        cmocka_unit_test(an_id_of_the_clients_own_is_taken_once),
        cmocka_unit_test(the_same_upload_twice_is_one_report_and_one_object),
        cmocka_unit_test(twins_at_once_are_one_report_and_one_object),
        cmocka_unit_test(a_result_may_be_a_report_which_then_stays),
        cmocka_unit_test(a_result_rests_on_no_strange_report),
        cmocka_unit_test(a_report_names_only_a_test_that_was_ordered_for_this_patient),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
