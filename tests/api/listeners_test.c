/* Two hundred listeners in two clinics while visits change and the service, and once its database,
 * is killed: each hears every event of its clinic exactly once and in order, and nothing of the
 * other. */
#include "db/clock.h"
#include "tests/harness/die.h"
#include "tests/harness/ears.h"
#include "tests/harness/seed.h"
#include "tests/harness/town.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    LISTENERS = 200,
    CLINICS = 2,
    KILLS = 3,
    READY_MS = 20000,
    SETTLE_MS = 30000,
    AGAIN_MS = 50
};

static const struct seed *const clinics[CLINICS] = {&seed_a, &seed_b};
static const char *const roles[] = {"admin", "doctor", "receptionist"};

/* What one listener heard. */
struct diary {
    int clinic;
    int64_t began; /* the number that "ready" said */
    unsigned events, resets, wrong, foreign;
};

struct hall {
    struct town town;
    struct ears ears;
    struct diary diaries[LISTENERS];
    char tokens[CLINICS][3][TOKEN_TEXT];
    pthread_t writer;
    atomic_bool is_over;
    atomic_int written;
    unsigned reopened;
};

static int begin(void **state)
{
    struct hall *hall = calloc(1, sizeof *hall);
    if (!hall)
        return -1;
    town_begin(&hall->town);
    *state = hall;
    return 0;
}

static int end(void **state)
{
    struct hall *hall = *state;
    ears_end(&hall->ears);
    town_end(&hall->town);
    free(hall);
    return 0;
}

/* --- hearing -------------------------------------------------------------------------------------
 */

/* The ids of a clinic's seed carry its hex digits in the last group: "-aa0000000601". */
static bool is_of(const char *data, const struct seed *seed)
{
    char mine[UUID_TEXT], start[64];
    snprintf(start, sizeof start, "\"visit\":{\"id\":\"%.26s", seed_id(seed, 601, mine));
    return strstr(data, start) != NULL;
}

static void heard(struct ear *ear, int64_t id, const char *name, const char *data)
{
    struct diary *diary = ear->user;
    if (strcmp(name, "ready") == 0) {
        diary->wrong += ear->last >= 0; /* only for who comes for the first time */
        diary->began = id;
    } else if (strcmp(name, "reset") == 0) {
        diary->resets++;
    } else {
        diary->events++;
        diary->wrong += id != ear->last + 1;
        diary->foreign += !is_of(data, clinics[diary->clinic]);
    }
}

/* Hears for so long; whoever was cut off comes back soon. */
static void listen_for(struct hall *hall, int ms)
{
    int64_t until_us = clock_monotonic_us() + ms * INT64_C(1000), again_us = 0;
    while (clock_monotonic_us() < until_us) {
        if (ears_hear(&hall->ears, 10) == LISTENERS || clock_monotonic_us() < again_us)
            continue;
        again_us = clock_monotonic_us() + AGAIN_MS * INT64_C(1000);
        for (size_t i = 0; i < LISTENERS; i++)
            if (hall->ears.ear[i].fd < 0)
                hall->reopened += ear_open(&hall->ears, &hall->ears.ear[i]);
    }
}

static void open_all(struct hall *hall)
{
    ears_begin(&hall->ears, hall->town.port, LISTENERS);
    hall->ears.heard = heard;
    for (int i = 0; i < LISTENERS; i++) {
        int clinic = i % CLINICS, role = i / CLINICS % 3;
        struct ear *ear = &hall->ears.ear[i];
        hall->diaries[i].clinic = clinic;
        ear->user = &hall->diaries[i];
        ear->token = seed_token(clinics[clinic], roles[role], hall->tokens[clinic][role]);
        ear->path = clinic ? "/clinics/clinic-b/queue/events" : "/clinics/clinic-a/queue/events";
        assert_true(ear_open(&hall->ears, ear));
    }
    assert_int_equal(ears_answered(&hall->ears, 200, READY_MS), LISTENERS);
}

/* --- what happens --------------------------------------------------------------------------------
 */

