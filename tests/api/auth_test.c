/* Signing in and out over HTTP: api/sign_in.h, api/http/identify.h. Time is moved by clock_shift().
 */
#include "db/clock.h"
#include "tests/harness/effort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NEW_PASSWORD "seven herons over a wet field"

static const int64_t SECOND = 1000000, MINUTE = 60000000, HANG_US = 60000000;

static void sessions_are_remembered(struct service_options *options)
{
    options->session_cache_ms = 3600 * 1000;
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "auth", .adjust = sessions_are_remembered});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* The service's clock runs ahead of the real one by what all calls together asked for. */
static void later(int64_t us)
{
    static int64_t ahead_us;
    ahead_us += us;
    clock_shift(ahead_us);
}

/* Every test has its own hour, in which time passes only when it says so: nobody's failures count
 * for the next. */
static int fresh(void **state)
{
    world_restore(*state);
    clock_stop();
    later(100 * MINUTE);
    return 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static const char *path_in(struct world *world, const struct seed *seed, const char *rest)
{
    return seed ? arena_format(&world->arena, "/clinics/%s%s", seed->slug, rest)
                : arena_copy(&world->arena, rest);
}

static struct answer ask(struct world *world, const char *method, const struct seed *seed,
                         const char *rest, const char *token, const char *body)
{
    struct answer answer;
    struct call call = {
        .method = method, .path = path_in(world, seed, rest), .token = token, .body = body};
    http_send(world->client, &world->arena, &call, &answer);
    return answer;
}

static struct answer get(struct world *world, const struct seed *seed, const char *rest,
                         const char *token)
{
    return ask(world, "GET", seed, rest, token, NULL);
}

static struct answer post(struct world *world, const struct seed *seed, const char *rest,
                          const char *token, const char *body)
{
    return ask(world, "POST", seed, rest, token, body);
}

/* seed NULL: the platform. */
static struct answer login_as(struct world *world, const struct seed *seed, const char *username,
                              const char *password)
{
    return post(world, seed, "/auth/login", NULL,
                arena_format(&world->arena, "{\"username\":\"%s\",\"password\":\"%s\"}", username,
                             password));
}

static const char *username(struct world *world, const char *who)
{
    return arena_format(&world->arena, "%s-%s", who, seed_a.hex);
}

static struct answer login(struct world *world, const char *who)
{
    struct answer answer = login_as(world, &seed_a, username(world, who), SEED_PASSWORD);
    assert_int_equal(answer.status, 200);
    return answer;
}

static struct answer refresh(struct world *world, const char *refresh_token)
{
    return post(world, &seed_a, "/auth/refresh", NULL,
                arena_format(&world->arena, "{\"refresh_token\":\"%s\"}", refresh_token));
}

static int me(struct world *world, const char *token)
{
    return get(world, &seed_a, "/auth/me", token).status;
}

static int64_t trail(struct world *world, const char *operation, int status)
{
    return sql_int(world->boss,
                   "SELECT count(*) FROM clinicd.audit WHERE clinic_id = %lld AND operation = '%s' "
                   "AND status = %d",
                   (long long)seed_a.clinic_id, operation, status);
}

static json_int_t number(const struct answer *answer, const char *member)
{
    return json_integer_value(json_object_get(answer->json, member));
}

/* --- signing in ------------------------------------------------------------------------------ */

static void signing_in_answers_tokens_the_account_and_the_clinic(void **state)
{
    struct world *world = *state;
    int64_t before = trail(world, "auth_login", 200);
    struct answer answer = login(world, "doctor");
    assert_string_equal(answer_text(&answer, "token_type"), "Bearer");
    assert_memory_equal(answer_text(&answer, "access_token"), "ca_", 3);
    assert_int_equal(strlen(answer_text(&answer, "access_token")), 46);
    assert_int_equal(number(&answer, "expires_in"), 3600);
    assert_int_equal(number(&answer, "refresh_expires_in"), 43200); /* never past the end */
    json_t *account = json_object_get(answer.json, "account");
    assert_string_equal(json_string_value(json_object_get(account, "role")), "doctor");
    json_t *clinic = json_object_get(answer.json, "clinic");
    assert_string_equal(json_string_value(json_object_get(clinic, "slug")), seed_a.slug);
    assert_int_equal(me(world, answer_text(&answer, "access_token")), 200);
    assert_int_equal(trail(world, "auth_login", 200), before + 1);
    char id[UUID_TEXT];
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.audit WHERE operation = 'auth_login' "
                             "AND status = 200 AND actor_kind = 'account' AND actor_id = '%s'",
                             seed_id(&seed_a, SEED_DOCTOR, id)),
                     before + 1);
}

