/* Clinics over HTTP: opened by the platform, changed by their own, closed at once. */
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The members of the seed guide's step 5, as they stand there. */
static const char guide[] =
    "{\"name\": \"Lakeside Hospital\", \"slug\": \"%s\", \"address\": \"123 Medical St\", "
    "\"city\": \"Bangalore\", \"state\": \"Karnataka\", \"zip_code\": \"560001\", "
    "\"phone_number\": \"+91-80-XXXX-XXXX\", \"email\": \"admin@lakeside.example\", "
    "\"website\": \"https://lakeside.example\", \"registration_number\": \"%s\", "
    "\"subscription_status\": \"active\", \"max_doctors\": 50, \"max_patients\": 1000, "
    "\"max_receptionists\": 10, \"is_active\": true%s}";

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_clinics"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer ask(struct world *world, const char *method, const char *path,
                         const char *token, const char *body, const char *if_match)
{
    struct answer answer;
    http_send(
        world->client, &world->arena,
        &(struct call){
            .method = method, .path = path, .token = token, .body = body, .if_match = if_match},
        &answer);
    return answer;
}

static const char *boss(struct world *world)
{
    return seed_token(NULL, "boss", arena_array(&world->arena, char, TOKEN_TEXT));
}

static const char *admin_a(struct world *world)
{
    return seed_token(&seed_a, "admin", arena_array(&world->arena, char, TOKEN_TEXT));
}

static const char *etag(struct world *world, const char *path)
{
    struct answer answer = ask(world, "GET", path, boss(world), NULL, NULL);
    return answer_header(&world->arena, &answer, "ETag", NULL);
}

static struct answer open_clinic(struct world *world, const char *slug, const char *number,
                                 const char *more)
{
    return ask(world, "POST", "/clinics", boss(world),
               arena_format(&world->arena, guide, slug, number, more), NULL);
}

static void the_guides_clinic_opens_and_its_admin_signs_in(void **state)
{
    struct world *world = *state;
    struct answer made = open_clinic(world, "lakeside", "REG-2024-001", "");
    assert_int_equal(made.status, 201);
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL), "/clinics/lakeside");
    assert_string_equal(answer_text(&made, "subscription_status"), "active");
    const json_t *admin = json_object_get(made.json, "admin");
    assert_string_equal(json_string_value(json_object_get(admin, "username")), "lakeside_admin");
    const char *once = json_string_value(json_object_get(admin, "one_time_password"));
    struct answer in =
        ask(world, "POST", "/clinics/lakeside/auth/login", NULL,
            arena_format(&world->arena, "{\"username\": \"lakeside_admin\", \"password\": \"%s\"}",
                         once),
            NULL);
    assert_int_equal(in.status, 200);
    assert_true(json_is_true(json_object_get(in.json, "must_change_password")));
}

static void a_slug_and_a_registration_number_belong_to_one_clinic(void **state)
{
    struct world *world = *state;
    assert_int_equal(open_clinic(world, "one-of-a-kind", "REG-ONE", "").status, 201);
    struct answer slug = open_clinic(world, "one-of-a-kind", "REG-TWO", "");
    assert_int_equal(slug.status, 409);
    assert_string_equal(answer_code(&slug), "slug-taken");
    struct answer number = open_clinic(world, "another-kind", "REG-ONE", "");
    assert_int_equal(number.status, 409);
    assert_string_equal(answer_code(&number), "registration-number-taken");
    assert_int_equal(0, sql_int(world->boss, "SELECT count(*) FROM clinicd.account WHERE username "
                                             "= 'another-kind_admin'"));
}

static void reserved_slugs_and_unknown_time_zones_are_refused(void **state)
{
    struct world *world = *state;
    assert_int_equal(open_clinic(world, "admin", "REG-3", "").status, 422);
    assert_int_equal(open_clinic(world, "under_score", "REG-3", "").status, 422);
    struct answer zone =
        open_clinic(world, "far-away", "REG-3", ", \"timezone\": \"Asia/Atlantis\"");
    assert_int_equal(zone.status, 422);
    const json_t *flaw = json_array_get(json_object_get(zone.json, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(flaw, "pointer")), "#/timezone");
}

