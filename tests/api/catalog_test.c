/* The catalogue over HTTP: what a clinic prescribes from, found while one types, loaded and
 * imported. */
#include "tests/harness/ask.h"
#include "tests/harness/race.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEDICINE = 431, MEDICINE_RETIRED = 432, TEST = 441, RACERS = 8 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_catalog"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static int restore(void **state)
{
    world_restore(*state);
    return 0;
}

static struct answer as(struct world *world, const char *who, const char *method, const char *path,
                        const char *body)
{
    return ask(world, method, path, token_a(world, who), body);
}

static struct answer add_medicine(struct world *world, const char *name, const char *type)
{
    return as(world, "doctor", "POST", path_a(world, "/catalog/medicines"),
              arena_format(&world->arena, "{\"medicine_name\": \"%s\", \"medicine_type\": \"%s\"}",
                           name, type));
}

static const char *medicine(struct world *world, const char *id)
{
    return path_a(world, "/catalog/medicines/%s", id);
}

static struct answer import(struct world *world, const char *query, const char *csv)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){.method = "POST",
                             .path = path_a(world, "/catalog/medicines/import%s", query),
                             .token = token_a(world, "admin"),
                             .body = csv,
                             .type = "text/csv"},
              &answer);
    return answer;
}

static int64_t number(const struct answer *answer, const char *member)
{
    return json_integer_value(json_object_get(answer->json, member));
}

/* "name, name" of a list's page. */
static const char *names(struct world *world, const struct answer *answer)
{
    struct buf out;
    size_t i;
    const json_t *item;
    expect(answer, 200, NULL);
    buf_begin(&out, &world->arena, 256);
    json_array_foreach(json_object_get(answer->json, "items"), i, item)
    {
        const json_t *name = json_object_get(item, "medicine_name");
        if (!name)
            name = json_object_get(item, "test_name");
        buf_format(&out, "%s%s", i ? ", " : "", json_string_value(name));
    }
    return out.text;
}

static const char *typed(struct world *world, const char *query)
{
    struct answer answer =
        as(world, "doctor", "GET", path_a(world, "/catalog/medicines?%s", query), NULL);
    return names(world, &answer);
}

/* "place code, place code" of a problem. */
static const char *flaws(struct world *world, const struct answer *answer)
{
    struct buf out;
    size_t i;
    const json_t *flaw;
    buf_begin(&out, &world->arena, 256);
    json_array_foreach(json_object_get(answer->json, "errors"), i, flaw) buf_format(
        &out, "%s%s %s", i ? ", " : "", json_string_value(json_object_get(flaw, "pointer")),
        json_string_value(json_object_get(flaw, "code")));
    return out.text;
}

static int64_t medicines_n(struct world *world)
{
    return sql_int(world->boss,
                   "SELECT count(*) FROM clinicd.catalog_medicine WHERE clinic_id = %ld",
                   (long)seed_a.clinic_id);
}

/* A fingerprint of the catalogue. */
static const char *catalog(struct world *world)
{
    return sql_text(
        world->boss, &world->arena,
        "SELECT md5(string_agg(row, '' ORDER BY row)) FROM (SELECT m::text AS row FROM"
        " clinicd.catalog_medicine m UNION ALL SELECT t::text FROM clinicd.catalog_test t"
        " UNION ALL SELECT w::text FROM clinicd.catalog_word w) rows");
}

/* ---- entries ---- */

