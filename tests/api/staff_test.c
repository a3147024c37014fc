/* The staff over HTTP: opened, changed, closed, opened again; the last administrator stays. */
#include "tests/harness/ask.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t HOUR = 3600000000;

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "staff"});
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

/* --- asking ---------------------------------------------------------------------------------- */

static const char *staff(struct world *world, int who, const char *rest)
{
    return path_a(world, "/staff/%s%s", id_a(world, who), rest);
}

static struct answer get(struct world *world, int who)
{
    return ask(world, "GET", staff(world, who, ""), token_a(world, "admin"), NULL);
}

static struct answer change(struct world *world, int who, const char *body)
{
    struct answer before = get(world, who);
    return ask_if(world, "PATCH", staff(world, who, ""), token_a(world, "admin"), body,
                  answer_header(&world->arena, &before, "ETag", NULL));
}

static struct answer deactivate(struct world *world, int who)
{
    struct answer before = get(world, who);
    return ask_if(world, "DELETE", staff(world, who, ""), token_a(world, "admin"), NULL,
                  answer_header(&world->arena, &before, "ETag", NULL));
}

static struct answer reactivate(struct world *world, int who)
{
    return ask(world, "POST", staff(world, who, "/reactivate"), token_a(world, "admin"), NULL);
}

static struct answer reset(struct world *world, int who, const char *body)
{
    return ask(world, "POST", staff(world, who, "/password-reset"), token_a(world, "admin"), body);
}

static int me(struct world *world, const char *token)
{
    return ask(world, "GET", path_a(world, "/auth/me"), token, NULL).status;
}

static int64_t used(struct world *world, const char *kind)
{
    return sql_int(world->boss,
                   "SELECT used FROM clinicd.quota WHERE clinic_id = 7001 AND kind = '%s'", kind);
}

static void fill(struct world *world, const char *kind)
{
    sql_run(world->boss,
            "UPDATE clinicd.quota SET allowed = used WHERE clinic_id = 7001 AND kind = '%s'", kind);
}

static void leave_one_admin(struct world *world)
{
    sql_run(world->boss,
            "UPDATE clinicd.account SET is_active = false WHERE clinic_id = 7001 AND role = "
            "'admin' AND id <> '%s'",
            id_a(world, SEED_ADMIN));
}

/* --- tests ----------------------------------------------------------------------------------- */

static void an_administrator_opens_and_changes_one_of_the_staff(void **state)
{
    struct world *world = *state;
    struct answer before = get(world, SEED_LAB_TECH);
    expect(&before, 200, NULL);
    assert_string_equal(answer_text(&before, "role"), "lab_tech");
    struct answer after = change(world, SEED_LAB_TECH, "{\"last_name\":\"Test\",\"email\":null}");
    expect(&after, 200, NULL);
    assert_string_equal(answer_text(&after, "last_name"), "Test");
    assert_true(json_is_null(json_object_get(after.json, "email")));
    assert_string_equal(answer_text(&after, "first_name"), answer_text(&before, "first_name"));
    assert_string_equal(get(world, SEED_LAB_TECH).body, after.body);
    struct answer taken =
        change(world, SEED_LAB_TECH,
               arena_format(&world->arena, "{\"email\":\"ADMIN@%s.example\"}", seed_a.mark));
    expect(&taken, 409, "email-taken");
}

static void a_change_names_the_version_that_it_changes(void **state)
{
    struct world *world = *state;
    const char *body = "{\"last_name\":\"Test\"}";
    const char *path = staff(world, SEED_LAB_TECH, "");
    struct answer answer = ask(world, "PATCH", path, token_a(world, "admin"), body);
    expect(&answer, 428, NULL);
    answer = ask_if(world, "PATCH", path, token_a(world, "admin"), body, "\"9\"");
    expect(&answer, 412, NULL);
    answer = ask_if(world, "DELETE", path, token_a(world, "admin"), NULL, "\"9\"");
    expect(&answer, 412, NULL);
    answer = ask(world, "DELETE", path, token_a(world, "admin"), NULL);
    expect(&answer, 428, NULL);
    assert_int_equal(me(world, token_a(world, "lab_tech")), 200);
}