static void only_the_platform_opens_clinics(void **state)
{
    struct world *world = *state;
    const char *body = arena_format(&world->arena, guide, "not-mine", "REG-4", "");
    assert_int_equal(ask(world, "POST", "/clinics", NULL, body, NULL).status, 401);
    /* A clinic's token opens nothing outside its clinic. */
    assert_int_not_equal(ask(world, "POST", "/clinics", admin_a(world), body, NULL).status, 201);
}

static void the_directory_has_four_members_and_open_clinics_only(void **state)
{
    struct world *world = *state;
    struct answer list = ask(world, "GET", "/clinics?limit=200&count=exact", NULL, NULL, NULL);
    assert_int_equal(list.status, 200);
    const json_t *items = json_object_get(list.json, "items");
    assert_int_equal(json_array_size(items),
                     sql_int(world->boss, "SELECT count(*) FROM clinicd.clinic "
                                          "WHERE status IN ('trial', 'active')"));
    assert_int_equal(json_integer_value(json_object_get(list.json, "total")),
                     json_array_size(items));
    for (size_t i = 0; i < json_array_size(items); i++)
        assert_int_equal(json_object_size(json_array_get(items, i)), 4);
    struct answer refused = ask(world, "GET", "/clinics?scope=all", NULL, NULL, NULL);
    assert_true(refused.status == 401 || refused.status == 403);
    struct answer all = ask(world, "GET", "/clinics?scope=all&limit=200", boss(world), NULL, NULL);
    assert_int_equal(all.status, 200);
    assert_int_equal(json_array_size(json_object_get(all.json, "items")),
                     sql_int(world->boss, "SELECT count(*) FROM clinicd.clinic WHERE status <> "
                                          "'importing'"));
    struct answer one =
        ask(world, "GET", "/clinics?scope=all&status=expired", boss(world), NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(one.json, "items")), 1);
}

static void a_profile_is_changed_by_its_admin_but_not_its_slug(void **state)
{
    struct world *world = *state;
    const char *path = arena_format(&world->arena, "/clinics/%s", seed_a.slug);
    struct answer changed = ask(world, "PATCH", path, admin_a(world),
                                "{\"city\": \"Nashik\", \"website\": null}", etag(world, path));
    assert_int_equal(changed.status, 200);
    assert_string_equal(answer_text(&changed, "city"), "Nashik");
    assert_true(json_is_null(json_object_get(changed.json, "website")));
    assert_int_equal(
        ask(world, "PATCH", path, admin_a(world), "{\"city\": \"X\"}", "\"77\"").status, 412);
    assert_int_equal(
        ask(world, "PATCH", path, admin_a(world), "{\"slug\": \"stolen-name\"}", etag(world, path))
            .status,
        403);
}

static void a_new_slug_is_known_at_once_and_the_old_one_is_gone(void **state)
{
    struct world *world = *state;
    assert_int_equal(open_clinic(world, "before-name", "REG-RENAME", "").status, 201);
    struct answer renamed = ask(world, "PATCH", "/clinics/before-name", boss(world),
                                "{\"slug\": \"after-name\"}", "\"1\"");
    assert_int_equal(renamed.status, 200);
    assert_int_equal(ask(world, "GET", "/clinics/after-name", NULL, NULL, NULL).status, 200);
    assert_int_equal(ask(world, "GET", "/clinics/before-name", NULL, NULL, NULL).status, 404);
}