static void an_entry_is_added_read_changed_and_retired(void **state)
{
    struct world *world = *state;
    struct answer made =
        as(world, "doctor", "POST", path_a(world, "/catalog/medicines"),
           "{\"medicine_name\": \"  Ferrous   sulphate \", \"medicine_type\": \"tablet\","
           " \"common_dosages\": [\"100 mg\", \"200 mg\"], \"default_dosage\": \"200 mg\","
           " \"default_schedule\": \"night\", \"frequency_per_day\": 1, \"default_duration\": \"\","
           " \"food_instruction\": \"after\", \"description\": \"Iron.\\nNot with milk.\"}");
    expect(&made, 201, NULL);
    assert_string_equal(answer_text(&made, "medicine_name"), "Ferrous sulphate");
    assert_true(json_is_null(json_object_get(made.json, "default_duration")));
    assert_int_equal(json_array_size(json_object_get(made.json, "common_dosages")), 2);
    const char *path = medicine(world, answer_text(&made, "id"));
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL), path);

    struct answer patched =
        ask_if(world, "PATCH", path, token_a(world, "admin"),
               "{\"frequency_per_day\": null, \"common_dosages\": [\"300 mg\"]}", "\"1\"");
    expect(&patched, 200, NULL);
    assert_true(json_is_null(json_object_get(patched.json, "frequency_per_day")));
    assert_string_equal(answer_text(&patched, "default_schedule"), "night");
    struct answer stale = ask_if(world, "PATCH", path, token_a(world, "admin"),
                                 "{\"default_dosage\": null}", "\"1\"");
    expect(&stale, 412, "precondition-failed");

    struct answer gone = ask_if(world, "DELETE", path, token_a(world, "admin"), NULL, "\"2\"");
    expect(&gone, 204, NULL);
    assert_string_equal(typed(world, "q=ferr"), "");
    assert_string_equal(typed(world, "q=ferr&is_active=false"), "Ferrous sulphate");
    struct answer seen = as(world, "receptionist", "GET", path, NULL);
    expect(&seen, 200, NULL);
    assert_true(json_is_false(json_object_get(seen.json, "is_active")));
}

static void a_test_is_added_read_changed_and_retired(void **state)
{
    struct world *world = *state;
    struct answer made =
        as(world, "doctor", "POST", path_a(world, "/catalog/tests"),
           "{\"test_name\": \"Thyroid profile\", \"test_type\": \"blood\", \"category\": \"x\"}");
    expect(&made, 201, NULL);
    struct answer twice = as(world, "doctor", "POST", path_a(world, "/catalog/tests"),
                             "{\"test_name\": \"THYROID PROFILE\", \"test_type\": \"blood\"}");
    expect(&twice, 409, "name-taken");
    const char *path = path_a(world, "/catalog/tests/%s", answer_text(&made, "id"));
    struct answer patched = ask_if(world, "PATCH", path, token_a(world, "doctor"),
                                   "{\"category\": null, \"description\": \"T3, T4\"}", "\"1\"");
    expect(&patched, 200, NULL);
    assert_true(json_is_null(json_object_get(patched.json, "category")));
    struct answer clash = ask_if(world, "PATCH", path, token_a(world, "doctor"),
                                 "{\"test_name\": \"Test alphamark\"}", "\"2\"");
    expect(&clash, 409, "name-taken");
    struct answer list =
        as(world, "patient", "GET", path_a(world, "/catalog/tests?q=prof&test_type=blood"), NULL);
    assert_string_equal(names(world, &list), "Thyroid profile");
    list =
        as(world, "patient", "GET", path_a(world, "/catalog/tests?q=prof&test_type=urine"), NULL);
    assert_string_equal(names(world, &list), "");
    struct answer gone = ask_if(world, "DELETE", path, token_a(world, "admin"), NULL, "\"2\"");
    expect(&gone, 204, NULL);
    list = as(world, "lab_tech", "GET", path_a(world, "/catalog/tests"), NULL);
    assert_string_equal(names(world, &list), "Test alphamark");
}

static void no_two_active_entries_have_one_name_and_type(void **state)
{
    struct world *world = *state;
    struct answer made = add_medicine(world, "Vitamin-D3", "tablet");
    expect(&made, 201, NULL);
    struct answer again = add_medicine(world, "VITAMIN  D3", "tablet");
    expect(&again, 409, "name-taken");
    struct answer other = add_medicine(world, "Vitamin D3", "drops");
    expect(&other, 201, NULL);
    struct answer clash =
        ask_if(world, "PATCH", medicine(world, answer_text(&other, "id")), token_a(world, "doctor"),
               "{\"medicine_type\": \"tablet\"}", "\"1\"");
    expect(&clash, 409, "name-taken");

    const char *path = medicine(world, answer_text(&made, "id"));
    ask_if(world, "DELETE", path, token_a(world, "admin"), NULL, "\"1\"");
    struct answer free_again =
        ask_if(world, "PATCH", medicine(world, answer_text(&other, "id")), token_a(world, "doctor"),
               "{\"medicine_type\": \"tablet\"}", "\"1\"");
    expect(&free_again, 200, NULL);
    struct answer back =
        ask_if(world, "PATCH", path, token_a(world, "admin"), "{\"is_active\": true}", "\"2\"");
    expect(&back, 409, "name-taken");
}

