/* Listening to the queue: where a stream begins and goes on, whose it is, and how it ends. */
#include "api/http/metrics.h"
#include "db/clock.h"
#include "tests/harness/ask.h"
#include "tests/harness/ears.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    WAIT_MS = 20000,
    PER_CLINIC = 12,
    IN_ALL = 16,
    IDLE_S = 1,
    NAME_ROOM = 24,
    HEARD_MOST = 4096
};

/* What the listeners of a test heard, all of them, in order. */
static struct heard {
    const struct ear *ear;
    int64_t id;
    char name[NAME_ROOM];
    char data[512];
} heard[HEARD_MOST];
static size_t heard_n;

static void note(struct ear *ear, int64_t id, const char *name, const char *data)
{
    assert_true(heard_n < HEARD_MOST);
    struct heard *entry = &heard[heard_n++];
    *entry = (struct heard){.ear = ear, .id = id};
    snprintf(entry->name, sizeof entry->name, "%s", name);
    snprintf(entry->data, sizeof entry->data, "%s", data);
}

static void adjust(struct service_options *options)
{
    options->streams_per_clinic = PER_CLINIC;
    options->streams_max = IN_ALL;
    options->idle_timeout_s = IDLE_S;
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "queue_events", .adjust = adjust});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* --- listening -----------------------------------------------------------------------------------
 */

static void ears_of(struct world *world, struct ears *ears, size_t n)
{
    ears_begin(ears, service_port(world->service), n);
    ears->heard = note;
    for (size_t i = 0; i < n; i++) {
        ears->ear[i].path = "/clinics/clinic-a/queue/events";
        ears->ear[i].token = token_a(world, "receptionist");
    }
}

/* Hears until so many events have been heard in all. */
static void hear(struct ears *ears, size_t n)
{
    int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    while (heard_n < n && clock_monotonic_us() < until_us)
        ears_hear(ears, 20);
    assert_int_equal(heard_n, n);
}

static void hear_end(struct ears *ears, struct ear *ear, const char *why)
{
    int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    while (ear->fd >= 0 && clock_monotonic_us() < until_us)
        ears_hear(ears, 20);
    assert_int_equal(ear->fd, -1);
    assert_true(ear->is_over);
    assert_string_equal(ear->remark, why);
}

static struct ear *one_ear(struct world *world, struct ears *ears)
{
    ears_of(world, ears, 1);
    assert_true(ear_open(ears, ears->ear));
    hear(ears, heard_n + 1);
    return ears->ear;
}

static int64_t last_event(struct world *world)
{
    return sql_int(world->boss, "SELECT max(number) FROM clinicd.event WHERE clinic_id = %d",
                   (int)seed_a.clinic_id);
}

/* So many events, each in a transaction of its own. */
static void change(struct world *world, int n)
{
    sql_run(world->boss,
            "DO $$ BEGIN FOR i IN 1..%d LOOP UPDATE clinicd.visit SET version = version + 1, "
            "updated_at = clock_timestamp() WHERE clinic_id = %d AND id = '%s'; "
            "COMMIT; END LOOP; END $$",
            n, (int)seed_a.clinic_id, id_a(world, 601));
}

static int open_streams(struct world *world)
{
    struct streams_stats stats;
    streams_stats_read(world->service->streams, &stats);
    return stats.open;
}

/* A service that nobody listens to: that a client has gone is found when it is written to. */
static int fresh(void **state)
{
    struct world *world = *state;
    int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    while (open_streams(world) > 0 && clock_monotonic_us() < until_us) {
        sql_run(world->boss, "UPDATE clinicd.visit SET version = version + 1 WHERE id::text LIKE "
                             "'%%601'");
        usleep(10000);
    }
    world_restore(world);
    heard_n = 0;
    return open_streams(world);
}

/* --- where it begins -----------------------------------------------------------------------------
 */

static void a_new_listener_is_told_where_it_begins(void **state)
{
    struct world *world = *state;
    struct ears ears;
    one_ear(world, &ears);
    assert_string_equal(heard[0].name, "ready");
    assert_int_equal(heard[0].id, last_event(world));
    change(world, 1);
    hear(&ears, 2);
    assert_string_equal(heard[1].name, "changed");
    assert_int_equal(heard[1].id, heard[0].id + 1);
    ears_end(&ears);
}

