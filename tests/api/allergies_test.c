/* Allergies over HTTP: noted by doctor and reception, read by whoever treats, kept for ever. */
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_allergies"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static const char *token(struct world *world, const char *who)
{
    return seed_token(&seed_a, who, arena_array(&world->arena, char, TOKEN_TEXT));
}

/* …/patients/{patient}/allergies, and what follows. */
static const char *allergies(struct world *world, int patient, const char *rest)
{
    char id[UUID_TEXT];
    return arena_format(&world->arena, "/clinics/%s/patients/%s/allergies%s", seed_a.slug,
                        seed_id(&seed_a, patient, id), rest);
}

static const char *allergy(struct world *world, int patient, const char *id)
{
    return allergies(world, patient, arena_format(&world->arena, "/%s", id));
}

static struct answer ask(struct world *world, const char *method, const char *path, const char *who,
                         const char *body, const char *if_match)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){.method = method,
                             .path = path,
                             .token = token(world, who),
                             .body = body,
                             .if_match = if_match},
              &answer);
    return answer;
}

static struct answer note(struct world *world, int patient, const char *body)
{
    return ask(world, "POST", allergies(world, patient, ""), "doctor", body, NULL);
}

static size_t items_n(const struct answer *answer)
{
    return json_array_size(json_object_get(answer->json, "items"));
}

static const char *item_text(const struct answer *answer, size_t i, const char *member)
{
    const json_t *item = json_array_get(json_object_get(answer->json, "items"), i);
    return json_string_value(json_object_get(item, member));
}

static void an_allergy_is_noted_and_read_by_who_may(void **state)
{
    struct world *world = *state;
    struct answer made =
        note(world, SEED_PATIENT_OWN,
             "{\"substance\": \"Penicillin\", \"reaction\": \"Rash\\non both arms\", "
             "\"severity\": \"severe\", \"noted_on\": \"2024-02-29\"}");
    assert_int_equal(made.status, 201);
    assert_string_equal(answer_text(&made, "severity"), "severe");
    assert_string_equal(answer_text(&made, "noted_on"), "2024-02-29");
    assert_string_equal(answer_header(&world->arena, &made, "ETag", NULL), "\"1\"");
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL),
                        allergy(world, SEED_PATIENT_OWN, answer_text(&made, "id")));
    const json_t *by = json_object_get(made.json, "noted_by");
    assert_string_equal(json_string_value(json_object_get(by, "name")), "doctor-aa");

    static const char *const readers[] = {"admin", "doctor", "receptionist", "patient"};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        struct answer list =
            ask(world, "GET", allergies(world, SEED_PATIENT_OWN, ""), readers[i], NULL, NULL);
        assert_int_equal(list.status, 200);
        assert_int_equal(items_n(&list), 2);
        assert_string_equal(item_text(&list, 0, "substance"), "Pollen own-alphamark");
    }
    static const char *const others[] = {"admin", "lab_tech", "patient"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(ask(world, "POST", allergies(world, SEED_PATIENT_OWN, ""), others[i],
                             "{\"substance\": \"Latex\"}", NULL)
                             .status,
                         403);
    assert_int_equal(
        ask(world, "GET", allergies(world, SEED_PATIENT_OWN, ""), "lab_tech", NULL, NULL).status,
        403);
}

static void what_is_not_said_is_today_and_unknown(void **state)
{
    struct world *world = *state;
    struct answer made = note(world, SEED_PATIENT_OTHER, "{\"substance\": \" Latex \"}");
    assert_int_equal(made.status, 201);
    assert_string_equal(answer_text(&made, "substance"), "Latex");
    assert_string_equal(answer_text(&made, "severity"), "unknown");
    assert_true(json_is_null(json_object_get(made.json, "reaction")));
    assert_string_equal(
        answer_text(&made, "noted_on"),
        sql_text(world->boss, &world->arena, "SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date"));
}

static void what_cannot_be_is_refused_with_its_pointer(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *body, *pointer;
    } wrong[] = {
        {"{\"substance\": \"X\", \"noted_on\": \"2999-01-01\"}", "#/noted_on"},
        {"{\"substance\": \"X\", \"severity\": \"deadly\"}", "#/severity"},
        {"{\"substance\": \"\"}", "#/substance"},
        {"{\"reaction\": \"Rash\"}", "#/substance"},
        {"{\"substance\": \"X\", \"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"}", "#/id"},
        {"{\"substance\": \"X\", \"patient_id\": null}", "#/patient_id"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer = note(world, SEED_PATIENT_OWN, wrong[i].body);
        assert_int_equal(answer.status, 422);
        assert_string_equal(answer_code(&answer), "validation-failed");
        const json_t *flaw = json_array_get(json_object_get(answer.json, "errors"), 0);
        assert_string_equal(json_string_value(json_object_get(flaw, "pointer")), wrong[i].pointer);
    }
    struct answer made = note(world, SEED_PATIENT_OWN, "{\"substance\": \"Dust\"}");
    struct answer later =
        ask(world, "PATCH", allergy(world, SEED_PATIENT_OWN, answer_text(&made, "id")), "doctor",
            "{\"noted_on\": \"2999-01-01\"}", "\"1\"");
    assert_int_equal(later.status, 422);
}

