/* Clinics that ask to be opened, a clinic's settings and pharmacies, the platform's figures. */
#include "models/clinic/directory.h"
#include "tests/harness/world.h"

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
    world_begin(&world, &(struct world_options){.name = "api_places"});
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

static const char *token(struct world *world, const struct seed *seed, const char *who)
{
    return seed_token(seed, who, arena_array(&world->arena, char, TOKEN_TEXT));
}

static const char *boss(struct world *world)
{
    return token(world, NULL, "boss");
}

static const char *admin(struct world *world)
{
    return token(world, &seed_a, "admin");
}

static const char *etag_of(struct world *world, const struct answer *answer)
{
    return answer_header(&world->arena, answer, "ETag", NULL);
}

static void assert_flaw(const struct answer *answer, const char *pointer)
{
    const json_t *flaw = json_array_get(json_object_get(answer->json, "errors"), 0);
    assert_int_equal(answer->status, 422);
    assert_string_equal(json_string_value(json_object_get(flaw, "pointer")), pointer);
}

static int64_t number(const struct answer *answer, const char *object, const char *member)
{
    return json_integer_value(json_object_get(json_object_get(answer->json, object), member));
}

/* ---- applications ---- */

static const char *apply(struct world *world, const char *slug, const char *more)
{
    struct answer made = ask(
        world, "POST", "/clinic-applications", NULL,
        arena_format(&world->arena,
                     "{\"name\": \"Hill Clinic\", \"slug\": \"%s\", \"address\": \"1 Hill Road\", "
                     "\"city\": \"Pune\", \"state\": \"Maharashtra\", \"zip_code\": \"411001\", "
                     "\"phone_number\": \"+91-20-5550-0100\", \"email\": \"desk@hill.example\", "
                     "\"registration_number\": \"REG-%s\"%s}",
                     slug, slug, more),
        NULL);
    assert_int_equal(made.status, 201);
    assert_string_equal(answer_text(&made, "status"), "pending");
    return arena_copy(&world->arena, answer_text(&made, "id"));
}

static struct answer decide(struct world *world, const char *id, const char *what, const char *body)
{
    return ask(world, "POST", arena_format(&world->arena, "/clinic-applications/%s/%s", id, what),
               boss(world), body, NULL);
}

static void an_application_opens_nothing_before_it_is_approved(void **state)
{
    struct world *world = *state;
    const char *id = apply(world, "patient-hill", "");
    assert_int_equal(ask(world, "GET", "/clinics/patient-hill", NULL, NULL, NULL).status, 404);
    const char *path = arena_format(&world->arena, "/clinic-applications/%s", id);
    struct answer one = ask(world, "GET", path, boss(world), NULL, NULL);
    assert_int_equal(one.status, 200);
    assert_true(json_is_null(json_object_get(one.json, "decided_at")));
    assert_int_equal(ask(world, "GET", path, NULL, NULL, NULL).status, 401);
    assert_int_equal(ask(world, "GET", "/clinic-applications", admin(world), NULL, NULL).status,
                     401);
}

static void an_approved_application_is_a_clinic_whose_admin_signs_in(void **state)
{
    struct world *world = *state;
    const char *id = apply(world, "green-hill",
                           ", \"admin\": {\"username\": \"meera\"}, "
                           "\"language\": \"mr\"");
    struct answer opened =
        decide(world, id, "approve", "{\"subscription_status\": \"active\", \"max_patients\": 7}");
    assert_int_equal(opened.status, 201);
    assert_string_equal(answer_header(&world->arena, &opened, "Location", NULL),
                        "/clinics/green-hill");
    assert_int_equal(json_integer_value(json_object_get(opened.json, "max_patients")), 7);
    assert_int_equal(json_integer_value(json_object_get(opened.json, "max_doctors")), 10);
    assert_string_equal(answer_text(&opened, "language"), "mr");
    const json_t *first = json_object_get(opened.json, "admin");
    assert_string_equal(json_string_value(json_object_get(first, "username")), "meera");
    struct answer in =
        ask(world, "POST", "/clinics/green-hill/auth/login", NULL,
            arena_format(&world->arena, "{\"username\": \"meera\", \"password\": \"%s\"}",
                         json_string_value(json_object_get(first, "one_time_password"))),
            NULL);
    assert_int_equal(in.status, 200);
    struct answer again = decide(world, id, "approve", "{}");
    assert_int_equal(again.status, 409);
    assert_string_equal(answer_code(&again), "already-decided");
    assert_int_equal(decide(world, id, "reject", "{\"reason\": \"late\"}").status, 409);
    assert_int_equal(1, sql_int(world->boss, "SELECT count(*) FROM clinicd.clinic_application "
                                             "WHERE opened_slug = 'green-hill' AND "
                                             "decided_by_name = 'boss'"));
}