static void what_the_api_does_is_heard(void **state)
{
    struct world *world = *state;
    struct ears ears;
    one_ear(world, &ears);
    struct answer answer =
        ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
            arena_format(&world->arena, "{\"patient_id\":\"%s\",\"priority\":\"urgent\"}",
                         id_a(world, SEED_PATIENT_OTHER)));
    expect(&answer, 201, NULL);
    const char *id = answer_text(&answer, "id");
    hear(&ears, 2);
    assert_string_equal(heard[1].name, "checked_in");
    json_t *data = arena_json(&world->arena, json_loads(heard[1].data, 0, NULL));
    const json_t *visit = json_object_get(data, "visit");
    assert_string_equal(json_string_value(json_object_get(visit, "id")), id);
    assert_string_equal(json_string_value(json_object_get(visit, "priority")), "urgent");
    assert_string_equal(json_string_value(json_object_get(visit, "status")), "checked_in");
    assert_null(strstr(heard[1].data, seed_a.mark)); /* no name, no purpose, nothing typed */
    answer = ask_if(world, "POST", path_a(world, "/visits/%s/status", id),
                    token_a(world, "receptionist"), "{\"status\":\"in_consultation\"}", "\"1\"");
    expect(&answer, 200, NULL);
    hear(&ears, 3);
    assert_string_equal(heard[2].name, "status");
    assert_non_null(strstr(heard[2].data, "\"in_consultation\""));
    ears_end(&ears);
}

static void who_comes_back_hears_what_it_missed_once_and_in_order(void **state)
{
    enum { MISSED = 700 }; /* more than the ring holds and than a page has */
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = one_ear(world, &ears);
    int64_t from = ear->last;
    ear_close(ear);
    change(world, MISSED);
    assert_true(ear_open(&ears, ear));
    hear(&ears, 1 + MISSED);
    change(world, 2);
    hear(&ears, 1 + MISSED + 2);
    for (size_t i = 1; i < heard_n; i++)
        assert_int_equal(heard[i].id, from + (int64_t)i);
    ears_end(&ears);
}

/* One has been there all the time, so the channel is far ahead of the other. */
static void who_comes_back_far_behind_the_others_catches_up(void **state)
{
    enum { MISSED = 400 };
    struct world *world = *state;
    struct ears ears;
    ears_of(world, &ears, 2);
    assert_true(ear_open(&ears, &ears.ear[0]));
    hear(&ears, 1);
    ears.ear[1].last = heard[0].id - 2;
    change(world, MISSED);
    hear(&ears, 1 + MISSED);
    assert_true(ear_open(&ears, &ears.ear[1]));
    hear(&ears, 1 + MISSED + MISSED + 2);
    for (size_t i = 1 + MISSED; i < heard_n; i++)
        assert_int_equal(heard[i].id, heard[0].id - 2 + (int64_t)(i - MISSED));
    ears_end(&ears);
}

static void a_place_that_is_not_known_or_not_kept_is_reset(void **state)
{
    struct world *world = *state;
    struct ears ears;
    change(world, 5);
    int64_t last = last_event(world);
    sql_run(world->boss, "DELETE FROM clinicd.event WHERE number <= %d", (int)last - 2);
    const int64_t places[] = {last + 1, INT64_MAX, 0, last - 3};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ears_of(world, &ears, 1);
        ears.ear->last = places[i];
        heard_n = 0;
        assert_true(ear_open(&ears, ears.ear));
        hear(&ears, 1);
        assert_string_equal(heard[0].name, "reset");
        assert_int_equal(heard[0].id, last);
        ears_end(&ears);
    }
    const int64_t kept[] = {last - 2, last - 1, last};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        ears_of(world, &ears, 1);
        ears.ear->last = kept[i];
        heard_n = 0;
        assert_true(ear_open(&ears, ears.ear));
        change(world, 1);
        last++;
        hear(&ears, (size_t)(last - kept[i]));
        assert_int_equal(heard[0].id, kept[i] + 1);
        assert_string_equal(heard[0].name, "changed");
        ears_end(&ears);
    }
}