static void an_id_is_taken_once_and_is_a_version_7(void **state)
{
    struct world *world = *state;
    static const char body[] =
        "{\"id\": \"%s\", \"test_name\": \"Own %d\", \"test_type\": \"mri\"}";
    const char *own = "019345f2-7c1a-7d30-8a5e-2f6b1c9d0e50";
    const char *path = path_a(world, "/catalog/tests");
    struct answer made =
        as(world, "doctor", "POST", path, arena_format(&world->arena, body, own, 1));
    expect(&made, 201, NULL);
    struct answer twin =
        as(world, "doctor", "POST", path, arena_format(&world->arena, body, own, 2));
    expect(&twin, 409, "id-taken");
    assert_string_equal(answer_header(&world->arena, &twin, "Location", NULL),
                        arena_format(&world->arena, "%s/%s", path, own));
    struct answer wrong =
        as(world, "doctor", "POST", path,
           arena_format(&world->arena, body, "6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11", 3));
    expect(&wrong, 422, "validation-failed");
    assert_string_equal(flaws(world, &wrong), "#/id format");
}

static void retiring_is_the_administrators_also_by_a_patch(void **state)
{
    struct world *world = *state;
    const char *path = medicine(world, id_a(world, MEDICINE));
    struct answer refused = ask_if(world, "DELETE", path, token_a(world, "doctor"), NULL, "\"1\"");
    expect(&refused, 403, "missing-permission");
    refused =
        ask_if(world, "PATCH", path, token_a(world, "doctor"), "{\"is_active\": false}", "\"1\"");
    expect(&refused, 403, "missing-permission");
    struct answer back = ask_if(
        world, "PATCH", medicine(world, id_a(world, MEDICINE_RETIRED)), token_a(world, "admin"),
        "{\"is_active\": true, \"medicine_name\": \"Brought back\"}", "\"1\"");
    expect(&back, 200, NULL);
    assert_string_equal(typed(world, "q=brought"), "Brought back");
    static const char *const readers[] = {"receptionist", "lab_tech", "patient"};
    for (size_t i = 0; i < 3; i++) {
        refused = as(world, readers[i], "POST", path_a(world, "/catalog/load-defaults"), NULL);
        expect(&refused, 403, "missing-permission");
    }
}

static void what_cannot_be_is_refused_with_its_pointer(void **state)
{
    struct world *world = *state;
    struct answer answer =
        as(world, "doctor", "POST", path_a(world, "/catalog/medicines"),
           "{\"medicine_name\": \" \", \"medicine_type\": \"cream\", \"frequency_per_day\": 25,"
           " \"default_schedule\": \"noon\", \"common_dosages\": [\"\"], \"is_active\": false}");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaws(world, &answer),
                        "#/medicine_name too-short, #/medicine_type enum, "
                        "#/frequency_per_day too-large, #/default_schedule enum, "
                        "#/common_dosages/0 too-short, #/is_active unknown-member");
}

/* ---- typing ahead ---- */

static void the_beginning_of_the_name_comes_before_words_inside(void **state)
{
    struct world *world = *state;
    static const char *const medicines[] = {"Paracetamol", "Crocin Paracetamol",
                                            "Para Plus",   "Tonic of Parawort",
                                            "Aparat",      "Zinc para para"};
    for (size_t i = 0; i < sizeof medicines / sizeof *medicines; i++)
        add_medicine(world, medicines[i], "tablet");
    assert_string_equal(typed(world, "q=para"), "Para Plus, Paracetamol, Crocin Paracetamol, "
                                                "Tonic of Parawort, Zinc para para");
    assert_string_equal(typed(world, "q=PARA%20Z"), "Zinc para para");
    assert_string_equal(typed(world, "q=plus-para"), "Para Plus");
    assert_string_equal(typed(world, "q=of%20tonic%20p"), "Tonic of Parawort");
    assert_string_equal(typed(world, "q=p%C3%A1r%C3%A1c"), "Paracetamol, Crocin Paracetamol");
    assert_string_equal(typed(world, "q=araceta"), "");
    assert_string_equal(typed(world, "q=%2B"), "");
    assert_string_equal(typed(world, "q=%25"), "");
    assert_string_equal(typed(world, "q=para&medicine_type=syrup"), "");
}

