/* Answers that the machinery gives on anybody's behalf: not modified, wrong method, too much, too
 * late, no database; and the few of single operations that no other test asks for. */
#include "api/endpoints.h"
#include "api/http/request.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { HANG_TURNS = 1200, TURN_US = 50000 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "machinery"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static const char *patient_path(struct world *world)
{
    char id[UUID_TEXT];
    return arena_format(&world->arena, "/clinics/clinic-a/patients/%s",
                        seed_id(&seed_a, SEED_PATIENT_OWN, id));
}

static const char *token(struct world *world, const struct seed *seed, const char *who)
{
    char text[TOKEN_TEXT];
    return arena_copy(&world->arena, seed_token(seed, who, text));
}

static void what_the_client_has_is_not_sent_again(void **state)
{
    struct world *world = *state;
    struct answer first, again, other;
    struct call call = {.path = patient_path(world),
                        .token = token(world, &seed_a, "receptionist")};
    http_send(world->client, &world->arena, &call, &first);
    assert_int_equal(first.status, 200);
    const char *tag = answer_header(&world->arena, &first, "ETag", NULL);
    assert_non_null(tag);
    call.headers[0] = arena_format(&world->arena, "If-None-Match: %s", tag);
    http_send(world->client, &world->arena, &call, &again);
    assert_int_equal(again.status, 304);
    assert_string_equal(answer_header(&world->arena, &again, "ETag", NULL), tag);
    call.headers[0] = "If-None-Match: \"999\"";
    http_send(world->client, &world->arena, &call, &other);
    assert_int_equal(other.status, 200);
}

static void a_method_that_the_path_has_not_is_refused_and_the_others_named(void **state)
{
    struct world *world = *state;
    struct answer answer;
    http_send(world->client, &world->arena, &(struct call){.method = "DELETE", .path = "/version"},
              &answer);
    assert_int_equal(answer.status, 405);
    const char *allow = answer_header(&world->arena, &answer, "Allow", NULL);
    assert_non_null(strstr(allow, "GET"));
    assert_null(strstr(allow, "DELETE"));
}

/* The library answers this one itself, with a page of its own: the one known exception. */
static void headers_that_are_too_large_are_refused(void **state)
{
    struct world *world = *state;
    struct answer answer;
    char *large = arena_take(&world->arena, 20001);
    memset(large, 'x', 20000);
    memcpy(large, "X-Large: ", 9);
    http_ask(world->client, &world->arena, &(struct call){.path = "/version", .headers = {large}},
             &answer);
    assert_int_equal(answer.status, 431);
}

static void a_registration_number_is_one_clinic_s(void **state)
{
    struct world *world = *state;
    struct answer answer;
    const char *body =
        arena_format(&world->arena, "{\"registration_number\": \"REG-%s\"}", seed_b.mark);
    struct call call = {.method = "PATCH",
                        .path = "/clinics/clinic-a",
                        .token = token(world, NULL, "boss"),
                        .body = body,
                        .if_match = "\"1\""};
    http_send(world->client, &world->arena, &call, &answer);
    assert_int_equal(answer.status, 409);
    assert_string_equal(answer_code(&answer), "registration-number-taken");
}

static void the_platform_s_session_is_refreshed(void **state)
{
    struct world *world = *state;
    struct answer in, fresh;
    struct call login = {.method = "POST",
                         .path = "/auth/login",
                         .body = "{\"username\": \"boss\", \"password\": \"" SEED_PASSWORD "\"}"};
    http_send(world->client, &world->arena, &login, &in);
    assert_int_equal(in.status, 200);
    struct call refresh = {.method = "POST",
                           .path = "/auth/refresh",
                           .body = arena_format(&world->arena, "{\"refresh_token\": \"%s\"}",
                                                answer_text(&in, "refresh_token"))};
    http_send(world->client, &world->arena, &refresh, &fresh);
    assert_int_equal(fresh.status, 200);
    assert_string_not_equal(answer_text(&in, "access_token"), answer_text(&fresh, "access_token"));
}

static enum err broken(struct request *request)
{
    return fail_quietly(&request->fault, ERR_INTERNAL, "nobody-listed-this", "relation \"inner\"");
}

/* A bug is a 500 that says nothing of what is inside, even with a code that the document lacks. */
static void a_bug_is_told_to_the_log_only(void **state)
{
    struct world world;
    struct answer answer;
    struct arena arena CLEANUP(arena_end) = {0};
    struct handler *handlers = arena_array(&arena, struct handler, endpoints_n);
    (void)state;
    for (size_t i = 0; i < endpoints_n; i++) {
        handlers[i] = endpoints[i];
        if (strcmp(handlers[i].operation, "version_get") == 0)
            handlers[i].run = broken;
    }
    world_begin(&world, &(struct world_options){
                            .name = "bug", .handlers = handlers, .handlers_n = endpoints_n});
    http_send(world.client, &world.arena, &(struct call){.path = "/version"}, &answer);
    assert_int_equal(answer.status, 500);
    assert_string_equal(answer_text(&answer, "code"), "internal-error");
    assert_null(strstr(answer.body, "inner"));
    assert_null(strstr(answer.body, "nobody"));
    world_end(&world);
}

