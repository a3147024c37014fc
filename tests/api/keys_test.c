/* A POST with an Idempotency-Key: one round trip, and the same answer again, byte by byte. */
#include "api/http/metrics.h"
#include "tests/harness/answer.h"
#include "tests/harness/ask.h"
#include "tests/harness/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void locks_are_short(struct service_options *options)
{
    options->database.lock_timeout_ms = 200;
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "keys", .adjust = locks_are_short});
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

/* Requests that took so many trips, as the operators' metrics say. */
static long requests_of(struct world *world, const char *trips)
{
    struct buf text;
    struct metrics_now now = {0};
    buf_begin(&text, &world->arena, 64 * 1024);
    metrics_render(world->service->metrics, &now, &text);
    const char *line =
        strstr(text.text, arena_format(&world->arena, "_trips_total{trips=\"%s\"} ", trips));
    assert_non_null(line);
    return strtol(strchr(line, ' '), NULL, 10);
}

static const char *registration(struct world *world, const char *phone, const char *more)
{
    return arena_format(&world->arena,
                        "{\"name\": \"Once Only\", \"phone_number\": \"%s\", \"age_years\": 41, "
                        "\"weight_kg\": 61.50, \"address\": \"1 \\\"Mill\\\" Lane\\n\\u0928\"%s}",
                        phone, more);
}

#define MEDICINE                                                                                   \
    "{\"medicine_name\": \"Oil\", \"medicine_type\": \"drops\", \"dosage\": \"2\", "               \
    "\"frequency_per_day\": 2, \"duration\": \"3 days\", \"quantity\": 1}"

/* Prescriptions of clinic.sql, the test of one, and a visit that waits. */
enum { A_COMPLETED = 701, A_DRAFT = 702, A_VISIT = 601, A_STAY = 511 };
#define A_TEST "/tests/0190a000-0000-7000-8000-aa0000000721"