static void a_place_that_is_no_number_is_refused(void **state)
{
    static const char *const ids[] = {"x",
                                      "-1",
                                      "+1",
                                      " ",
                                      "1 2",
                                      "01",
                                      "1.0",
                                      "0x1",
                                      "1,2",
                                      "9223372036854775808",
                                      "99999999999999999999",
                                      "\xd9\xa1"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct answer answer;
        struct call call = {.path = "/clinics/clinic-a/queue/events",
                            .token = token_a(world, "receptionist"),
                            .headers = {arena_format(&world->arena, "Last-Event-ID: %s", ids[i])}};
        if (strcmp(ids[i], " ") == 0)
            call.headers[0] = "Last-Event-ID;"; /* curl's way to send it empty */
        http_send(world->client, &world->arena, &call, &answer);
        if (answer.status != 400)
            fail_msg("%s: %d", ids[i], answer.status);
        assert_non_null(strstr(answer.body, "header:Last-Event-ID"));
    }
}

/* --- who listens ---------------------------------------------------------------------------------
 */

static void one_read_feeds_all_of_a_clinic(void **state)
{
    enum { EVENTS = 10 };
    struct world *world = *state;
    struct streams_stats before, after;
    struct ears ears;
    ears_of(world, &ears, PER_CLINIC);
    for (size_t i = 0; i < PER_CLINIC; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    hear(&ears, PER_CLINIC);
    streams_stats_read(world->service->streams, &before);
    for (size_t i = 1; i <= EVENTS; i++) {
        change(world, 1);
        hear(&ears, (i + 1) * PER_CLINIC);
    }
    streams_stats_read(world->service->streams, &after);
    assert_int_equal(after.events - before.events, EVENTS * PER_CLINIC);
    assert_int_equal(after.channels, 1);
    print_message("%d events to %d listeners: %d reads\n", EVENTS, PER_CLINIC,
                  (int)(after.reads - before.reads));
    /* One an event; one more when it is polled, and two every five seconds for the sessions. */
    assert_in_range(after.reads - before.reads, 1, EVENTS * PER_CLINIC / 2);
    ears_end(&ears);
}

static void too_many_listeners_are_told_to_come_again(void **state)
{
    struct world *world = *state;
    struct ears ears, others;
    ears_of(world, &ears, PER_CLINIC + 1);
    for (size_t i = 0; i < PER_CLINIC; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    hear(&ears, PER_CLINIC);
    struct answer answer =
        ask(world, "GET", path_a(world, "/queue/events"), token_a(world, "doctor"), NULL);
    expect(&answer, 429, "overloaded");
    ears_of(world, &others,
            IN_ALL - PER_CLINIC); /* another clinic has its own room, but not more than all */
    for (size_t i = 0; i < others.n; i++) {
        char token[TOKEN_TEXT];
        others.ear[i].path = "/clinics/clinic-b/queue/events";
        others.ear[i].token = arena_copy(&world->arena, seed_token(&seed_b, "admin", token));
        assert_true(ear_open(&others, &others.ear[i]));
    }
    hear(&others, IN_ALL);
    assert_int_equal(open_streams(world), IN_ALL);
    answer = ask(world, "GET", "/clinics/clinic-b/queue/events", others.ear[0].token, NULL);
    expect(&answer, 429, "overloaded");
    ears_end(&others);
    ears_end(&ears); /* a beat or two later their places are free */
    int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    while (open_streams(world) > 0 && clock_monotonic_us() < until_us)
        usleep(20000);
    assert_int_equal(open_streams(world), 0);
    answer = ask(world, "GET", path_a(world, "/queue/events"), token_a(world, "doctor"), NULL);
    expect(&answer, 200, NULL);
}

static void a_stream_is_written_down_once(void **state)
{
    struct world *world = *state;
    struct ears ears;
    sql_run(world->boss, "CREATE TEMP TABLE seen AS SELECT id FROM clinicd.audit");
    one_ear(world, &ears);
    change(world, 5);
    hear(&ears, 6);
    assert_string_equal(
        sql_text(
            world->boss, &world->arena,
            "SELECT string_agg(format('%%s %%s %%s', operation, actor_role, status), ',') FROM "
            "clinicd.audit WHERE id NOT IN (SELECT id FROM seen)"),
        "queue_listen receptionist 200");
    ears_end(&ears);
}

static void nobody_makes_or_changes_an_event_by_hand(void **state)
{
    static const char *const statements[] = {
        "INSERT INTO clinicd.event SELECT clinic_id, number + 1000, at, kind, visit_id, "
        "visit_version, "
        "patient_id, doctor_id, doctor_name, token_number, token_on, visit_type, priority, status "
        "FROM clinicd.event",
        "UPDATE clinicd.event SET status = 'completed'", "DELETE FROM clinicd.event",
        "SELECT clinicd.visit_tells()"};
    struct world *world = *state;
    PGconn *service SQL_CLOSE = sql_connect(world->database.app_url);
    char sqlstate[SQLSTATE_TEXT];
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        sql_run(service, "SET app.clinic_id = '%d'", (int)seed_a.clinic_id);
        assert_int_equal(sql_try(service, sqlstate, "%s", statements[i]), -1);
        assert_string_equal(sqlstate, "42501");
    }
}

/* --- how it goes on and ends ---------------------------------------------------------------------
 */

static void a_silent_stream_beats_and_outlives_the_idle_timeout(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = one_ear(world, &ears);
    int64_t begun_us = clock_monotonic_us();
    while (ear->beats < 4 && clock_monotonic_us() - begun_us < WAIT_MS * INT64_C(1000))
        assert_int_equal(ears_hear(&ears, 20), 1);
    assert_int_equal(ear->beats, 4);
    assert_true(clock_monotonic_us() - begun_us > IDLE_S * INT64_C(1000000));
    change(world, 1);
    hear(&ears, 2);
    ears_end(&ears);
}

static void a_stream_ends_with_its_session_and_no_other(void **state)
{
    struct world *world = *state;
    struct ears ears;
    ears_of(world, &ears, 2);
    ears.ear[1].token = token_a(world, "doctor");
    assert_true(ear_open(&ears, &ears.ear[0]) && ear_open(&ears, &ears.ear[1]));
    hear(&ears, 2);
    struct answer answer =
        ask(world, "POST", path_a(world, "/auth/logout"), ears.ear[0].token, NULL);
    expect(&answer, 204, NULL);
    hear_end(&ears, &ears.ear[0], "the session has ended");
    change(world, 1);
    hear(&ears, 3);
    assert_ptr_equal(heard[2].ear, &ears.ear[1]);
    assert_true(ear_open(&ears, &ears.ear[0]));
    assert_int_equal(ears_answered(&ears, 401, WAIT_MS), 1);
    ears_end(&ears);
}

static void news_of_an_account_that_lives_on_ends_nothing(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = one_ear(world, &ears);
    sql_run(world->boss,
            "SELECT clinicd.announce('account', '%s', now()); "
            "SELECT clinicd.announce('clinic', '%d', now())",
            id_a(world, SEED_RECEPTIONIST), (int)seed_a.clinic_id);
    change(world, 1);
    hear(&ears, 2);
    while (ear->beats < 2) /* and the listener has said it again */
        assert_int_equal(ears_hear(&ears, 20), 1);
    ears_end(&ears);
}

static void a_stream_ends_when_the_account_does(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = one_ear(world, &ears);
    struct answer answer =
        ask_if(world, "DELETE", path_a(world, "/staff/%s", id_a(world, SEED_RECEPTIONIST)),
               token_a(world, "admin"), NULL, "\"1\"");
    assert_true(answer.status == 200 || answer.status == 204);
    hear_end(&ears, ear, "the session has ended");
    ears_end(&ears);
}

/* Nobody says a word; it is found when the sessions are looked after. */
static void a_session_that_ran_out_ends_its_stream(void **state)
{
    struct world *world = *state;
    struct ears ears;
    ears_of(world, &ears, 2);
    ears.ear[1].token = token_a(world, "doctor");
    assert_true(ear_open(&ears, &ears.ear[0]) && ear_open(&ears, &ears.ear[1]));
    hear(&ears, 2);
    sql_run(
        world->boss,
        "UPDATE clinicd.session SET idle_seconds = 1 WHERE clinic_id = %d AND account_id = '%s'",
        (int)seed_a.clinic_id, id_a(world, SEED_RECEPTIONIST));
    hear_end(&ears, &ears.ear[0], "the session has ended");
    assert_true(ears.ear[1].fd >= 0);
    ears_end(&ears);
}

static void a_stream_ends_when_its_clinic_closes(void **state)
{
    struct world *world = *state;
    struct ears ears;
    ears_of(world, &ears, 2);
    char token[TOKEN_TEXT];
    ears.ear[1].path = "/clinics/clinic-b/queue/events";
    ears.ear[1].token = seed_token(&seed_b, "admin", token);
    assert_true(ear_open(&ears, &ears.ear[0]) && ear_open(&ears, &ears.ear[1]));
    hear(&ears, 2);
    sql_run(world->boss,
            "UPDATE clinicd.clinic SET status = 'suspended' WHERE clinic_id = %d; "
            "SELECT clinicd.announce('clinic', '%d', now())",
            (int)seed_a.clinic_id, (int)seed_a.clinic_id);
    hear_end(&ears, &ears.ear[0], "the session has ended");
    assert_true(ears.ear[1].fd >= 0);
    assert_true(ear_open(&ears, &ears.ear[0]));
    ears_hear(&ears, 200);
    assert_int_equal(ears_answered(&ears, 401, WAIT_MS), 1);
    ears_end(&ears);
}

/* Hears until it knows the last event, coming back when it was cut. */
static void catch_up(struct world *world, struct ears *ears)
{
    int64_t last = last_event(world), until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
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
    ears_of(world, &ears, 1);
    ears.ear->sip = 2048; /* enough not to be silent */
    assert_true(ear_open(&ears, ears.ear));
    hear(&ears, 1);
    int64_t first = ears.ear->last;
    ears.heard = expect_next;
    streams_stats_read(world->service->streams, &before);
    after = before;
    for (int i = 0; i < BURSTS_MOST && after.cut == before.cut; i++) {
        change(world, BURST);
        for (int sip = 0; sip < SIPS; sip++)
            assert_int_equal(ears_hear(&ears, 20), 1);
        streams_stats_read(world->service->streams, &after);
    }
    print_message("cut after %d events\n", (int)(last_event(world) - first));
    assert_int_equal(after.cut, before.cut + 1);
    catch_up(world, &ears);
    ears_end(&ears);
}

static void who_does_not_read_at_all_is_dropped_and_misses_nothing(void **state)
{
    enum { BURST = 500, BURSTS_MOST = 100 };
    struct world *world = *state;
    struct ears ears;
    one_ear(world, &ears);
    ears.heard = expect_next;
    for (int i = 0; i < BURSTS_MOST && open_streams(world); i++) {
        change(world, BURST);
        usleep(50000);
    }
    assert_int_equal(open_streams(world), 0);
    catch_up(world, &ears);
    ears_end(&ears);
}

static void a_stop_ends_all_streams_and_cuts_nothing(void **state)
{
    struct world *world = *state;
    struct service_options options = world->service->options;
    struct ears ears;
    struct fault fault = {.arena = &world->arena};
    ears_of(world, &ears, PER_CLINIC);
    for (size_t i = 0; i < PER_CLINIC; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    hear(&ears, PER_CLINIC);
    assert_true(service_stop(world->service));
    for (size_t i = 0; i < PER_CLINIC; i++)
        hear_end(&ears, &ears.ear[i], "the service is shutting down");
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
    one_ear(world, &ears);
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
        TEST(a_new_listener_is_told_where_it_begins),
        TEST(what_the_api_does_is_heard),
        TEST(who_comes_back_hears_what_it_missed_once_and_in_order),
        TEST(who_comes_back_far_behind_the_others_catches_up),
        TEST(a_place_that_is_not_known_or_not_kept_is_reset),
        TEST(a_place_that_is_no_number_is_refused),
        TEST(one_read_feeds_all_of_a_clinic),
        TEST(too_many_listeners_are_told_to_come_again),
        TEST(a_stream_is_written_down_once),
        TEST(nobody_makes_or_changes_an_event_by_hand),
        TEST(a_silent_stream_beats_and_outlives_the_idle_timeout),
        TEST(a_stream_ends_with_its_session_and_no_other),
        TEST(news_of_an_account_that_lives_on_ends_nothing),
        TEST(a_stream_ends_when_the_account_does),
        TEST(a_session_that_ran_out_ends_its_stream),
        TEST(a_stream_ends_when_its_clinic_closes),
        TEST(who_reads_too_slowly_is_cut_and_misses_nothing),
        TEST(who_does_not_read_at_all_is_dropped_and_misses_nothing),
        TEST(a_stop_ends_all_streams_and_cuts_nothing),
        TEST(open_streams_stand_in_the_metrics),
    };
    return cmocka_run_group_tests_name("queue events", tests, setup, teardown);
}
