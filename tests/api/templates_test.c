/* Templates over HTTP: a doctor's own, shown to colleagues or not. */
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
    world_begin(&world, &(struct world_options){.name = "api_templates"});
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

static void a_template_is_made_whole_and_read_again(void **state)
{
    struct world *world = *state;
    struct answer made =
        make(world, "{\"name\": \"Fever\", \"keyword\": \"hot\", \"medicines\": [" MEDICINE(
                        "Zeta") ", " MEDICINE("Alpha") "], \"tests\": [" TEST("Platelets") "]}");
    assert_string_equal(rx_etag(world, &made), "\"1\"");
    assert_string_equal(answer_text(&made, "visibility"), "private");
    assert_string_equal(text_in(&made, "doctor", "name"), "Firstalphamark Lastalphamark");
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL), one(world, &made));
    struct answer read = as_doctor(world, "GET", one(world, &made), NULL, NULL);
    expect(&read, 200, NULL);
    assert_string_equal(read.body, made.body);
    assert_int_equal(rx_count(&read, "medicines"), 2);
    assert_string_equal(rx_text(&read, "medicines", 0, "medicine_name"), "Zeta");
    assert_string_equal(rx_text(&read, "tests", 0, "test_name"), "Platelets");
}

static void a_line_may_come_from_the_catalogue(void **state)
{
    struct world *world = *state;
    struct answer made = make(
        world, arena_format(&world->arena,
                            "{\"name\": \"From the catalogue\", \"medicines\": [{\"catalog_id\": "
                            "\"%s\", \"quantity\": 10}], \"tests\": [{\"catalog_id\": \"%s\"}]}",
                            id_a(world, 431), id_a(world, 441)));
    assert_string_equal(rx_text(&made, "medicines", 0, "medicine_name"), "Medicine alphamark");
    assert_string_equal(rx_text(&made, "medicines", 0, "dosage"), "500 mg");
    assert_string_equal(rx_text(&made, "medicines", 0, "catalog_id"), id_a(world, 431));
    assert_string_equal(rx_text(&made, "tests", 0, "test_name"), "Test alphamark");
}

static void what_is_not_whole_is_refused_with_its_pointer(void **state)
{
    struct world *world = *state;
    char of_b[UUID_TEXT];
    const struct {
        const char *body, *pointer;
    } wrong[] = {
        {"{\"name\": \"\"}", "#/name"},
        {"{\"keyword\": \"x\"}", "#/name"},
        {"{\"name\": \"X\", \"visibility\": \"world\"}", "#/visibility"},
        {"{\"name\": \"X\", \"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"}", "#/id"},
        {"{\"name\": \"X\", \"tests\": [{\"test_name\": \"Y\"}]}", "#/tests/0/test_type"},
        {"{\"name\": \"X\", \"medicines\": [{\"quantity\": 0}]}", "#/medicines/0/quantity"},
        {"{\"name\": \"X\", \"medicines\": [{\"medicine_name\": \"Y\", \"medicine_type\": "
         "\"tablet\", \"frequency_per_day\": 1, \"duration\": \"x\", \"quantity\": 1}]}",
         "#/medicines/0/dosage"},
        {"{\"name\": \"X\", \"tests\": [{\"test_name\": \"Y\", \"test_type\": \"blood\", \"id\": "
         "\"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"}]}",
         "#/tests/0/id"},
        {arena_format(&world->arena, "{\"name\": \"X\", \"tests\": [{\"catalog_id\": \"%s\"}]}",
                      seed_id(&seed_b, 441, of_b)),
         "#/tests/0/catalog_id"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer =
            as_doctor(world, "POST", path_a(world, "/templates"), wrong[i].body, NULL);
        expect(&answer, 422, "validation-failed");
        assert_string_equal(flaw(&answer), wrong[i].pointer);
    }
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.template WHERE name = 'X'"),
                     0);
}

static void a_name_is_once_among_a_doctor_s_own(void **state)
{
    struct world *world = *state;
    struct answer made = make(world, "{\"name\": \"Cold\"}");
    struct answer again =
        as_doctor(world, "POST", path_a(world, "/templates"), "{\"name\": \"COLD\"}", NULL);
    expect(&again, 409, "name-taken");
    struct answer theirs = ask(world, "POST", path_a(world, "/templates"),
                               token_a(world, "colleague"), "{\"name\": \"Cold\"}");
    expect(&theirs, 201, NULL);
    struct answer other = make(world, "{\"name\": \"Not cold\"}");
    struct answer renamed =
        as_doctor(world, "PATCH", one(world, &other), "{\"name\": \"cold\"}", "\"1\"");
    expect(&renamed, 409, "name-taken");
    struct answer gone = as_doctor(world, "DELETE", one(world, &made), NULL, "\"1\"");
    expect(&gone, 204, NULL);
    struct answer free_again =
        as_doctor(world, "PATCH", one(world, &other), "{\"name\": \"cold\"}", "\"1\"");
    expect(&free_again, 200, NULL);
    struct answer looked_for = as_doctor(world, "GET", one(world, &made), NULL, NULL);
    expect(&looked_for, 404, "not-found");
}

