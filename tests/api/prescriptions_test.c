/* Prescriptions over HTTP: whole or bit by bit, who reads what, what is refused and where. */
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "prescriptions"});
    rx_colleague(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* What only the making of it, not its content, decides. */
static json_t *content_of(const struct answer *answer)
{
    static const char *const own[] = {"id",         "version",   "rx_number", "prescribed_at",
                                      "created_at", "updated_at"};
    json_t *copy = json_deep_copy(answer->json);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        json_object_del(copy, own[i]);
    static const char *const lists[] = {"medicines", "tests"};
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        json_t *line;
        json_array_foreach(json_object_get(copy, lists[i]), n, line) json_object_del(line, "id");
    }
    return copy;
}

static void written_whole_or_bit_by_bit_is_the_same(void **state)
{
    struct world *world = *state;
    struct answer whole = rx_make(
        world, SEED_PATIENT_OWN,
        ", \"follow_up_on\": \"2999-01-01\", \"medicines\": [{" RX_MEDICINE
        ", \"schedule\": \"morning_afternoon_night\", \"food_instruction\": \"after\", "
        "\"instructions\": \"With\\nwater\"}, {\"medicine_name\": \"Zinc\", \"medicine_type\": "
        "\"syrup\", \"dosage\": \"5 ml\", \"frequency_per_day\": 1, \"duration\": \"14 days\", "
        "\"quantity\": 1}], \"tests\": [{" RX_TEST ", \"test_on\": \"2999-01-01\"}], \"vitals\": "
        "{\"bp_text\": \"120/80\", \"temperature_text\": \"98.6 F\"}, \"notes\": {" RX_NOTES "}");
    assert_int_equal(rx_count(&whole, "medicines"), 2);
    assert_string_equal(answer_text(&whole, "status"), "pending");
    assert_string_equal(text_in(&whole, "doctor", "name"), "Firstalphamark Lastalphamark");
    assert_string_equal(answer_header(&world->arena, &whole, "Location", NULL),
                        rx_path(world, &whole, ""));

    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    rx = rx_do(world, &rx, "doctor", "PATCH", "", "{\"follow_up_on\": \"2999-01-01\"}");
    rx = rx_do(world, &rx, "doctor", "PUT", "/notes", "{" RX_NOTES "}");
    rx = rx_do(world, &rx, "doctor", "PUT", "/vitals",
               "{\"bp_text\": \"120/80\", \"temperature_text\": \"98.6 F\"}");
    rx = rx_do(world, &rx, "doctor", "POST", "/medicines",
               "{" RX_MEDICINE ", \"schedule\": \"morning_afternoon_night\", "
               "\"food_instruction\": \"after\", \"instructions\": \"With\\nwater\"}");
    expect(&rx, 201, NULL);
    char *first = arena_copy(&world->arena, rx_text(&rx, "medicines", 0, "id"));
    assert_string_equal(answer_header(&world->arena, &rx, "Location", NULL),
                        rx_path(world, &rx, arena_format(&world->arena, "/medicines/%s", first)));
    rx = rx_do(world, &rx, "doctor", "POST", "/medicines",
               "{\"medicine_name\": \"Zinc\", \"medicine_type\": \"syrup\", \"dosage\": \"10 ml\", "
               "\"frequency_per_day\": 1, \"duration\": \"14 days\", \"quantity\": 1}");
    rx = rx_do(world, &rx, "doctor", "PATCH",
               arena_format(&world->arena, "/medicines/%s", rx_text(&rx, "medicines", 1, "id")),
               "{\"dosage\": \"5 ml\"}");
    expect(&rx, 200, NULL);
    rx = rx_do(world, &rx, "doctor", "POST", "/tests",
               "{" RX_TEST ", \"description\": \"Fasting\"}");
    expect(&rx, 201, NULL);
    rx = rx_do(world, &rx, "doctor", "PATCH",
               arena_format(&world->arena, "/tests/%s", rx_text(&rx, "tests", 0, "id")),
               "{\"description\": null, \"test_on\": \"2999-01-01\"}");
    expect(&rx, 200, NULL);

    rx = rx_read(world, &rx);
    json_t *one = content_of(&whole), *other = content_of(&rx);
    if (!json_equal(one, other))
        fail_msg("%s\n%s", whole.body, rx.body);
    json_decref(one);
    json_decref(other);
}