static void colleagues_list_the_staff_but_do_not_open_it(void **state)
{
    struct world *world = *state;
    static const char *const colleagues[] = {"doctor", "receptionist"};
    for (int i = 0; i < 2; i++) {
        const char *token = token_a(world, colleagues[i]);
        struct answer list = ask(world, "GET", path_a(world, "/staff"), token, NULL);
        expect(&list, 200, NULL);
        struct answer one = ask(world, "GET", staff(world, SEED_ADMIN, ""), token, NULL);
        expect(&one, 403, "missing-permission");
    }
}

static void a_patient_is_no_staff(void **state)
{
    struct world *world = *state;
    struct answer answer = get(world, SEED_PATIENT_LOGIN);
    expect(&answer, 404, NULL);
    const char *path = staff(world, SEED_PATIENT_LOGIN, "");
    answer = ask_if(world, "DELETE", path, token_a(world, "admin"), NULL, "\"1\"");
    expect(&answer, 404, NULL);
    answer = ask_if(world, "PATCH", path, token_a(world, "admin"), "{\"role\":\"admin\"}", "\"1\"");
    expect(&answer, 404, NULL);
    answer = reset(world, SEED_PATIENT_LOGIN, NULL);
    expect(&answer, 404, NULL);
    answer = reactivate(world, SEED_PATIENT_LOGIN);
    expect(&answer, 404, NULL);
}

static void a_change_of_role_moves_the_place_of_the_quota(void **state)
{
    struct world *world = *state;
    fill(world, "receptionist");
    struct answer answer = change(world, SEED_LAB_TECH, "{\"role\":\"receptionist\"}");
    expect(&answer, 409, "quota-exceeded");
    struct answer same = get(world, SEED_LAB_TECH);
    assert_string_equal(answer_text(&same, "role"), "lab_tech");
    answer = change(world, SEED_RECEPTIONIST, "{\"role\":\"lab_tech\"}");
    expect(&answer, 200, NULL);
    assert_int_equal(used(world, "receptionist"), 0);
    answer = change(world, SEED_LAB_TECH, "{\"role\":\"receptionist\"}");
    expect(&answer, 200, NULL);
    assert_int_equal(used(world, "receptionist"), 1);
    answer = change(world, SEED_LAB_TECH, "{\"role\":\"receptionist\",\"first_name\":\"Same\"}");
    expect(&answer, 200, NULL);
    assert_int_equal(used(world, "receptionist"), 1);
}

static void a_new_role_is_felt_at_the_next_request(void **state)
{
    struct world *world = *state;
    const char *token = token_a(world, "receptionist"), *audit = path_a(world, "/audit");
    struct answer answer = ask(world, "GET", audit, token, NULL);
    expect(&answer, 403, NULL);
    answer = change(world, SEED_RECEPTIONIST, "{\"role\":\"admin\"}");
    expect(&answer, 200, NULL);
    answer = ask(world, "GET", audit, token, NULL);
    expect(&answer, 200, NULL);
    answer = change(world, SEED_RECEPTIONIST, "{\"role\":\"lab_tech\"}");
    expect(&answer, 200, NULL);
    answer = ask(world, "GET", audit, token, NULL);
    expect(&answer, 403, NULL);
}

static void a_doctor_stays_a_doctor(void **state)
{
    struct world *world = *state;
    struct answer answer = change(world, SEED_DOCTOR, "{\"role\":\"admin\"}");
    expect(&answer, 409, "role-fixed");
    answer = change(world, SEED_DOCTOR, "{\"first_name\":\"Other\"}");
    expect(&answer, 200, NULL);
    answer = change(world, SEED_LAB_TECH, "{\"role\":\"doctor\"}");
    expect(&answer, 422, NULL);
}

static void the_last_active_administrator_stays(void **state)
{
    struct world *world = *state;
    leave_one_admin(world);
    struct answer answer = deactivate(world, SEED_ADMIN);
    expect(&answer, 409, "last-admin");
    answer = change(world, SEED_ADMIN, "{\"role\":\"lab_tech\"}");
    expect(&answer, 409, "last-admin");
    answer = change(world, SEED_ADMIN, "{\"role\":\"admin\",\"first_name\":\"Still\"}");
    expect(&answer, 200, NULL);
    answer = reactivate(world, SEED_NEWCOMER);
    expect(&answer, 200, NULL);
    answer = change(world, SEED_ADMIN, "{\"role\":\"lab_tech\"}");
    expect(&answer, 200, NULL);
    assert_int_equal(me(world, token_a(world, "admin")), 200);
    answer = get(world, SEED_LAB_TECH);
    expect(&answer, 403, NULL);
}