static void a_colleague_reads_what_is_visible_and_changes_nothing(void **state)
{
    struct world *world = *state;
    const char *colleague = token_a(world, "colleague");
    struct answer made = make(world, "{\"name\": \"Ours\", \"tests\": [" TEST("Sugar") "]}");
    const char *path = one(world, &made);
    const char *line =
        arena_format(&world->arena, "%s/tests/%s", path, rx_text(&made, "tests", 0, "id"));
    struct answer answer = ask(world, "GET", path, colleague, NULL);
    expect(&answer, 404, "not-found");
    answer = ask_if(world, "PATCH", path, colleague, "{\"keyword\": \"x\"}", "\"1\"");
    expect(&answer, 404, "not-found");
    answer = as_doctor(world, "PATCH", path, "{\"visibility\": \"clinic\"}", "\"1\"");
    expect(&answer, 200, NULL);
    answer = ask(world, "GET", path, colleague, NULL);
    expect(&answer, 200, NULL);
    const struct {
        const char *method, *path, *body, *if_match;
    } changes[] = {
        {"PATCH", path, "{\"keyword\": \"x\"}", "\"2\""},
        {"DELETE", path, NULL, "\"2\""},
        {"POST", arena_format(&world->arena, "%s/tests", path), TEST("Iron"), NULL},
        {"POST", arena_format(&world->arena, "%s/medicines", path), MEDICINE("Iron"), NULL},
        {"PATCH", line, "{\"test_name\": \"Iron\"}", "\"2\""},
        {"DELETE", line, NULL, "\"2\""},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        answer = ask_if(world, changes[i].method, changes[i].path, colleague, changes[i].body,
                        changes[i].if_match);
        expect(&answer, 403, "not-the-author");
    }
    answer = as_doctor(world, "GET", path, NULL, NULL);
    assert_string_equal(rx_etag(world, &answer), "\"2\"");
    static const char *const others[] = {"admin", "receptionist", "lab_tech", "patient"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        answer = ask(world, "GET", path_a(world, "/templates"), token_a(world, others[i]), NULL);
        expect(&answer, 403, "missing-permission");
    }
}

static void lines_come_change_and_go_under_the_template_s_version(void **state)
{
    struct world *world = *state;
    struct answer made = make(world, "{\"name\": \"Lines\"}");
    const char *path = one(world, &made);
    const char *medicines = arena_format(&world->arena, "%s/medicines", path);
    struct answer first = as_doctor(world, "POST", medicines, MEDICINE("One"), NULL);
    expect(&first, 201, NULL);
    assert_string_equal(rx_etag(world, &first), "\"2\"");
    const char *id = rx_text(&first, "medicines", 0, "id");
    const char *line = arena_format(&world->arena, "%s/%s", medicines, id);
    assert_string_equal(answer_header(&world->arena, &first, "Location", NULL), line);
    struct answer second = as_doctor(world, "POST", medicines, MEDICINE("Two"), NULL);
    assert_string_equal(rx_text(&second, "medicines", 1, "medicine_name"), "Two");

    static const char change[] =
        "{\"dosage\": \"650 mg\", \"schedule\": \"night\", \"instructions\": \"With water\"}";
    struct answer answer = as_doctor(world, "PATCH", line, change, "\"2\"");
    expect(&answer, 412, "precondition-failed");
    answer = as_doctor(world, "PATCH", line, change, NULL);
    expect(&answer, 428, "precondition-required");
    answer = as_doctor(world, "PATCH", line, change, "\"3\"");
    expect(&answer, 200, NULL);
    assert_string_equal(rx_text(&answer, "medicines", 0, "dosage"), "650 mg");
    assert_string_equal(rx_text(&answer, "medicines", 0, "medicine_name"), "One");
    answer = as_doctor(world, "PATCH", line, "{\"schedule\": null}", "\"4\"");
    assert_true(json_is_null(json_object_get(rx_item(&answer, "medicines", 0), "schedule")));
    answer = as_doctor(world, "DELETE", line, NULL, "\"5\"");
    expect(&answer, 200, NULL);
    assert_string_equal(rx_etag(world, &answer), "\"6\"");
    assert_int_equal(rx_count(&answer, "medicines"), 1);
    answer = as_doctor(world, "DELETE", line, NULL, "\"6\"");
    expect(&answer, 404, "not-found");
    answer = as_doctor(world, "POST", arena_format(&world->arena, "%s/tests", path),
                       "{\"test_name\": \"Y\"}", NULL);
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaw(&answer), "#/test_type");
}

