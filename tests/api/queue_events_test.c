/* Listening to the queue: where a stream begins and goes on, and who hears it. */
#include "api/http/streams.h"
#include "db/clock.h"
#include "tests/harness/ask.h"
#include "tests/harness/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PER_CLINIC = 12, IN_ALL = 16 };

static struct notes notes;

static void adjust(struct service_options *options)
{
    options->streams_per_clinic = PER_CLINIC;
    options->streams_max = IN_ALL;
    options->idle_timeout_s = 1;
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

static int fresh(void **state)
{
    queue_fresh(*state, &notes);
    return 0;
}

/* --- where it begins -----------------------------------------------------------------------------
 */

static void a_new_listener_is_told_where_it_begins(void **state)
{
    struct world *world = *state;
    struct ears ears;
    queue_ear(world, &ears, &notes);
    assert_string_equal(notes.all[0].name, "ready");
    assert_int_equal(notes.all[0].id, queue_last(world));
    queue_change(world, 1);
    queue_hear(&ears, &notes, 2);
    assert_string_equal(notes.all[1].name, "changed");
    assert_int_equal(notes.all[1].id, notes.all[0].id + 1);
    ears_end(&ears);
}

static void what_the_api_does_is_heard(void **state)
{
    struct world *world = *state;
    struct ears ears;
    queue_ear(world, &ears, &notes);
    struct answer answer =
        ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
            arena_format(&world->arena, "{\"patient_id\":\"%s\",\"priority\":\"urgent\"}",
                         id_a(world, SEED_PATIENT_OTHER)));
    expect(&answer, 201, NULL);
    const char *id = answer_text(&answer, "id");
    queue_hear(&ears, &notes, 2);
    assert_string_equal(notes.all[1].name, "checked_in");
    json_t *data = arena_json(&world->arena, json_loads(notes.all[1].data, 0, NULL));
    const json_t *visit = json_object_get(data, "visit");
    assert_string_equal(json_string_value(json_object_get(visit, "id")), id);
    assert_string_equal(json_string_value(json_object_get(visit, "priority")), "urgent");
    assert_string_equal(json_string_value(json_object_get(visit, "status")), "checked_in");
    assert_null(strstr(notes.all[1].data, seed_a.mark)); /* no name, no purpose, nothing typed */
    answer = ask_if(world, "POST", path_a(world, "/visits/%s/status", id),
                    token_a(world, "receptionist"), "{\"status\":\"in_consultation\"}", "\"1\"");
    expect(&answer, 200, NULL);
    queue_hear(&ears, &notes, 3);
    assert_string_equal(notes.all[2].name, "status");
    assert_non_null(strstr(notes.all[2].data, "\"in_consultation\""));
    ears_end(&ears);
}

static void who_comes_back_hears_what_it_missed_once_and_in_order(void **state)
{
    enum { MISSED = 700 }; /* more than the ring holds and than a page has */
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = queue_ear(world, &ears, &notes);
    int64_t from = ear->last;
    ear_close(ear);
    queue_change(world, MISSED);
    assert_true(ear_open(&ears, ear));
    queue_hear(&ears, &notes, 1 + MISSED);
    queue_change(world, 2);
    queue_hear(&ears, &notes, 1 + MISSED + 2);
    for (size_t i = 1; i < notes.n; i++)
        assert_int_equal(notes.all[i].id, from + (int64_t)i);
    ears_end(&ears);
}

/* One has been there all the time, so the channel is far ahead of the other. */
static void who_comes_back_far_behind_the_others_catches_up(void **state)
{
    enum { MISSED = 400 };
    struct world *world = *state;
    struct ears ears;
    queue_ears(world, &ears, 2, &notes);
    assert_true(ear_open(&ears, &ears.ear[0]));
    queue_hear(&ears, &notes, 1);
    ears.ear[1].last = notes.all[0].id - 2;
    queue_change(world, MISSED);
    queue_hear(&ears, &notes, 1 + MISSED);
    assert_true(ear_open(&ears, &ears.ear[1]));
    queue_hear(&ears, &notes, 1 + MISSED + MISSED + 2);
    for (size_t i = 1 + MISSED; i < notes.n; i++)
        assert_int_equal(notes.all[i].id, notes.all[0].id - 2 + (int64_t)(i - MISSED));
    ears_end(&ears);
}

