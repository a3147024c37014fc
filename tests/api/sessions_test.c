/* One's own sessions over HTTP: seen, told apart, ended one by one. */
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int64_t MINUTE = 60000000;

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "sessions"});
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
    struct world *world = *state;
    world_restore(world);
    sql_run(world->boss, "DELETE FROM clinicd.session WHERE account_id = '%s'",
            id_a(world, SEED_DOCTOR));
    return 0;
}

static struct answer sign_in_with(struct world *world, const char *header)
{
    struct answer answer;
    const struct call call = {
        .method = "POST",
        .path = path_a(world, "/auth/login"),
        .body = "{\"username\":\"doctor-aa\",\"password\":\"" SEED_PASSWORD "\"}",
        .headers = {header},
    };
    http_send(world->client, &world->arena, &call, &answer);
    expect(&answer, 200, NULL);
    return answer;
}

static struct answer list(struct world *world, const char *token, const char *query)
{
    struct answer answer = ask(world, "GET", path_a(world, "/auth/sessions%s", query), token, NULL);
    expect(&answer, 200, NULL);
    return answer;
}

static size_t items_n(const struct answer *answer)
{
    return json_array_size(json_object_get(answer->json, "items"));
}

static const json_t *item(const struct answer *answer, size_t i)
{
    return json_array_get(json_object_get(answer->json, "items"), i);
}

static const char *item_text(const struct answer *answer, size_t i, const char *member)
{
    const char *text = json_string_value(json_object_get(item(answer, i), member));
    return text ? text : "";
}

static struct answer end(struct world *world, const char *token, const char *id)
{
    return ask(world, "DELETE", path_a(world, "/auth/sessions/%s", id), token, NULL);
}

static int me(struct world *world, const char *token)
{
    return ask(world, "GET", path_a(world, "/auth/me"), token, NULL).status;
}

static void the_list_shows_ones_own_living_sessions_and_marks_the_one_that_asks(void **state)
{
    struct world *world = *state;
    struct answer desk = sign_in_with(world, "User-Agent: Desk \xc3\xa9 1.0");
    struct answer phone = sign_in_with(world, "User-Agent: Phone 2.0");
    struct answer seen = list(world, answer_text(&desk, "access_token"), "?count=exact");
    assert_int_equal(items_n(&seen), 2);
    assert_string_equal(item_text(&seen, 0, "user_agent"), "Phone 2.0");
    assert_string_equal(item_text(&seen, 1, "user_agent"), "Desk  1.0");
    assert_string_equal(item_text(&seen, 0, "client_address"), "127.0.0.1");
    assert_true(json_is_false(json_object_get(item(&seen, 0), "is_current")));
    assert_true(json_is_true(json_object_get(item(&seen, 1), "is_current")));
    struct answer page = list(world, answer_text(&phone, "access_token"), "?limit=1");
    assert_int_equal(items_n(&page), 1);
    page =
        list(world, answer_text(&phone, "access_token"),
             arena_format(&world->arena, "?limit=1&cursor=%s", answer_text(&page, "next_cursor")));
    assert_string_equal(item_text(&page, 0, "user_agent"), "Desk  1.0");
}

static void a_session_that_was_idle_too_long_is_not_listed(void **state)
{
    struct world *world = *state;
    sign_in_with(world, "User-Agent: Old");
    later(16 * MINUTE);
    struct answer in = sign_in_with(world, "User-Agent: New");
    struct answer seen = list(world, answer_text(&in, "access_token"), "");
    assert_int_equal(items_n(&seen), 1);
    assert_string_equal(item_text(&seen, 0, "user_agent"), "New");
}

static void one_session_is_ended_and_the_others_go_on(void **state)
{
    struct world *world = *state;
    struct answer desk = sign_in_with(world, NULL), phone = sign_in_with(world, NULL);
    const char *here = answer_text(&desk, "access_token");
    const char *there = answer_text(&phone, "access_token");
    assert_int_equal(me(world, there), 200);
    struct answer seen = list(world, here, "");
    struct answer ended = end(world, here, item_text(&seen, 0, "id"));
    expect(&ended, 204, NULL);
    assert_int_equal(me(world, there), 401);
    assert_int_equal(me(world, here), 200);
    ended = end(world, here, item_text(&seen, 0, "id"));
    expect(&ended, 404, NULL);
    /* Ids are read in either case. */
    char *own = arena_copy(&world->arena, item_text(&seen, 1, "id"));
    for (char *c = own; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 'a' + 'A' : *c);
    ended = end(world, here, own);
    expect(&ended, 204, NULL);
    assert_int_equal(me(world, here), 401);
}

static void somebody_elses_session_is_not_found(void **state)
{
    struct world *world = *state;
    const char *admins = id_a(world, SEED_SESSION_ADMIN);
    struct answer ended = end(world, token_a(world, "receptionist"), admins);
    expect(&ended, 404, NULL);
    assert_int_equal(me(world, token_a(world, "admin")), 200);
    struct answer seen = list(world, token_a(world, "patient"), "");
    assert_int_equal(items_n(&seen), 1);
    assert_string_equal(item_text(&seen, 0, "id"), id_a(world, SEED_SESSION_PATIENT));
}

static void who_must_change_the_password_does_that_first(void **state)
{
    struct world *world = *state;
    struct answer refused =
        ask(world, "GET", path_a(world, "/auth/sessions"), token_a(world, "newcomer"), NULL);
    expect(&refused, 403, "password-change-required");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_list_shows_ones_own_living_sessions_and_marks_the_one_that_asks,
                               fresh),
        cmocka_unit_test_setup(a_session_that_was_idle_too_long_is_not_listed, fresh),
        cmocka_unit_test_setup(one_session_is_ended_and_the_others_go_on, fresh),
        cmocka_unit_test_setup(somebody_elses_session_is_not_found, fresh),
        cmocka_unit_test_setup(who_must_change_the_password_does_that_first, fresh),
    };
    return cmocka_run_group_tests_name("sessions", tests, setup, teardown);
}