/* --- two at once ----------------------------------------------------------------------------- */

struct rival {
    struct world *world;
    pthread_barrier_t *line;
    int victim;
    bool demotes;
    const char *token;
    struct arena arena;
    struct answer answer;
};

static void *run(void *user)
{
    struct rival *rival = user;
    char id[UUID_TEXT];
    struct client *client =
        client_make(service_port(rival->world->service), rival->world->document);
    const struct call call = {
        .method = rival->demotes ? "PATCH" : "DELETE",
        .path = arena_format(&rival->arena, "/clinics/clinic-a/staff/%s",
                             seed_id(&seed_a, rival->victim, id)),
        .body = rival->demotes ? "{\"role\":\"lab_tech\"}" : NULL,
        .token = rival->token,
        .if_match = "\"1\"",
    };
    pthread_barrier_wait(rival->line);
    http_ask(client, &rival->arena, &call, &rival->answer);
    client_free(client);
    return NULL;
}

enum { ROUNDS = 24 };

static void two_administrators_cannot_remove_each_other(void **state)
{
    struct world *world = *state;
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
        world_restore(world);
        sql_run(world->boss,
                "UPDATE clinicd.account SET is_active = id <> '%s', must_change_password = false "
                "WHERE clinic_id = 7001 AND role = 'admin'",
                id_a(world, SEED_LATE));
        pthread_barrier_t line;
        pthread_barrier_init(&line, NULL, 2);
        struct rival rivals[2] = {{.victim = SEED_NEWCOMER, .token = token_a(world, "admin")},
                                  {.victim = SEED_ADMIN, .token = token_a(world, "newcomer")}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            rivals[i].world = world;
            rivals[i].line = &line;
            rivals[i].demotes = (round >> i) & 1;
            assert_int_equal(pthread_create(&threads[i], NULL, run, &rivals[i]), 0);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 2; i++) {
            assert_null(rivals[i].answer.flaw);
            refused += rivals[i].answer.status >= 400;
            assert_true(rivals[i].answer.status < 500);
            arena_end(&rivals[i].arena);
        }
        pthread_barrier_destroy(&line);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.account WHERE clinic_id = 7001 AND "
                                 "role = 'admin' AND is_active"),
                         1);
    }
    assert_int_equal(refused, ROUNDS);
}

/* What another process does is stood in for by SQL that holds the same lock: within one process a
 * clinic's writes stand in one line anyway. */
static void two_processes_cannot_remove_both_administrators(void **state)
{
    struct world *world = *state;
    for (int demotes = 0; demotes < 2; demotes++) {
        world_restore(world);
        sql_run(world->boss, "UPDATE clinicd.account SET is_active = false WHERE id = '%s'",
                id_a(world, SEED_LATE));
        pthread_t thread;
        pthread_barrier_t line;
        struct rival rival = {.world = world,
                              .line = &line,
                              .victim = SEED_ADMIN,
                              .demotes = demotes,
                              .token = token_a(world, "admin")};
        pthread_barrier_init(&line, NULL, 2);
        sql_run(world->boss,
                "BEGIN; SELECT FROM clinicd.quota WHERE clinic_id = 7001 AND kind = 'receptionist' "
                "FOR UPDATE; UPDATE clinicd.account SET is_active = false WHERE id = '%s'",
                id_a(world, SEED_NEWCOMER));
        assert_int_equal(pthread_create(&thread, NULL, run, &rival), 0);
        pthread_barrier_wait(&line);
        sql_wait_for_blocked(world->boss, 1);
        sql_run(world->boss, "COMMIT");
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&line);
        expect(&rival.answer, 409, "last-admin");
        arena_end(&rival.arena);
    }
}

/* --- closing and opening --------------------------------------------------------------------- */