/* Advice to admit is no part, but is given under the version too. */
static void every_part_counts_in_the_version(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    assert_string_equal(answer_header(&world->arena, &rx, "ETag", NULL), "\"1\"");
    static const struct {
        const char *method, *rest, *body;
    } steps[] = {
        {"POST", "/medicines", "{" RX_MEDICINE "}"},
        {"POST", "/tests", "{" RX_TEST "}"},
        {"PUT", "/vitals", "{\"pulse\": 72}"},
        {"PUT", "/notes", "{" RX_NOTES "}"},
        {"PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}"},
        {"DELETE", "/admission-recommendation", NULL},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        bool is_post = strcmp(steps[i].method, "POST") == 0;
        struct answer stale =
            ask_if(world, is_post ? "PUT" : steps[i].method,
                   rx_path(world, &rx, is_post ? "/notes" : steps[i].rest),
                   token_a(world, "doctor"), is_post ? "{" RX_NOTES "}" : steps[i].body, "\"999\"");
        expect(&stale, 412, "precondition-failed");
        json_int_t before = json_integer_value(json_object_get(rx.json, "version"));
        rx = rx_do(world, &rx, "doctor", steps[i].method, steps[i].rest, steps[i].body);
        expect(&rx, is_post ? 201 : 200, NULL);
        assert_int_equal(json_integer_value(json_object_get(rx.json, "version")), before + 1);
        const char *tag = rx_etag(world, &rx);
        assert_memory_equal(answer_header(&world->arena, &rx, "ETag", NULL), tag, strlen(tag) - 1);
    }
    struct answer none =
        ask(world, "DELETE", rx_path(world, &rx, ""), token_a(world, "doctor"), NULL);
    expect(&none, 428, "precondition-required");
}

static const char *allergen(const struct answer *answer, size_t i)
{
    return rx_text(answer, "allergies", i, "substance");
}

static void allergies_stand_in_every_prescribing_answer(void **state)
{
    struct world *world = *state;
    struct answer noted =
        ask(world, "POST", path_a(world, "/patients/%s/allergies", id_a(world, SEED_PATIENT_OTHER)),
            token_a(world, "receptionist"),
            "{\"substance\": \"Penicillin\", \"severity\": \"severe\"}");
    expect(&noted, 201, NULL);
    struct answer rx = rx_make(world, SEED_PATIENT_OTHER, "");
    assert_string_equal(allergen(&rx, 0), "Penicillin"); /* the worst first */
    assert_string_equal(allergen(&rx, 1), "Pollen other-alphamark");
    rx = rx_do(world, &rx, "doctor", "POST", "/medicines", "{" RX_MEDICINE "}");
    assert_string_equal(allergen(&rx, 0), "Penicillin");
    struct answer gone = ask_if(world, "DELETE",
                                path_a(world, "/patients/%s/allergies/%s",
                                       id_a(world, SEED_PATIENT_OTHER), answer_text(&noted, "id")),
                                token_a(world, "doctor"), NULL, "\"1\"");
    expect(&gone, 204, NULL);
    rx = rx_read(world, &rx);
    assert_string_equal(allergen(&rx, 0), "Pollen other-alphamark");
}