/* Walks a list page by page, and holds it against the whole. */
static void assert_walk(struct world *world, const char *query, int limit)
{
    const char *whole = typed(world, arena_format(&world->arena, "%s&limit=200", query));
    const char *cursor = "";
    struct buf walked;
    buf_begin(&walked, &world->arena, 1024);
    for (int pages = 0; cursor && pages < 300; pages++) {
        struct answer page = as(world, "doctor", "GET",
                                path_a(world, "/catalog/medicines?%s&limit=%d%s%s", query, limit,
                                       *cursor ? "&cursor=" : "", cursor),
                                NULL);
        const char *here = names(world, &page);
        buf_format(&walked, "%s%s", walked.length && *here ? ", " : "", here);
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    }
    assert_string_equal(walked.text, whole);
}

static void every_order_is_walked_without_gap_or_repeat(void **state)
{
    struct world *world = *state;
    sql_run(world->boss,
            "INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type,"
            " created_at, updated_at)"
            " SELECT %ld, clinicd.uuid_v7(now()), CASE n %% 3 WHEN 0 THEN 'Dup' WHEN 1 THEN 'Dup '"
            " || n ELSE n || ' dup dupla' END, (ARRAY['tablet', 'syrup', 'drops', 'soap', 'lotion',"
            " 'powder', 'capsule', 'injection', 'ointment'])[1 + n / 3 %% 9], now(), now()"
            " FROM generate_series(0, 26) n",
            (long)seed_a.clinic_id);
    assert_walk(world, "q=dup", 1);
    assert_walk(world, "q=dup", 4);
    assert_walk(world, "q=d&medicine_type=syrup", 2);
    assert_walk(world, "sort=name", 5);
    struct answer counted = as(world, "doctor", "GET",
                               path_a(world, "/catalog/medicines?q=dup&limit=2&count=exact"), NULL);
    assert_int_equal(number(&counted, "total"), 27);
    struct answer both =
        as(world, "doctor", "GET", path_a(world, "/catalog/medicines?q=dup&sort=name"), NULL);
    expect(&both, 400, "malformed-parameter");
}

static const char *sql_names(struct world *world, const char *word, int limit)
{
    return sql_text(world->boss, &world->arena,
                    "SELECT string_agg(medicine_name, ', ') FROM (SELECT medicine_name FROM"
                    " clinicd.catalog_medicine WHERE clinic_id = %ld AND is_active AND"
                    " ' ' || name_key LIKE '%% %s%%' ORDER BY NOT starts_with(name_key, '%s'),"
                    " name_key, id LIMIT %d) m",
                    (long)seed_a.clinic_id, word, word, limit);
}

/* Of what thousands have, names are walked before they are gathered: the same must come. */
static void a_word_that_many_names_have_is_found_in_the_same_order(void **state)
{
    struct world *world = *state;
    sql_run(world->boss,
            "INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type,"
            " created_at, updated_at)"
            " SELECT %ld, clinicd.uuid_v7(now()), CASE WHEN n <= 2030 THEN 'a' || md5(n::text) ELSE"
            " 'b' || md5(n::text) || ' mg' END || ' pill', 'tablet', now(), now()"
            " FROM generate_series(1, 4100) n",
            (long)seed_a.clinic_id);
    add_medicine(world, "Mg first", "tablet");
    add_medicine(world, "Aa rare mgx pill", "syrup");
    assert_string_equal(typed(world, "q=mg&limit=150"), sql_names(world, "mg", 150));
    assert_string_equal(typed(world, "q=pill&limit=200"), sql_names(world, "pill", 200));
    assert_string_equal(typed(world, "q=mg&medicine_type=syrup"), "Aa rare mgx pill");
    struct answer page =
        as(world, "doctor", "GET", path_a(world, "/catalog/medicines?q=mg&limit=100"), NULL);
    page = as(world, "doctor", "GET",
              path_a(world, "/catalog/medicines?q=mg&limit=50&cursor=%s",
                     answer_text(&page, "next_cursor")),
              NULL);
    const char *both = sql_names(world, "mg", 150), *second = names(world, &page);
    assert_string_equal(both + strlen(both) - strlen(second), second);
}