static void a_subscription_decides_what_its_people_may_do(void **state)
{
    struct world *world = *state;
    const char *path = arena_format(&world->arena, "/clinics/%s", seed_b.slug);
    const char *subscription = arena_format(&world->arena, "%s/subscription", path);
    const char *patients = arena_format(&world->arena, "%s/patients", path);
    char desk[TOKEN_TEXT];
    seed_token(&seed_b, "receptionist", desk);
    static const char body[] = "{\"name\": \"X\", \"age_years\": 1, \"phone_number\": "
                               "\"9000000009\", \"address\": \"x\", \"confirm_duplicate\": true}";

    struct answer expired = ask(world, "PATCH", subscription, boss(world),
                                "{\"subscription_status\": \"expired\"}", etag(world, path));
    assert_int_equal(expired.status, 200);
    assert_true(json_is_true(json_object_get(expired.json, "is_active")));
    assert_int_equal(ask(world, "GET", patients, desk, NULL, NULL).status, 200);
    assert_int_equal(ask(world, "POST", patients, desk, body, NULL).status, 403);

    struct answer closed =
        ask(world, "PATCH", subscription, boss(world), "{\"is_active\": false}", etag(world, path));
    assert_int_equal(closed.status, 200);
    assert_int_equal(ask(world, "GET", patients, desk, NULL, NULL).status, 401);

    struct answer open =
        ask(world, "PATCH", subscription, boss(world),
            "{\"subscription_status\": \"active\", \"is_active\": true}", etag(world, path));
    assert_int_equal(open.status, 200);
    assert_int_equal(ask(world, "POST", patients, desk, body, NULL).status, 201);

    struct answer small =
        ask(world, "PATCH", subscription, boss(world), "{\"max_patients\": 1}", etag(world, path));
    assert_int_equal(small.status, 409);
    assert_string_equal(answer_code(&small), "quota-exceeded");
    int64_t used = sql_int(world->boss,
                           "SELECT used FROM clinicd.quota WHERE clinic_id = %ld AND kind = "
                           "'patient'",
                           (long)seed_b.clinic_id);
    struct answer full =
        ask(world, "PATCH", subscription, boss(world),
            arena_format(&world->arena, "{\"max_patients\": %d}", (int)used), etag(world, path));
    assert_int_equal(full.status, 200);
    struct answer refused = ask(world, "POST", patients, desk, body, NULL);
    assert_int_equal(refused.status, 409);
    assert_string_equal(answer_code(&refused), "quota-exceeded");
}

static void a_closed_clinic_is_closed_with_the_next_request(void **state)
{
    struct world *world = *state;
    assert_int_equal(open_clinic(world, "soon-closed", "REG-CLOSE", "").status, 201);
    assert_int_equal(
        ask(world, "DELETE", "/clinics/soon-closed", boss(world), NULL, "\"5\"").status, 412);
    assert_int_equal(
        ask(world, "DELETE", "/clinics/soon-closed", boss(world), NULL, "\"1\"").status, 204);
    struct answer in =
        ask(world, "POST", "/clinics/soon-closed/auth/login", NULL,
            "{\"username\": \"soon-closed_admin\", \"password\": \"whatever-it-was\"}", NULL);
    assert_int_equal(in.status, 401);
    assert_string_equal(answer_code(&in), "clinic-inactive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guides_clinic_opens_and_its_admin_signs_in),
        cmocka_unit_test(a_slug_and_a_registration_number_belong_to_one_clinic),
        cmocka_unit_test(reserved_slugs_and_unknown_time_zones_are_refused),
        cmocka_unit_test(only_the_platform_opens_clinics),
        cmocka_unit_test(the_directory_has_four_members_and_open_clinics_only),
        cmocka_unit_test(a_profile_is_changed_by_its_admin_but_not_its_slug),
        cmocka_unit_test(a_new_slug_is_known_at_once_and_the_old_one_is_gone),
        cmocka_unit_test(a_subscription_decides_what_its_people_may_do),
        cmocka_unit_test(a_closed_clinic_is_closed_with_the_next_request),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