static void closing_an_account_ends_its_sessions_and_frees_its_place(void **state)
{
    struct world *world = *state;
    const char *token = token_a(world, "receptionist");
    assert_int_equal(me(world, token), 200);
    struct answer answer = deactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 204, NULL);
    assert_int_equal(me(world, token), 401);
    assert_int_equal(used(world, "receptionist"), 0);
    answer = sign_in_a(world, "receptionist-aa", SEED_PASSWORD);
    expect(&answer, 401, "invalid-credentials");
    answer = deactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 409, "account-inactive");
    answer = reset(world, SEED_RECEPTIONIST, NULL);
    expect(&answer, 409, "account-inactive");
    answer = reset(world, SEED_RECEPTIONIST, "{\"link\":true}");
    expect(&answer, 409, "account-inactive");
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.audit WHERE operation = "
                             "'staff_deactivate' AND status = 204 AND entity_id = '%s' AND "
                             "before->>'is_active' = 'true' AND after->>'is_active' = 'false'",
                             id_a(world, SEED_RECEPTIONIST)),
                     1);
}

static void an_account_is_opened_again_without_its_sessions(void **state)
{
    struct world *world = *state;
    struct answer answer = reactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 409, "account-active");
    answer = deactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 204, NULL);
    /* As if a sign-in had slipped past the closing. */
    sql_run(world->boss, "UPDATE clinicd.session SET revoked_at = NULL WHERE account_id = '%s'",
            id_a(world, SEED_RECEPTIONIST));
    assert_int_equal(me(world, token_a(world, "receptionist")), 401);
    fill(world, "receptionist");
    answer = reactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 409, "quota-exceeded");
    sql_run(world->boss, "UPDATE clinicd.quota SET allowed = 5 WHERE clinic_id = 7001 AND kind = "
                         "'receptionist'");
    answer = reactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 200, NULL);
    assert_int_equal(used(world, "receptionist"), 1);
    assert_int_equal(me(world, token_a(world, "receptionist")), 401);
    answer = sign_in_a(world, "receptionist-aa", SEED_PASSWORD);
    expect(&answer, 200, NULL);
}

static void a_role_is_changed_while_closed_without_a_place(void **state)
{
    struct world *world = *state;
    struct answer answer = deactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 204, NULL);
    answer = change(world, SEED_RECEPTIONIST, "{\"role\":\"lab_tech\"}");
    expect(&answer, 200, NULL);
    assert_int_equal(used(world, "receptionist"), 0);
    answer = reactivate(world, SEED_RECEPTIONIST);
    expect(&answer, 200, NULL);
    assert_int_equal(used(world, "receptionist"), 0);
}

/* --- passwords ------------------------------------------------------------------------------- */

static void a_reset_gives_one_password_that_lives_three_days_and_ends_sessions(void **state)
{
    struct world *world = *state;
    const char *token = token_a(world, "lab_tech");
    assert_int_equal(me(world, token), 200);
    struct answer given = reset(world, SEED_LAB_TECH, NULL);
    expect(&given, 200, NULL);
    const char *one_time = answer_text(&given, "one_time_password");
    assert_string_equal(answer_text(&given, "username"), "lab_tech-aa");
    assert_null(json_object_get(given.json, "reset_token"));
    assert_int_equal(me(world, token), 401);
    struct answer old = sign_in_a(world, "lab_tech-aa", SEED_PASSWORD);
    expect(&old, 401, NULL);
    assert_int_equal(sql_int(world->boss,
                             "SELECT (SELECT count(*) FROM clinicd.account a WHERE a::text LIKE "
                             "'%%%s%%') + (SELECT count(*) FROM clinicd.audit a WHERE a::text LIKE "
                             "'%%%s%%')",
                             one_time, one_time),
                     0);
    later(71 * HOUR);
    struct answer in = sign_in_a(world, "lab_tech-aa", one_time);
    expect(&in, 200, NULL);
    assert_true(json_is_true(json_object_get(in.json, "must_change_password")));
    later(2 * HOUR);
    in = sign_in_a(world, "lab_tech-aa", one_time);
    expect(&in, 401, NULL);
}

struct asker {
    struct world *world;
    struct arena arena;
    struct answer answer;
};

static void *ask_for_reset(void *user)
{
    struct asker *asker = user;
    char id[UUID_TEXT], token[TOKEN_TEXT];
    struct client *client =
        client_make(service_port(asker->world->service), asker->world->document);
    const struct call call = {.method = "POST",
                              .path = arena_format(&asker->arena,
                                                   "/clinics/clinic-a/staff/%s/password-reset",
                                                   seed_id(&seed_a, SEED_LAB_TECH, id)),
                              .token = seed_token(&seed_a, "admin", token)};
    http_ask(client, &asker->arena, &call, &asker->answer);
    client_free(client);
    return NULL;
}