/* ---- defaults ---- */

static void the_defaults_come_once_and_take_nothing_away(void **state)
{
    struct world *world = *state;
    const char *path = path_a(world, "/catalog/load-defaults");
    struct answer own = as(world, "doctor", "POST", path_a(world, "/catalog/medicines"),
                           "{\"medicine_name\": \"paracetamol\", \"medicine_type\": \"tablet\","
                           " \"default_dosage\": \"1 g\"}");
    expect(&own, 201, NULL);
    struct answer first = as(world, "doctor", "POST", path, NULL);
    expect(&first, 200, NULL);
    assert_int_equal(number(&first, "medicines_created"), 17);
    assert_int_equal(number(&first, "medicines_kept"), 1);
    assert_int_equal(number(&first, "tests_created"), 16);
    struct answer still =
        as(world, "doctor", "GET", medicine(world, answer_text(&own, "id")), NULL);
    assert_string_equal(answer_text(&still, "default_dosage"), "1 g");

    struct answer ors = as(world, "doctor", "GET", path_a(world, "/catalog/medicines?q=ors"), NULL);
    const json_t *item = json_array_get(json_object_get(ors.json, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "medicine_type")), "powder");
    const char *id = json_string_value(json_object_get(item, "id"));
    ask_if(world, "DELETE", medicine(world, id), token_a(world, "admin"), NULL, "\"1\"");
    const char *before = catalog(world);
    struct answer again = as(world, "admin", "POST", path, NULL);
    expect(&again, 200, NULL);
    assert_int_equal(number(&again, "medicines_created"), 0);
    assert_int_equal(number(&again, "medicines_kept"), 18);
    assert_int_equal(number(&again, "tests_created"), 0);
    assert_int_equal(number(&again, "tests_kept"), 16);
    assert_string_equal(catalog(world), before);
}

static void the_defaults_loaded_at_once_are_there_once(void **state)
{
    struct world *world = *state;
    struct racer racers[RACERS] = {0};
    int64_t created = 0;
    for (int i = 0; i < RACERS; i++)
        racers[i].call = (struct call){.method = "POST",
                                       .path = path_a(world, "/catalog/load-defaults"),
                                       .token = token_a(world, i % 2 ? "doctor" : "admin")};
    race(world, racers, RACERS);
    assert_int_equal(race_count(racers, RACERS, 200), RACERS);
    for (int i = 0; i < RACERS; i++)
        created += number(&racers[i].answer, "medicines_created") +
                   number(&racers[i].answer, "tests_created");
    assert_int_equal(created, 34);
    race_forget(racers, RACERS);
}

static void a_default_is_fit_to_be_prescribed_from(void **state)
{
    struct world *world = *state;
    as(world, "doctor", "POST", path_a(world, "/catalog/load-defaults"), NULL);
    struct answer list =
        as(world, "doctor", "GET", path_a(world, "/catalog/medicines?limit=200"), NULL);
    const json_t *items = json_object_get(list.json, "items"), *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        const char *dose = json_string_value(json_object_get(item, "default_dosage"));
        const json_t *first = json_array_get(json_object_get(item, "common_dosages"), 0);
        assert_string_equal(dose, json_string_value(first));
        bool is_sos =
            strcmp(json_string_value(json_object_get(item, "default_schedule")), "sos") == 0;
        assert_int_equal(is_sos, json_is_null(json_object_get(item, "frequency_per_day")));
    }
}

/* ---- import ---- */