/* The answer without what names the request: the rest must not tell two answers apart. */
static char *alike(struct world *world, const struct answer *answer)
{
    const char *id = answer_text(answer, "request_id");
    char *body = arena_copy(&world->arena, answer->body);
    assert_int_equal(strlen(id), 36);
    for (char *at; (at = strstr(body, id));)
        memset(at, '-', strlen(id));
    return body;
}

static void what_fails_looks_the_same_whatever_failed(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    sql_run(world->boss, "UPDATE clinicd.account SET is_active = false WHERE id = '%s'",
            seed_id(&seed_a, SEED_LAB_TECH, id));
    sql_run(world->boss,
            "UPDATE clinicd.account SET password_expires_at = '2020-01-01Z' WHERE id = '%s'",
            seed_id(&seed_a, SEED_NEWCOMER, id));
    struct answer answers[] = {
        login_as(world, &seed_a, username(world, "doctor"), "not the password"),
        login_as(world, &seed_a, "nobody.at.all", SEED_PASSWORD),
        login_as(world, &seed_a, username(world, "lab_tech"), SEED_PASSWORD),
        login_as(world, &seed_a, username(world, "newcomer"), SEED_PASSWORD),
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        assert_int_equal(answers[i].status, 401);
        assert_string_equal(answer_code(&answers[i]), "invalid-credentials");
        assert_string_equal(alike(world, &answers[i]), alike(world, &answers[0]));
    }
    assert_int_equal(sql_int(world->boss,
                             "SELECT sum(failures) FROM clinicd.login_failure WHERE "
                             "clinic_id = %lld AND key LIKE 'address:%%'",
                             (long long)seed_a.clinic_id),
                     4);
}

static struct effort refusal(struct world *world, const char *name)
{
    struct effort before = effort_now(world);
    assert_int_equal(login_as(world, &seed_a, name, "not the password").status, 401);
    return effort_since(world, &before);
}

static void an_unknown_name_costs_as_much_as_a_wrong_password(void **state)
{
    struct world *world = *state;
    login(world, "doctor"); /* leaves a hash of the full cost */
    struct effort known = refusal(world, username(world, "doctor"));
    struct effort unknown = refusal(world, "nobody.at.all");
    assert_int_equal(known.password_kib, 19456 * 2);
    assert_int_equal(unknown.password_kib, known.password_kib);
    assert_true(known.trips > 0);
    assert_int_equal(unknown.trips, known.trips);
}

static int64_t full_cost_hashes(struct world *world)
{
    char id[UUID_TEXT];
    return sql_int(world->boss,
                   "SELECT count(*) FROM clinicd.account WHERE id = '%s' AND password_hash LIKE "
                   "'$argon2id$v=19$m=19456,t=2,p=1$%%'",
                   seed_id(&seed_a, SEED_DOCTOR, id));
}

static void a_cheap_hash_is_replaced_when_its_owner_signs_in(void **state)
{
    struct world *world = *state;
    assert_int_equal(full_cost_hashes(world), 0);
    login(world, "doctor");
    assert_int_equal(full_cost_hashes(world), 1);
    login(world, "doctor");
}