/* What to post, to whom; what may be posted twice is not here. */
static const struct post {
    const char *who, *path;
    int id; /* that stands in the path, or 0 */
    const char *rest, *body;
    const char *before; /* SQL that makes it possible, but for the id, or NULL */
    const char *secret; /* member of the answer that is one, or NULL; "login" holds it */
} posts[] = {
    {"receptionist", "/patients", 0, "",
     "{\"name\": \"A\", \"phone_number\": \"98110 70001\", \"date_of_birth\": \"1970-01-31\", "
     "\"address\": \"x\", \"weight_kg\": 61.50, \"identification_type\": \"passport\", "
     "\"identification_number\": \"K1234567\"}",
     NULL, NULL},
    {"receptionist", "/patients", 0, "",
     "{\"name\": \"B\", \"phone_number\": \"98110 70002\", \"age_years\": 3, \"address\": \"x\", "
     "\"create_login\": true}",
     NULL, "login"},
    {"admin", "/patients", SEED_PATIENT_DELETED, "/restore", NULL, NULL, NULL},
    {"receptionist", "/patients", SEED_PATIENT_OTHER, "/login", NULL, NULL, "one_time_password"},
    {"doctor", "/patients", SEED_PATIENT_OTHER, "/allergies",
     "{\"substance\": \"Cats \\\\ dogs\", \"severity\": \"mild\"}", NULL, NULL},
    {"admin", "/doctors", 0, "",
     "{\"username\": \"new.doctor\", \"first_name\": \"N\", \"last_name\": \"D\", "
     "\"specialization\": \"S\", \"license_number\": \"KMC 77\", \"office_hours\": "
     "[{\"day\": \"monday\", \"from\": \"09:00\", \"to\": \"12:30\"}]}",
     NULL, "one_time_password"},
    {"admin", "/staff", 0, "",
     "{\"username\": \"new.desk\", \"role\": \"receptionist\", \"first_name\": \"N\", "
     "\"last_name\": \"D\"}",
     NULL, "one_time_password"},
    {"admin", "/staff", SEED_LAB_TECH, "/reactivate", NULL,
     "UPDATE clinicd.account SET is_active = false WHERE id = ", NULL},
    {"admin", "/pharmacies", 0, "", "{\"name\": \"P\", \"address\": \"x\"}", NULL, NULL},
    {"receptionist", "/visits", 0, "",
     "{\"patient_number\": \"PT-2025-00102\", \"notes\": \"One\\ntwo\"}", NULL, NULL},
    {"doctor", "/prescriptions", 0, "",
     "{\"patient_id\": \"0190a000-0000-7000-8000-aa0000000102\", \"medicines\": [" MEDICINE
     "], \"tests\": [{\"test_name\": \"Lipids\", \"test_type\": \"blood\"}], \"vitals\": "
     "{\"temperature_text\": \"98.6 F\", \"bp_text\": \"120/80\"}, \"notes\": {\"observations\": "
     "\"a\\nb\", \"diagnosis\": \"\\u0928\", \"treatment_plan\": \"c\"}}",
     NULL, NULL},
    {"doctor", "/prescriptions", A_DRAFT, "/medicines", MEDICINE, NULL, NULL},
    {"doctor", "/prescriptions", A_DRAFT, "/tests",
     "{\"test_name\": \"Lipids\", \"test_type\": \"blood\"}", NULL, NULL},
    {"doctor", "/prescriptions", A_DRAFT, "/save-as-template", "{\"name\": \"Kept\"}", NULL, NULL},
    {"doctor", "/prescriptions", A_DRAFT, "/complete", NULL, NULL, NULL},
    {"doctor", "/prescriptions", A_DRAFT, "/cancel", "{\"reason\": \"Mistake\"}", NULL, NULL},
    {"lab_tech", "/prescriptions", A_COMPLETED, A_TEST "/status", "{\"status\": \"in_progress\"}",
     NULL, NULL},
    {"lab_tech", "/prescriptions", A_COMPLETED, A_TEST "/result",
     "{\"result\": \"a\\nb\", \"result_values\": [{\"name\": \"Hb\", \"value\": 11.50}]}", NULL,
     NULL},
    {"receptionist", "/visits", A_VISIT, "/status", "{\"status\": \"in_consultation\"}", NULL,
     NULL},
    {"doctor", "/prescriptions", A_COMPLETED, "/share-links", "{\"most_views\": 3}", NULL, "url"},
    {"doctor", "/patients", SEED_PATIENT_OTHER, "/reports", "{\"report_type\": \"X-Ray\"}", NULL,
     NULL},
    {"lab_tech", "/patients", SEED_PATIENT_OTHER, "/test-reports",
     "{\"test_type\": \"Blood\", \"test_on\": \"2026-01-02\", \"notes\": \"a\\nb\"}", NULL, NULL},
    {"doctor", "/admissions", A_STAY, "/reports", "{}", NULL, NULL},
    {"doctor", "/templates", 0, "", "{\"name\": \"Cold\", \"medicines\": [" MEDICINE "]}", NULL,
     NULL},
    {"doctor", "/templates", 801, "/medicines", MEDICINE, NULL, NULL},
    {"doctor", "/prescriptions", A_DRAFT, "/apply-template",
     "{\"template_id\": \"0190a000-0000-7000-8000-aa0000000801\"}", NULL, NULL},
    {"doctor", "/catalog/medicines", 0, "",
     "{\"medicine_name\": \"Newcomer\", \"medicine_type\": \"syrup\"}", NULL, NULL},
    {"doctor", "/catalog/tests", 0, "", "{\"test_name\": \"Newcomer\", \"test_type\": \"urine\"}",
     NULL, NULL},
};

enum { POSTS = sizeof posts / sizeof posts[0] };

static const char *path_of(struct world *world, const struct post *post)
{
    return post->id ? path_a(world, "%s/%s%s", post->path, id_a(world, post->id), post->rest)
                    : path_a(world, "%s%s", post->path, post->rest);
}

static bool takes_version(struct world *world, const char *path)
{
    return operation_of(world->document, "POST", path)->needs_if_match;
}

static struct answer send_post(struct world *world, const struct post *post)
{
    const char *path = path_of(world, post);
    struct answer answer;
    struct call call = {
        .method = "POST",
        .path = path,
        .token = token_a(world, post->who),
        .body = post->body,
        .if_match = takes_version(world, path) ? "\"1\"" : NULL,
        .headers = {arena_format(&world->arena, "Idempotency-Key: key-%d", (int)(post - posts))}};
    parts_of(&world->arena, operation_of(world->document, "POST", path), &call);
    http_send(world->client, &world->arena, &call, &answer);
    if (answer.status != 200)
        expect(&answer, 201, NULL);
    return answer;
}