static void only_the_author_writes(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"medicines\": [{" RX_MEDICINE "}]");
    const char *line =
        arena_format(&world->arena, "/medicines/%s", rx_text(&rx, "medicines", 0, "id"));
    const struct {
        const char *method, *rest, *body;
    } writes[] = {
        {"PATCH", "", "{\"follow_up_on\": null}"},
        {"DELETE", "", NULL},
        {"POST", "/medicines", "{" RX_MEDICINE "}"},
        {"PATCH", line, "{\"quantity\": 1}"},
        {"DELETE", line, NULL},
        {"POST", "/tests", "{" RX_TEST "}"},
        {"PUT", "/vitals", "{\"pulse\": 72}"},
        {"PUT", "/notes", "{" RX_NOTES "}"},
        {"PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}"},
        {"DELETE", "/admission-recommendation", NULL},
        {"POST", "/complete", NULL},
        {"POST", "/cancel", "{\"reason\": \"Mistake\"}"},
        {"POST", "/reopen", NULL},
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct answer answer =
            rx_do(world, &rx, "colleague", writes[i].method, writes[i].rest, writes[i].body);
        expect(&answer, 403, "not-the-author");
        answer =
            rx_do(world, &rx, "receptionist", writes[i].method, writes[i].rest, writes[i].body);
        expect(&answer, 403, "missing-permission");
    }
    struct answer now = rx_read(world, &rx);
    assert_string_equal(now.body, rx.body);
}

static void who_reads_what(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"notes\": {" RX_NOTES "}");
    static const char *const staff[] = {"admin", "doctor", "colleague", "receptionist"};
    for (int done = 0; done < 2; done++) {
        for (size_t i = 0; i < sizeof staff / sizeof *staff; i++) {
            struct answer read =
                ask(world, "GET", rx_path(world, &rx, ""), token_a(world, staff[i]), NULL);
            expect(&read, 200, NULL);
            bool has_notes = json_object_get(read.json, "notes") != NULL;
            assert_int_equal(has_notes, strcmp(staff[i], "receptionist") != 0);
        }
        struct answer own =
            ask(world, "GET", rx_path(world, &rx, ""), token_a(world, "patient"), NULL);
        expect(&own, done ? 200 : 404, NULL);
        struct answer lab =
            ask(world, "GET", rx_path(world, &rx, ""), token_a(world, "lab_tech"), NULL);
        expect(&lab, 403, "missing-permission");
        rx = rx_do(world, &rx, "doctor", "POST", "/complete", NULL);
    }
    struct answer foreign = ask(world, "GET", path_a(world, "/prescriptions/%s", id_a(world, 703)),
                                token_a(world, "doctor"), NULL);
    expect(&foreign, 404, "not-found"); /* of a hidden patient */
}

