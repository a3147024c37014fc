/* Connections that die under the service: what was lost on its way is asked again where that is
 * safe, audited once, and nobody is given a dead connection afterwards. */
#include "db/clock.h"
#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/raw.h"
#include "tests/harness/world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N = 8, WAIT_MS = 30000, HANG_TURNS = 6000, TURN_US = 10000, CONNECTIONS = 2 + 8 + 8 };

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "outage", .is_wide = true});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

struct asker {
    struct world *world;
    struct call call;
    struct arena arena;
    struct answer answer;
    pthread_t thread;
};

static void *run(void *user)
{
    struct asker *asker = user;
    struct raw raw;
    struct buf out;
    raw_open(&raw, service_port(asker->world->service));
    buf_begin(&out, &asker->arena, 1024);
    raw_write(&out, &asker->call);
    if (raw_ask(&raw, &asker->arena, out.text, out.length, false, WAIT_MS, &asker->answer) ==
        RAW_ANSWERED)
        answer_judge(asker->world->document, &asker->arena, &asker->call, &asker->answer);
    else
        asker->answer.flaw = "no answer";
    raw_close(&raw);
    return NULL;
}

static void start(struct world *world, struct asker *askers, int n)
{
    for (int i = 0; i < n; i++) {
        askers[i].world = world;
        if (pthread_create(&askers[i].thread, NULL, run, &askers[i]))
            die("no thread");
    }
}

static void join(struct asker *askers, int n)
{
    for (int i = 0; i < n; i++)
        pthread_join(askers[i].thread, NULL);
}

static int with_status(struct asker *askers, int n, int status)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += askers[i].answer.status == status && !askers[i].answer.flaw;
    return found;
}

static void forget(struct asker *askers, int n)
{
    for (int i = 0; i < n; i++)
        arena_end(&askers[i].arena);
}

/* One of the read connections, with everything that stands in it. */
static void end_one_blocked(struct world *world)
{
    sql_int(world->boss,
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE "
            "datname = current_database() AND usename = 'clinicd_app' AND wait_event_type = 'Lock' "
            "LIMIT 1) a");
}

static void end_all_connections(struct world *world)
{
    sql_int(world->boss,
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
            "datname = current_database() AND usename = 'clinicd_app'");
}

static struct database_stats stats_now(struct world *world)
{
    struct database_stats stats;
    database_stats_read(world->service->database, &stats);
    return stats;
}

/* Until so many connections were made anew since `before`, and all are in service: a backend that
 * PostgreSQL shows may still be preparing. */
static void wait_until_whole(struct world *world, const struct database_stats *before,
                             uint64_t ended)
{
    for (int i = 0; i < HANG_TURNS; i++, usleep(TURN_US)) {
        struct database_stats now = stats_now(world);
        if (now.reconnects - before->reconnects >= ended && now.connected == now.wanted &&
            sql_int(world->boss,
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND usename = 'clinicd_app'") > CONNECTIONS) /* and the listener */
            return;
    }
    die("the service does not connect again");
}

/* One of them has the audit row in its own trip, the others leave theirs to the batch: all of them
 * are asked again, all of them are in the trail, none twice. */
static void lost_read_is_asked_again_and_audited_once(void **state)
{
    struct world *world = *state;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    PGconn *locker SQL_CLOSE = sql_connect(world->database.superuser_url);
    const char *path = arena_format(&world->arena, "/clinics/clinic-a/patients/%s",
                                    seed_id(&seed_a, SEED_PATIENT_OTHER, id));
    seed_token(&seed_a, "doctor", token);
    const struct call call = {.path = path, .token = token};
    struct answer answer;
    http_send(world->client, &world->arena, &call, &answer); /* the session is known now */
    for (int round = 0; round < 5; round++) {
        struct asker askers[N] = {0};
        struct database_stats stats = stats_now(world);
        int64_t before = sql_int(
            world->boss, "SELECT count(*) FROM clinicd.audit WHERE operation = 'patients_get'");
        sql_run(locker, "BEGIN; LOCK TABLE clinicd.patient");
        for (int i = 0; i < N; i++)
            askers[i].call = call;
        start(world, askers, N);
        sql_wait_for_blocked(world->boss,
                             2); /* one on each read connection; the others stand behind */
        end_one_blocked(world);
        sql_run(locker, "COMMIT");
        join(askers, N);
        assert_int_equal(with_status(askers, N, 200), N);
        int64_t after = sql_int(
            world->boss, "SELECT count(*) FROM clinicd.audit WHERE operation = 'patients_get'");
        assert_int_equal(after - before, N);
        wait_until_whole(world, &stats, 1);
        forget(askers, N);
    }
}

static void dead_connection_is_given_to_nobody(void **state)
{
    struct world *world = *state;
    char token[TOKEN_TEXT];
    seed_token(&seed_a, "receptionist", token);
    for (int round = 0; round < 3; round++) {
        struct asker askers[N] = {0};
        struct database_stats stats = stats_now(world);
        end_all_connections(world);
        wait_until_whole(world, &stats, CONNECTIONS);
        for (int i = 0; i < N; i++)
            askers[i].call = (struct call){
                .method = "POST",
                .path = "/clinics/clinic-a/patients",
                .token = token,
                .body =
                    arena_format(&askers[i].arena,
                                 "{\"name\":\"Outage %d\",\"phone_number\":\"+91 80 666 %d%04d\","
                                 "\"address\":\"Somewhere\",\"age_years\":30}",
                                 i, round, i),
                .headers = {
                    arena_format(&askers[i].arena, "Idempotency-Key: outage-%d-%d", round, i)}};
        start(world, askers, N);
        join(askers, N);
        assert_int_equal(with_status(askers, N, 201), N);
        forget(askers, N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_read_is_asked_again_and_audited_once),
        cmocka_unit_test(dead_connection_is_given_to_nobody),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