static void prepare(struct world *world, const struct post *post)
{
    world_restore(world);
    if (post->before)
        sql_run(world->boss, "%s'%s'", post->before, id_a(world, post->id));
    struct answer me =
        ask(world, "GET", path_a(world, "/auth/me"), token_a(world, post->who), NULL);
    expect(&me, 200, NULL); /* the session is known: its look-up is no trip of ours */
}

static void a_keyed_statement_is_one_round_trip(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < POSTS; i++) {
        prepare(world, &posts[i]);
        long one = requests_of(world, "1"), two = requests_of(world, "2");
        send_post(world, &posts[i]);
        if (requests_of(world, "1") != one + 1 || requests_of(world, "2") != two)
            fail_msg("POST %s took more than one trip", path_of(world, &posts[i]));
    }
}

static const char *location(struct world *world, const struct answer *answer)
{
    const char *text = answer_header(&world->arena, answer, "Location", NULL);
    return text ? text : "";
}

static void the_answer_is_the_same_again_byte_by_byte(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < POSTS; i++) {
        prepare(world, &posts[i]);
        struct answer first = send_post(world, &posts[i]);
        long two = requests_of(world, "2");
        struct answer again = send_post(world, &posts[i]);
        assert_int_equal(again.status, first.status);
        assert_string_equal(again.body, first.body);
        assert_string_equal(location(world, &again), location(world, &first));
        const char *tag = answer_header(&world->arena, &first, "ETag", NULL);
        const char *same = answer_header(&world->arena, &again, "ETag", NULL);
        assert_string_equal(same ? same : "", tag ? tag : "");
        assert_null(answer_header(&world->arena, &first, "Idempotency-Replayed", NULL));
        assert_non_null(answer_header(&world->arena, &again, "Idempotency-Replayed", NULL));
        assert_int_equal(requests_of(world, "2"), two + 1);
    }
}

static void a_secret_is_kept_sealed_only(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < POSTS; i++) {
        if (!posts[i].secret)
            continue;
        prepare(world, &posts[i]);
        struct answer answer = send_post(world, &posts[i]);
        const char *secret = answer_text(&answer, posts[i].secret);
        if (strcmp(posts[i].secret, "login") == 0)
            secret = text_in(&answer, "login", "one_time_password");
        if (strcmp(posts[i].secret, "url") == 0) /* the token at its end */
            secret = strrchr(secret, '/') + 1;
        assert_true(strlen(secret) > 8);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.idempotency i WHERE is_sealed AND "
                                 "body IS NOT NULL AND kept_row IS NOT NULL AND "
                                 "strpos(i::text, '%s') = 0 AND strpos(i::text, 'argon2') = 0",
                                 secret),
                         1);
    }
}

static void a_sealed_column_is_kept_as_it_is_stored(void **state)
{
    struct world *world = *state;
    prepare(world, &posts[0]);
    struct answer answer = send_post(world, &posts[0]);
    expect(&answer, 201, NULL);
    assert_string_equal(answer_text(&answer, "identification_number"), "K1234567");
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.idempotency i WHERE "
                                          "strpos(i::text, 'K1234567') > 0"),
                     0);
}

static int64_t kept(struct world *world)
{
    return sql_int(world->boss, "SELECT count(*) FROM clinicd.idempotency WHERE clinic_id = %d",
                   (int)seed_a.clinic_id);
}

/* A _fault is no failure to PostgreSQL: the transaction commits, and must have kept nothing. */
static void a_statement_that_refuses_leaves_its_key_free(void **state)
{
    struct world *world = *state;
    const char *desk = token_a(world, "receptionist"), *path = path_a(world, "/patients");
    const char *body = registration(world, "98110 80001", "");
    struct answer there = ask(world, "POST", path, desk, body);
    expect(&there, 201, NULL);
    int64_t before = kept(world);
    struct answer refused = ask_keyed(world, "POST", path, desk, body, "refused");
    expect(&refused, 409, "duplicate-phone");
    assert_int_equal(kept(world), before);
    sql_run(world->boss, "UPDATE clinicd.patient SET phone_key = NULL WHERE id = '%s'",
            answer_text(&there, "id"));
    struct answer made = ask_keyed(world, "POST", path, desk, body, "refused");
    expect(&made, 201, NULL);
    assert_null(answer_header(&world->arena, &made, "Idempotency-Replayed", NULL));
    /* Nor is anything kept of what is not there. */
    const char *nobody = path_a(world, "/patients/%s/restore", id_a(world, SEED_NOBODY));
    struct answer absent =
        ask_keyed(world, "POST", nobody, token_a(world, "admin"), NULL, "nobody's");
    expect(&absent, 404, NULL);
    assert_int_equal(kept(world), before + 1);
}