static void a_file_is_imported_whole(void **state)
{
    struct world *world = *state;
    int64_t before = medicines_n(world);
    struct answer answer = import(world, "",
                                  "\xef\xbb\xbf"
                                  "medicine_type,medicine_name,common_dosages,frequency_per_day,"
                                  "food_instruction,description\r\n"
                                  "tablet,Folic acid,5 mg,1,after,\r\n"
                                  "tablet,\"Zinc, dispersible\",10 mg; 20 mg,,,\"Two\r\nlines\"\r\n"
                                  "tablet,MEDICINE ALPHAMARK,,,,\r\n");
    expect(&answer, 200, NULL);
    assert_int_equal(number(&answer, "medicines"), 3);
    assert_int_equal(number(&answer, "created"), 2);
    assert_int_equal(number(&answer, "kept"), 1);
    assert_int_equal(medicines_n(world), before + 2);
    struct answer zinc =
        as(world, "doctor", "GET", path_a(world, "/catalog/medicines?q=zinc"), NULL);
    const json_t *item = json_array_get(json_object_get(zinc.json, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "medicine_name")),
                        "Zinc, dispersible");
    assert_string_equal(json_string_value(json_object_get(item, "description")), "Two\nlines");
    const json_t *second = json_array_get(json_object_get(item, "common_dosages"), 1);
    assert_string_equal(json_string_value(second), "20 mg");
    assert_string_equal(
        sql_text(world->boss, &world->arena,
                 "SELECT after->>'created' FROM clinicd.audit WHERE clinic_id = %ld AND operation ="
                 " 'catalog_medicines_import' ORDER BY at DESC, id DESC LIMIT 1",
                 (long)seed_a.clinic_id),
        "2");
}

static void the_same_can_be_sent_as_json(void **state)
{
    struct world *world = *state;
    struct answer answer =
        as(world, "doctor", "POST", path_a(world, "/catalog/medicines/import"),
           "{\"medicines\": [{\"medicine_name\": \"Folic acid\", \"medicine_type\": \"tablet\"}]}");
    expect(&answer, 200, NULL);
    assert_int_equal(number(&answer, "created"), 1);
}

static void a_dry_run_says_the_same_and_does_nothing(void **state)
{
    struct world *world = *state;
    static const char csv[] = "medicine_name,medicine_type\nFolic acid,tablet\n"
                              "Medicine alphamark,tablet\nFolic acid,syrup\n";
    const char *before = catalog(world);
    struct answer dry = import(world, "?dry_run=true", csv);
    expect(&dry, 200, NULL);
    assert_true(json_is_true(json_object_get(dry.json, "dry_run")));
    assert_int_equal(number(&dry, "created"), 2);
    assert_int_equal(number(&dry, "kept"), 1);
    assert_string_equal(catalog(world), before);
    struct answer wet = import(world, "?dry_run=false", csv);
    assert_int_equal(number(&wet, "created"), 2);
    assert_int_equal(number(&wet, "kept"), 1);
}

static void one_fault_keeps_the_whole_file_out_and_every_one_is_named(void **state)
{
    struct world *world = *state;
    const char *before = catalog(world);
    struct answer answer = import(world, "",
                                  "medicine_name,medicine_type,frequency_per_day\n"
                                  "Good,tablet,1\n"
                                  "\"Two\nlines\",cream,x\n"
                                  ",tablet,99\n"
                                  "Short,tablet\n");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaws(world, &answer),
                        "line:6 too-few-members, line:3:medicine_name format, "
                        "line:3:medicine_type enum, line:3:frequency_per_day type, "
                        "line:5:frequency_per_day too-large, line:5:medicine_name required");
    answer =
        import(world, "",
               "medicine_name,medicine_type\n"
               "Folic acid,tablet\nfolic-ACID,syrup\nfolic-ACID,tablet\n\nFOLIC ACID,tablet\n");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaws(world, &answer),
                        "line:4:medicine_name not-unique, line:6:medicine_name not-unique");
    answer = import(world, "", "name,type\nFolic acid,tablet\n");
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaws(world, &answer),
                        "line:1:name unknown-member, line:1:type unknown-member, "
                        "line:1:medicine_name required, line:1:medicine_type required");
    answer = import(world, "", "medicine_name,medicine_type\n\"Folic acid,tablet\n");
    expect(&answer, 400, "malformed-csv");
    assert_non_null(strstr(answer_text(&answer, "detail"), "Line 2"));
    assert_string_equal(catalog(world), before);
}

