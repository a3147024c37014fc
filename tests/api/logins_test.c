/* Patients' logins over HTTP: given, reset, disabled, and gone with the patient. */
#include "tests/harness/ask.h"
#include "tests/harness/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "logins"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static int fresh(void **state)
{
    world_restore(*state);
    return 0;
}

static const char *patient(struct world *world, int who, const char *rest)
{
    return path_a(world, "/patients/%s%s", id_a(world, who), rest);
}

static struct answer give(struct world *world, int who)
{
    return ask(world, "POST", patient(world, who, "/login"), token_a(world, "receptionist"), NULL);
}

static struct answer take(struct world *world, int who)
{
    return ask(world, "DELETE", patient(world, who, "/login"), token_a(world, "receptionist"),
               NULL);
}

static struct answer reset(struct world *world, int who)
{
    return ask(world, "POST", patient(world, who, "/login/reset"), token_a(world, "receptionist"),
               NULL);
}

static bool has_login(struct world *world, int who)
{
    struct answer answer =
        ask(world, "GET", patient(world, who, ""), token_a(world, "admin"), NULL);
    expect(&answer, 200, NULL);
    return json_is_true(json_object_get(answer.json, "has_login"));
}

static int me(struct world *world, const char *token)
{
    return ask(world, "GET", path_a(world, "/auth/me"), token, NULL).status;
}

static const char *new_password = "seven herons over a wet field";

static const char *choose_password(struct world *world, const struct answer *given)
{
    struct answer in =
        sign_in_a(world, answer_text(given, "username"), answer_text(given, "one_time_password"));
    expect(&in, 200, NULL);
    const char *token = answer_text(&in, "access_token");
    struct answer changed =
        ask(world, "POST", path_a(world, "/auth/password"), token,
            arena_format(&world->arena, "{\"current_password\":\"%s\",\"new_password\":\"%s\"}",
                         answer_text(given, "one_time_password"), new_password));
    expect(&changed, 204, NULL);
    return token;
}

static void a_login_has_the_number_as_its_name_and_opens_the_own_record(void **state)
{
    struct world *world = *state;
    struct answer given = give(world, SEED_PATIENT_OTHER);
    expect(&given, 201, NULL);
    assert_string_equal(answer_text(&given, "username"), "pt-2025-00102");
    assert_string_equal(answer_header(&world->arena, &given, "Location", NULL),
                        patient(world, SEED_PATIENT_OTHER, ""));
    const char *token = choose_password(world, &given);
    assert_int_equal(ask(world, "GET", patient(world, SEED_PATIENT_OTHER, ""), token, NULL).status,
                     200);
    assert_int_equal(ask(world, "GET", patient(world, SEED_PATIENT_OWN, ""), token, NULL).status,
                     404);
    struct answer upper = sign_in_a(world, "PT-2025-00102", new_password);
    expect(&upper, 200, NULL);
    assert_true(has_login(world, SEED_PATIENT_OTHER));
    struct answer again = give(world, SEED_PATIENT_OTHER);
    expect(&again, 409, "login-exists");
}

static void giving_a_login_is_a_change_of_the_patient(void **state)
{
    struct world *world = *state;
    struct answer given = give(world, SEED_PATIENT_OTHER);
    expect(&given, 201, NULL);
    struct answer stale = ask_if(world, "PATCH", patient(world, SEED_PATIENT_OTHER, ""),
                                 token_a(world, "admin"), "{\"city\":\"Pune\"}", "\"1\"");
    expect(&stale, 412, NULL);
}

static void a_name_that_somebody_has_is_not_given_twice(void **state)
{
    struct world *world = *state;
    sql_run(world->boss, "UPDATE clinicd.account SET username = 'PT-2025-00102' WHERE id = '%s'",
            id_a(world, SEED_LAB_TECH));
    struct answer given = give(world, SEED_PATIENT_OTHER);
    expect(&given, 409, "username-taken");
    assert_false(has_login(world, SEED_PATIENT_OTHER));
}

static void a_disabled_login_is_closed_at_once_and_given_again_anew(void **state)
{
    struct world *world = *state;
    const char *token = token_a(world, "patient");
    assert_int_equal(me(world, token), 200);
    struct answer taken = take(world, SEED_PATIENT_OWN);
    expect(&taken, 204, NULL);
    assert_int_equal(me(world, token), 401);
    assert_false(has_login(world, SEED_PATIENT_OWN));
    struct answer in = sign_in_a(world, "patient-aa", SEED_PASSWORD);
    expect(&in, 401, "invalid-credentials");
    taken = take(world, SEED_PATIENT_OWN);
    expect(&taken, 404, NULL);
    struct answer answer = reset(world, SEED_PATIENT_OWN);
    expect(&answer, 409, "account-inactive");
    struct answer given = give(world, SEED_PATIENT_OWN);
    expect(&given, 201, NULL);
    assert_int_equal(me(world, token), 401);
    in = sign_in_a(world, answer_text(&given, "username"), SEED_PASSWORD);
    expect(&in, 401, NULL);
    in =
        sign_in_a(world, answer_text(&given, "username"), answer_text(&given, "one_time_password"));
    expect(&in, 200, NULL);
}

