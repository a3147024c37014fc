/* A flood of sign-ins (security A4): 500 a second from one address. Whoever is signed in reads on,
 * whoever comes from elsewhere gets in, memory stays where it is, and who is refused is told when
 * to come again. How long anybody took is printed, and a busy machine may take longer. */
#include "tests/harness/ask.h"
#include "tests/harness/raw.h"

#include "db/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    FLOODERS = 16,
    A_SECOND = 500,
    SIGN_INS = 5000,
    FREE_TRIES = 20, /* of an address in a minute: models/account/admit.sql */
    READ_EVERY_US = 5000,
    READS_IDLE = 200,
    READS_MAX = 10000,
    WAIT_MS = 30000,
    GROWTH_MIB_MAX = 80,
    HANG_S = 60,
};

static const int64_t SECOND = 1000000;

/* --- the flood ------------------------------------------------------------------------------- */

struct flood {
    int port;
    int64_t start_us;
    atomic_uint sent, wrong, slower, odd;
};

struct flooder {
    struct flood *flood;
    int number;
    pthread_t thread;
};

static void wait_until(int64_t us)
{
    int64_t left_us = us - clock_monotonic_us();
    if (left_us > 0)
        usleep((useconds_t)left_us);
}

/* Refused is 401, 429 or 503, and the last two say when to come again. */
static void judge(struct flood *flood, struct arena *arena, const struct answer *answer)
{
    bool is_slower = answer->status == 429 || answer->status == 503;
    bool is_told = answer_header(arena, answer, "Retry-After", NULL) != NULL;
    if (answer->status == 401)
        atomic_fetch_add(&flood->wrong, 1);
    else if (is_slower && is_told)
        atomic_fetch_add(&flood->slower, 1);
    else
        atomic_fetch_add(&flood->odd, 1);
}

/* In turns with the others, at its own moments or later. */
static void *pour(void *user)
{
    struct flooder *flooder = user;
    struct flood *flood = flooder->flood;
    struct raw raw;
    raw_open(&raw, flood->port);
    for (int i = flooder->number; i < SIGN_INS; i += FLOODERS) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct answer answer = {0};
        struct buf bytes;
        buf_begin(&bytes, &arena, 512);
        raw_write(&bytes,
                  &(struct call){.method = "POST",
                                 .path = "/clinics/clinic-a/auth/login",
                                 .body = arena_format(&arena,
                                                      "{\"username\":\"nobody.%d\",\"password\":"
                                                      "\"not the password\"}",
                                                      i)});
        wait_until(flood->start_us + i * (SECOND / A_SECOND));
        if (raw_ask(&raw, &arena, bytes.text, bytes.length, false, WAIT_MS, &answer) ==
            RAW_ANSWERED)
            judge(flood, &arena, &answer);
        else
            atomic_fetch_add(&flood->odd, 1);
        atomic_fetch_add(&flood->sent, 1);
    }
    raw_close(&raw);
    return NULL;
}

/* --- somebody who is signed in --------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Reads every few milliseconds, so often or until the flood is over; the 99th percentile. */
static int64_t read_on(struct world *world, size_t times, const struct flood *flood)
{
    static int64_t took_us[READS_MAX];
    char id[UUID_TEXT], token[TOKEN_TEXT], path[100];
    size_t n = 0;
    snprintf(path, sizeof path, "/clinics/clinic-a/patients/%s",
             seed_id(&seed_a, SEED_PATIENT_OWN, id));
    const struct call call = {.path = path, .token = seed_token(&seed_a, "receptionist", token)};
    while (n < times && (!flood || atomic_load(&flood->sent) < SIGN_INS)) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct answer answer;
        int64_t start_us = clock_monotonic_us();
        http_send(world->client, &arena, &call, &answer);
        expect(&answer, 200, NULL);
        took_us[n++] = clock_monotonic_us() - start_us;
        wait_until(start_us + READ_EVERY_US);
    }
    assert_true(n > 0);
    qsort(took_us, n, sizeof *took_us, compare);
    return took_us[n * 99 / 100];
}

/* --- somebody who comes from elsewhere ------------------------------------------------------- */

struct comer {
    struct flood *flood;
    int64_t took_us; /* -1: never got in */
    int tries;
};