static void a_change_needs_the_version_and_touches_what_it_names(void **state)
{
    struct world *world = *state;
    struct answer made =
        note(world, SEED_PATIENT_OWN, "{\"substance\": \"Wool\", \"reaction\": \"Itching\"}");
    const char *path = allergy(world, SEED_PATIENT_OWN, answer_text(&made, "id"));
    static const char change[] = "{\"severity\": \"mild\", \"reaction\": null}";
    assert_int_equal(ask(world, "PATCH", path, "receptionist", change, NULL).status, 428);
    assert_int_equal(ask(world, "PATCH", path, "admin", change, "\"1\"").status, 403);
    struct answer changed = ask(world, "PATCH", path, "receptionist", change, "\"1\"");
    assert_int_equal(changed.status, 200);
    assert_string_equal(answer_text(&changed, "substance"), "Wool");
    assert_string_equal(answer_text(&changed, "severity"), "mild");
    assert_true(json_is_null(json_object_get(changed.json, "reaction")));
    assert_string_equal(answer_header(&world->arena, &changed, "ETag", NULL), "\"2\"");
    assert_int_equal(ask(world, "PATCH", path, "doctor", change, "\"1\"").status, 412);
    assert_int_equal(ask(world, "DELETE", path, "doctor", NULL, "\"1\"").status, 412);
    assert_int_equal(ask(world, "DELETE", path, "doctor", NULL, "\"2\"").status, 204);
    assert_int_equal(ask(world, "PATCH", path, "doctor", change, "\"3\"").status, 404);
    struct answer list =
        ask(world, "GET", allergies(world, SEED_PATIENT_OWN, ""), "doctor", NULL, NULL);
    for (size_t i = 0; i < items_n(&list); i++)
        assert_string_not_equal(item_text(&list, i, "substance"), "Wool");
    assert_int_equal(
        1, sql_int(world->boss, "SELECT count(*) FROM clinicd.allergy WHERE substance = 'Wool'"));
}

static void an_allergy_is_found_under_its_own_patient_only(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    static const char change[] = "{\"severity\": \"mild\"}";
    seed_id(&seed_a, SEED_ALLERGY + SEED_PATIENT_OTHER, id);
    const char *elsewhere = allergy(world, SEED_PATIENT_OWN, id);
    assert_int_equal(ask(world, "PATCH", elsewhere, "doctor", change, "\"1\"").status, 404);
    assert_int_equal(ask(world, "DELETE", elsewhere, "doctor", NULL, "\"1\"").status, 404);
    assert_int_equal(
        ask(world, "GET", allergies(world, SEED_PATIENT_OTHER, ""), "patient", NULL, NULL).status,
        404);
}

static void nothing_of_a_hidden_patient_is_found(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    seed_id(&seed_a, SEED_ALLERGY + SEED_PATIENT_DELETED, id);
    const char *list = allergies(world, SEED_PATIENT_DELETED, "");
    const char *one = allergy(world, SEED_PATIENT_DELETED, id);
    assert_int_equal(ask(world, "GET", list, "doctor", NULL, NULL).status, 404);
    struct answer counted =
        ask(world, "GET", allergies(world, SEED_PATIENT_DELETED, "?count=exact&limit=1"), "doctor",
            NULL, NULL);
    assert_int_equal(counted.status, 404);
    assert_int_equal(note(world, SEED_PATIENT_DELETED, "{\"substance\": \"X\"}").status, 404);
    assert_int_equal(ask(world, "PATCH", one, "doctor", "{\"severity\": \"mild\"}", "\"1\"").status,
                     404);
    assert_int_equal(ask(world, "DELETE", one, "doctor", NULL, "\"1\"").status, 404);
}

static void an_allergy_sent_twice_says_where_it_is(void **state)
{
    struct world *world = *state;
    static const char body[] =
        "{\"substance\": \"Nickel\", \"id\": \"019345f2-7c1a-7d30-8a5e-2f6b1c9d0e61\"}";
    struct answer first = note(world, SEED_PATIENT_OTHER, body);
    assert_int_equal(first.status, 201);
    struct answer second = note(world, SEED_PATIENT_OTHER, body);
    assert_int_equal(second.status, 409);
    assert_string_equal(answer_code(&second), "id-taken");
    assert_string_equal(answer_header(&world->arena, &second, "Location", NULL),
                        answer_header(&world->arena, &first, "Location", NULL));
}

