/* Patients over HTTP: what a receptionist's app sees. */
#include "tests/harness/world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_patients"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static const char *patients(struct world *world, const char *rest)
{
    return arena_format(&world->arena, "/clinics/%s/patients%s", seed_a.slug, rest);
}

static const char *token(struct world *world, const char *who)
{
    return seed_token(&seed_a, who, arena_array(&world->arena, char, TOKEN_TEXT));
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

static const char *new_patient(struct world *world, const char *name, const char *phone,
                               const char *more)
{
    return arena_format(&world->arena,
                        "{\"name\": \"%s\", \"age_years\": 34, \"phone_number\": \"%s\", "
                        "\"address\": \"14 Temple Road\"%s}",
                        name, phone, more);
}

static void a_registration_answers_the_patient_and_where_it_is(void **state)
{
    struct world *world = *state;
    struct answer made = ask(world, "POST", patients(world, ""), "receptionist",
                             new_patient(world, "Meera  Kulkarni", "+91 80 5550 0171",
                                         ", \"weight_kg\": 61.5, \"identification_type\": "
                                         "\"passport\", \"identification_number\": \"Z7654321\""),
                             NULL);
    assert_int_equal(made.status, 201);
    assert_string_equal(answer_text(&made, "name"), "Meera Kulkarni");
    assert_string_equal(answer_text(&made, "identification_number"), "Z7654321");
    assert_string_equal(answer_header(&world->arena, &made, "ETag", NULL), "\"1\"");
    const char *where = answer_header(&world->arena, &made, "Location", NULL);
    assert_non_null(where);

    struct answer found = ask(world, "GET", where, "receptionist", NULL, NULL);
    assert_int_equal(found.status, 200);
    assert_string_equal(answer_text(&found, "patient_number"),
                        answer_text(&made, "patient_number"));
    struct answer masked = ask(world, "GET", where, "doctor", NULL, NULL);
    assert_int_equal(masked.status, 200);
    assert_null(strstr(masked.body, "Z7654321"));
}

static void a_known_phone_is_a_conflict_until_confirmed(void **state)
{
    struct world *world = *state;
    struct answer first = ask(world, "POST", patients(world, ""), "receptionist",
                              new_patient(world, "First Holder", "098110 22334", ""), NULL);
    assert_int_equal(first.status, 201);
    struct answer second = ask(world, "POST", patients(world, ""), "receptionist",
                               new_patient(world, "Second Holder", "+91-98110-22334", ""), NULL);
    assert_int_equal(second.status, 409);
    assert_string_equal(answer_code(&second), "duplicate-phone");
    const json_t *candidates = json_object_get(second.json, "candidates");
    assert_int_equal(json_array_size(candidates), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(candidates, 0), "name")),
                        "First Holder");
    struct answer third =
        ask(world, "POST", patients(world, ""), "receptionist",
            new_patient(world, "Second Holder", "+91-98110-22334", ", \"confirm_duplicate\": true"),
            NULL);
    assert_int_equal(third.status, 201);
}

static void a_record_sent_twice_says_where_it_is(void **state)
{
    struct world *world = *state;
    const char *body = new_patient(world, "Sent Twice", "9000000005",
                                   ", \"id\": \"019345f2-7c1a-7d30-8a5e-2f6b1c9d0e48\"");
    struct answer first = ask(world, "POST", patients(world, ""), "receptionist", body, NULL);
    assert_int_equal(first.status, 201);
    struct answer second = ask(world, "POST", patients(world, ""), "receptionist", body, NULL);
    assert_int_equal(second.status, 409);
    assert_string_equal(answer_code(&second), "id-taken");
    assert_string_equal(answer_header(&world->arena, &second, "Location", NULL),
                        answer_header(&world->arena, &first, "Location", NULL));
}

static void what_must_not_be_stored_is_refused(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *more, *pointer, *code;
    } wrong[] = {
        {", \"identification_number\": \"9999 4105 7058\"", "#/identification_number",
         "identification-refused"},
        {", \"date_of_birth\": \"2999-12-31\"", "#/date_of_birth", "validation-failed"},
        {", \"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"", "#/id", "validation-failed"},
        {", \"shoe_size\": 42", "#/shoe_size", "validation-failed"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer = ask(world, "POST", patients(world, ""), "receptionist",
                                   new_patient(world, "Wrong", "9000000001", wrong[i].more), NULL);
        assert_int_equal(answer.status, 422);
        assert_string_equal(answer_code(&answer), wrong[i].code);
        const json_t *flaw = json_array_get(json_object_get(answer.json, "errors"), 0);
        assert_string_equal(json_string_value(json_object_get(flaw, "pointer")), wrong[i].pointer);
    }
    assert_int_equal(0, sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE name = "
                                             "'Wrong'"));
}

