/* Forgotten passwords over HTTP: asking tells nothing, the token is good once and not for long. */
#include "tests/harness/ask.h"
#include "tests/harness/effort.h"

#include "db/clock.h"
#include "db/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEW_PASSWORD "seven herons over a wet field"

static const int64_t MINUTE = 60000000;

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "password_reset"});
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
    clock_stop(); /* time passes only when a test says so */
    later(100 * MINUTE);
    return 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct answer forgot(struct world *world, const char *username)
{
    return ask(world, "POST", path_a(world, "/auth/password-reset"), NULL,
               arena_format(&world->arena, "{\"username\":\"%s\"}", username));
}

static struct answer confirm_at(struct world *world, const char *clinic, const char *token,
                                const char *password)
{
    return ask(
        world, "POST",
        arena_format(&world->arena, "/clinics/%s/auth/password-reset/confirm", clinic), NULL,
        arena_format(&world->arena, "{\"token\":\"%s\",\"new_password\":\"%s\"}", token, password));
}

static struct answer confirm(struct world *world, const char *token)
{
    return confirm_at(world, seed_a.slug, token, NEW_PASSWORD);
}

static const char *link_for(struct world *world, int who)
{
    struct answer given =
        ask(world, "POST", path_a(world, "/staff/%s/password-reset", id_a(world, who)),
            token_a(world, "admin"), "{\"link\":true}");
    expect(&given, 200, NULL);
    assert_null(json_object_get(given.json, "one_time_password"));
    assert_int_equal(strlen(answer_text(&given, "reset_token")), 3 + 43);
    return answer_text(&given, "reset_token");
}

static int64_t noted(struct world *world, int who)
{
    return sql_int(world->boss,
                   "SELECT count(*) FROM clinicd.audit WHERE operation = 'auth_password_reset' AND "
                   "status = 202 AND entity = 'account' AND entity_id = '%s'",
                   id_a(world, who));
}

static int me(struct world *world, const char *token)
{
    return ask(world, "GET", path_a(world, "/auth/me"), token, NULL).status;
}

/* --- forgetting ------------------------------------------------------------------------------ */

static void asking_answers_the_same_for_everybody_and_nobody(void **state)
{
    struct world *world = *state;
    int64_t before = noted(world, SEED_DOCTOR);
    struct answer known = forgot(world, "Doctor-AA"), unknown = forgot(world, "nobody.at.all");
    expect(&known, 202, NULL);
    expect(&unknown, 202, NULL);
    assert_int_equal(known.length, 0);
    assert_int_equal(unknown.length, 0);
    assert_int_equal(noted(world, SEED_DOCTOR), before + 1);
    struct answer trail = ask(world, "GET", path_a(world, "/audit?operation=auth_password_reset"),
                              token_a(world, "admin"), NULL);
    assert_non_null(strstr(trail.body, id_a(world, SEED_DOCTOR)));
    assert_int_equal(me(world, token_a(world, "doctor")), 200);
    struct answer in = sign_in_a(world, "doctor-aa", SEED_PASSWORD);
    expect(&in, 200, NULL);
}

static struct effort asking(struct world *world, const char *username)
{
    struct effort before = effort_now(world);
    struct answer answer = forgot(world, username);
    expect(&answer, 202, NULL);
    return effort_since(world, &before);
}

static int64_t rows_written(struct world *world)
{
    return sql_int(world->boss,
                   "SELECT (SELECT count(*) FROM clinicd.audit) + (SELECT sum(failures) FROM "
                   "clinicd.login_failure WHERE clinic_id = %d)",
                   (int)seed_a.clinic_id);
}

static void asking_costs_as_much_for_nobody(void **state)
{
    struct world *world = *state;
    asking(world, "nobody.before"); /* the clinic and its keys are known now */
    int64_t rows[3] = {rows_written(world)};
    struct effort known = asking(world, "doctor-aa");
    rows[1] = rows_written(world);
    struct effort unknown = asking(world, "nobody.at.all");
    rows[2] = rows_written(world);
    assert_int_equal(known.password_kib, 0);
    assert_int_equal(unknown.password_kib, 0);
    assert_int_equal(known.trips, 1);
    assert_int_equal(unknown.trips, 1);
    assert_true(rows[1] > rows[0]);
    assert_int_equal(rows[2] - rows[1], rows[1] - rows[0]);
}

static void a_name_is_noted_five_times_an_hour(void **state)
{
    struct world *world = *state;
    int64_t before = noted(world, SEED_DOCTOR);
    for (int i = 0; i < 8; i++) {
        struct answer answer = forgot(world, "doctor-aa");
        expect(&answer, 202, NULL);
    }
    assert_int_equal(noted(world, SEED_DOCTOR), before + 5);
    later(61 * MINUTE);
    forgot(world, "doctor-aa");
    assert_int_equal(noted(world, SEED_DOCTOR), before + 6);
}

static void an_address_asks_twenty_times_an_hour(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        struct answer answer = forgot(world, arena_format(&world->arena, "nobody.%d", i));
        expect(&answer, 202, NULL);
    }
    struct answer refused = forgot(world, "doctor-aa");
    expect(&refused, 429, "throttled");
    long wait = strtol(answer_header(&world->arena, &refused, "Retry-After", NULL), NULL, 10);
    assert_true(wait > 3500 && wait <= 3600);
    struct answer in = sign_in_a(world, "doctor-aa", SEED_PASSWORD);
    expect(&in, 200, NULL);
    later(61 * MINUTE);
    refused = forgot(world, "doctor-aa");
    expect(&refused, 202, NULL);
}