static void a_line_with_another_name_is_no_longer_the_catalogue_s(void **state)
{
    struct world *world = *state;
    struct answer made =
        make(world, arena_format(&world->arena,
                                 "{\"name\": \"Renamed\", \"medicines\": [{\"catalog_id\": \"%s\", "
                                 "\"quantity\": 1}], \"tests\": [{\"catalog_id\": \"%s\"}]}",
                                 id_a(world, 431), id_a(world, 441)));
    const char *path = one(world, &made);
    struct answer answer = as_doctor(
        world, "PATCH",
        arena_format(&world->arena, "%s/medicines/%s", path, rx_text(&made, "medicines", 0, "id")),
        "{\"medicine_name\": \"Another\"}", "\"1\"");
    assert_true(json_is_null(json_object_get(rx_item(&answer, "medicines", 0), "catalog_id")));
    answer = as_doctor(
        world, "PATCH",
        arena_format(&world->arena, "%s/tests/%s", path, rx_text(&made, "tests", 0, "id")),
        "{\"test_type\": \"urine\"}", "\"2\"");
    assert_true(json_is_null(json_object_get(rx_item(&answer, "tests", 0), "catalog_id")));
}

static void a_template_has_room_for_a_hundred(void **state)
{
    struct world *world = *state;
    struct answer made = make(world, "{\"name\": \"Full\"}");
    sql_run(world->boss,
            "INSERT INTO clinicd.template_test (clinic_id, id, template_id, position, test_name, "
            "test_type, created_at, updated_at) SELECT 7001, gen_random_uuid(), '%s', n, "
            "'Test ' || n, 'other', now(), now() FROM generate_series(1, 99) n",
            answer_text(&made, "id"));
    const char *tests = arena_format(&world->arena, "%s/tests", one(world, &made));
    struct answer last = as_doctor(world, "POST", tests, TEST("The hundredth"), NULL);
    expect(&last, 201, NULL);
    struct answer more = as_doctor(world, "POST", tests, TEST("One more"), NULL);
    expect(&more, 409, "too-many-lines");
    struct answer off =
        as_doctor(world, "DELETE",
                  arena_format(&world->arena, "%s/%s", tests, rx_text(&last, "tests", 0, "id")),
                  NULL, rx_etag(world, &last));
    expect(&off, 200, NULL);
    more = as_doctor(world, "POST", tests, TEST("One more"), NULL);
    expect(&more, 201, NULL);
    const char *medicines = arena_format(&world->arena, "%s/medicines", one(world, &made));
    sql_run(world->boss,
            "INSERT INTO clinicd.template_medicine (clinic_id, id, template_id, position, "
            "medicine_name, medicine_type, dosage, frequency_per_day, duration, quantity, "
            "created_at, updated_at) SELECT 7001, gen_random_uuid(), '%s', n, 'M ' || n, 'drops', "
            "'1', 1, '1', 1, now(), now() FROM generate_series(1, 100) n",
            answer_text(&made, "id"));
    more = as_doctor(world, "POST", medicines, MEDICINE("One more"), NULL);
    expect(&more, 409, "too-many-lines");
}

static void a_record_sent_twice_says_where_it_is(void **state)
{
    struct world *world = *state;
    static const char body[] =
        "{\"name\": \"Twice\", \"id\": \"01934600-0000-7000-8000-00000000aaaa\", \"tests\": "
        "[{\"test_name\": \"Y\", \"test_type\": \"blood\", \"id\": "
        "\"01934600-0000-7000-8000-00000000bbbb\"}]}";
    struct answer made = make(world, body);
    assert_string_equal(rx_text(&made, "tests", 0, "id"), "01934600-0000-7000-8000-00000000bbbb");
    struct answer again = as_doctor(world, "POST", path_a(world, "/templates"), body, NULL);
    assert_int_equal(again.status, 409);
    assert_true(strcmp(answer_code(&again), "id-taken") == 0);
    assert_string_equal(answer_header(&world->arena, &again, "Location", NULL), one(world, &made));
    static const char line[] = "{\"test_name\": \"Z\", \"test_type\": \"blood\", \"id\": "
                               "\"01934600-0000-7000-8000-00000000bbbb\"}";
    struct answer other = as_doctor(
        world, "POST", arena_format(&world->arena, "%s/tests", one(world, &made)), line, NULL);
    expect(&other, 409, "id-taken");
    struct answer medicine =
        as_doctor(world, "POST", arena_format(&world->arena, "%s/medicines", one(world, &made)),
                  "{\"id\": \"not-one\", \"quantity\": 1}", NULL);
    expect(&medicine, 422, "validation-failed");
}