enum { DESKS = 50 };

struct desk {
    struct world *world;
    int number;
    bool is_made;
};

static void *desk_run(void *user)
{
    struct desk *desk = user;
    struct arena arena = {0};
    struct client *client = client_make(service_port(desk->world->service), desk->world->document);
    char bearer[TOKEN_TEXT];
    struct answer answer;
    http_ask(client, &arena,
             &(struct call){.method = "POST",
                            .path = arena_format(&arena, "/clinics/%s/patients", seed_b.slug),
                            .token = seed_token(&seed_b, "receptionist", bearer),
                            .body = arena_format(&arena,
                                                 "{\"name\": \"Desk Row\", \"age_years\": 1, "
                                                 "\"phone_number\": \"70000 000%02d\", "
                                                 "\"address\": \"x\"}",
                                                 desk->number)},
             &answer);
    desk->is_made = answer.status == 201 && !answer.flaw;
    client_free(client);
    arena_end(&arena);
    return NULL;
}

static void fifty_at_once_get_fifty_consecutive_numbers(void **state)
{
    struct world *world = *state;
    struct desk desks[DESKS];
    pthread_t threads[DESKS];
    for (int i = 0; i < DESKS; i++) {
        desks[i] = (struct desk){.world = world, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, desk_run, &desks[i]), 0);
    }
    for (int i = 0; i < DESKS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(desks[i].is_made);
    }
    static const char made[] = "FROM clinicd.patient WHERE name = 'Desk Row'";
    assert_int_equal(DESKS - 1, sql_int(world->boss,
                                        "SELECT max(right(patient_number, 5)::int) - "
                                        "min(right(patient_number, 5)::int) %s",
                                        made));
    assert_int_equal(DESKS, sql_int(world->boss, "SELECT count(DISTINCT patient_number) %s", made));
}

static void of_two_changes_to_one_version_the_second_is_refused(void **state)
{
    struct world *world = *state;
    struct answer made = ask(world, "POST", patients(world, ""), "receptionist",
                             new_patient(world, "Two Desks", "9000000002", ""), NULL);
    const char *path =
        patients(world, arena_format(&world->arena, "/%s", answer_text(&made, "id")));
    assert_int_equal(ask(world, "PATCH", path, "receptionist", "{\"city\": \"Pune\"}", NULL).status,
                     428);
    struct answer first =
        ask(world, "PATCH", path, "receptionist", "{\"city\": \"Pune\"}", "\"1\"");
    assert_int_equal(first.status, 200);
    assert_string_equal(answer_text(&first, "city"), "Pune");
    assert_string_equal(answer_text(&first, "name"), "Two Desks");
    assert_string_equal(answer_header(&world->arena, &first, "ETag", NULL), "\"2\"");
    struct answer second = ask(world, "PATCH", path, "admin", "{\"city\": \"Nashik\"}", "\"1\"");
    assert_int_equal(second.status, 412);
    struct answer third = ask(world, "PATCH", path, "admin", "{\"city\": null}", "\"2\"");
    assert_int_equal(third.status, 200);
    assert_true(json_is_null(json_object_get(third.json, "city")));
}

static void a_hidden_patient_comes_back_only_once(void **state)
{
    struct world *world = *state;
    struct answer made = ask(world, "POST", patients(world, ""), "receptionist",
                             new_patient(world, "Hide Me", "9000000003", ""), NULL);
    const char *path =
        patients(world, arena_format(&world->arena, "/%s", answer_text(&made, "id")));
    const char *restore = arena_format(&world->arena, "%s/restore", path);
    assert_int_equal(ask(world, "DELETE", path, "receptionist", NULL, "\"1\"").status, 403);
    assert_int_equal(ask(world, "DELETE", path, "admin", NULL, "\"9\"").status, 412);
    assert_int_equal(ask(world, "DELETE", path, "admin", NULL, "\"1\"").status, 204);
    assert_int_equal(ask(world, "GET", path, "admin", NULL, NULL).status, 404);
    struct answer found = ask(world, "GET", patients(world, "?q=hide%20me"), "admin", NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(found.json, "items")), 0);
    struct answer back = ask(world, "POST", restore, "admin", NULL, NULL);
    assert_int_equal(back.status, 200);
    assert_string_equal(answer_text(&back, "name"), "Hide Me");
    struct answer again = ask(world, "POST", restore, "admin", NULL, NULL);
    assert_int_equal(again.status, 409);
    assert_string_equal(answer_code(&again), "not-deleted");
}