static void failures_make_the_next_try_wait_and_success_forgives(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 5; i++)
        login_as(world, &seed_a, username(world, "doctor"), "not the password");
    struct answer held = login_as(world, &seed_a, username(world, "doctor"), SEED_PASSWORD);
    assert_int_equal(held.status, 429);
    assert_string_equal(answer_code(&held), "throttled");
    assert_string_equal(answer_header(&world->arena, &held, "Retry-After", NULL), "1");
    for (int i = 0; i < 5; i++)
        login_as(world, &seed_a, "nobody.at.all", "not the password");
    struct answer unknown = login_as(world, &seed_a, "nobody.at.all", SEED_PASSWORD);
    assert_int_equal(unknown.status, 429);
    assert_string_equal(alike(world, &held), alike(world, &unknown));
    later(2 * SECOND);
    login(world, "doctor");
    for (int i = 0; i < 4; i++)
        login_as(world, &seed_a, username(world, "doctor"), "not the password");
    login(world, "doctor");
}

static void an_expired_token_does_not_stand_in_the_way_of_signing_in(void **state)
{
    struct world *world = *state;
    char token[TOKEN_TEXT];
    struct answer answer =
        post(world, &seed_a, "/auth/login", seed_token(&seed_a, "late", token),
             arena_format(&world->arena, "{\"username\":\"%s\",\"password\":\"%s\"}",
                          username(world, "doctor"), SEED_PASSWORD));
    assert_int_equal(answer.status, 200);
}

static void a_clinic_that_is_closed_or_not_there_lets_nobody_in(void **state)
{
    struct world *world = *state;
    static const struct seed nowhere = {.slug = "no-such-clinic"};
    const struct seed *const closed[] = {&seed_suspended, &seed_inactive};
    const struct seed *const absent[] = {&seed_importing, &nowhere};
    for (int i = 0; i < 2; i++) {
        struct answer answer = login_as(world, closed[i], "doctor", SEED_PASSWORD);
        assert_int_equal(answer.status, 401);
        assert_string_equal(answer_code(&answer), "clinic-inactive");
        answer = login_as(world, absent[i], "doctor", SEED_PASSWORD);
        assert_int_equal(answer.status, 404);
    }
}

/* --- who asks -------------------------------------------------------------------------------- */

static void a_token_is_good_in_its_own_clinic_only(void **state)
{
    struct world *world = *state;
    struct answer a = login(world, "doctor");
    const char *token = answer_text(&a, "access_token");
    for (int i = 0; i < 2; i++) { /* from the database and from the cache */
        assert_int_equal(get(world, &seed_b, "/auth/me", token).status, 404);
        assert_int_equal(me(world, token), 200);
    }
    assert_int_equal(get(world, NULL, "/auth/me", token).status, 401);
    char other[TOKEN_TEXT];
    assert_int_equal(me(world, seed_token(&seed_b, "doctor", other)), 404);
}

static void what_is_no_living_token_is_unauthenticated(void **state)
{
    struct world *world = *state;
    struct answer a = login(world, "doctor");
    char *altered = arena_copy(&world->arena, answer_text(&a, "access_token"));
    altered[20] = altered[20] == 'x' ? 'y' : 'x';
    char late[TOKEN_TEXT];
    const char *const tokens[] = {"x",
                                  "ca_",
                                  altered,
                                  answer_text(&a, "refresh_token"),
                                  arena_format(&world->arena, "%sA", altered),
                                  seed_token(&seed_a, "late", late)};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct answer answer = get(world, &seed_a, "/auth/me", tokens[i]);
        assert_int_equal(answer.status, 401);
        assert_string_equal(answer_code(&answer), "unauthenticated");
        assert_non_null(answer_header(&world->arena, &answer, "WWW-Authenticate", NULL));
    }
}

