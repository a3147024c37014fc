/* A thousand listeners in two clinics, in a process of their own: what each costs in memory, how
 * soon they hear, and that others are served meanwhile. */
#include "db/clock.h"
#include "tests/harness/ears.h"
#include "tests/harness/raw.h"
#include "tests/harness/seed.h"
#include "tests/harness/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    LISTENERS = 1000,
    CLINICS = 2,
    ADDRESSES = 8,
    EVENTS = 20,
    OPEN_AT_ONCE = 50,
    READY_MS = 30000,
    WAIT_MS = 60000,
    KIB_EACH_MAX = 160,
};

static const struct seed *const clinics[CLINICS] = {&seed_a, &seed_b};
static const char *const froms[ADDRESSES] = {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5",
                                             "127.0.0.6", "127.0.0.7", "127.0.0.8", "127.0.0.9"};

struct hall {
    struct town town;
    struct ears ears;
    char tokens[CLINICS][TOKEN_TEXT];
};

static int begin(void **state)
{
    struct hall *hall = calloc(1, sizeof *hall);
    if (!hall)
        return -1;
    town_begin(&hall->town);
    town_service_start(&hall->town);
    *state = hall;
    return town_ready_ms(&hall->town, READY_MS) < 0;
}

static int end(void **state)
{
    struct hall *hall = *state;
    ears_end(&hall->ears);
    town_end(&hall->town);
    free(hall);
    return 0;
}

static long service_status(const struct hall *hall, const char *name)
{
    char path[64], line[200];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)hall->town.service);
    FILE *status = fopen(path, "r");
    assert_non_null(status);
    while (value < 0 && fgets(line, sizeof line, status))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    fclose(status);
    return value;
}

static void open_all(struct hall *hall)
{
    ears_begin(&hall->ears, hall->town.port, LISTENERS);
    for (int i = 0; i < LISTENERS; i++) {
        int clinic = i % CLINICS;
        struct ear *ear = &hall->ears.ear[i];
        ear->token = seed_token(clinics[clinic], "receptionist", hall->tokens[clinic]);
        ear->path = clinic ? "/clinics/clinic-b/queue/events" : "/clinics/clinic-a/queue/events";
        ear->from = froms[i % ADDRESSES];
        assert_true(ear_open(&hall->ears, ear));
        if (i % OPEN_AT_ONCE == 0)
            ears_hear(&hall->ears, 10);
    }
    assert_int_equal(ears_answered(&hall->ears, 200, WAIT_MS), LISTENERS);
    int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    for (size_t greeted = 0; greeted < LISTENERS;) {
        assert_true(clock_monotonic_us() < until_us);
        assert_int_equal(ears_hear(&hall->ears, 10), LISTENERS);
        greeted = 0;
        for (int i = 0; i < LISTENERS; i++)
            greeted += hall->ears.ear[i].last >= 0;
    }
}

/* One change in each clinic; until everybody has heard of it: milliseconds. */
static double tell_all(struct hall *hall, PGconn *boss)
{
    int64_t before[LISTENERS], begun_us = clock_monotonic_us();
    for (int i = 0; i < LISTENERS; i++)
        before[i] = hall->ears.ear[i].last;
    sql_run(boss, "UPDATE clinicd.visit SET version = version + 1, updated_at = clock_timestamp() "
                  "WHERE id::text LIKE '%%601'");
    for (int heard = 0; heard < LISTENERS;) {
        assert_true(clock_monotonic_us() - begun_us < WAIT_MS * INT64_C(1000));
        assert_int_equal(ears_hear(&hall->ears, 10), LISTENERS);
        heard = 0;
        for (int i = 0; i < LISTENERS; i++)
            heard += hall->ears.ear[i].last > before[i];
    }
    return (double)(clock_monotonic_us() - begun_us) / 1e3;
}

static double read_ms(const struct hall *hall)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct answer answer = {0};
    struct raw raw;
    struct buf out;
    int64_t begun_us = clock_monotonic_us();
    buf_begin(&out, &arena, 512);
    raw_write(&out, &(struct call){.path = "/clinics/clinic-a/queue", .token = hall->tokens[0]});
    raw_open(&raw, hall->town.port);
    assert_int_equal(raw_ask(&raw, &arena, out.text, out.length, false, WAIT_MS, &answer),
                     RAW_ANSWERED);
    raw_close(&raw);
    assert_int_equal(answer.status, 200);
    return (double)(clock_monotonic_us() - begun_us) / 1e3;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void a_thousand_listeners_are_held(void **state)
{
    struct hall *hall = *state;
    PGconn *boss SQL_CLOSE = sql_connect(hall->town.database.superuser_url);
    double told_ms[EVENTS], reads_ms[EVENTS];
    seed_token(&seed_a, "receptionist", hall->tokens[0]);
    read_ms(hall);
    long before_kib = service_status(hall, "VmRSS:");
    int64_t begun_us = clock_monotonic_us();
    open_all(hall);
    double opened_ms = (double)(clock_monotonic_us() - begun_us) / 1e3;
    long after_kib = service_status(hall, "VmRSS:");
    for (int i = 0; i < EVENTS; i++) {
        told_ms[i] = tell_all(hall, boss);
        reads_ms[i] = read_ms(hall);
    }
    long told_kib = service_status(hall, "VmRSS:");
    qsort(told_ms, EVENTS, sizeof *told_ms, compare);
    qsort(reads_ms, EVENTS, sizeof *reads_ms, compare);
    print_message(
        "%d listeners open after %.0f ms, %ld threads; memory %ld KiB before, %ld with them, "
        "%ld after %d events each: %.1f KiB a listener\n"
        "from the change until the last of %d has heard: %.1f ms in the middle, %.1f at "
        "most; another's read of the queue: %.1f ms in the middle, %.1f at most\n",
        LISTENERS, opened_ms, service_status(hall, "Threads:"), before_kib, after_kib, told_kib,
        EVENTS, (double)(told_kib - before_kib) / LISTENERS, LISTENERS, told_ms[EVENTS / 2],
        told_ms[EVENTS - 1], reads_ms[EVENTS / 2], reads_ms[EVENTS - 1]);
    assert_true(told_kib - before_kib < (long)KIB_EACH_MAX * LISTENERS);
    assert_true(service_status(hall, "Threads:") >= LISTENERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_thousand_listeners_are_held)};
    return cmocka_run_group_tests_name("listeners under load", tests, begin, end);
}