static void a_file_has_at_most_so_many_lines(void **state)
{
    struct world *world = *state;
    struct buf csv;
    buf_begin(&csv, &world->arena, 65536);
    buf_text(&csv, "medicine_type,medicine_name\n");
    for (int i = 0; i < 2000; i++)
        buf_format(&csv, "soap,Soap %d\n", i);
    struct answer answer = import(world, "", csv.text);
    expect(&answer, 200, NULL);
    assert_int_equal(number(&answer, "created"), 2000);
    buf_text(&csv, "soap,One more\n");
    answer = import(world, "", csv.text);
    expect(&answer, 422, "validation-failed");
    assert_string_equal(flaws(world, &answer), "line:2002 too-many-items");
}

static void a_csv_is_taken_where_the_document_says_so_only(void **state)
{
    struct world *world = *state;
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){.method = "POST",
                             .path = path_a(world, "/catalog/medicines"),
                             .token = token_a(world, "admin"),
                             .body = "medicine_name\nX\n",
                             .type = "text/csv"},
              &answer);
    expect(&answer, 415, "unsupported-media-type");
    http_send(world->client, &world->arena,
              &(struct call){.method = "POST",
                             .path = path_a(world, "/catalog/medicines/import"),
                             .token = token_a(world, "admin"),
                             .body = "medicine_name,medicine_type\nX,soap\n",
                             .type = "text/csv; charset=utf-8",
                             .headers = {"Idempotency-Key: csv-1"}},
              &answer);
    expect(&answer, 200, NULL);
    http_send(world->client, &world->arena,
              &(struct call){.method = "POST",
                             .path = path_a(world, "/catalog/medicines/import"),
                             .token = token_a(world, "admin"),
                             .body = "medicine_name,medicine_type\nX,soap\n",
                             .type = "text/csv; charset=utf-8",
                             .headers = {"Idempotency-Key: csv-1"}},
              &answer);
    assert_int_equal(number(&answer, "created"), 1);
    assert_non_null(answer_header(&world->arena, &answer, "Idempotency-Replayed", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_entry_is_added_read_changed_and_retired, restore),
        cmocka_unit_test_teardown(a_test_is_added_read_changed_and_retired, restore),
        cmocka_unit_test_teardown(no_two_active_entries_have_one_name_and_type, restore),
        cmocka_unit_test_teardown(an_id_is_taken_once_and_is_a_version_7, restore),
        cmocka_unit_test_teardown(retiring_is_the_administrators_also_by_a_patch, restore),
        cmocka_unit_test_teardown(what_cannot_be_is_refused_with_its_pointer, restore),
        cmocka_unit_test_teardown(the_beginning_of_the_name_comes_before_words_inside, restore),
        cmocka_unit_test_teardown(every_order_is_walked_without_gap_or_repeat, restore),
        cmocka_unit_test_teardown(a_word_that_many_names_have_is_found_in_the_same_order, restore),
        cmocka_unit_test_teardown(the_defaults_come_once_and_take_nothing_away, restore),
        cmocka_unit_test_teardown(the_defaults_loaded_at_once_are_there_once, restore),
        cmocka_unit_test_teardown(a_default_is_fit_to_be_prescribed_from, restore),
        cmocka_unit_test_teardown(a_file_is_imported_whole, restore),
        cmocka_unit_test_teardown(the_same_can_be_sent_as_json, restore),
        cmocka_unit_test_teardown(a_dry_run_says_the_same_and_does_nothing, restore),
        cmocka_unit_test_teardown(one_fault_keeps_the_whole_file_out_and_every_one_is_named,
                                  restore),
        cmocka_unit_test_teardown(a_file_has_at_most_so_many_lines, restore),
        cmocka_unit_test_teardown(a_csv_is_taken_where_the_document_says_so_only, restore),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