static void an_approval_that_cannot_open_the_clinic_leaves_the_application_pending(void **state)
{
    struct world *world = *state;
    const char *id = apply(world, seed_a.slug, "");
    struct answer taken = decide(world, id, "approve", "{}");
    assert_int_equal(taken.status, 409);
    assert_string_equal(answer_code(&taken), "slug-taken");
    assert_int_equal(1, sql_int(world->boss,
                                "SELECT count(*) FROM clinicd.clinic_application "
                                "WHERE id = '%s' AND status = 'pending'",
                                id));
    struct answer other = decide(world, id, "approve", "{\"slug\": \"second-choice\"}");
    assert_int_equal(other.status, 201);
    assert_string_equal(answer_text(&other, "slug"), "second-choice");
    struct answer twin = decide(world, apply(world, "third-choice", ""), "approve",
                                "{\"subscription_status\": \"suspended\"}");
    assert_int_equal(twin.status, 201);
    assert_false(json_is_true(json_object_get(twin.json, "is_active")));
}

static void a_rejected_application_says_why_and_stays_rejected(void **state)
{
    struct world *world = *state;
    const char *id = apply(world, "bald-hill", "");
    struct answer refused = decide(world, id, "reject", "{\"reason\": \"Not in the register.\"}");
    assert_int_equal(refused.status, 200);
    assert_string_equal(answer_text(&refused, "status"), "rejected");
    assert_string_equal(answer_text(&refused, "reason"), "Not in the register.");
    assert_int_equal(decide(world, id, "approve", "{}").status, 409);
    assert_int_equal(decide(world, "01900000-0000-7000-8000-000000000000", "approve", "{}").status,
                     404);
    struct answer list =
        ask(world, "GET", "/clinic-applications?status=rejected", boss(world), NULL, NULL);
    assert_int_equal(list.status, 200);
    assert_int_equal(json_array_size(json_object_get(list.json, "items")), 1);
}

static void an_application_cannot_set_what_the_platform_decides(void **state)
{
    struct world *world = *state;
    struct answer greedy = ask(
        world, "POST", "/clinic-applications", NULL,
        "{\"name\": \"X\", \"slug\": \"greedy\", \"address\": \"x\", \"city\": \"x\", \"state\": "
        "\"x\", \"zip_code\": \"1\", \"phone_number\": \"1\", \"email\": \"x@y.example\", "
        "\"registration_number\": \"R\", \"max_patients\": 100000}",
        NULL);
    assert_flaw(&greedy, "#/max_patients");
}

/* ---- settings ---- */

static const char settings_path[] = "/clinics/clinic-a/settings";

static struct answer settings_change(struct world *world, const char *body)
{
    struct answer now = ask(world, "GET", settings_path, admin(world), NULL, NULL);
    assert_int_equal(now.status, 200);
    return ask(world, "PATCH", settings_path, admin(world), body, etag_of(world, &now));
}

static void settings_are_read_by_members_and_changed_by_the_admin(void **state)
{
    struct world *world = *state;
    struct answer seen =
        ask(world, "GET", settings_path, token(world, &seed_a, "patient"), NULL, NULL);
    assert_int_equal(seen.status, 200);
    assert_string_equal(answer_text(&seen, "country_code"), "91");
    assert_int_equal(ask(world, "PATCH", settings_path, token(world, &seed_a, "doctor"),
                         "{\"language\": \"hi\"}", etag_of(world, &seen))
                         .status,
                     403);
    struct answer changed = settings_change(
        world, "{\"language\": \"hi\", \"idle_minutes\": 10, \"departments\": [\"Eyes\", "
               "\"Ears\"], \"document_footer\": \"Line one\\nline two\", \"opening_hours\": "
               "[{\"day\": \"monday\", \"opens\": \"09:00\", \"closes\": \"13:00\"}, {\"day\": "
               "\"monday\", \"opens\": \"13:00\", \"closes\": \"24:00\"}]}");
    assert_int_equal(changed.status, 200);
    assert_string_equal(answer_text(&changed, "document_footer"), "Line one\nline two");
    assert_int_equal(json_array_size(json_object_get(changed.json, "opening_hours")), 2);
    struct answer clinic = ask(world, "GET", "/clinics/clinic-a", admin(world), NULL, NULL);
    assert_string_equal(answer_text(&clinic, "language"), "hi");
    assert_string_equal(etag_of(world, &clinic), etag_of(world, &changed));
    struct answer cleared = settings_change(world, "{\"idle_minutes\": null}");
    assert_true(json_is_null(json_object_get(cleared.json, "idle_minutes")));
    assert_string_equal(answer_text(&cleared, "language"), "hi");
    assert_int_equal(
        ask(world, "PATCH", settings_path, admin(world), "{\"language\": \"en\"}", "\"1\"").status,
        412);
}