static void the_idle_and_the_absolute_end_are_kept_by_the_server(void **state)
{
    struct world *world = *state;
    struct answer a = login(world, "doctor");
    const char *token = answer_text(&a, "access_token");
    later(899 * SECOND);
    assert_int_equal(me(world, token), 200);
    later(902 * SECOND);
    assert_int_equal(me(world, token), 401);
    a = login(world, "doctor");
    for (int i = 0; i < 71; i++) {
        later(10 * MINUTE);
        a = refresh(world, answer_text(&a, "refresh_token"));
        assert_int_equal(a.status, 200);
    }
    assert_true(number(&a, "expires_in") <= 600);
    assert_int_equal(me(world, answer_text(&a, "access_token")), 200);
    later(10 * MINUTE + SECOND);
    assert_int_equal(me(world, answer_text(&a, "access_token")), 401);
    assert_int_equal(refresh(world, answer_text(&a, "refresh_token")).status, 401);
}

/* Sessions are remembered for an hour here: what makes it forget are the news. */
static void expect_soon_refused(struct world *world, const char *token)
{
    int64_t start_us = clock_monotonic_us(), us = 0;
    int status = 200;
    for (; status == 200 && us < HANG_US; us = clock_monotonic_us() - start_us)
        status = me(world, token);
    assert_int_equal(status, 401);
    print_message("felt after %lld us\n", (long long)us);
}

static void what_is_taken_away_elsewhere_bites(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    struct answer a = login(world, "doctor");
    const char *token = answer_text(&a, "access_token");
    assert_int_equal(me(world, token), 200);
    sql_run(world->boss,
            "UPDATE clinicd.account SET is_active = false WHERE id = '%s'; SELECT "
            "clinicd.announce('account', '%s', clock_timestamp())",
            seed_id(&seed_a, SEED_DOCTOR, id), id);
    expect_soon_refused(world, token);
    a = login(world, "receptionist");
    token = answer_text(&a, "access_token");
    assert_int_equal(me(world, token), 200);
    sql_run(world->boss,
            "UPDATE clinicd.clinic SET status = 'suspended' WHERE clinic_id = %lld; SELECT "
            "clinicd.announce('clinic', '%lld', clock_timestamp())",
            (long long)seed_a.clinic_id, (long long)seed_a.clinic_id);
    expect_soon_refused(world, token);
}

/* --- refreshing ------------------------------------------------------------------------------ */

static void a_refresh_token_used_again_ends_the_session(void **state)
{
    struct world *world = *state;
    struct answer first = login(world, "doctor");
    struct answer second = refresh(world, answer_text(&first, "refresh_token"));
    assert_int_equal(second.status, 200);
    assert_int_equal(me(world, answer_text(&second, "access_token")), 200);
    struct answer twin = refresh(world, answer_text(&first, "refresh_token"));
    assert_string_equal(answer_text(&twin, "access_token"), answer_text(&second, "access_token"));
    int64_t before = trail(world, "auth_refresh", 401);
    later(11 * SECOND);
    struct answer thief = refresh(world, answer_text(&first, "refresh_token"));
    assert_int_equal(thief.status, 401);
    assert_string_equal(answer_code(&thief), "refresh-reused");
    assert_int_equal(me(world, answer_text(&second, "access_token")), 401);
    struct answer dead = refresh(world, answer_text(&second, "refresh_token"));
    assert_string_equal(answer_code(&dead), "unauthenticated");
    assert_int_equal(trail(world, "auth_refresh", 401), before + 2);
}

/* --- signing out ----------------------------------------------------------------------------- */

static void signing_out_bites_at_the_very_next_request(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 25; i++) {
        struct answer a = login(world, "doctor");
        const char *token = answer_text(&a, "access_token");
        assert_int_equal(me(world, token), 200);
        assert_int_equal(post(world, &seed_a, "/auth/logout", token, NULL).status, 204);
        assert_int_equal(me(world, token), 401);
        assert_int_equal(refresh(world, answer_text(&a, "refresh_token")).status, 401);
    }
}