/* A body that is refused, and all pointers of its faults, with blanks between. */
static void what_is_wrong_is_named_where_it_stands(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *more, *pointers;
    } wrong[] = {
        {", \"medicines\": [{\"medicine_name\": \"X\", \"quantity\": 0}]",
         "#/medicines/0/quantity"},
        {", \"medicines\": [{" RX_MEDICINE "}, {\"medicine_name\": \"X\", \"quantity\": 1}]",
         "#/medicines/1/dosage #/medicines/1/duration #/medicines/1/frequency_per_day "
         "#/medicines/1/medicine_type"},
        {", \"medicines\": [{" RX_MEDICINE ", \"frequency_per_day\": 25, \"schedule\": \"noon\"}]",
         ""}, /* a member twice */
        {", \"medicines\": [{\"quantity\": 1, \"catalog_id\": "
         "\"0190a000-0000-7000-8000-bb0000000999\"}], \"tests\": [{\"test_name\": \"X\"}]",
         "#/medicines/0/catalog_id #/tests/0/test_type"},
        {", \"vitals\": {\"bp_text\": \"80/120\", \"temperature\": 98.6}",
         "#/vitals/bp_text #/vitals/temperature_unit"},
        {", \"notes\": {\"observations\": \"X\"}", "#/notes/diagnosis #/notes/treatment_plan"},
        {", \"follow_up_on\": \"2020-01-01\"", "#/follow_up_on"},
        {", \"visit_id\": \"0190a000-0000-7000-8000-aa0000000602\"", "#/visit_id"},
        {", \"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"", "#/id"},
        {", \"tests\": [{" RX_TEST ", \"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"}]",
         "#/tests/0/id"},
        {", \"status\": \"completed\"", "#/status"},
    };
    int64_t before = sql_int(world->boss, "SELECT count(*) FROM clinicd.prescription");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct answer answer =
            ask(world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
                arena_format(&world->arena, "{\"patient_id\": \"%s\"%s}",
                             id_a(world, SEED_PATIENT_OWN), wrong[i].more));
        if (!*wrong[i].pointers) {
            expect(&answer, 400, NULL);
            continue;
        }
        expect(&answer, 422, "validation-failed");
        struct buf pointers;
        buf_begin(&pointers, &world->arena, 100);
        for (size_t n = 0; n < rx_count(&answer, "errors"); n++)
            buf_format(&pointers, "%s%s", n ? " " : "", rx_text(&answer, "errors", n, "pointer"));
        assert_string_equal(pointers.text, wrong[i].pointers);
    }
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.prescription"), before);

    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    struct answer line = rx_do(world, &rx, "doctor", "POST", "/medicines",
                               "{\"medicine_name\": \"X\", \"quantity\": 1, \"dosage\": \"1\", "
                               "\"duration\": \"1\", \"frequency_per_day\": 1}");
    expect(&line, 422, "validation-failed");
    assert_string_equal(rx_text(&line, "errors", 0, "pointer"), "#/medicine_type");
    line = rx_do(world, &rx, "doctor", "PUT", "/vitals", "{\"spo2_text\": \"120\"}");
    expect(&line, 422, "validation-failed");
    assert_string_equal(rx_text(&line, "errors", 0, "pointer"), "#/spo2_text");
    line = rx_do(world, &rx, "doctor", "PATCH", "", "{\"follow_up_on\": \"2020-01-01\"}");
    expect(&line, 422, "validation-failed");
}

static void vitals_keep_the_text_beside_the_numbers(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    rx = rx_do(world, &rx, "doctor", "PUT", "/vitals",
               "{\"bp_text\": \"120/80\", \"temperature_text\": \"36.8 °C\", \"spo2_text\": \"98 "
               "%\", \"sugar\": 104, \"sugar_unit\": \"mg_dl\"}");
    expect(&rx, 200, NULL);
    assert_non_null(strstr(rx.body, "\"temperature\":36.8,"));
    assert_string_equal(text_in(&rx, "vitals", "temperature_unit"), "celsius");
    assert_string_equal(text_in(&rx, "vitals", "temperature_text"), "36.8 °C");
    const json_t *vitals = json_object_get(rx.json, "vitals");
    assert_int_equal(json_integer_value(json_object_get(vitals, "bp_diastolic")), 80);
    assert_int_equal(json_integer_value(json_object_get(vitals, "spo2")), 98);
    assert_true(json_is_null(json_object_get(vitals, "sugar_text")));

    rx = rx_do(world, &rx, "doctor", "PUT", "/vitals", "{\"pulse\": 70}"); /* in its place */
    vitals = json_object_get(rx.json, "vitals");
    assert_true(json_is_null(json_object_get(vitals, "bp_systolic")));
    assert_int_equal(json_integer_value(json_object_get(vitals, "pulse")), 70);
}

static void a_draft_goes_but_its_number_does_not_come_again(void **state)
{
    struct world *world = *state;
    struct answer one = rx_make(world, SEED_PATIENT_OWN, "");
    struct answer gone = rx_do(world, &one, "doctor", "DELETE", "", NULL);
    expect(&gone, 204, NULL);
    gone = ask(world, "GET", rx_path(world, &one, ""), token_a(world, "doctor"), NULL);
    expect(&gone, 404, "not-found");
    gone = rx_do(world, &one, "doctor", "PUT", "/notes", "{" RX_NOTES "}");
    expect(&gone, 404, "not-found");
    struct answer two = rx_make(world, SEED_PATIENT_OWN, "");
    int first = 0, second = 0, year = 0;
    assert_int_equal(sscanf(answer_text(&one, "rx_number"), "RX-%4d-%5d", &year, &first), 2);
    assert_int_equal(sscanf(answer_text(&two, "rx_number"), "RX-%4d-%5d", &year, &second), 2);
    assert_int_equal(second, first + 1);

    struct answer line = rx_do(world, &two, "doctor", "POST", "/tests", "{" RX_TEST "}");
    const char *test = arena_format(&world->arena, "/tests/%s", rx_text(&line, "tests", 0, "id"));
    line = rx_do(world, &line, "doctor", "DELETE", test, NULL);
    expect(&line, 200, NULL);
    assert_int_equal(rx_count(&line, "tests"), 0);
    line = rx_do(world, &line, "doctor", "DELETE", test, NULL);
    expect(&line, 404, "not-found");
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.prescription_test WHERE "
                             "prescription_id = '%s' AND deleted_at IS NOT NULL",
                             answer_text(&two, "id")),
                     1);
}