/* Follows next_cursor; returns how many different names came, or -1 when one came twice. */
static int walk(struct world *world, const char *query)
{
    const char *names[200];
    int n = 0;
    const char *cursor = NULL;
    do {
        const char *path = patients(
            world, cursor ? arena_format(&world->arena, "%s&cursor=%s", query, cursor) : query);
        struct answer page = ask(world, "GET", path, "doctor", NULL, NULL);
        assert_int_equal(page.status, 200);
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(page.json, "items"), i, item)
        {
            const char *id = json_string_value(json_object_get(item, "id"));
            for (int k = 0; k < n; k++)
                if (strcmp(names[k], id) == 0)
                    return -1;
            assert_true(n < 200);
            names[n++] = id;
        }
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    } while (cursor);
    return n;
}

static void every_order_is_walked_without_gap_or_repeat(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 12; i++)
        assert_int_equal(ask(world, "POST", patients(world, ""), "receptionist",
                             new_patient(world, i % 2 ? "Walk Sunita" : "Sunita Walk",
                                         arena_format(&world->arena, "90000001%02d", i), ""),
                             NULL)
                             .status,
                         201);
    int all = (int)sql_int(world->boss,
                           "SELECT count(*) FROM clinicd.patient WHERE clinic_id = %ld AND "
                           "deleted_at IS NULL",
                           (long)seed_a.clinic_id);
    assert_int_equal(walk(world, "?limit=3"), all);
    assert_int_equal(walk(world, "?limit=3&sort=-registered_on"), all);
    assert_int_equal(walk(world, "?limit=5&q=sunita"), 12);
    assert_int_equal(walk(world, "?limit=1&q=sunta"), 12);
    struct answer both =
        ask(world, "GET", patients(world, "?q=sunita&sort=name"), "doctor", NULL, NULL);
    assert_int_equal(both.status, 400);
    struct answer counted =
        ask(world, "GET", patients(world, "?q=sunita&count=exact&limit=2"), "doctor", NULL, NULL);
    assert_int_equal(json_integer_value(json_object_get(counted.json, "total")), 12);
    struct answer none =
        ask(world, "GET", patients(world, "?q=sunita&gender=male"), "doctor", NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(none.json, "items")), 0);
}

static void the_trail_tells_who_saw_and_changed_a_patient(void **state)
{
    struct world *world = *state;
    struct answer made = ask(world, "POST", patients(world, ""), "receptionist",
                             new_patient(world, "Trailed Person", "9000000004", ""), NULL);
    const char *id = answer_text(&made, "id");
    const char *path = patients(world, arena_format(&world->arena, "/%s", id));
    ask(world, "PATCH", path, "receptionist", "{\"city\": \"Pune\"}", "\"1\"");
    ask(world, "GET", path, "doctor", NULL, NULL);
    ask(world, "GET", patients(world, "?q=trailed"), "doctor", NULL, NULL);
    struct answer trail =
        ask(world, "GET",
            arena_format(&world->arena, "/clinics/%s/audit?patient_id=%s", seed_a.slug, id),
            "admin", NULL, NULL);
    assert_int_equal(trail.status, 200);
    static const char *const expected[] = {"patients_list", "patients_get", "patients_update",
                                           "patients_create"};
    const json_t *items = json_object_get(trail.json, "items");
    assert_int_equal(json_array_size(items), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *row = json_array_get(items, i);
        assert_string_equal(json_string_value(json_object_get(row, "operation")), expected[i]);
    }
    const json_t *change = json_array_get(items, 2);
    assert_true(json_is_null(json_object_get(json_object_get(change, "before"), "city")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(change, "after"), "city")), "Pune");
    struct answer filtered =
        ask(world, "GET",
            arena_format(&world->arena, "/clinics/%s/audit?patient_id=%s&operation=patients_get",
                         seed_a.slug, id),
            "admin", NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(filtered.json, "items")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_answers_the_patient_and_where_it_is),
        cmocka_unit_test(a_known_phone_is_a_conflict_until_confirmed),
        cmocka_unit_test(a_record_sent_twice_says_where_it_is),
        cmocka_unit_test(what_must_not_be_stored_is_refused),
        cmocka_unit_test(fifty_at_once_get_fifty_consecutive_numbers),
        cmocka_unit_test(of_two_changes_to_one_version_the_second_is_refused),
        cmocka_unit_test(a_hidden_patient_comes_back_only_once),
        cmocka_unit_test(every_order_is_walked_without_gap_or_repeat),
        cmocka_unit_test(the_trail_tells_who_saw_and_changed_a_patient),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