/* In the middle of it. */
static void wait_for_flood(const struct flood *flood)
{
    while (atomic_load(&flood->sent) < SIGN_INS / 4)
        usleep(1000);
}

static void *sign_in(void *user)
{
    struct comer *comer = user;
    struct raw raw;
    raw_open(&raw, comer->flood->port);
    raw.from = "127.0.0.2";
    wait_for_flood(comer->flood);
    int64_t start_us = clock_monotonic_us();
    while (comer->took_us < 0 && clock_monotonic_us() < start_us + HANG_S * SECOND) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct answer answer = {0};
        struct buf bytes;
        buf_begin(&bytes, &arena, 512);
        raw_write(&bytes, &(struct call){.method = "POST",
                                         .path = "/clinics/clinic-a/auth/login",
                                         .body = "{\"username\":\"doctor-aa\",\"password\":"
                                                 "\"" SEED_PASSWORD "\"}"});
        comer->tries++;
        enum raw_end end = raw_ask(&raw, &arena, bytes.text, bytes.length, false, WAIT_MS, &answer);
        if (end == RAW_ANSWERED && answer.status == 200)
            comer->took_us = clock_monotonic_us() - start_us;
        else
            usleep(500000);
    }
    raw_close(&raw);
    return NULL;
}

/* --- memory ---------------------------------------------------------------------------------- */

static long resident_kib(void)
{
    char line[200];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    assert_non_null(status);
    while (kib < 0 && fgets(line, sizeof line, status))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    fclose(status);
    return kib;
}

/* --- the test -------------------------------------------------------------------------------- */

static void judge_all(const struct flood *flood, const struct comer *comer, long growth_kib,
                      int64_t us)
{
    unsigned minutes = (unsigned)(us / (60 * SECOND)) + 1;
    unsigned wrong = atomic_load(&flood->wrong);
    assert_int_equal(atomic_load(&flood->odd), 0);
    assert_in_range(wrong, FREE_TRIES, FREE_TRIES * minutes);
    assert_int_equal(wrong + atomic_load(&flood->slower), SIGN_INS);
    assert_true(growth_kib < GROWTH_MIB_MAX * 1024);
    assert_true(comer->took_us >= 0);
}

static void turns_are_short(struct service_options *options)
{
    struct service_options shipped;
    service_defaults(&shipped);
    options->offload_wait_ms = shipped.offload_wait_ms;
}

static void a_flood_of_sign_ins_does_not_drown_the_others(void **state)
{
    struct world world;
    struct flooder flooders[FLOODERS];
    pthread_t comer_thread;
    (void)state;
    world_begin(&world, &(struct world_options){
                            .name = "flood", .is_wide = true, .adjust = turns_are_short});
    int64_t idle_us = read_on(&world, READS_IDLE, NULL);
    long before_kib = resident_kib();
    struct flood flood = {.port = service_port(world.service), .start_us = clock_monotonic_us()};
    struct comer comer = {.flood = &flood, .took_us = -1};
    for (int i = 0; i < FLOODERS; i++) {
        flooders[i] = (struct flooder){.flood = &flood, .number = i};
        assert_int_equal(pthread_create(&flooders[i].thread, NULL, pour, &flooders[i]), 0);
    }
    assert_int_equal(pthread_create(&comer_thread, NULL, sign_in, &comer), 0);
    int64_t flooded_us = read_on(&world, READS_MAX, &flood);
    long growth_kib = resident_kib() - before_kib;
    for (int i = 0; i < FLOODERS; i++)
        pthread_join(flooders[i].thread, NULL);
    int64_t us = clock_monotonic_us() - flood.start_us;
    pthread_join(comer_thread, NULL);
    world_end(&world);

    printf("flood: %d sign-ins in %lld ms: %u wrong, %u told to wait; a read's p99 %lld us, idle "
           "%lld us: %.1f times; memory %+ld KiB; another address in after %lld ms, %d tries\n",
           SIGN_INS, (long long)us / 1000, atomic_load(&flood.wrong), atomic_load(&flood.slower),
           (long long)flooded_us, (long long)idle_us, (double)flooded_us / (double)idle_us,
           growth_kib, (long long)comer.took_us / 1000, comer.tries);
    judge_all(&flood, &comer, growth_kib, us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_sign_ins_does_not_drown_the_others)};
    return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