static void a_record_sent_twice_is_its_own_twin(void **state)
{
    struct world *world = *state;
    const char *id = ", \"id\": \"0190a000-0000-7000-8000-0000000012ab\"";
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, id);
    struct answer twin =
        ask(world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
            arena_format(&world->arena, "{\"patient_id\": \"%s\"%s}", id_a(world, SEED_PATIENT_OWN),
                         id));
    expect(&twin, 409, "id-taken");
    assert_string_equal(answer_header(&world->arena, &twin, "Location", NULL),
                        rx_path(world, &rx, ""));
    const char *line = "{" RX_MEDICINE ", \"id\": \"0190a000-0000-7000-8000-0000000012ac\"}";
    rx = rx_do(world, &rx, "doctor", "POST", "/medicines", line);
    expect(&rx, 201, NULL);
    twin = rx_do(world, &rx, "doctor", "POST", "/medicines", line);
    expect(&twin, 409, "id-taken");
    struct answer first = ask_keyed(world, "POST", rx_path(world, &rx, "/tests"),
                                    token_a(world, "doctor"), "{" RX_TEST "}", "rx-twin");
    struct answer second = ask_keyed(world, "POST", rx_path(world, &rx, "/tests"),
                                     token_a(world, "doctor"), "{" RX_TEST "}", "rx-twin");
    assert_string_equal(first.body, second.body);
    assert_string_equal(answer_header(&world->arena, &first, "Location", NULL),
                        answer_header(&world->arena, &second, "Location", NULL));
    assert_int_equal(rx_count(&second, "tests"), 1);
}

