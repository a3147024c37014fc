/* How a stream goes on and how it ends: with its session, its account, its clinic, its client, the
 * service. */
#include "api/http/metrics.h"
#include "api/http/streams.h"
#include "db/clock.h"
#include "tests/harness/ask.h"
#include "tests/harness/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LISTENERS = 12, IDLE_S = 1, TRIES = 100 };

static struct notes notes;

static void adjust(struct service_options *options)
{
    options->idle_timeout_s = IDLE_S;
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "queue_streams", .adjust = adjust});
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
    queue_fresh(*state, &notes);
    return 0;
}

/* --- how it goes on and ends ---------------------------------------------------------------------
 */

static void a_silent_stream_beats_and_outlives_the_idle_timeout(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = queue_ear(world, &ears, &notes);
    int64_t begun_us = clock_monotonic_us();
    while (ear->beats < 4 && clock_monotonic_us() - begun_us < QUEUE_WAIT_MS * INT64_C(1000))
        assert_int_equal(ears_hear(&ears, 20), 1);
    assert_int_equal(ear->beats, 4);
    assert_true(clock_monotonic_us() - begun_us > IDLE_S * INT64_C(1000000));
    queue_change(world, 1);
    queue_hear(&ears, &notes, 2);
    ears_end(&ears);
}

static void a_stream_ends_with_its_session_and_no_other(void **state)
{
    struct world *world = *state;
    struct ears ears;
    queue_ears(world, &ears, 2, &notes);
    ears.ear[1].token = token_a(world, "doctor");
    assert_true(ear_open(&ears, &ears.ear[0]) && ear_open(&ears, &ears.ear[1]));
    queue_hear(&ears, &notes, 2);
    struct answer answer =
        ask(world, "POST", path_a(world, "/auth/logout"), ears.ear[0].token, NULL);
    expect(&answer, 204, NULL);
    queue_hear_end(&ears, &ears.ear[0], "the session has ended");
    queue_change(world, 1);
    queue_hear(&ears, &notes, 3);
    assert_ptr_equal(notes.all[2].ear, &ears.ear[1]);
    assert_true(ear_open(&ears, &ears.ear[0]));
    assert_int_equal(ears_answered(&ears, 401, QUEUE_WAIT_MS), 1);
    ears_end(&ears);
}

static void news_of_an_account_that_lives_on_ends_nothing(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = queue_ear(world, &ears, &notes);
    sql_run(world->boss,
            "SELECT clinicd.announce('account', '%s', now()); "
            "SELECT clinicd.announce('clinic', '%d', now())",
            id_a(world, SEED_RECEPTIONIST), (int)seed_a.clinic_id);
    queue_change(world, 1);
    queue_hear(&ears, &notes, 2);
    while (ear->beats < 2) /* and the listener has said it again */
        assert_int_equal(ears_hear(&ears, 20), 1);
    ears_end(&ears);
}

static void a_session_that_is_refreshed_goes_on(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct answer answer = sign_in_a(world, "receptionist-aa", SEED_PASSWORD);
    expect(&answer, 200, NULL);
    queue_ears(world, &ears, 1, &notes);
    ears.ear->token = answer_text(&answer, "access_token");
    assert_true(ear_open(&ears, ears.ear));
    queue_hear(&ears, &notes, 1);
    answer = ask(world, "POST", path_a(world, "/auth/refresh"), NULL,
                 arena_format(&world->arena, "{\"refresh_token\":\"%s\"}",
                              answer_text(&answer, "refresh_token")));
    expect(&answer, 200, NULL);
    sql_run(world->boss, "SELECT clinicd.announce('account', '%s', now())",
            id_a(world, SEED_RECEPTIONIST)); /* let it be asked */
    queue_change(world, 1);
    queue_hear(&ears, &notes, 2);
    while (ears.ear->beats < 2)
        assert_int_equal(ears_hear(&ears, 20), 1);
    ears_end(&ears);
}

static void a_stream_ends_when_the_account_does(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = queue_ear(world, &ears, &notes);
    struct answer answer =
        ask_if(world, "DELETE", path_a(world, "/staff/%s", id_a(world, SEED_RECEPTIONIST)),
               token_a(world, "admin"), NULL, "\"1\"");
    assert_true(answer.status == 200 || answer.status == 204);
    queue_hear_end(&ears, ear, "the session has ended");
    ears_end(&ears);
}

/* Nobody says a word; it is found when the sessions are looked after. */
static void a_session_that_ran_out_ends_its_stream(void **state)
{
    struct world *world = *state;
    struct ears ears;
    queue_ears(world, &ears, 2, &notes);
    ears.ear[1].token = token_a(world, "doctor");
    assert_true(ear_open(&ears, &ears.ear[0]) && ear_open(&ears, &ears.ear[1]));
    queue_hear(&ears, &notes, 2);
    sql_run(
        world->boss,
        "UPDATE clinicd.session SET idle_seconds = 1 WHERE clinic_id = %d AND account_id = '%s'",
        (int)seed_a.clinic_id, id_a(world, SEED_RECEPTIONIST));
    queue_hear_end(&ears, &ears.ear[0], "the session has ended");
    assert_true(ears.ear[1].fd >= 0);
    ears_end(&ears);
}