static void signing_out_everywhere_ends_all_sessions(void **state)
{
    struct world *world = *state;
    struct answer one = login(world, "doctor"), other = login(world, "doctor");
    struct answer colleague = login(world, "admin");
    const char *token = answer_text(&one, "access_token");
    assert_int_equal(me(world, answer_text(&other, "access_token")), 200);
    assert_int_equal(post(world, &seed_a, "/auth/logout", token, "{\"all\":true}").status, 204);
    assert_int_equal(me(world, token), 401);
    assert_int_equal(me(world, answer_text(&other, "access_token")), 401);
    assert_int_equal(me(world, answer_text(&colleague, "access_token")), 200);
}

/* --- passwords ------------------------------------------------------------------------------- */

static struct answer change(struct world *world, const char *token, const char *current,
                            const char *next)
{
    return post(world, &seed_a, "/auth/password", token,
                arena_format(&world->arena, "{\"current_password\":\"%s\",\"new_password\":\"%s\"}",
                             current, next));
}

static void changing_the_password_needs_it_and_ends_the_other_sessions(void **state)
{
    struct world *world = *state;
    struct answer mine = login(world, "doctor"), other = login(world, "doctor");
    const char *token = answer_text(&mine, "access_token");
    struct answer wrong = change(world, token, "not the password", NEW_PASSWORD);
    assert_int_equal(wrong.status, 422);
    assert_non_null(strstr(wrong.body, "#/current_password"));
    assert_int_equal(me(world, answer_text(&other, "access_token")), 200);
    assert_int_equal(change(world, token, SEED_PASSWORD, NEW_PASSWORD).status, 204);
    assert_int_equal(me(world, token), 200);
    assert_int_equal(me(world, answer_text(&other, "access_token")), 401);
    assert_int_equal(login_as(world, &seed_a, username(world, "doctor"), SEED_PASSWORD).status,
                     401);
    assert_int_equal(login_as(world, &seed_a, username(world, "doctor"), NEW_PASSWORD).status, 200);
}

static void a_weak_new_password_is_refused(void **state)
{
    struct world *world = *state;
    struct answer a = login(world, "doctor");
    const char *const weak[] = {"password1234", "P@ssw0rd!2026", SEED_PASSWORD,
                                "my clinic is far away",
                                arena_format(&world->arena, "ring %s at noon", seed_a.digits)};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        struct answer answer =
            change(world, answer_text(&a, "access_token"), SEED_PASSWORD, weak[i]);
        if (answer.status != 422)
            fail_msg("%s was accepted", weak[i]);
        assert_string_equal(answer_code(&answer), "weak-password");
        assert_non_null(strstr(answer.body, "#/new_password"));
    }
    login(world, "doctor");
}

static void guessing_the_current_password_is_throttled_too(void **state)
{
    struct world *world = *state;
    struct answer a = login(world, "doctor");
    const char *token = answer_text(&a, "access_token");
    for (int i = 0; i < 5; i++)
        assert_int_equal(change(world, token, "not the password", NEW_PASSWORD).status, 422);
    assert_int_equal(change(world, token, SEED_PASSWORD, NEW_PASSWORD).status, 429);
}

static void who_must_change_the_password_can_do_nothing_else(void **state)
{
    struct world *world = *state;
    struct answer a = login(world, "newcomer");
    const char *token = answer_text(&a, "access_token");
    assert_true(json_is_true(json_object_get(a.json, "must_change_password")));
    assert_int_equal(me(world, token), 200);
    static const char *const others[] = {"/patients", "/staff", "/audit"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct answer refused = get(world, &seed_a, others[i], token);
        assert_int_equal(refused.status, 403);
        assert_string_equal(answer_code(&refused), "password-change-required");
    }
    assert_int_equal(change(world, token, SEED_PASSWORD, NEW_PASSWORD).status, 204);
    assert_int_equal(get(world, &seed_a, "/staff", token).status, 200);
}

/* --- staff ----------------------------------------------------------------------------------- */

