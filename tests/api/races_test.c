/* Many at once: numbers without gaps or twins, one effect for one key, one winner for one version,
 * and never more than the quota. */
#include "tests/harness/die.h"
#include "tests/harness/race.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char patients[] = "/clinics/clinic-a/patients";

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "races", .is_wide = true});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static struct call registration(struct arena *arena, const char *token, int i)
{
    return (struct call){
        .method = "POST",
        .path = patients,
        .token = token,
        .body = arena_format(arena,
                             "{\"name\":\"Racer %d\",\"phone_number\":\"+91 80 555 %05d\","
                             "\"address\":\"%d Long Lane\",\"age_years\":30}",
                             i, i, i),
    };
}

/* --- numbers -------------------------------------------------------------------------------- */

static int number_of(const struct answer *answer)
{
    const char *number = answer_text(answer, "patient_number"); /* PT-2026-00017 */
    const char *dash = strrchr(number, '-');
    return dash ? atoi(dash + 1) : -1;
}

static void fifty_registrations_take_fifty_consecutive_numbers(void **state)
{
    enum { N = 50 };
    static const char *const keys[] = {NULL, "x"}; /* in one trip, and in a transaction */
    struct world *world = *state;
    char token[TOKEN_TEXT];
    world_restore(world);
    seed_token(&seed_a, "receptionist", token);
    for (int with_key = 0; with_key < 2; with_key++) {
        struct racer racers[N] = {0};
        bool is_taken[2 * N + 1] = {false};
        for (int i = 0; i < N; i++) {
            struct racer *r = &racers[i];
            r->call = registration(&r->arena, token, with_key * 1000 + i);
            if (keys[with_key])
                r->call.headers[0] = arena_format(&r->arena, "Idempotency-Key: fifty-%d", i);
        }
        race(world, racers, N);
        assert_int_equal(race_count(racers, N, 201), N);
        for (int i = 0; i < N; i++) {
            int number = number_of(&racers[i].answer);
            assert_in_range(number, with_key * N + 1, with_key * N + N);
            assert_false(is_taken[number]);
            is_taken[number] = true;
        }
        race_forget(racers, N);
    }
    assert_int_equal(
        sql_int(world->boss,
                "SELECT used FROM clinicd.quota WHERE clinic_id = %d AND kind = 'patient'",
                (int)seed_a.clinic_id),
        3 + 2 * N);
}

static void quota_is_never_exceeded(void **state)
{
    enum { N = 20, LEFT = 5 };
    struct world *world = *state;
    char token[TOKEN_TEXT];
    seed_token(&seed_a, "receptionist", token);
    for (int with_key = 0; with_key < 2; with_key++) {
        struct racer racers[N] = {0};
        world_restore(world);
        sql_run(world->boss,
                "UPDATE clinicd.quota SET allowed = used + %d WHERE clinic_id = %d AND kind = "
                "'patient'",
                LEFT, (int)seed_a.clinic_id);
        int64_t before =
            sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE clinic_id = %d",
                    (int)seed_a.clinic_id);
        for (int i = 0; i < N; i++) {
            racers[i].call = registration(&racers[i].arena, token, i);
            if (with_key)
                racers[i].call.headers[0] =
                    arena_format(&racers[i].arena, "Idempotency-Key: quota-%d", i);
        }
        race(world, racers, N);
        assert_int_equal(race_count(racers, N, 201), LEFT);
        assert_int_equal(race_count(racers, N, 409), N - LEFT);
        for (int i = 0; i < N; i++)
            if (racers[i].answer.status == 409)
                assert_string_equal(answer_code(&racers[i].answer), "quota-exceeded");
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.patient WHERE clinic_id = %d",
                                 (int)seed_a.clinic_id),
                         before + LEFT);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT value FROM clinicd.counter WHERE clinic_id = %d AND kind "
                                 "= 'patient' AND period > 2025",
                                 (int)seed_a.clinic_id),
                         LEFT); /* who was refused took no number */
        race_forget(racers, N);
    }
}

static void one_phone_number_is_registered_once(void **state)
{
    enum { N = 20 };
    struct world *world = *state;
    char token[TOKEN_TEXT];
    struct racer racers[N] = {0};
    world_restore(world);
    seed_token(&seed_a, "receptionist", token);
    for (int i = 0; i < N; i++)
        racers[i].call = registration(&racers[i].arena, token, 7);
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 201), 1);
    assert_int_equal(race_count(racers, N, 409), N - 1);
    race_forget(racers, N);
}

/* --- one key -------------------------------------------------------------------------------- */

static void restart(struct world *world)
{
    struct fault fault = {.arena = &world->arena};
    struct service_options options = world->service->options;
    client_free(world->client);
    assert_true(service_stop(world->service));
    world->service = NULL;
    if (service_start(&options, &fault, &world->service))
        die("restart: %s", fault.reason ? fault.reason : fault.detail);
    world->client = client_make(service_port(world->service), world->document);
}

