/* Fifty thousand bad requests: none breaks the service, none is answered by anything that the
 * document does not declare for its operation, and another clinic never notices.
 * CLINICD_TEST_SEED begins elsewhere; CLINICD_TEST_REQUESTS makes more of them. */
#include "db/clock.h"
#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/mutant.h"
#include "tests/harness/raw.h"
#include "tests/harness/world.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 10, REQUESTS = 52000, WAIT_MS = 20000, FLAWS_SHOWN = 15 };

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "hostile"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static long setting(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

struct attacker {
    struct world *world;
    struct mutant mutant;
    long requests, statuses[600], flaws;
    pthread_t thread;
};

/* The bytes, so that the request can be sent again by hand. */
static void show(const struct buf *request, const struct answer *answer, const char *flaw)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf text;
    buf_begin(&text, &arena, 4096);
    buf_json_string_n(&text, request->text, request->length < 1500 ? request->length : 1500);
    print_error("%s\n  asked %s\n  got %d %s\n", flaw, text.text, answer->status,
                answer->body ? answer->body : "");
}

static void attack_once(struct attacker *attacker, struct raw *raw)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf request;
    struct call call;
    struct answer answer = {0};
    buf_begin(&request, &arena, 1024);
    mutant_next(&attacker->mutant, &request, &call);
    enum raw_end how = raw_ask(raw, &arena, request.text, request.length, false, WAIT_MS, &answer);
    const char *flaw = how == RAW_ANSWERED ? NULL : "no answer";
    if (!flaw) {
        answer_judge(attacker->world->document, &arena, &call, &answer);
        flaw = answer.status >= 500 ? "the service failed" : answer.flaw;
    }
    attacker->statuses[answer.status % 600]++;
    if (flaw && attacker->flaws++ < FLAWS_SHOWN)
        show(&request, &answer, flaw);
}

static void *attack(void *user)
{
    struct attacker *attacker = user;
    struct raw raw;
    raw_open(&raw, service_port(attacker->world->service));
    for (long i = 0; i < attacker->requests; i++)
        attack_once(attacker, &raw);
    raw_close(&raw);
    return NULL;
}

static long round_of_attacks(struct world *world, const struct mutant_tokens *tokens, uint64_t seed,
                             long requests, long statuses[600])
{
    struct attacker attackers[THREADS] = {0};
    long flaws = 0;
    for (int i = 0; i < THREADS; i++) {
        attackers[i] =
            (struct attacker){.world = world,
                              .mutant = {seed * THREADS + (uint64_t)i + 1, world->document, tokens},
                              .requests = requests / THREADS};
        if (pthread_create(&attackers[i].thread, NULL, attack, &attackers[i]))
            die("no thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(attackers[i].thread, NULL);
        flaws += attackers[i].flaws;
        for (int s = 0; s < 600; s++)
            statuses[s] += attackers[i].statuses[s];
    }
    return flaws;
}

static void fifty_thousand_bad_requests_break_nothing(void **state)
{
    struct world *world = *state;
    char admin[TOKEN_TEXT], boss[TOKEN_TEXT];
    const struct mutant_tokens tokens = {.of_clinic = seed_token(&seed_a, "admin", admin),
                                         .of_platform = seed_token(NULL, "boss", boss),
                                         .slug = seed_a.slug,
                                         .victim = seed_expired.slug,
                                         .home = &seed_a,
                                         .records = records_read(&world->arena)};
    const char *other = world_checksum(world, &world->arena, seed_b.clinic_id);
    long requests = setting("CLINICD_TEST_REQUESTS", REQUESTS),
         seed = setting("CLINICD_TEST_SEED", 1), sent = 0, refused = 0, flaws = 0;
    long statuses[600] = {0};
    int64_t started = clock_monotonic_us();
    for (int round = 0; round < ROUNDS; round++) {
        flaws += round_of_attacks(world, &tokens, (uint64_t)(seed * ROUNDS + round),
                                  requests / ROUNDS, statuses);
        assert_string_equal(world_checksum(world, &world->arena, seed_b.clinic_id), other);
        world_restore(world);
    }
    for (int s = 0; s < 600; s++) {
        sent += statuses[s];
        refused += s >= 400 ? statuses[s] : 0;
        if (statuses[s])
            print_message("  %d: %ld\n", s, statuses[s]);
    }
    print_message("%ld requests, %ld refused, %.1f s, %ld flaws (seed %ld)\n", sent, refused,
                  (double)(clock_monotonic_us() - started) / 1e6, flaws, seed);
    assert_int_equal(flaws, 0);
    assert_true(sent >= requests / ROUNDS * ROUNDS - ROUNDS * THREADS);
    assert_true(refused > sent / 2); /* a generator of good requests would prove nothing */

    struct answer answer;
    http_send(world->client, &world->arena, &(struct call){.path = "/health/ready"}, &answer);
    assert_int_equal(answer.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fifty_thousand_bad_requests_break_nothing)};
    return cmocka_run_group_tests(tests, begin, end);
}