static void new_staff_sign_in_once_with_what_was_shown_once(void **state)
{
    struct world *world = *state;
    char admin[TOKEN_TEXT];
    seed_token(&seed_a, "admin", admin);
    struct answer made = post(world, &seed_a, "/staff", admin,
                              "{\"role\":\"lab_tech\",\"username\":\"mira.test\",\"first_name\":"
                              "\"Mira\",\"last_name\":\"Test\"}");
    assert_int_equal(made.status, 201);
    const char *one_time = answer_text(&made, "one_time_password");
    assert_int_equal(strlen(one_time), 24);
    assert_int_equal(sql_int(world->boss,
                             "SELECT (SELECT count(*) FROM clinicd.account a WHERE a::text LIKE "
                             "'%%%s%%') + (SELECT count(*) FROM clinicd.audit a WHERE a::text LIKE "
                             "'%%%s%%')",
                             one_time, one_time),
                     0);
    struct answer signed_in = login_as(world, &seed_a, "MIRA.test", one_time);
    assert_int_equal(signed_in.status, 200);
    assert_true(json_is_true(json_object_get(signed_in.json, "must_change_password")));
    later(16 * MINUTE);
    assert_int_equal(login_as(world, &seed_a, "mira.test", one_time).status, 401);
    struct answer again = post(world, &seed_a, "/staff", admin,
                               "{\"role\":\"lab_tech\",\"username\":\"Mira.Test\",\"first_name\":"
                               "\"Mira\",\"last_name\":\"Test\"}");
    assert_int_equal(again.status, 409);
    assert_string_equal(answer_code(&again), "username-taken");
}

static void an_unused_one_time_password_lives_for_three_days(void **state)
{
    struct world *world = *state;
    char admin[TOKEN_TEXT];
    struct answer made = post(world, &seed_a, "/staff", seed_token(&seed_a, "admin", admin),
                              "{\"role\":\"lab_tech\",\"username\":\"slow.test\",\"first_name\":"
                              "\"Slow\",\"last_name\":\"Test\"}");
    const char *one_time = answer_text(&made, "one_time_password");
    later(72 * 60 * MINUTE + SECOND);
    assert_int_equal(login_as(world, &seed_a, "slow.test", one_time).status, 401);
    later(-2 * SECOND);
    assert_int_equal(login_as(world, &seed_a, "slow.test", one_time).status, 200);
}

static void receptionists_are_counted_and_others_are_not(void **state)
{
    struct world *world = *state;
    char admin[TOKEN_TEXT];
    seed_token(&seed_a, "admin", admin);
    sql_run(world->boss,
            "UPDATE clinicd.quota SET allowed = used + 1 WHERE clinic_id = %lld AND kind = "
            "'receptionist'",
            (long long)seed_a.clinic_id);
    static const int receptionist[] = {201, 409, 409}, lab_tech[] = {201, 201, 201};
    for (int i = 0; i < 3; i++)
        for (int is_lab = 0; is_lab < 2; is_lab++) {
            const char *role = is_lab ? "lab_tech" : "receptionist";
            struct answer made =
                post(world, &seed_a, "/staff", admin,
                     arena_format(&world->arena,
                                  "{\"role\":\"%s\",\"username\":\"%s.%d\",\"first_name\":\"N\","
                                  "\"last_name\":\"T\"}",
                                  role, role, i));
            assert_int_equal(made.status, is_lab ? lab_tech[i] : receptionist[i]);
            if (made.status == 409)
                assert_string_equal(answer_code(&made), "quota-exceeded");
        }
}