static void a_stream_ends_when_its_clinic_closes(void **state)
{
    struct world *world = *state;
    struct ears ears;
    queue_ears(world, &ears, 2, &notes);
    char token[TOKEN_TEXT];
    ears.ear[1].path = "/clinics/clinic-b/queue/events";
    ears.ear[1].token = seed_token(&seed_b, "admin", token);
    assert_true(ear_open(&ears, &ears.ear[0]) && ear_open(&ears, &ears.ear[1]));
    queue_hear(&ears, &notes, 2);
    sql_run(world->boss,
            "UPDATE clinicd.clinic SET status = 'suspended' WHERE clinic_id = %d; "
            "SELECT clinicd.announce('clinic', '%d', now())",
            (int)seed_a.clinic_id, (int)seed_a.clinic_id);
    queue_hear_end(&ears, &ears.ear[0], "the session has ended");
    assert_true(ears.ear[1].fd >= 0);
    for (int i = 0; i < TRIES && ears.ear[0].status != 401; i++) { /* once the news is here too */
        assert_true(ear_open(&ears, &ears.ear[0]));
        ears_answered(&ears, 401, QUEUE_WAIT_MS);
    }
    assert_int_equal(ears.ear[0].status, 401);
    ears_end(&ears);
}

/* Hears until it knows the last event, coming back when it was cut. */
static void catch_up(struct world *world, struct ears *ears)
{
    int64_t last = queue_last(world),
            until_us = clock_monotonic_us() + QUEUE_WAIT_MS * INT64_C(1000);
    struct ear *ear = ears->ear;
    ear->sip = 0;
    while (ear->last < last && clock_monotonic_us() < until_us)
        if (ears_hear(ears, 20) == 0)
            assert_true(ear_open(ears, ear));
    assert_int_equal(ear->last, last);
}

static void expect_next(struct ear *ear, int64_t id, const char *name, const char *data)
{
    (void)data;
    if (id != ear->last + 1)
        fail_msg("%s %d after %d", name, (int)id, (int)ear->last);
}

static void who_reads_too_slowly_is_cut_and_misses_nothing(void **state)
{
    enum { BURST = 500, BURSTS_MOST = 100, SIPS = 20 };
    struct world *world = *state;
    struct streams_stats before, after;
    struct ears ears;
    queue_ears(world, &ears, 1, &notes);
    ears.ear->sip = 2048; /* enough not to be silent */
    assert_true(ear_open(&ears, ears.ear));
    queue_hear(&ears, &notes, 1);
    int64_t first = ears.ear->last;
    ears.heard = expect_next;
    streams_stats_read(world->service->streams, &before);
    after = before;
    for (int i = 0; i < BURSTS_MOST && after.cut == before.cut; i++) {
        queue_change(world, BURST);
        for (int sip = 0; sip < SIPS && ears_hear(&ears, 20) == 1; sip++)
            continue; /* or it was cut already, and has heard that */
        streams_stats_read(world->service->streams, &after);
    }
    print_message("cut after %d events\n", (int)(queue_last(world) - first));
    assert_int_equal(after.cut, before.cut + 1);
    catch_up(world, &ears);
    ears_end(&ears);
}

static void who_does_not_read_at_all_is_dropped_and_misses_nothing(void **state)
{
    enum { BURST = 500, BURSTS_MOST = 100 };
    struct world *world = *state;
    struct ears ears;
    queue_ear(world, &ears, &notes);
    ears.heard = expect_next;
    for (int i = 0; i < BURSTS_MOST && queue_open_streams(world); i++) {
        queue_change(world, BURST);
        usleep(50000);
    }
    assert_int_equal(queue_open_streams(world), 0);
    catch_up(world, &ears);
    ears_end(&ears);
}

static void a_stop_ends_all_streams_and_cuts_nothing(void **state)
{
    struct world *world = *state;
    struct service_options options = world->service->options;
    struct ears ears;
    struct fault fault = {.arena = &world->arena};
    queue_ears(world, &ears, LISTENERS, &notes);
    for (size_t i = 0; i < LISTENERS; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    queue_hear(&ears, &notes, LISTENERS);
    assert_true(service_stop(world->service));
    for (size_t i = 0; i < LISTENERS; i++)
        queue_hear_end(&ears, &ears.ear[i], "the service is shutting down");
    ears_end(&ears);
    assert_int_equal(service_start(&options, &fault, &world->service), ERR_NONE);
    client_free(world->client);
    world->client = client_make(service_port(world->service), world->document);
}

static void open_streams_stand_in_the_metrics(void **state)
{
    struct world *world = *state;
    struct metrics_now now = {0};
    struct ears ears;
    struct buf out;
    queue_ear(world, &ears, &notes);
    buf_begin(&out, &world->arena, 4096);
    streams_stats_read(world->service->streams, &now.streams);
    metrics_render(world->service->metrics, &now, &out);
    assert_non_null(strstr(out.text, "\nclinicd_streams_open 1\n"));
    assert_non_null(strstr(out.text, "\nclinicd_stream_channels 1\n"));
    ears_end(&ears);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_silent_stream_beats_and_outlives_the_idle_timeout),
        TEST(a_stream_ends_with_its_session_and_no_other),
        TEST(news_of_an_account_that_lives_on_ends_nothing),
        TEST(a_session_that_is_refreshed_goes_on),
        TEST(a_stream_ends_when_the_account_does),
        TEST(a_session_that_ran_out_ends_its_stream),
        TEST(a_stream_ends_when_its_clinic_closes),
        TEST(who_reads_too_slowly_is_cut_and_misses_nothing),
        TEST(who_does_not_read_at_all_is_dropped_and_misses_nothing),
        TEST(a_stop_ends_all_streams_and_cuts_nothing),
        TEST(open_streams_stand_in_the_metrics),
    };
    return cmocka_run_group_tests_name("queue streams", tests, setup, teardown);
}