static void what_one_looks_for_is_found_in_name_keyword_and_description(void **state)
{
    struct world *world = *state;
    world_restore(world);
    rx_colleague(world);
    make(world, "{\"name\": \"D\u00e9ngue, week one\", \"keyword\": \"mosquito\"}");
    make(world, "{\"name\": \"Malaria\", \"description\": \"after mosquito bites\", "
                "\"is_active\": false, \"tests\": [" TEST("Smear") "]}");
    struct answer theirs =
        ask(world, "POST", path_a(world, "/templates"), token_a(world, "colleague"),
            "{\"name\": \"Mosquito nets\", \"visibility\": \"clinic\"}");
    expect(&theirs, 201, NULL);
    theirs = ask(world, "POST", path_a(world, "/templates"), token_a(world, "colleague"),
                 "{\"name\": \"Secret mosquito\"}");
    expect(&theirs, 201, NULL);
    const struct {
        const char *query;
        size_t found;
        const char *first;
    } asked[] = {
        {"?q=mosquito", 3, "D\u00e9ngue, week one"},
        {"?q=DENGUE", 1, "D\u00e9ngue, week one"},
        {"?q=mosquito&mine=true", 2, "D\u00e9ngue, week one"},
        {"?q=mosquito&active=true&mine=false", 2, "D\u00e9ngue, week one"},
        {"?active=false", 1, "Malaria"},
        {"?mine=true&sort=-created_at", 4, "Malaria"},
        {"?q=nothing", 0, ""},
        {"?active=true&mine=true&sort=name", 3, "D\u00e9ngue, week one"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct answer answer =
            as_doctor(world, "GET", path_a(world, "/templates%s", asked[i].query), NULL, NULL);
        expect(&answer, 200, NULL);
        if (rx_count(&answer, "items") != asked[i].found)
            fail_msg("%s: %s", asked[i].query, answer.body);
        assert_string_equal(rx_text(&answer, "items", 0, "name"), asked[i].first);
    }
    struct answer all = as_doctor(
        world, "GET", path_a(world, "/templates?count=exact&limit=1&q=malaria"), NULL, NULL);
    assert_int_equal(json_integer_value(json_object_get(all.json, "total")), 1);
    assert_int_equal(json_integer_value(json_object_get(rx_item(&all, "items", 0), "tests_count")),
                     1);
}

static void lines_that_are_added_at_once_all_stand_in_order(void **state)
{
    struct world *world = *state;
    enum { RACERS = 8 };
    struct racer racers[RACERS] = {0};
    struct answer made = make(world, "{\"name\": \"Crowded\"}");
    for (int i = 0; i < RACERS; i++)
        racers[i].call = (struct call){
            .method = "POST",
            .path = arena_format(&world->arena, "%s/medicines", one(world, &made)),
            .token = token_a(world, "doctor"),
            .body = MEDICINE("At once"),
        };
    race(world, racers, RACERS);
    assert_int_equal(race_count(racers, RACERS, 201), RACERS);
    race_forget(racers, RACERS);
    struct answer whole = as_doctor(world, "GET", one(world, &made), NULL, NULL);
    assert_int_equal(rx_count(&whole, "medicines"), RACERS);
    assert_string_equal(rx_etag(world, &whole), "\"9\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_is_made_whole_and_read_again),
        cmocka_unit_test(a_line_may_come_from_the_catalogue),
        cmocka_unit_test(what_is_not_whole_is_refused_with_its_pointer),
        cmocka_unit_test(a_name_is_once_among_a_doctor_s_own),
        cmocka_unit_test(a_colleague_reads_what_is_visible_and_changes_nothing),
        cmocka_unit_test(lines_come_change_and_go_under_the_template_s_version),
        cmocka_unit_test(a_line_with_another_name_is_no_longer_the_catalogue_s),
        cmocka_unit_test(a_template_has_room_for_a_hundred),
        cmocka_unit_test(a_record_sent_twice_says_where_it_is),
        cmocka_unit_test(what_one_looks_for_is_found_in_name_keyword_and_description),
        cmocka_unit_test(lines_that_are_added_at_once_all_stand_in_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
