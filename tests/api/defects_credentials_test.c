/* Defects of the system that this one replaces, in passwords, logins and sessions: docs/defects.md
 * says which number each test stands for. */
#include "tests/harness/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "credentials"});
    *state = &world;
    return 0;
}

static int begin_bare(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "credentials", .is_bare = true});
    *state = &world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    return 0;
}

/* seed NULL: nobody. Whatever is made has a key, so that its answer is kept. */
static struct answer ask(struct world *world, const char *method, const char *path,
                         const struct seed *seed, const char *who, const char *body)
{
    static int keys;
    struct answer answer;
    char bearer[TOKEN_TEXT];
    struct call call = {.method = method,
                        .path = path,
                        .token = seed ? seed_token(seed, who, bearer) : NULL,
                        .body = body};
    if (seed && strcmp(method, "POST") == 0)
        call.headers[0] = arena_format(&world->arena, "Idempotency-Key: key-%d", ++keys);
    http_send(world->client, &world->arena, &call, &answer);
    return answer;
}

static struct answer change(struct world *world, const char *method, const char *path,
                            const char *body)
{
    struct answer now = ask(world, "GET", path, &seed_a, "admin", NULL), answer;
    char bearer[TOKEN_TEXT];
    http_send(world->client, &world->arena,
              &(struct call){.method = method,
                             .path = path,
                             .token = seed_token(&seed_a, "admin", bearer),
                             .body = body,
                             .if_match = answer_header(&world->arena, &now, "ETag", NULL)},
              &answer);
    return answer;
}

static int sign_in(struct world *world, const struct seed *seed, const char *username,
                   const char *password)
{
    return ask(world, "POST", arena_format(&world->arena, "/clinics/%s/auth/login", seed->slug),
               NULL, NULL,
               arena_format(&world->arena, "{\"username\": \"%s\", \"password\": \"%s\"}", username,
                            password))
        .status;
}

static int me(struct world *world, const char *who)
{
    return ask(world, "GET", "/clinics/clinic-a/auth/me", &seed_a, who, NULL).status;
}

static const char *own(struct world *world)
{
    char id[UUID_TEXT];
    return arena_format(&world->arena, "/clinics/clinic-a/patients/%s",
                        seed_id(&seed_a, SEED_PATIENT_OWN, id));
}

/* How many rows of all tables hold this text. */
static int64_t rows_with(struct world *world, const char *text)
{
    PGresult *tables = sql_rows(world->boss, &world->arena,
                                "SELECT relname FROM pg_class WHERE relnamespace = "
                                "'clinicd'::regnamespace AND relkind IN ('r', 'p') AND NOT "
                                "relispartition");
    int64_t n = 0;
    for (int i = 0; i < PQntuples(tables); i++)
        n += sql_int(world->boss,
                     "SELECT count(*) FROM clinicd.%s t WHERE position('%s' IN t::text) > 0",
                     PQgetvalue(tables, i, 0), text);
    return n;
}

/* ---- S1: patients' first passwords stood in the database and on pages, for ever ---- */

static void no_password_or_token_is_kept_as_it_is(void **state)
{
    struct world *world = *state;
    struct answer made = ask(world, "POST", "/clinics/clinic-a/patients", &seed_a, "receptionist",
                             "{\"name\": \"Kept Secret\", \"age_years\": 40, \"phone_number\": "
                             "\"9000000077\", \"address\": \"x\", \"create_login\": true}");
    assert_int_equal(made.status, 201);
    const json_t *login = json_object_get(made.json, "login");
    const char *once = json_string_value(json_object_get(login, "one_time_password"));
    const char *username = json_string_value(json_object_get(login, "username"));
    assert_true(rows_with(world, "Kept Secret") > 0); /* this way of looking does find */
    assert_int_equal(rows_with(world, once), 0);
    struct answer found =
        ask(world, "GET",
            arena_format(&world->arena, "/clinics/clinic-a/patients/%s", answer_text(&made, "id")),
            &seed_a, "admin", NULL);
    assert_null(strstr(found.body, once));

    struct answer in =
        ask(world, "POST", "/clinics/clinic-a/auth/login", NULL, NULL,
            arena_format(&world->arena, "{\"username\": \"%s\", \"password\": \"%s\"}", username,
                         once));
    assert_int_equal(in.status, 200);
    assert_int_equal(rows_with(world, answer_text(&in, "access_token")), 0);
    assert_int_equal(rows_with(world, answer_text(&in, "refresh_token")), 0);
}

/* ---- S8: a first account that everybody knew ---- */

static void a_new_system_lets_nobody_in(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"admin", "root", "superadmin", "clinicd", "boss"};
    static const char *const passwords[] = {"admin", "admin123", "password", "changeme"};
    assert_int_equal(0, sql_int(world->boss, "SELECT (SELECT count(*) FROM clinicd.account) + "
                                             "(SELECT count(*) FROM clinicd.platform_account)"));
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t p = 0; p < sizeof passwords / sizeof *passwords; p++) {
            struct answer answer =
                ask(world, "POST", "/auth/login", NULL, NULL,
                    arena_format(&world->arena, "{\"username\": \"%s\", \"password\": \"%s\"}",
                                 names[n], passwords[p]));
            assert_true(answer.status == 401 || answer.status == 429);
        }
}

/* ---- S9: the name that was shown was not the name that signed in ---- */