static void lists_and_their_numbers_agree(void **state)
{
    struct world *world = *state;
    world_restore(world);
    rx_colleague(world);
    struct answer mine = rx_make(world, SEED_PATIENT_OWN, ", \"medicines\": [{" RX_MEDICINE "}]");
    static const struct {
        const char *who, *query;
        int n;
    } asked[] = {
        {"doctor", "", 3},
        {"doctor", "?mine=true", 3},
        {"colleague", "?mine=true", 0},
        {"colleague", "?mine=false", 3},
        {"admin", "?status=pending", 2},
        {"admin", "?status=cancelled", 0},
        {"receptionist", "?patient_id=0190a000-0000-7000-8000-aa0000000102", 1},
        {"admin", "?from=2025-03-04&to=2025-03-04", 2},
        {"admin", "?to=2025-03-03", 0},
        {"admin", "?from=2025-03-05", 1},
        {"doctor", "?q=other-alph", 1},
        {"doctor", "?q=RX-2025-00101", 1},
        {"doctor", "?q=pt-2025-00102", 1},
        {"doctor", "?q=nobody", 0},
        {"patient", "", 1},
        {"patient", "?status=pending", 0},
        {"patient", "?q=other-alphamark", 0},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct answer list = ask(world, "GET",
                                 path_a(world, "/prescriptions%s%scount=exact", asked[i].query,
                                        *asked[i].query ? "&" : "?"),
                                 token_a(world, asked[i].who), NULL);
        expect(&list, 200, NULL);
        if ((int)rx_count(&list, "items") != asked[i].n)
            fail_msg("%s as %s: %s", asked[i].query, asked[i].who, list.body);
        assert_int_equal(json_integer_value(json_object_get(list.json, "total")), asked[i].n);
    }
    struct answer list =
        ask(world, "GET", path_a(world, "/prescriptions?limit=1"), token_a(world, "doctor"), NULL);
    assert_string_equal(rx_text(&list, "items", 0, "id"), answer_text(&mine, "id"));
    assert_int_equal(
        json_integer_value(json_object_get(rx_item(&list, "items", 0), "medicines_count")), 1);
    list = ask(world, "GET",
               path_a(world, "/prescriptions?limit=1&cursor=%s", answer_text(&list, "next_cursor")),
               token_a(world, "doctor"), NULL);
    expect(&list, 200, NULL);
    assert_string_not_equal(rx_text(&list, "items", 0, "id"), answer_text(&mine, "id"));

    struct answer stats =
        ask(world, "GET", path_a(world, "/prescriptions/stats"), token_a(world, "admin"), NULL);
    assert_string_equal(stats.body, "{\"total\":3,\"pending\":2,\"completed\":1,\"cancelled\":0}");
    stats =
        ask(world, "GET", path_a(world, "/prescriptions/stats"), token_a(world, "patient"), NULL);
    assert_string_equal(stats.body, "{\"total\":1,\"pending\":0,\"completed\":1,\"cancelled\":0}");
    stats = ask(world, "GET", path_a(world, "/prescriptions/stats?mine=true&from=2025-03-05"),
                token_a(world, "colleague"), NULL);
    assert_string_equal(stats.body, "{\"total\":0,\"pending\":0,\"completed\":0,\"cancelled\":0}");
}

static void a_line_too_many_is_refused(void **state)
{
    struct world *world = *state;
    struct buf more;
    buf_begin(&more, &world->arena, 20000);
    for (int i = 0; i < 100; i++)
        buf_format(&more, "%s{" RX_TEST "}", i ? ", " : ", \"tests\": [");
    buf_text(&more, "]");
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, more.text);
    assert_int_equal(rx_count(&rx, "tests"), 100);
    sql_run(world->boss,
            "UPDATE clinicd.prescription_test SET position = position + 100 WHERE prescription_id "
            "= '%s'",
            answer_text(&rx, "id"));
    struct answer full = rx_do(world, &rx, "doctor", "POST", "/tests", "{" RX_TEST "}");
    expect(&full, 409, "too-many-lines");
    struct answer empty = rx_make(world, SEED_PATIENT_OWN, "");
    sql_run(
        world->boss,
        "INSERT INTO clinicd.prescription_medicine (clinic_id, id, prescription_id, patient_id, "
        "position, medicine_name, medicine_type, dosage, frequency_per_day, duration, quantity, "
        "created_at, updated_at) SELECT 7001, gen_random_uuid(), '%s', '%s', 200, 'X', 'tablet', "
        "'1', 1, '1', 1, now(), now()",
        answer_text(&empty, "id"), id_a(world, SEED_PATIENT_OWN));
    full = rx_do(world, &empty, "doctor", "POST", "/medicines", "{" RX_MEDICINE "}");
    expect(&full, 409, "too-many-lines");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_whole_or_bit_by_bit_is_the_same),
        cmocka_unit_test(every_part_counts_in_the_version),
        cmocka_unit_test(allergies_stand_in_every_prescribing_answer),
        cmocka_unit_test(only_the_author_writes),
        cmocka_unit_test(who_reads_what),
        cmocka_unit_test(what_is_wrong_is_named_where_it_stands),
        cmocka_unit_test(vitals_keep_the_text_beside_the_numbers),
        cmocka_unit_test(a_draft_goes_but_its_number_does_not_come_again),
        cmocka_unit_test(a_record_sent_twice_is_its_own_twin),
        cmocka_unit_test(a_line_too_many_is_refused),
        cmocka_unit_test(lists_and_their_numbers_agree),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
