/* A stop under load: whoever was heard is answered, readiness says that it is over, and the port is
 * closed. */
#include "db/clock.h"
#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/raw.h"
#include "tests/harness/world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOADERS = 8, STOPS = 5, ANSWERS = 100, WAIT_MS = 30000, DRAIN_MS = 600000, HANG_S = 60 };

static const int64_t SECOND = 1000000;

/* Longer than any test may last: whatever ends sooner did not wait for it. */
static void drains_long(struct service_options *options)
{
    options->drain_ms = DRAIN_MS;
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world,
                &(struct world_options){.name = "drain", .is_wide = true, .adjust = drains_long});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static void start_again(struct world *world, const struct service_options *options)
{
    struct fault fault = {.arena = &world->arena};
    if (service_start(options, &fault, &world->service))
        die("restart: %s", fault.reason ? fault.reason : fault.detail);
    client_free(world->client);
    world->client = client_make(service_port(world->service), world->document);
}

/* --- load ----------------------------------------------------------------------------------- */

struct loader {
    struct world *world;
    int port;
    bool keeps; /* the connection, as long as the service lets it */
    const char *token;
    atomic_long answered;
    long lost, said_close;
    pthread_t thread;
};

/* Asks until nobody listens any more. An idle kept connection may be closed by the server at any
 * time (raw_ask() sees that before it sends); a request that was sent must be answered. */
static void *load(void *user)
{
    struct loader *loader = user;
    struct raw raw;
    raw_open(&raw, loader->port);
    for (;;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct call call = {.path = "/clinics/clinic-a/patients?limit=5", .token = loader->token};
        struct answer answer = {0};
        struct buf out;
        buf_begin(&out, &arena, 512);
        raw_write(&out, &call);
        enum raw_end how = raw_ask(&raw, &arena, out.text, out.length, false, WAIT_MS, &answer);
        if (how == RAW_REFUSED)
            break;
        answer_judge(loader->world->document, &arena, &call, &answer);
        bool is_answered = how == RAW_ANSWERED && answer.status == 200 && !answer.flaw;
        atomic_fetch_add(&loader->answered, is_answered);
        loader->lost += !is_answered;
        loader->said_close += is_answered && raw.fd < 0;
        if (!loader->keeps)
            raw_close(&raw);
    }
    raw_close(&raw);
    return NULL;
}

static long answers_of(struct loader *loaders)
{
    long answers = 0;
    for (int i = 0; i < LOADERS; i++)
        answers += atomic_load(&loaders[i].answered);
    return answers;
}

/* It waits for whoever asks, and for nobody else. */
static void stop(struct world *world)
{
    int64_t begun = clock_monotonic_us();
    assert_true(service_stop(world->service));
    assert_true(clock_monotonic_us() - begun < HANG_S * SECOND);
}

static void stop_under_load_loses_no_answer(void **state)
{
    struct world *world = *state;
    const struct service_options options = world->service->options;
    char token[TOKEN_TEXT];
    long answered = 0, lost = 0, said_close = 0;
    seed_token(&seed_a, "doctor", token);
    for (int i_stop = 0; i_stop < STOPS; i_stop++) {
        struct loader loaders[LOADERS] = {0};
        for (int i = 0; i < LOADERS; i++) {
            loaders[i].world = world;
            loaders[i].port = service_port(world->service);
            loaders[i].keeps = i % 2;
            loaders[i].token = token;
            if (pthread_create(&loaders[i].thread, NULL, load, &loaders[i]))
                die("no thread");
        }
        for (int i = 0; i < HANG_S * 1000 && answers_of(loaders) < ANSWERS; i++)
            usleep(1000);
        stop(world);
        for (int i = 0; i < LOADERS; i++) {
            pthread_join(loaders[i].thread, NULL);
            answered += atomic_load(&loaders[i].answered);
            lost += loaders[i].lost;
            said_close += loaders[i].said_close;
        }
        start_again(world, &options);
    }
    print_message("%d stops: %ld answered, %ld lost, %ld told to close\n", STOPS, answered, lost,
                  said_close);
    assert_true(answered >= STOPS * ANSWERS);
    assert_int_equal(lost, 0);
    assert_true(said_close > 0); /* whoever keeps a connection is told, if it asks once more */
}