/* SQL stands in for a sign-in with the old password that has not committed yet. */
static void a_sign_in_that_is_under_way_is_ended_by_the_reset_too(void **state)
{
    struct world *world = *state;
    struct asker asker = {.world = world};
    pthread_t thread;
    const char *token = token_a(world, "lab_tech-two");
    sql_run(world->boss,
            "BEGIN; UPDATE clinicd.account SET last_login_at = clock_timestamp() WHERE id = '%s'; "
            "INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, "
            "access_expires_at, family_hash, refresh_hash, refresh_expires_at, ends_at, "
            "idle_seconds, last_seen_at, created_at) SELECT clinic_id, gen_random_uuid(), "
            "account_id, encode(sha256('%s'), 'hex'), access_expires_at, encode(sha256('two'), "
            "'hex'), refresh_hash, refresh_expires_at, ends_at, idle_seconds, last_seen_at, "
            "created_at FROM clinicd.session WHERE account_id = '%s'",
            id_a(world, SEED_LAB_TECH), token, id_a(world, SEED_LAB_TECH));
    assert_int_equal(pthread_create(&thread, NULL, ask_for_reset, &asker), 0);
    sql_wait_for_blocked(world->boss, 1);
    sql_run(world->boss, "COMMIT");
    pthread_join(thread, NULL);
    expect(&asker.answer, 200, NULL);
    arena_end(&asker.arena);
    assert_int_equal(me(world, token), 401);
}

static void a_reset_asked_for_twice_with_one_key_is_done_once(void **state)
{
    struct world *world = *state;
    const char *path = staff(world, SEED_LAB_TECH, "/password-reset");
    const char *admin = token_a(world, "admin");
    struct answer one = ask_keyed(world, "POST", path, admin, "{}", "reset-1");
    expect(&one, 200, NULL);
    struct answer other = ask_keyed(world, "POST", path, admin, "{}", "reset-1");
    expect(&other, 200, NULL);
    assert_string_equal(one.body, other.body);
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.idempotency WHERE is_sealed AND body "
                             "NOT LIKE '%%%s%%' AND operation = 'staff_password_reset'",
                             answer_text(&one, "one_time_password")),
                     1);
}

static void only_administrators_reset_passwords(void **state)
{
    struct world *world = *state;
    static const char *const others[] = {"doctor", "receptionist", "lab_tech", "patient"};
    for (int i = 0; i < 4; i++) {
        struct answer answer = ask(world, "POST", staff(world, SEED_ADMIN, "/password-reset"),
                                   token_a(world, others[i]), NULL);
        expect(&answer, 403, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_administrator_opens_and_changes_one_of_the_staff, fresh),
        cmocka_unit_test_setup(a_change_names_the_version_that_it_changes, fresh),
        cmocka_unit_test_setup(colleagues_list_the_staff_but_do_not_open_it, fresh),
        cmocka_unit_test_setup(a_patient_is_no_staff, fresh),
        cmocka_unit_test_setup(a_change_of_role_moves_the_place_of_the_quota, fresh),
        cmocka_unit_test_setup(a_new_role_is_felt_at_the_next_request, fresh),
        cmocka_unit_test_setup(a_doctor_stays_a_doctor, fresh),
        cmocka_unit_test_setup(the_last_active_administrator_stays, fresh),
        cmocka_unit_test_setup(two_administrators_cannot_remove_each_other, fresh),
        cmocka_unit_test_setup(two_processes_cannot_remove_both_administrators, fresh),
        cmocka_unit_test_setup(closing_an_account_ends_its_sessions_and_frees_its_place, fresh),
        cmocka_unit_test_setup(an_account_is_opened_again_without_its_sessions, fresh),
        cmocka_unit_test_setup(a_role_is_changed_while_closed_without_a_place, fresh),
        cmocka_unit_test_setup(a_reset_gives_one_password_that_lives_three_days_and_ends_sessions,
                               fresh),
        cmocka_unit_test_setup(a_sign_in_that_is_under_way_is_ended_by_the_reset_too, fresh),
        cmocka_unit_test_setup(a_reset_asked_for_twice_with_one_key_is_done_once, fresh),
        cmocka_unit_test_setup(only_administrators_reset_passwords, fresh),
    };
    return cmocka_run_group_tests_name("staff", tests, setup, teardown);
}