/* SQL stands in for a twin in another process that has not ended yet. */
static void a_twin_that_does_not_end_is_waited_for_no_longer_than_a_lock(void **state)
{
    struct world *world = *state;
    const char *desk = token_a(world, "receptionist"), *path = path_a(world, "/patients");
    const char *body = registration(world, "98110 80002", "");
    sql_run(world->boss,
            "BEGIN; SELECT clinicd.idempotency_turn(%d, 'account:%s', "
            "encode(sha256('held'), 'hex'))",
            (int)seed_a.clinic_id, id_a(world, SEED_RECEPTIONIST));
    struct answer waited = ask_keyed(world, "POST", path, desk, body, "held");
    sql_run(world->boss, "ROLLBACK");
    expect(&waited, 409, "idempotency-key-in-use");
    struct answer made = ask_keyed(world, "POST", path, desk, body, "held");
    expect(&made, 201, NULL);
    assert_null(answer_header(&world->arena, &made, "Idempotency-Replayed", NULL));
}

static void one_key_is_one_request_s_whatever_its_kind(void **state)
{
    struct world *world = *state;
    const char *admin = token_a(world, "admin");
    const char *one = path_a(world, "/pharmacies");
    const char *several = path_a(world, "/staff/%s/password-reset", id_a(world, SEED_LAB_TECH));
    const char *body = "{\"name\": \"P\", \"address\": \"x\"}";
    struct answer answer = ask_keyed(world, "POST", one, admin, body, "single-first");
    expect(&answer, 201, NULL);
    answer = ask_keyed(world, "POST", several, admin, "{}", "single-first");
    expect(&answer, 422, "idempotency-key-reused");
    answer = ask_keyed(world, "POST", several, admin, "{}", "several-first");
    expect(&answer, 200, NULL);
    answer = ask_keyed(world, "POST", one, admin, body, "several-first");
    expect(&answer, 422, "idempotency-key-reused");
}

/* The text of an answer that the release before this one kept. */
static void an_answer_that_was_kept_as_text_is_given_as_it_is(void **state)
{
    struct world *world = *state;
    const char *admin = token_a(world, "admin"), *path = path_a(world, "/pharmacies");
    const char *body = "{\"name\": \"P\", \"address\": \"x\"}";
    struct answer first = ask_keyed(world, "POST", path, admin, body, "text");
    expect(&first, 201, NULL);
    sql_run(world->boss,
            "UPDATE clinicd.idempotency SET kept_row = NULL, headers = '{\"ETag\": \"\\\"9\\\"\", "
            "\"Location\": "
            "\"/there\"}', "
            "body = '%s' WHERE key_hash = encode(sha256('text'), 'hex')",
            first.body);
    struct answer again = ask_keyed(world, "POST", path, admin, body, "text");
    expect(&again, 201, NULL);
    assert_string_equal(again.body, first.body);
    assert_string_equal(answer_header(&world->arena, &again, "ETag", NULL), "\"9\"");
    assert_string_equal(location(world, &again), "/there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyed_statement_is_one_round_trip),
        cmocka_unit_test(the_answer_is_the_same_again_byte_by_byte),
        cmocka_unit_test(a_secret_is_kept_sealed_only),
        cmocka_unit_test(a_sealed_column_is_kept_as_it_is_stored),
        cmocka_unit_test_setup(a_statement_that_refuses_leaves_its_key_free, fresh),
        cmocka_unit_test_setup(a_twin_that_does_not_end_is_waited_for_no_longer_than_a_lock, fresh),
        cmocka_unit_test_setup(one_key_is_one_request_s_whatever_its_kind, fresh),
        cmocka_unit_test_setup(an_answer_that_was_kept_as_text_is_given_as_it_is, fresh),
    };
    return cmocka_run_group_tests_name("keys", tests, setup, teardown);
}
