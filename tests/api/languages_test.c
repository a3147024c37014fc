/* What people read comes in their language; and the limit that an operation has of its own. */
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void enforce_limits(struct service_options *options)
{
    options->ignores_operation_limits = false;
    options->cors_origins = "https://app.example";
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_languages", .adjust = enforce_limits});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer get(struct world *world, const char *path, const char *accept_language)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){.path = path,
                             .headers = {accept_language
                                             ? arena_format(&world->arena, "Accept-Language: %s",
                                                            accept_language)
                                             : NULL}},
              &answer);
    return answer;
}

static void assert_header(struct world *world, const struct answer *answer, const char *name,
                          const char *value)
{
    int n;
    const char *found = answer_header(&world->arena, answer, name, &n);
    assert_non_null(found);
    assert_string_equal(found, value);
    assert_int_equal(n, 1);
}

static const char *label(const struct answer *answer, const char *list, const char *value)
{
    const json_t *items = json_object_get(json_object_get(answer->json, "enums"), list);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "value")), value) == 0)
            return json_string_value(json_object_get(item, "label"));
    }
    return "";
}

static void lists_are_labelled_in_the_language_that_is_asked_for(void **state)
{
    struct world *world = *state;
    struct answer plain = get(world, "/meta/enums", NULL);
    assert_int_equal(plain.status, 200);
    assert_string_equal(label(&plain, "role", "lab_tech"), "Lab technician");
    assert_header(world, &plain, "Content-Language", "en");
    struct answer hindi = get(world, "/meta/enums", "fr;q=0.9, hi-IN;q=0.8, en;q=0.5");
    assert_string_equal(answer_text(&hindi, "language"), "hi");
    assert_string_equal(label(&hindi, "food_instruction", "after"), "खाने के बाद");
    assert_header(world, &hindi, "Content-Language", "hi");
    assert_header(world, &hindi, "Vary", "Origin, Accept-Encoding, Accept-Language");
    struct answer marathi = get(world, "/meta/enums?lang=mr", "hi");
    assert_string_equal(label(&marathi, "weekday", "tuesday"), "मंगळवार");
    assert_header(world, &marathi, "Content-Language", "mr");
    assert_header(world, &marathi, "Vary", "Origin, Accept-Encoding");
    assert_int_equal(get(world, "/meta/enums?lang=fr", NULL).status, 400);
}

static void every_list_is_there_in_every_language(void **state)
{
    struct world *world = *state;
    static const char *const languages[] = {"en", "hi", "mr"};
    for (size_t l = 0; l < 3; l++) {
        struct answer answer =
            get(world, arena_format(&world->arena, "/meta/enums?lang=%s", languages[l]), NULL);
        json_t *lists = json_object_get(answer.json, "enums");
        const char *name;
        json_t *list, *item;
        size_t i;
        assert_true(json_object_size(lists) >= 20);
        json_object_foreach(lists, name, list)
        {
            assert_true(json_array_size(list) >= 2);
            json_array_foreach(list, i, item)
                assert_true(json_string_length(json_object_get(item, "label")) > 0);
        }
        assert_string_equal(label(&answer, "blood_group", "AB-"), "AB-");
    }
}

/* What the database takes is what the lists offer. */
static void lists_are_those_of_the_tables(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *list, *table, *column;
    } checked[] = {{"gender", "patient", "gender"},
                   {"blood_group", "patient", "blood_group"},
                   {"patient_status", "patient", "status"},
                   {"allergy_severity", "allergy", "severity"},
                   {"language", "clinic", "language"},
                   {"application_status", "clinic_application", "status"}};
    struct answer answer = get(world, "/meta/enums", NULL);
    for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
        const json_t *items =
            json_object_get(json_object_get(answer.json, "enums"), checked[i].list);
        const char *rule = sql_text(
            world->boss, &world->arena,
            "SELECT string_agg(pg_get_constraintdef(oid), ' ') FROM pg_constraint WHERE contype = "
            "'c' AND conrelid = 'clinicd.%s'::regclass AND pg_get_constraintdef(oid) ~ "
            "'\\(%s = ANY'",
            checked[i].table, checked[i].column);
        assert_non_null(rule);
        size_t j, quoted = 0;
        json_t *item;
        json_array_foreach(items, j, item)
        {
            const char *value = json_string_value(json_object_get(item, "value"));
            if (!strstr(rule, arena_format(&world->arena, "'%s'::text", value)))
                fail_msg("%s: the table does not take %s", checked[i].list, value);
        }
        for (const char *p = rule; (p = strstr(p, "'::text")); p++)
            quoted++;
        assert_int_equal(quoted, json_array_size(items));
    }
}

static void problems_have_titles_in_every_language(void **state)
{
    struct world *world = *state;
    const struct document *document = world->document;
    for (size_t i = 0; i < document->problems_n; i++)
        for (int l = 0; l < LANGUAGES; l++)
            if (!document->problems[i].titles[l])
                fail_msg("%s has no title in %s", document->problems[i].code,
                         language_tag((enum language)l));
    struct answer hindi = get(world, "/nowhere", "hi");
    assert_int_equal(hindi.status, 404);
    assert_string_equal(answer_text(&hindi, "title"), "ऐसा कुछ नहीं मिला");
    assert_header(world, &hindi, "Content-Language", "hi");
    assert_header(world, &hindi, "Vary", "Origin, Accept-Encoding, Accept-Language");
    struct answer french = get(world, "/nowhere", "fr");
    assert_string_equal(answer_text(&french, "title"), "There is no such thing");
    assert_header(world, &french, "Content-Language", "en");
    struct answer marathi = get(world, "/clinics/clinic-a/patients", "mr-IN,mr;q=0.9,en;q=0.1");
    assert_int_equal(marathi.status, 401);
    assert_string_equal(answer_text(&marathi, "title"), "आधी साइन इन करा");
}

static void an_address_may_apply_five_times_an_hour(void **state)
{
    struct world *world = *state;
    static const char body[] =
        "{\"name\": \"X\", \"slug\": \"often\", \"address\": \"x\", \"city\": \"x\", \"state\": "
        "\"x\", \"zip_code\": \"1\", \"phone_number\": \"1\", \"email\": \"x@y.example\", "
        "\"registration_number\": \"R\"}";
    struct answer answer;
    for (int i = 1; i <= 6; i++) {
        http_send(world->client, &world->arena,
                  &(struct call){.method = "POST", .path = "/clinic-applications", .body = body},
                  &answer);
        assert_int_equal(answer.status, i <= 5 ? 201 : 429);
    }
    assert_string_equal(answer_code(&answer), "rate-limited");
    int wait = atoi(answer_header(&world->arena, &answer, "Retry-After", NULL));
    assert_true(wait > 600 && wait <= 720); /* a token comes back every 12 minutes */
    assert_header(world, &answer, "RateLimit-Policy", "\"default\";q=5;w=3600");
    /* Other operations are not touched. */
    assert_int_equal(get(world, "/clinics", NULL).status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_labelled_in_the_language_that_is_asked_for),
        cmocka_unit_test(every_list_is_there_in_every_language),
        cmocka_unit_test(lists_are_those_of_the_tables),
        cmocka_unit_test(problems_have_titles_in_every_language),
        cmocka_unit_test(an_address_may_apply_five_times_an_hour),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