static void settings_that_make_no_sense_are_refused_at_their_place(void **state)
{
    struct world *world = *state;
    struct answer zone = settings_change(world, "{\"timezone\": \"Asia/Atlantis\"}");
    assert_flaw(&zone, "#/timezone");
    struct answer late = settings_change(world, "{\"opening_hours\": [{\"day\": \"friday\", "
                                                "\"opens\": \"10:00\", \"closes\": \"10:00\"}]}");
    assert_flaw(&late, "#/opening_hours/0/closes");
    struct answer twice = settings_change(
        world, "{\"opening_hours\": [{\"day\": \"friday\", \"opens\": \"10:00\", \"closes\": "
               "\"12:00\"}, {\"day\": \"sunday\", \"opens\": \"10:00\", \"closes\": \"12:00\"}, "
               "{\"day\": \"friday\", \"opens\": \"11:59\", \"closes\": \"13:00\"}]}");
    assert_flaw(&twice, "#/opening_hours/2");
    struct answer letters = settings_change(world, "{\"country_code\": \"+91\"}");
    assert_flaw(&letters, "#/country_code");
    struct answer minutes = settings_change(world, "{\"idle_minutes\": 31}");
    assert_flaw(&minutes, "#/idle_minutes");
}

/* What the clinic's phones are compared by follows its country at once. */
static void a_phone_without_a_country_is_of_the_clinics(void **state)
{
    struct world *world = *state;
    const char *patients = "/clinics/clinic-a/patients";
    const char *desk = token(world, &seed_a, "receptionist");
    assert_int_equal(settings_change(world, "{\"country_code\": \"977\"}").status, 200);
    assert_string_equal(directory_find(world->service->directory, "clinic-a")->country_code, "977");
    static const char person[] = "{\"name\": \"Tara\", \"age_years\": 30, \"address\": \"x\", "
                                 "\"phone_number\": \"%s\"}";
    assert_int_equal(
        ask(world, "POST", patients, desk, arena_format(&world->arena, person, "98510 12345"), NULL)
            .status,
        201);
    assert_int_equal(
        1, sql_int(world->boss,
                   "SELECT count(*) FROM clinicd.patient WHERE phone_key = '+9779851012345'"));
    struct answer twin = ask(world, "POST", patients, desk,
                             arena_format(&world->arena, person, "+977 9851012345"), NULL);
    assert_int_equal(twin.status, 409);
    assert_string_equal(answer_code(&twin), "duplicate-phone");
    assert_int_equal(settings_change(world, "{\"country_code\": \"91\"}").status, 200);
}

/* ---- pharmacies ---- */

static struct answer pharmacy_make(struct world *world, const char *more)
{
    return ask(
        world, "POST", "/clinics/clinic-b/pharmacies", token(world, &seed_b, "admin"),
        arena_format(&world->arena, "{\"name\": \"Corner\", \"address\": \"2 Road\"%s}", more),
        NULL);
}

static void one_pharmacy_is_the_primary_one(void **state)
{
    struct world *world = *state;
    const char *boss_b = token(world, &seed_b, "admin");
    struct answer second = pharmacy_make(world, ", \"is_primary\": true");
    assert_int_equal(second.status, 409);
    assert_string_equal(answer_code(&second), "primary-taken");
    struct answer made = pharmacy_make(world, "");
    assert_int_equal(made.status, 201);
    const char *path = answer_header(&world->arena, &made, "Location", NULL);
    struct answer claim = ask(world, "PATCH", path, boss_b, "{\"is_primary\": true}", "\"1\"");
    assert_int_equal(claim.status, 409);
    assert_string_equal(answer_code(&claim), "primary-taken");

    char id[UUID_TEXT];
    const char *old = arena_format(&world->arena, "/clinics/clinic-b/pharmacies/%s",
                                   seed_id(&seed_b, SEED_PHARMACY, id));
    assert_int_equal(ask(world, "DELETE", old, boss_b, NULL, "\"9\"").status, 412);
    assert_int_equal(ask(world, "DELETE", old, boss_b, NULL, "\"1\"").status, 204);
    struct answer kept = ask(world, "GET", old, boss_b, NULL, NULL);
    assert_int_equal(kept.status, 200);
    assert_false(json_is_true(json_object_get(kept.json, "is_active")));
    struct answer now = ask(world, "PATCH", path, boss_b,
                            "{\"is_primary\": true, \"phone_number\": \"ask for Ravi\"}", "\"1\"");
    assert_int_equal(now.status, 200);
    assert_string_equal(answer_text(&now, "phone_number"), "ask for Ravi");
    assert_int_equal(
        ask(world, "PATCH", old, boss_b, "{\"is_active\": true}", etag_of(world, &kept)).status,
        409);
}