static void staff_is_listed_without_contacts_for_colleagues(void **state)
{
    struct world *world = *state;
    char token[TOKEN_TEXT];
    struct answer all =
        get(world, &seed_a, "/staff?count=exact", seed_token(&seed_a, "admin", token));
    assert_int_equal(all.status, 200);
    assert_int_equal(number(&all, "total"), 6); /* all but the patient */
    assert_non_null(strstr(all.body, "\"email\""));
    struct answer few =
        get(world, &seed_a, "/staff?role=admin&limit=1", seed_token(&seed_a, "doctor", token));
    assert_int_equal(few.status, 200);
    assert_null(strstr(few.body, "\"email\""));
    assert_null(strstr(few.body, "\"mobile_number\""));
    assert_int_equal(json_array_size(json_object_get(few.json, "items")), 1);
    assert_true(json_is_string(json_object_get(few.json, "next_cursor")));
}

/* --- the platform ---------------------------------------------------------------------------- */

static void the_platforms_people_sign_in_by_the_same_rules(void **state)
{
    struct world *world = *state;
    struct answer a = login_as(world, NULL, "boss", SEED_PASSWORD);
    assert_int_equal(a.status, 200);
    assert_true(json_is_null(json_object_get(a.json, "clinic")));
    const char *token = answer_text(&a, "access_token");
    assert_memory_equal(token, "pa_", 3);
    assert_int_equal(get(world, NULL, "/auth/me", token).status, 200);
    assert_int_equal(get(world, &seed_a, "/patients", token).status, 200);
    assert_int_equal(get(world, &seed_suspended, "/patients", token).status, 200);
    struct answer wrong = login_as(world, NULL, "boss", "not the password");
    assert_string_equal(answer_code(&wrong), "invalid-credentials");
    assert_int_equal(post(world, NULL, "/auth/logout", token, NULL).status, 204);
    assert_int_equal(get(world, NULL, "/auth/me", token).status, 401);
    assert_int_equal(get(world, &seed_a, "/patients", token).status, 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(signing_in_answers_tokens_the_account_and_the_clinic, fresh),
        cmocka_unit_test_setup(what_fails_looks_the_same_whatever_failed, fresh),
        cmocka_unit_test_setup(an_unknown_name_costs_as_much_as_a_wrong_password, fresh),
        cmocka_unit_test_setup(a_cheap_hash_is_replaced_when_its_owner_signs_in, fresh),
        cmocka_unit_test_setup(failures_make_the_next_try_wait_and_success_forgives, fresh),
        cmocka_unit_test_setup(an_expired_token_does_not_stand_in_the_way_of_signing_in, fresh),
        cmocka_unit_test_setup(a_clinic_that_is_closed_or_not_there_lets_nobody_in, fresh),
        cmocka_unit_test_setup(a_token_is_good_in_its_own_clinic_only, fresh),
        cmocka_unit_test_setup(what_is_no_living_token_is_unauthenticated, fresh),
        cmocka_unit_test_setup(the_idle_and_the_absolute_end_are_kept_by_the_server, fresh),
        cmocka_unit_test_setup(what_is_taken_away_elsewhere_bites, fresh),
        cmocka_unit_test_setup(a_refresh_token_used_again_ends_the_session, fresh),
        cmocka_unit_test_setup(signing_out_bites_at_the_very_next_request, fresh),
        cmocka_unit_test_setup(signing_out_everywhere_ends_all_sessions, fresh),
        cmocka_unit_test_setup(changing_the_password_needs_it_and_ends_the_other_sessions, fresh),
        cmocka_unit_test_setup(a_weak_new_password_is_refused, fresh),
        cmocka_unit_test_setup(guessing_the_current_password_is_throttled_too, fresh),
        cmocka_unit_test_setup(who_must_change_the_password_can_do_nothing_else, fresh),
        cmocka_unit_test_setup(new_staff_sign_in_once_with_what_was_shown_once, fresh),
        cmocka_unit_test_setup(an_unused_one_time_password_lives_for_three_days, fresh),
        cmocka_unit_test_setup(receptionists_are_counted_and_others_are_not, fresh),
        cmocka_unit_test_setup(staff_is_listed_without_contacts_for_colleagues, fresh),
        cmocka_unit_test_setup(the_platforms_people_sign_in_by_the_same_rules, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