/* --- the token ------------------------------------------------------------------------------- */

static void a_token_sets_the_password_once_and_ends_all_sessions(void **state)
{
    struct world *world = *state;
    const char *session = token_a(world, "doctor"), *token = link_for(world, SEED_DOCTOR);
    assert_int_equal(me(world, session), 200); /* until it is used nothing changes */
    struct answer in = sign_in_a(world, "doctor-aa", SEED_PASSWORD);
    expect(&in, 200, NULL);
    struct answer used = confirm(world, token);
    expect(&used, 204, NULL);
    assert_null(answer_header(&world->arena, &used, "Set-Cookie", NULL));
    assert_int_equal(me(world, session), 401);
    assert_int_equal(me(world, answer_text(&in, "access_token")), 401);
    in = sign_in_a(world, "doctor-aa", SEED_PASSWORD);
    expect(&in, 401, NULL);
    in = sign_in_a(world, "doctor-aa", NEW_PASSWORD);
    expect(&in, 200, NULL);
    assert_true(json_is_false(json_object_get(in.json, "must_change_password")));
    struct answer again = confirm(world, token);
    expect(&again, 422, "reset-token-invalid");
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.audit WHERE operation = "
                             "'auth_password_reset_confirm' AND status = 204 AND actor_id = '%s'",
                             id_a(world, SEED_DOCTOR)),
                     1);
}

static void only_the_hash_of_a_token_is_kept(void **state)
{
    struct world *world = *state;
    const char *token = link_for(world, SEED_DOCTOR);
    char hash[DIGEST_TEXT];
    assert_int_equal(sql_int(world->boss,
                             "SELECT (SELECT count(*) FROM clinicd.account a WHERE a::text LIKE "
                             "'%%%s%%') + (SELECT count(*) FROM clinicd.audit a WHERE a::text LIKE "
                             "'%%%s%%')",
                             token, token),
                     0);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.account WHERE id = '%s' AND reset_hash = "
                "'%s'",
                id_a(world, SEED_DOCTOR), digest_hex(token, strlen(token), hash)),
        1);
}

static void a_token_lives_for_half_an_hour(void **state)
{
    struct world *world = *state;
    const char *token = link_for(world, SEED_DOCTOR);
    later(30 * MINUTE + 1000000);
    struct answer late = confirm(world, token);
    expect(&late, 422, "reset-token-invalid");
    later(-2000000);
    struct answer used = confirm(world, token);
    expect(&used, 204, NULL);
}

static void what_makes_a_token_void(void **state)
{
    struct world *world = *state;
    const char *first = link_for(world, SEED_DOCTOR), *second = link_for(world, SEED_DOCTOR);
    struct answer answer = confirm(world, first); /* a newer one */
    expect(&answer, 422, "reset-token-invalid");
    answer = confirm_at(world, seed_b.slug, second, NEW_PASSWORD); /* another clinic */
    expect(&answer, 422, "reset-token-invalid");
    answer = ask(world, "POST", path_a(world, "/auth/password"), token_a(world, "doctor"),
                 "{\"current_password\":\"" SEED_PASSWORD "\",\"new_password\":\"" NEW_PASSWORD
                 "\"}"); /* a password that was changed meanwhile */
    expect(&answer, 204, NULL);
    answer = confirm(world, second);
    expect(&answer, 422, "reset-token-invalid");
    const char *third = link_for(world, SEED_DOCTOR);
    answer = ask(world, "POST", path_a(world, "/staff/%s/password-reset", id_a(world, SEED_DOCTOR)),
                 token_a(world, "admin"), NULL); /* a one-time password */
    expect(&answer, 200, NULL);
    answer = confirm(world, third);
    expect(&answer, 422, "reset-token-invalid");
    const char *fourth = link_for(world, SEED_DOCTOR);
    sql_run(world->boss, "UPDATE clinicd.account SET is_active = false WHERE id = '%s'",
            id_a(world, SEED_DOCTOR));
    answer = confirm(world, fourth); /* a closed account */
    expect(&answer, 422, "reset-token-invalid");
}

static void a_weak_password_leaves_the_token_good(void **state)
{
    struct world *world = *state;
    const char *token = link_for(world, SEED_DOCTOR);
    struct answer weak = confirm_at(world, seed_a.slug, token, "password1234");
    expect(&weak, 422, "weak-password");
    assert_non_null(strstr(weak.body, "#/new_password"));
    weak = confirm_at(world, seed_a.slug, token, "doctor-aa goes home");
    expect(&weak, 422, "weak-password");
    struct answer used = confirm(world, token);
    expect(&used, 204, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(asking_answers_the_same_for_everybody_and_nobody, fresh),
        cmocka_unit_test_setup(asking_costs_as_much_for_nobody, fresh),
        cmocka_unit_test_setup(a_name_is_noted_five_times_an_hour, fresh),
        cmocka_unit_test_setup(an_address_asks_twenty_times_an_hour, fresh),
        cmocka_unit_test_setup(a_token_sets_the_password_once_and_ends_all_sessions, fresh),
        cmocka_unit_test_setup(only_the_hash_of_a_token_is_kept, fresh),
        cmocka_unit_test_setup(a_token_lives_for_half_an_hour, fresh),
        cmocka_unit_test_setup(what_makes_a_token_void, fresh),
        cmocka_unit_test_setup(a_weak_password_leaves_the_token_good, fresh),
    };
    return cmocka_run_group_tests_name("password_reset", tests, setup, teardown);
}