static void the_name_that_is_shown_signs_in_in_any_case(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    struct answer made = ask(world, "POST",
                             arena_format(&world->arena, "/clinics/clinic-a/patients/%s/login",
                                          seed_id(&seed_a, SEED_PATIENT_OTHER, id)),
                             &seed_a, "receptionist", NULL);
    assert_int_equal(made.status, 201);
    const char *once = answer_text(&made, "one_time_password");
    assert_int_equal(sign_in(world, &seed_a, answer_text(&made, "username"), once), 200);
    assert_int_equal(sign_in(world, &seed_a, "PT-2025-00102", once), 200);
    assert_int_equal(sign_in(world, &seed_a, "Pt-2025-00102", once), 200);
}

/* ---- S10: a name was taken by another clinic ---- */

static void one_name_can_be_somebody_in_each_clinic(void **state)
{
    struct world *world = *state;
    static const char body[] =
        "{\"role\": \"admin\", \"username\": \"asha.rao\", \"first_name\": "
        "\"Asha\", \"last_name\": \"Rao\", \"email\": \"asha@mail.example\"}";
    struct answer a = ask(world, "POST", "/clinics/clinic-a/staff", &seed_a, "admin", body);
    struct answer b = ask(world, "POST", "/clinics/clinic-b/staff", &seed_b, "admin", body);
    assert_int_equal(a.status, 201);
    assert_int_equal(b.status, 201);
    const char *once = answer_text(&a, "one_time_password");
    assert_int_equal(sign_in(world, &seed_a, "asha.rao", once), 200);
    assert_int_equal(sign_in(world, &seed_b, "asha.rao", once), 401);
}

/* ---- S11: a patient who was deleted could still sign in ---- */

static void who_is_hidden_has_no_login(void **state)
{
    struct world *world = *state;
    ward_left(world);
    assert_int_equal(me(world, "patient"), 200);
    assert_int_equal(change(world, "DELETE", own(world), NULL).status, 204);
    assert_int_equal(me(world, "patient"), 401);
    assert_int_equal(sign_in(world, &seed_a, "patient-aa", SEED_PASSWORD), 401);
}

static void who_has_died_has_no_login(void **state)
{
    struct world *world = *state;
    const char *login = arena_format(&world->arena, "%s/login", own(world));
    assert_int_equal(me(world, "patient"), 200);
    struct answer dead = change(world, "PATCH", own(world), "{\"status\": \"deceased\"}");
    assert_int_equal(dead.status, 200);
    assert_true(json_is_false(json_object_get(dead.json, "has_login")));
    assert_int_equal(me(world, "patient"), 401);
    assert_int_equal(sign_in(world, &seed_a, "patient-aa", SEED_PASSWORD), 401);
    struct answer again = ask(world, "POST", login, &seed_a, "receptionist", NULL);
    assert_int_equal(again.status, 409);
    assert_string_equal(answer_code(&again), "conflict");

    /* A mistake is put right: the login is given anew, the old sessions stay ended. */
    struct answer alive = change(world, "PATCH", own(world), "{\"status\": \"registered\"}");
    assert_true(json_is_false(json_object_get(alive.json, "has_login")));
    assert_int_equal(me(world, "patient"), 401);
    const char *anew = arena_format(&world->arena, "%s/login", own(world));
    assert_int_equal(ask(world, "POST", anew, &seed_a, "receptionist", NULL).status, 201);
    assert_int_equal(me(world, "patient"), 401);
}

static void another_status_leaves_the_login_alone(void **state)
{
    struct world *world = *state;
    struct answer changed = change(world, "PATCH", own(world), "{\"status\": \"discharged\"}");
    assert_int_equal(changed.status, 200);
    assert_true(json_is_true(json_object_get(changed.json, "has_login")));
    assert_int_equal(me(world, "patient"), 200);
    assert_int_equal(sign_in(world, &seed_a, "patient-aa", SEED_PASSWORD), 200);
}

/* ---- S12: a reset took the first admin that it found ---- */

static void a_reset_is_of_the_account_that_it_names(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    const char *reset = arena_format(&world->arena, "/clinics/clinic-a/staff/%s/password-reset",
                                     seed_id(&seed_a, SEED_NEWCOMER, id));
    struct answer answer = ask(world, "POST", reset, &seed_a, "admin", "{}");
    assert_int_equal(answer.status, 200);
    const char *once = answer_text(&answer, "one_time_password");
    assert_int_equal(sign_in(world, &seed_a, "newcomer-aa", once), 200);
    assert_int_equal(sign_in(world, &seed_a, "newcomer-aa", SEED_PASSWORD), 401);
    assert_int_equal(sign_in(world, &seed_a, "admin-aa", SEED_PASSWORD), 200);
    assert_int_equal(me(world, "admin"), 200);
    const char *nobody = arena_format(&world->arena, "/clinics/clinic-a/staff/%s/password-reset",
                                      seed_id(&seed_a, SEED_NOBODY, id));
    assert_int_equal(ask(world, "POST", nobody, &seed_a, "admin", "{}").status, 404);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(no_password_or_token_is_kept_as_it_is),
        cmocka_unit_test_setup_teardown(a_new_system_lets_nobody_in, begin_bare, end),
        TEST(the_name_that_is_shown_signs_in_in_any_case),
        TEST(one_name_can_be_somebody_in_each_clinic),
        TEST(who_is_hidden_has_no_login),
        TEST(who_has_died_has_no_login),
        TEST(another_status_leaves_the_login_alone),
        TEST(a_reset_is_of_the_account_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