static int64_t creations(struct world *world)
{
    return sql_int(
        world->boss,
        "SELECT count(*) FROM clinicd.audit WHERE clinic_id = %d AND operation = 'patients_create' "
        "AND status = 201",
        (int)seed_a.clinic_id);
}

static void one_key_has_one_effect_and_one_answer(void **state)
{
    enum { N = 100 };
    struct world *world = *state;
    char token[TOKEN_TEXT];
    struct racer racers[N] = {0};
    int replayed = 0;
    world_restore(world);
    seed_token(&seed_a, "receptionist", token);
    int64_t before = creations(world);
    for (int i = 0; i < N; i++) {
        racers[i].call = registration(&racers[i].arena, token, 1);
        racers[i].call.headers[0] = "Idempotency-Key: the-only-key";
    }
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 201), N);
    for (int i = 0; i < N; i++) {
        struct racer *r = &racers[i];
        assert_string_equal(r->answer.body, racers[0].answer.body);
        assert_string_equal(answer_header(&r->arena, &r->answer, "ETag", NULL),
                            answer_header(&r->arena, &racers[0].answer, "ETag", NULL));
        assert_string_equal(answer_header(&r->arena, &r->answer, "Location", NULL),
                            answer_header(&r->arena, &racers[0].answer, "Location", NULL));
        replayed += answer_header(&r->arena, &r->answer, "Idempotency-Replayed", NULL) != NULL;
    }
    assert_int_equal(replayed, N - 1);
    assert_int_equal(
        sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE name = 'Racer 1'"), 1);
    assert_int_equal(creations(world), before + 1);

    /* The same key for something else is a mistake of the client, and changes nothing. */
    struct answer answer;
    struct call other = registration(&world->arena, token, 2);
    other.headers[0] = "Idempotency-Key: the-only-key";
    http_send(world->client, &world->arena, &other, &answer);
    assert_int_equal(answer.status, 422);
    assert_string_equal(answer_code(&answer), "idempotency-key-reused");

    /* Somebody else's key of the same name is another key. */
    struct call another = other;
    char admin[TOKEN_TEXT];
    another.token = seed_token(&seed_a, "admin", admin);
    http_send(world->client, &world->arena, &another, &answer);
    assert_int_equal(answer.status, 201);

    restart(world);
    http_send(world->client, &world->arena, &racers[0].call, &answer);
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.body, racers[0].answer.body);
    assert_non_null(answer_header(&world->arena, &answer, "Idempotency-Replayed", NULL));
    assert_int_equal(
        sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE name = 'Racer 1'"), 1);
    race_forget(racers, N);
}

static void refused_request_leaves_its_key_free(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    struct answer answer;
    char token[TOKEN_TEXT];
    world_restore(world);
    seed_token(&seed_a, "receptionist", token);
    struct call first = registration(arena, token, 1), bad = first, twin = first;
    bad.body = "{\"name\":\"No phone\"}";
    bad.headers[0] = first.headers[0] = twin.headers[0] = "Idempotency-Key: tried-again";
    http_send(world->client, arena, &bad, &answer);
    assert_int_equal(answer.status, 422);
    sql_run(world->boss,
            "UPDATE clinicd.quota SET allowed = used WHERE clinic_id = %d AND kind = 'patient'",
            (int)seed_a.clinic_id);
    http_send(world->client, arena, &first, &answer);
    assert_int_equal(answer.status, 409);
    sql_run(world->boss,
            "UPDATE clinicd.quota SET allowed = 1000 WHERE clinic_id = %d AND kind = 'patient'",
            (int)seed_a.clinic_id);
    http_send(world->client, arena, &twin, &answer);
    assert_int_equal(answer.status, 201);
    assert_null(answer_header(arena, &answer, "Idempotency-Replayed", NULL));
}

static void bad_keys_are_refused(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    char token[TOKEN_TEXT], *longest = arena_take(arena, 257);
    struct answer answer;
    seed_token(&seed_a, "receptionist", token);
    world_restore(world);
    memset(longest, 'k', 256);
    const char *const bad[] = {longest, "two words", "tab\there", "caf\xc3\xa9", "a, b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct call call = registration(arena, token, (int)i);
        call.headers[0] = arena_format(arena, "Idempotency-Key: %s", bad[i]);
        http_send(world->client, arena, &call, &answer);
        assert_int_equal(answer.status, 400);
    }
    longest[255] = '\0';
    struct call call = registration(arena, token, 99);
    call.headers[0] = arena_format(arena, "Idempotency-Key: %s", longest);
    http_send(world->client, arena, &call, &answer);
    assert_int_equal(answer.status, 201);
}