/* --- one slow request ----------------------------------------------------------------------- */

struct asker {
    struct world *world;
    struct raw raw;
    struct call call;
    struct arena arena;
    struct answer answer;
    enum raw_end end;
    pthread_t thread;
};

static void ask(struct asker *asker)
{
    struct buf out;
    buf_begin(&out, &asker->arena, 512);
    raw_write(&out, &asker->call);
    asker->end =
        raw_ask(&asker->raw, &asker->arena, out.text, out.length, false, WAIT_MS, &asker->answer);
    if (asker->end == RAW_ANSWERED)
        answer_judge(asker->world->document, &asker->arena, &asker->call, &asker->answer);
}

static void *ask_in_thread(void *user)
{
    ask(user);
    return NULL;
}

static void *stop_in_thread(void *user)
{
    struct world *world = user;
    return (void *)(uintptr_t)(service_stop(world->service) ? 1 : 0);
}

static bool is_listening(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_open = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_open;
}

static void slow_request_is_waited_for_and_readiness_ends_at_once(void **state)
{
    struct world *world = *state;
    const struct service_options options = world->service->options;
    int port = service_port(world->service);
    char token[TOKEN_TEXT];
    PGconn *locker SQL_CLOSE = sql_connect(world->database.superuser_url);
    struct asker slow = {.world = world,
                         .call = {.path = "/clinics/clinic-a/patients",
                                  .token = seed_token(&seed_a, "doctor", token)}};
    struct asker probe = {.world = world, .call = {.path = "/health/ready"}};
    pthread_t stopper;
    void *is_clean;
    raw_open(&slow.raw, port);
    raw_open(&probe.raw, port);
    ask(&probe);
    assert_int_equal(probe.answer.status, 200);

    sql_run(locker, "BEGIN; LOCK TABLE clinicd.patient");
    pthread_create(&slow.thread, NULL, ask_in_thread, &slow);
    sql_wait_for_blocked(world->boss, 1);
    pthread_create(&stopper, NULL, stop_in_thread, world);
    for (int i = 0; i < HANG_S * 1000 && is_listening(port); i++)
        usleep(1000);
    assert_false(is_listening(port));
    ask(&probe); /* on the connection that it kept */
    assert_int_equal(probe.end, RAW_ANSWERED);
    assert_int_equal(probe.answer.status, 503);
    assert_null(probe.answer.flaw);
    assert_int_equal(probe.raw.fd, -1); /* it was told to close */
    sql_run(locker, "COMMIT");
    pthread_join(slow.thread, NULL);
    pthread_join(stopper, &is_clean);
    assert_int_equal(slow.end, RAW_ANSWERED);
    assert_int_equal(slow.answer.status, 200);
    assert_null(slow.answer.flaw);
    assert_string_equal(answer_header(&slow.arena, &slow.answer, "Connection", NULL), "close");
    assert_non_null(is_clean);
    raw_close(&slow.raw);
    raw_close(&probe.raw);
    arena_end(&slow.arena);
    arena_end(&probe.arena);
    start_again(world, &options);
}

static void stop_does_not_wait_for_the_silent(void **state)
{
    struct world *world = *state;
    const struct service_options options = world->service->options;
    struct asker idle = {.world = world, .call = {.path = "/version"}};
    raw_open(&idle.raw, service_port(world->service));
    ask(&idle);
    assert_true(idle.raw.fd >= 0);
    stop(world);
    raw_close(&idle.raw);
    arena_end(&idle.arena);
    start_again(world, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_under_load_loses_no_answer),
        cmocka_unit_test(slow_request_is_waited_for_and_readiness_ends_at_once),
        cmocka_unit_test(stop_does_not_wait_for_the_silent),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