/* Follows next_cursor one by one; returns the substances, each with a comma. */
static const char *walk(struct world *world, int patient, const char *sort)
{
    const char *said = "", *cursor = NULL;
    do {
        const char *query =
            cursor ? arena_format(&world->arena, "?limit=1&sort=%s&cursor=%s", sort, cursor)
                   : arena_format(&world->arena, "?limit=1&sort=%s", sort);
        struct answer page =
            ask(world, "GET", allergies(world, patient, query), "doctor", NULL, NULL);
        assert_int_equal(page.status, 200);
        assert_int_equal(items_n(&page), 1);
        said = arena_format(&world->arena, "%s%s,", said, item_text(&page, 0, "substance"));
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    } while (cursor);
    return said;
}

static void both_orders_are_walked_without_gap_or_repeat(void **state)
{
    struct world *world = *state;
    world_restore(world);
    note(world, SEED_PATIENT_OWN, "{\"substance\": \"apple\", \"noted_on\": \"2020-05-01\"}");
    note(world, SEED_PATIENT_OWN, "{\"substance\": \"Zinc\", \"noted_on\": \"2019-05-01\"}");
    note(world, SEED_PATIENT_OWN, "{\"substance\": \"Zinc\", \"noted_on\": \"2025-05-01\"}");
    assert_string_equal(walk(world, SEED_PATIENT_OWN, "-noted_on"),
                        "Zinc,Pollen own-alphamark,apple,Zinc,");
    assert_string_equal(walk(world, SEED_PATIENT_OWN, "substance"),
                        "apple,Pollen own-alphamark,Zinc,Zinc,");
    struct answer counted =
        ask(world, "GET", allergies(world, SEED_PATIENT_OWN, "?count=exact&limit=1"), "doctor",
            NULL, NULL);
    assert_int_equal(json_integer_value(json_object_get(counted.json, "total")), 4);
}

/* The newest row of the trail about this patient, as "operation status before after". */
static const char *trail(struct world *world, int patient)
{
    char id[UUID_TEXT];
    return sql_text(world->boss, &world->arena,
                    "SELECT format('%%s %%s %%s %%s %%s', operation, entity, status, "
                    "before->>'severity', after->>'severity') FROM clinicd.audit "
                    "WHERE patient_id = '%s' ORDER BY at DESC, id DESC LIMIT 1",
                    seed_id(&seed_a, patient, id));
}

static void the_trail_names_the_patient_also_when_there_is_nothing(void **state)
{
    struct world *world = *state;
    struct answer answer;
    struct answer made = note(world, SEED_PATIENT_OTHER, "{\"substance\": \"Copper\"}");
    assert_string_equal(trail(world, SEED_PATIENT_OTHER), "allergies_create allergy 201  unknown");
    const char *path = allergy(world, SEED_PATIENT_OTHER, answer_text(&made, "id"));
    ask(world, "PATCH", path, "doctor", "{\"severity\": \"mild\"}", "\"1\"");
    assert_string_equal(trail(world, SEED_PATIENT_OTHER),
                        "allergies_update allergy 200 unknown mild");
    ask(world, "DELETE", path, "doctor", NULL, "\"2\"");
    assert_string_equal(trail(world, SEED_PATIENT_OTHER), "allergies_delete allergy 204  ");
    sql_run(world->boss, "UPDATE clinicd.allergy SET deleted_at = now() WHERE clinic_id = %ld",
            (long)seed_a.clinic_id);
    answer = ask(world, "GET", allergies(world, SEED_PATIENT_OTHER, ""), "doctor", NULL, NULL);
    assert_int_equal(items_n(&answer), 0);
    assert_string_equal(trail(world, SEED_PATIENT_OTHER), "allergies_list allergy 200  ");
    ask(world, "GET", allergies(world, SEED_NOBODY, ""), "doctor", NULL, NULL);
    assert_string_equal(trail(world, SEED_NOBODY), "allergies_list allergy 404  ");

    http_send(world->client, &world->arena,
              &(struct call){.method = "POST",
                             .path = allergies(world, SEED_PATIENT_OTHER, ""),
                             .token = token(world, "doctor"),
                             .body = "{\"substance\": \"Cats\", \"severity\": \"moderate\"}",
                             .headers = {"Idempotency-Key: cats-1"}},
              &answer);
    assert_int_equal(answer.status, 201);
    assert_string_equal(trail(world, SEED_PATIENT_OTHER), "allergies_create allergy 201  moderate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allergy_is_noted_and_read_by_who_may),
        cmocka_unit_test(what_is_not_said_is_today_and_unknown),
        cmocka_unit_test(what_cannot_be_is_refused_with_its_pointer),
        cmocka_unit_test(a_change_needs_the_version_and_touches_what_it_names),
        cmocka_unit_test(an_allergy_is_found_under_its_own_patient_only),
        cmocka_unit_test(nothing_of_a_hidden_patient_is_found),
        cmocka_unit_test(an_allergy_sent_twice_says_where_it_is),
        cmocka_unit_test(both_orders_are_walked_without_gap_or_repeat),
        cmocka_unit_test(the_trail_names_the_patient_also_when_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