static void a_reset_ends_the_sessions_and_the_old_password(void **state)
{
    struct world *world = *state;
    const char *token = token_a(world, "patient");
    assert_int_equal(me(world, token), 200);
    struct answer given = reset(world, SEED_PATIENT_OWN);
    expect(&given, 200, NULL);
    assert_int_equal(me(world, token), 401);
    struct answer in = sign_in_a(world, "patient-aa", SEED_PASSWORD);
    expect(&in, 401, NULL);
    choose_password(world, &given);
    struct answer none = reset(world, SEED_PATIENT_OTHER);
    expect(&none, 404, NULL);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.audit WHERE operation = 'patients_login_reset' AND "
                "status = 200 AND patient_id = '%s'",
                id_a(world, SEED_PATIENT_OWN)),
        1);
}

static void a_hidden_patient_has_no_login_and_gets_none_back(void **state)
{
    struct world *world = *state;
    const char *token = token_a(world, "patient"), *admin = token_a(world, "admin");
    ward_left(world);
    assert_int_equal(me(world, token), 200);
    struct answer answer =
        ask_if(world, "DELETE", patient(world, SEED_PATIENT_OWN, ""), admin, NULL, "\"1\"");
    expect(&answer, 204, NULL);
    assert_int_equal(me(world, token), 401);
    answer = give(world, SEED_PATIENT_OWN);
    expect(&answer, 404, NULL);
    answer = ask(world, "POST", patient(world, SEED_PATIENT_OWN, "/restore"), admin, NULL);
    expect(&answer, 200, NULL);
    assert_true(json_is_false(json_object_get(answer.json, "has_login")));
    assert_int_equal(me(world, token), 401);
    struct answer in = sign_in_a(world, "patient-aa", SEED_PASSWORD);
    expect(&in, 401, NULL);
}

static void a_registration_makes_a_login_when_it_is_asked_to(void **state)
{
    struct world *world = *state;
    const char *path = path_a(world, "/patients"), *desk = token_a(world, "receptionist");
    const char *body = "{\"name\":\"Meera Test\",\"phone_number\":\"+91 80 5550 0171\",\"address\":"
                       "\"14 Test Road\",\"age_years\":30,\"create_login\":true}";
    struct answer made = ask_keyed(world, "POST", path, desk, body, "with-login");
    expect(&made, 201, NULL);
    assert_true(json_is_true(json_object_get(made.json, "has_login")));
    char *number = arena_copy(&world->arena, answer_text(&made, "patient_number"));
    memcpy(number, "pt", 2);
    assert_string_equal(text_in(&made, "login", "username"), number);
    struct answer twin = ask_keyed(world, "POST", path, desk, body, "with-login");
    assert_string_equal(twin.body, made.body);
    struct answer in = sign_in_a(world, number, text_in(&made, "login", "one_time_password"));
    expect(&in, 200, NULL);
    int64_t accounts = sql_int(world->boss, "SELECT count(*) FROM clinicd.account");
    struct answer known = ask(world, "POST", path, desk, body);
    expect(&known, 409, "duplicate-phone");
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.account"), accounts);
    struct answer plain =
        ask(world, "POST", path, desk,
            "{\"name\":\"Plain Test\",\"phone_number\":\"+91 80 5550 0172\",\"address\":\"14 Test "
            "Road\",\"age_years\":30}");
    expect(&plain, 201, NULL);
    assert_true(json_is_false(json_object_get(plain.json, "has_login")));
    assert_null(json_object_get(plain.json, "login"));
}

static void only_reception_and_administrators_give_logins(void **state)
{
    struct world *world = *state;
    static const char *const others[] = {"doctor", "lab_tech", "patient"};
    for (int i = 0; i < 3; i++) {
        struct answer answer = ask(world, "POST", patient(world, SEED_PATIENT_OTHER, "/login"),
                                   token_a(world, others[i]), NULL);
        expect(&answer, 403, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_login_has_the_number_as_its_name_and_opens_the_own_record, fresh),
        cmocka_unit_test_setup(giving_a_login_is_a_change_of_the_patient, fresh),
        cmocka_unit_test_setup(a_name_that_somebody_has_is_not_given_twice, fresh),
        cmocka_unit_test_setup(a_disabled_login_is_closed_at_once_and_given_again_anew, fresh),
        cmocka_unit_test_setup(a_reset_ends_the_sessions_and_the_old_password, fresh),
        cmocka_unit_test_setup(a_hidden_patient_has_no_login_and_gets_none_back, fresh),
        cmocka_unit_test_setup(a_registration_makes_a_login_when_it_is_asked_to, fresh),
        cmocka_unit_test_setup(only_reception_and_administrators_give_logins, fresh),
    };
    return cmocka_run_group_tests_name("logins", tests, setup, teardown);
}