static void pharmacies_are_listed_for_members_and_kept_by_the_admin(void **state)
{
    struct world *world = *state;
    const char *path = "/clinics/clinic-a/pharmacies";
    const char *desk = token(world, &seed_a, "receptionist");
    struct answer list = ask(
        world, "GET", "/clinics/clinic-a/pharmacies?is_active=true&count=exact", desk, NULL, NULL);
    assert_int_equal(list.status, 200);
    assert_int_equal(json_integer_value(json_object_get(list.json, "total")), 1);
    assert_int_equal(
        ask(world, "POST", path, desk, "{\"name\": \"X\", \"address\": \"x\"}", NULL).status, 403);
    static const char body[] = "{\"id\": \"01900000-0000-7000-8000-00000000abcd\", \"name\": "
                               "\"X\", \"address\": \"x\"}";
    assert_int_equal(ask(world, "POST", path, admin(world), body, NULL).status, 201);
    struct answer again = ask(world, "POST", path, admin(world), body, NULL);
    assert_int_equal(again.status, 409);
    assert_string_equal(answer_code(&again), "id-taken");
    assert_string_equal(answer_header(&world->arena, &again, "Location", NULL),
                        "/clinics/clinic-a/pharmacies/01900000-0000-7000-8000-00000000abcd");
}

/* ---- the platform ---- */

static void the_platforms_figures_equal_a_recount(void **state)
{
    struct world *world = *state;
    struct answer seen = ask(world, "GET", "/platform/dashboard", boss(world), NULL, NULL);
    assert_int_equal(seen.status, 200);
    static const char *const states[] = {"trial", "active", "expired", "suspended", "inactive"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        assert_int_equal(number(&seen, "clinics", states[i]),
                         sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.clinic WHERE status = '%s'",
                                 states[i]));
    static const char *const roles[] = {"admin", "doctor", "receptionist", "lab_tech", "patient"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        assert_int_equal(number(&seen, "users", roles[i]),
                         sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.account WHERE role = '%s' AND "
                                 "is_active",
                                 roles[i]));
    assert_int_equal(
        json_integer_value(json_object_get(seen.json, "patients")),
        sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE deleted_at IS NULL"));
    assert_int_equal(ask(world, "GET", "/platform/dashboard", NULL, NULL, NULL).status, 401);
}

static void the_platforms_trail_is_filtered(void **state)
{
    struct world *world = *state;
    (void)apply(world, "trail-hill", "");
    struct answer list = ask(
        world, "GET", "/platform/audit?operation=clinic_applications_create&limit=1&count=exact",
        boss(world), NULL, NULL);
    assert_int_equal(list.status, 200);
    const json_t *row = json_array_get(json_object_get(list.json, "items"), 0);
    const json_t *after = json_object_get(json_object_get(row, "after"), "clinic");
    assert_string_equal(json_string_value(json_object_get(row, "entity")), "clinic_application");
    assert_string_equal(json_string_value(json_object_get(after, "slug")), "trail-hill");
    assert_int_equal(json_integer_value(json_object_get(list.json, "total")),
                     sql_int(world->boss, "SELECT count(*) FROM clinicd.platform_audit WHERE "
                                          "operation = 'clinic_applications_create'"));
    struct answer mine = ask(
        world, "GET",
        arena_format(&world->arena,
                     "/platform/audit?actor=%s&from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z",
                     "0190a000-0000-7000-8000-990000000201"),
        boss(world), NULL, NULL);
    assert_int_equal(mine.status, 200);
    assert_int_equal(json_array_size(json_object_get(mine.json, "items")), 0);
    assert_int_equal(ask(world, "GET", "/platform/audit", admin(world), NULL, NULL).status, 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_opens_nothing_before_it_is_approved),
        cmocka_unit_test(an_approved_application_is_a_clinic_whose_admin_signs_in),
        cmocka_unit_test(an_approval_that_cannot_open_the_clinic_leaves_the_application_pending),
        cmocka_unit_test(a_rejected_application_says_why_and_stays_rejected),
        cmocka_unit_test(an_application_cannot_set_what_the_platform_decides),
        cmocka_unit_test(settings_are_read_by_members_and_changed_by_the_admin),
        cmocka_unit_test(settings_that_make_no_sense_are_refused_at_their_place),
        cmocka_unit_test(a_phone_without_a_country_is_of_the_clinics),
        cmocka_unit_test(one_pharmacy_is_the_primary_one),
        cmocka_unit_test(pharmacies_are_listed_for_members_and_kept_by_the_admin),
        cmocka_unit_test(the_platforms_figures_equal_a_recount),
        cmocka_unit_test(the_platforms_trail_is_filtered),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