/* --- one version ---------------------------------------------------------------------------- */

static void one_of_twenty_changes_of_a_version_wins(void **state)
{
    enum { N = 20 };
    struct world *world = *state;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    struct racer racers[N] = {0};
    world_restore(world);
    seed_token(&seed_a, "receptionist", token);
    const char *path =
        arena_format(&world->arena, "%s/%s", patients, seed_id(&seed_a, SEED_PATIENT_OTHER, id));
    for (int i = 0; i < N; i++)
        racers[i].call = (struct call){
            .method = "PATCH",
            .path = path,
            .token = token,
            .if_match = "\"1\"",
            .body = arena_format(&racers[i].arena, "{\"city\":\"City %d\"}", i),
        };
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 200), 1);
    assert_int_equal(race_count(racers, N, 412), N - 1);
    struct answer answer;
    http_send(world->client, &world->arena, &(struct call){.path = path, .token = token}, &answer);
    for (int i = 0; i < N; i++)
        if (racers[i].answer.status == 200)
            assert_string_equal(answer_text(&answer, "city"),
                                answer_text(&racers[i].answer, "city"));
    assert_int_equal(json_integer_value(json_object_get(answer.json, "version")), 2);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.audit WHERE entity_id = '%s' AND operation = "
                "'patients_update' AND status = 200 AND request_id <> "
                "'0190a000-0000-7000-8000-aa0000000499'",
                id),
        1);
    race_forget(racers, N);
}

static void only_the_exact_tag_is_a_version(void **state)
{
    static const char *const bad[] = {"1",
                                      "\"01\"",
                                      "\"+1\"",
                                      "\" 1\"",
                                      "\"\t1\"",
                                      "\"1 \"",
                                      "W/\"1\"",
                                      "\"1\",\"2\"",
                                      "*",
                                      "\"\"",
                                      "\"-1\"",
                                      "\"0\"",
                                      "\"1.0\"",
                                      "\"0x1\"",
                                      "\"99999999999999999999\"",
                                      "\"1-doctor\"",
                                      "\"1"};
    struct world *world = *state;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    struct answer answer;
    world_restore(world);
    seed_token(&seed_a, "receptionist", token);
    struct call call = {.method = "PATCH",
                        .path = arena_format(&world->arena, "%s/%s", patients,
                                             seed_id(&seed_a, SEED_PATIENT_OTHER, id)),
                        .token = token,
                        .body = "{\"city\":\"Elsewhere\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        call.if_match = bad[i];
        http_send(world->client, &world->arena, &call, &answer);
        if (answer.status != 412)
            fail_msg("%s: %d", bad[i], answer.status);
    }
    call.if_match = NULL;
    http_send(world->client, &world->arena, &call, &answer);
    assert_int_equal(answer.status, 428);
    call.if_match = "\"1\"";
    http_send(world->client, &world->arena, &call, &answer);
    assert_int_equal(answer.status, 200);
}

static void deleting_and_restoring_at_once_keeps_the_count(void **state)
{
    enum { N = 20 };
    struct world *world = *state;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    struct racer racers[N] = {0};
    world_restore(world);
    seed_token(&seed_a, "admin", token);
    const char *path =
        arena_format(&world->arena, "%s/%s", patients, seed_id(&seed_a, SEED_PATIENT_OTHER, id));
    for (int i = 0; i < N; i++)
        racers[i].call =
            i % 2 ? (struct call){.method = "DELETE",
                                  .path = path,
                                  .token = token,
                                  .if_match = "\"1\""}
                  : (struct call){.method = "POST",
                                  .path = arena_format(&world->arena, "%s/restore", path),
                                  .token = token};
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 204), 1); /* one version is deleted once */
    assert_in_range(race_count(racers, N, 200), 0, 1);
    assert_int_equal(sql_int(world->boss,
                             "SELECT q.used - (SELECT count(*) FROM clinicd.patient p WHERE "
                             "p.clinic_id = q.clinic_id AND "
                             "p.deleted_at IS NULL) FROM clinicd.quota q WHERE q.clinic_id = %d "
                             "AND q.kind = 'patient'",
                             (int)seed_a.clinic_id),
                     1); /* the seed counts its hidden patient too */
    race_forget(racers, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_registrations_take_fifty_consecutive_numbers),
        cmocka_unit_test(quota_is_never_exceeded),
        cmocka_unit_test(one_phone_number_is_registered_once),
        cmocka_unit_test(one_key_has_one_effect_and_one_answer),
        cmocka_unit_test(refused_request_leaves_its_key_free),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(one_of_twenty_changes_of_a_version_wins),
        cmocka_unit_test(only_the_exact_tag_is_a_version),
        cmocka_unit_test(deleting_and_restoring_at_once_keeps_the_count),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