static void ignore_notice(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static PGconn *connect_again(struct hall *hall)
{
    PGconn *conn = PQconnectdb(hall->town.database.superuser_url);
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    while (PQstatus(conn) != CONNECTION_OK && !atomic_load(&hall->is_over)) {
        usleep(20000);
        PQreset(conn);
    }
    return conn;
}

/* Changes visits, sometimes several in one transaction, sometimes in one that is undone. */
static void *change_visits(void *user)
{
    struct hall *hall = user;
    PGconn *conn = connect_again(hall);
    for (int n = 0; !atomic_load(&hall->is_over); n++) {
        char sql[400];
        snprintf(sql, sizeof sql,
                 "BEGIN; UPDATE clinicd.visit SET notes = 'change %d', version = version + 1, "
                 "updated_at = clock_timestamp() WHERE clinic_id = %d%s; %s",
                 n, (int)clinics[n % CLINICS]->clinic_id, n % 5 ? " AND id::text LIKE '%601'" : "",
                 n % 7 == 6 ? "ROLLBACK" : "COMMIT");
        PGresult *result = PQexec(conn, sql);
        bool is_good = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        if (!is_good) {
            PQfinish(conn);
            conn = connect_again(hall);
        }
        atomic_fetch_add(&hall->written, is_good);
        usleep(8000);
    }
    PQfinish(conn);
    return NULL;
}

static void kill_and_listen(struct hall *hall)
{
    for (int i = 0; i < KILLS; i++) {
        listen_for(hall, 300);
        town_service_kill(&hall->town);
        usleep(100000); /* events that nobody hears */
        town_service_start(&hall->town);
        assert_true(town_ready_ms(&hall->town, READY_MS) >= 0);
        listen_for(hall, 300);
    }
    town_postgres_crash(&hall->town);
    listen_for(hall, 200);
    town_postgres_start(&hall->town);
    listen_for(hall, 1500);
}

/* --- the reckoning -------------------------------------------------------------------------------
 */

static bool all_heard(const struct hall *hall, const int64_t last[CLINICS])
{
    for (size_t i = 0; i < LISTENERS; i++)
        if (hall->ears.ear[i].last < last[hall->diaries[i].clinic])
            return false;
    return true;
}

static unsigned long events_heard(const struct hall *hall)
{
    unsigned long events = 0;
    for (size_t i = 0; i < LISTENERS; i++)
        events += hall->diaries[i].events;
    return events;
}

static void reckon(struct hall *hall)
{
    PGconn *boss SQL_CLOSE = sql_connect(hall->town.database.superuser_url);
    int64_t last[CLINICS], until_us = clock_monotonic_us() + SETTLE_MS * INT64_C(1000);
    unsigned long wrong = 0, foreign = 0, resets = 0, missing = 0;
    for (int i = 0; i < CLINICS; i++) {
        last[i] = sql_int(boss, "SELECT max(number) FROM clinicd.event WHERE clinic_id = %d",
                          (int)clinics[i]->clinic_id);
        assert_int_equal(sql_int(boss, "SELECT count(*) FROM clinicd.event WHERE clinic_id = %d",
                                 (int)clinics[i]->clinic_id),
                         last[i]); /* no gap */
    }
    for (unsigned long before = 0; !all_heard(hall, last) && clock_monotonic_us() < until_us;) {
        listen_for(hall, 50);
        unsigned long now = events_heard(hall);
        if (now > before) /* slowly, but it goes on */
            until_us = clock_monotonic_us() + SETTLE_MS * INT64_C(1000);
        before = now;
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        const struct diary *diary = &hall->diaries[i];
        wrong += diary->wrong;
        foreign += diary->foreign;
        resets += diary->resets;
        missing += diary->events != (uint64_t)(last[diary->clinic] - diary->began);
    }
    unsigned long events = events_heard(hall);
    print_message(
        "%d changes, %lld and %lld events; %d listeners heard %lu of them and came back %u "
        "times: %lu out of order or twice, %lu of the other clinic, %lu resets, %lu "
        "listeners that missed one\n",
        atomic_load(&hall->written), (long long)last[0], (long long)last[1], LISTENERS, events,
        hall->reopened, wrong, foreign, resets, missing);
    assert_int_equal(wrong, 0);
    assert_int_equal(foreign, 0);
    assert_int_equal(resets, 0);
    assert_int_equal(missing, 0);
    assert_true(hall->reopened >= KILLS * LISTENERS);
    assert_true(events > 20 * LISTENERS);
}

static void killed_again_and_again_each_listener_hears_each_event_once(void **state)
{
    struct hall *hall = *state;
    town_service_start(&hall->town);
    assert_true(town_ready_ms(&hall->town, READY_MS) >= 0);
    open_all(hall);
    if (pthread_create(&hall->writer, NULL, change_visits, hall))
        die("no thread");
    kill_and_listen(hall);
    atomic_store(&hall->is_over, true);
    pthread_join(hall->writer, NULL);
    reckon(hall);
    int status = town_service_stop(&hall->town); /* with everybody listening */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ears_hear(&hall->ears, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_again_and_again_each_listener_hears_each_event_once)};
    return cmocka_run_group_tests_name("listeners", tests, begin, end);
}