/* Nothing else suffered: but the next one may come too soon, or be short of time itself. */
static void expect_200_again(struct world *world, const struct call *call)
{
    struct answer answer = {0};
    for (int i = 0; i < HANG_TURNS && answer.status != 200; i++, usleep(TURN_US))
        http_send(world->client, &world->arena, call, &answer);
    assert_int_equal(answer.status, 200);
}

/* Not too short for a busy machine to start: each preparing is a statement, too. */
static void statements_are_short(struct service_options *options)
{
    options->database.statement_timeout_ms = 3000;
}

/* Nobody can read while the table is being altered; whoever waits gets an answer all the same. */
static void a_request_that_takes_too_long_is_given_up(void **state)
{
    struct world world;
    struct answer answer;
    (void)state;
    world_begin(&world,
                &(struct world_options){.name = "deadline", .adjust = statements_are_short});
    struct call call = {.path = patient_path(&world), .token = token(&world, &seed_a, "admin")};
    sql_run(world.boss, "BEGIN; LOCK TABLE clinicd.patient IN ACCESS EXCLUSIVE MODE");
    http_send(world.client, &world.arena, &call, &answer);
    sql_run(world.boss, "ROLLBACK");
    assert_int_equal(answer.status, 504);
    expect_200_again(&world, &call);
    world_end(&world);
}

static void requests_are_short(struct service_options *options)
{
    options->request_deadline_ms = 400;
}

/* The request's own deadline, before PostgreSQL's: what was asked is dropped with its connection.
 */
static void a_read_past_the_request_s_deadline_is_given_up(void **state)
{
    struct world world;
    struct answer answer;
    (void)state;
    world_begin(&world, &(struct world_options){.name = "short", .adjust = requests_are_short});
    struct call call = {.path = patient_path(&world), .token = token(&world, &seed_a, "admin")};
    sql_run(world.boss, "BEGIN; LOCK TABLE clinicd.patient IN ACCESS EXCLUSIVE MODE");
    http_send(world.client, &world.arena, &call, &answer);
    sql_run(world.boss, "ROLLBACK");
    assert_int_equal(answer.status, 504);
    expect_200_again(&world, &call);
    world_end(&world);
}

static void database_is_open(struct world *world, bool is_open)
{
    sql_run(world->boss,
            "UPDATE pg_database SET datallowconn = %s WHERE datname = current_database()",
            is_open ? "true" : "false");
    if (!is_open)
        sql_run(world->boss, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                             "WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

static void without_its_database_the_service_says_so_and_comes_back(void **state)
{
    struct world world;
    struct answer answer;
    (void)state;
    world_begin(&world, &(struct world_options){.name = "outage"});
    struct call call = {.path = patient_path(&world),
                        .token = token(&world, &seed_a, "receptionist")};
    http_send(world.client, &world.arena, &call, &answer);
    assert_int_equal(answer.status, 200);
    database_is_open(&world, false);
    http_send(world.client, &world.arena, &call, &answer);
    assert_int_equal(answer.status, 503);
    database_is_open(&world, true);
    expect_200_again(&world, &call);
    world_end(&world);
}

/* What a transaction puts off is judged at its end: nothing was made, so nobody may be told that it
 * was, neither with one trip nor with several. */
static void what_fails_at_the_commit_was_not_done(void **state)
{
    static const char plant[] =
        "CREATE FUNCTION clinicd.never() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'not at the end'; END $$; "
        "CREATE CONSTRAINT TRIGGER never AFTER INSERT ON clinicd.allergy "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION clinicd.never()";
    struct world world;
    struct answer answer;
    (void)state;
    world_begin(&world, &(struct world_options){.name = "commit", .plant = plant});
    int64_t before = sql_int(world.boss, "SELECT count(*) FROM clinicd.allergy");
    struct call call = {.method = "POST",
                        .path = arena_format(&world.arena, "%s/allergies", patient_path(&world)),
                        .token = token(&world, &seed_a, "doctor"),
                        .body = "{\"substance\": \"Dust\"}"};
    http_send(world.client, &world.arena, &call, &answer);
    assert_int_equal(answer.status, 500);
    call.headers[0] = "Idempotency-Key: at-the-commit";
    http_send(world.client, &world.arena, &call, &answer);
    assert_int_equal(answer.status, 500);
    assert_int_equal(sql_int(world.boss, "SELECT count(*) FROM clinicd.allergy"), before);
    call = (struct call){.path = patient_path(&world), .token = call.token};
    http_send(world.client, &world.arena, &call, &answer);
    assert_int_equal(answer.status, 200);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(a_method_that_the_path_has_not_is_refused_and_the_others_named),
        cmocka_unit_test(headers_that_are_too_large_are_refused),
        cmocka_unit_test(a_registration_number_is_one_clinic_s),
        cmocka_unit_test(the_platform_s_session_is_refreshed),
        cmocka_unit_test(a_bug_is_told_to_the_log_only),
        cmocka_unit_test(what_fails_at_the_commit_was_not_done),
        cmocka_unit_test(a_request_that_takes_too_long_is_given_up),
        cmocka_unit_test(a_read_past_the_request_s_deadline_is_given_up),
        cmocka_unit_test(without_its_database_the_service_says_so_and_comes_back),
    };
    return cmocka_run_group_tests_name("machinery", tests, setup, teardown);
}