static void a_place_that_is_not_known_or_not_kept_is_reset(void **state)
{
    struct world *world = *state;
    struct ears ears;
    queue_change(world, 5);
    int64_t last = queue_last(world);
    sql_run(world->boss, "DELETE FROM clinicd.event WHERE number <= %d", (int)last - 2);
    const int64_t places[] = {last + 1, INT64_MAX, 0, last - 3};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        queue_ears(world, &ears, 1, &notes);
        ears.ear->last = places[i];
        notes.n = 0;
        assert_true(ear_open(&ears, ears.ear));
        queue_hear(&ears, &notes, 1);
        assert_string_equal(notes.all[0].name, "reset");
        assert_int_equal(notes.all[0].id, last);
        ears_end(&ears);
    }
    const int64_t kept[] = {last - 2, last - 1, last};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        queue_ears(world, &ears, 1, &notes);
        ears.ear->last = kept[i];
        notes.n = 0;
        assert_true(ear_open(&ears, ears.ear));
        queue_change(world, 1);
        last++;
        queue_hear(&ears, &notes, (size_t)(last - kept[i]));
        assert_int_equal(notes.all[0].id, kept[i] + 1);
        assert_string_equal(notes.all[0].name, "changed");
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
    queue_ears(world, &ears, PER_CLINIC, &notes);
    for (size_t i = 0; i < PER_CLINIC; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    queue_hear(&ears, &notes, PER_CLINIC);
    streams_stats_read(world->service->streams, &before);
    for (size_t i = 1; i <= EVENTS; i++) {
        queue_change(world, 1);
        queue_hear(&ears, &notes, (i + 1) * PER_CLINIC);
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
    queue_ears(world, &ears, PER_CLINIC + 1, &notes);
    for (size_t i = 0; i < PER_CLINIC; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    queue_hear(&ears, &notes, PER_CLINIC);
    struct answer answer =
        ask(world, "GET", path_a(world, "/queue/events"), token_a(world, "doctor"), NULL);
    expect(&answer, 429, "overloaded");
    /* Another clinic has its own room, but there is no more than all. */
    queue_ears(world, &others, IN_ALL - PER_CLINIC, &notes);
    for (size_t i = 0; i < others.n; i++) {
        char token[TOKEN_TEXT];
        others.ear[i].path = "/clinics/clinic-b/queue/events";
        others.ear[i].token = arena_copy(&world->arena, seed_token(&seed_b, "admin", token));
        assert_true(ear_open(&others, &others.ear[i]));
    }
    queue_hear(&others, &notes, IN_ALL);
    assert_int_equal(queue_open_streams(world), IN_ALL);
    answer = ask(world, "GET", "/clinics/clinic-b/queue/events", others.ear[0].token, NULL);
    expect(&answer, 429, "overloaded");
    ears_end(&others);
    ears_end(&ears); /* a beat or two later their places are free */
    int64_t until_us = clock_monotonic_us() + QUEUE_WAIT_MS * INT64_C(1000);
    while (queue_open_streams(world) > 0 && clock_monotonic_us() < until_us)
        usleep(20000);
    assert_int_equal(queue_open_streams(world), 0);
    answer = ask(world, "GET", path_a(world, "/queue/events"), token_a(world, "doctor"), NULL);
    expect(&answer, 200, NULL);
}

static void a_stream_is_written_down_once(void **state)
{
    struct world *world = *state;
    struct ears ears;
    sql_run(world->boss, "CREATE TEMP TABLE seen AS SELECT id FROM clinicd.audit");
    queue_ear(world, &ears, &notes);
    queue_change(world, 5);
    queue_hear(&ears, &notes, 6);
    assert_string_equal(
        sql_text(
            world->boss, &world->arena,
            "SELECT string_agg(format('%%s %%s %%s', operation, actor_role, status), ',') FROM "
            "clinicd.audit WHERE id NOT IN (SELECT id FROM seen)"),
        "queue_listen receptionist 200");
    ears_end(&ears);
}

/* The document with a member of the events hidden from receptionists. */
static char *document_that_hides(struct arena *arena)
{
    json_t *json = arena_json(arena, json_loadb(document_bytes, document_bytes_n, 0, NULL));
    json_t *path = json_object_get(json_object_get(json, "paths"), "/clinics/{slug}/queue/events");
    json_object_set_new(json_object_get(path, "get"), "x-hide",
                        json_pack("{s:[s]}", "receptionist", "visit.priority"));
    char *text = json_dumps(json, JSON_COMPACT), *copy = arena_copy(arena, text);
    free(text);
    return copy;
}

static void what_a_role_may_not_see_is_not_in_its_events(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct arena arena CLEANUP(arena_end) = {0};
    struct ears ears;
    (void)state;
    assert_non_null(world);
    char *document = document_that_hides(&arena);
    world_begin(world, &(struct world_options){.name = "queue_views", .document = document});
    queue_ears(world, &ears, 3, &notes);
    ears.ear[1].token = token_a(world, "doctor");
    for (size_t i = 0; i < 2; i++)
        assert_true(ear_open(&ears, &ears.ear[i]));
    queue_hear(&ears, &notes, 2);
    ears.ear[2].last = notes.all[0].id - 1; /* from the database, not from the ring */
    queue_change(world, 300);
    queue_hear(&ears, &notes, 2 + 600);
    assert_true(ear_open(&ears, &ears.ear[2]));
    queue_hear(&ears, &notes, 2 + 600 + 301);
    for (size_t i = 2; i < notes.n; i++) {
        bool is_doctor = notes.all[i].ear == &ears.ear[1];
        assert_int_equal(strstr(notes.all[i].data, "\"priority\"") != NULL, is_doctor);
        assert_non_null(strstr(notes.all[i].data, "\"status\""));
    }
    ears_end(&ears);
    world_end(world);
    free(world);
}

static void events_are_kept_for_two_days(void **state)
{
    struct world *world = *state;
    queue_change(world, 3);
    int64_t last = queue_last(world);
    sql_run(world->boss,
            "UPDATE clinicd.event SET at = timestamptz '2030-01-03T00:00:00Z' - "
            "CASE number WHEN %d THEN interval '48 hours 1 second' ELSE interval '48 hours' END "
            "WHERE clinic_id = %d AND number >= %d",
            (int)last - 2, (int)seed_a.clinic_id, (int)last - 2);
    sql_run(world->boss, "SELECT clinicd.event_purge('2030-01-03T00:00:00Z')");
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.event WHERE number >= %d "
                             "AND clinic_id = %d",
                             (int)last - 2, (int)seed_a.clinic_id),
                     2);
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
        TEST(what_a_role_may_not_see_is_not_in_its_events),
        TEST(events_are_kept_for_two_days),
        TEST(nobody_makes_or_changes_an_event_by_hand),
    };
    return cmocka_run_group_tests_name("queue events", tests, setup, teardown);
}
