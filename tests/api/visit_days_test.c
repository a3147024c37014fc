/* The clinic's day: tokens begin anew at its midnight, wherever on earth and whatever the clocks do
 * that night; what nobody closed is closed when the day is over. Built on a clock that the test
 * moves. */
#include "db/clock.h"
#include "models/clinic/directory.h"
#include "models/visit/visit.h"
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENTS = 210, POLL_US = 50 * 1000, POLLS_MOST = 600 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "visit_days"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* "2026-06-10T18:40:00Z" */
static int64_t instant(const char *text)
{
    struct tm tm = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm));
    return (int64_t)timegm(&tm) * 1000000;
}

static void now_is(const char *text)
{
    later(instant(text) - clock_now_us());
}

static void zone_is(struct world *world, const struct seed *seed, const char *zone)
{
    struct fault fault = {.arena = &world->arena};
    sql_run(world->boss, "UPDATE clinicd.clinic SET timezone = '%s' WHERE clinic_id = %d", zone,
            (int)seed->clinic_id);
    assert_int_equal(directory_refresh_all(world->service->directory, &fault), ERR_NONE);
}

/* Patients 1001 … of a clinic. */
static void patients_make(struct world *world, const struct seed *seed)
{
    sql_run(world->boss,
            "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, "
            "created_at, updated_at) SELECT %d, ('0190a000-0000-7000-8000-%s000000' || 1000 + "
            "n)::uuid, 'PT-2026-' || lpad(n::text, 5, '0'), 'Comer ' || n, '2026-01-01', now(), "
            "now() FROM generate_series(1, %d) n",
            (int)seed->clinic_id, seed->hex, PATIENTS);
}

static void begin_anew(struct world *world)
{
    world_restore(world);
    patients_make(world, &seed_a);
}

static struct answer check_in(struct world *world, int patient)
{
    return ask(
        world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
        arena_format(&world->arena, "{\"patient_id\": \"%s\"}", id_a(world, 1000 + patient)));
}

static int64_t number(const struct answer *answer, const char *member)
{
    return json_integer_value(json_object_get(answer->json, member));
}

/* --- scenario ------------------------------------------------------------------------------- */

/* Check-in → token 1; second check-in same patient refused; another patient token 2; day boundary
 * 00:10 IST resets tokens and "today" numbers. */
static void scenario_3_tokens_count_from_one_each_clinic_day(void **state)
{
    struct world *world = *state;
    begin_anew(world);
    now_is("2026-06-10T18:20:00Z"); /* 23:50 in Asia/Kolkata, still the 10th */
    struct answer first = check_in(world, 1);
    expect(&first, 201, NULL);
    assert_int_equal(number(&first, "token_number"), 1);
    assert_string_equal(answer_text(&first, "token_on"), "2026-06-10");
    assert_memory_equal(answer_text(&first, "checked_in_at"), "2026-06-10T18:20", 16);

    struct answer again = check_in(world, 1);
    expect(&again, 409, "open-visit-exists");
    assert_string_equal(text_in(&again, "open_visit", "id"), answer_text(&first, "id"));

    struct answer second = check_in(world, 2);
    expect(&second, 201, NULL);
    assert_int_equal(number(&second, "token_number"), 2);

    const char *stats = path_a(world, "/visits/stats");
    struct answer before = ask(world, "GET", stats, token_a(world, "receptionist"), NULL);
    assert_string_equal(answer_text(&before, "today"), "2026-06-10");
    assert_int_equal(number(&before, "visits_today"), 2);

    now_is("2026-06-10T18:40:00Z"); /* 00:10, the 11th; in UTC the day is the same */
    struct answer third = check_in(world, 3);
    expect(&third, 201, NULL);
    assert_int_equal(number(&third, "token_number"), 1);
    assert_string_equal(answer_text(&third, "token_on"), "2026-06-11");

    struct answer after = ask(world, "GET", stats, token_a(world, "receptionist"), NULL);
    assert_string_equal(answer_text(&after, "today"), "2026-06-11");
    assert_int_equal(number(&after, "visits_today"), 1);
    assert_int_equal(number(&after, "visits_this_month"), 3);
    assert_int_equal(number(&after, "active"), 4); /* one of the seed waits, too */
}

/* --- wherever on earth ---------------------------------------------------------------------- */

static void tokens_begin_anew_at_the_clinic_s_own_midnight(void **state)
{
    static const struct {
        const char *zone, *at, *day;
        int token;
    } moments[] = {
        {"Asia/Kolkata", "2026-06-14T18:25:00Z", "2026-06-14", 1}, /* 23:55 */
        {"Asia/Kolkata", "2026-06-14T18:29:59Z", "2026-06-14", 2}, /* 23:59:59 */
        {"Asia/Kolkata", "2026-06-14T18:30:00Z", "2026-06-15", 1}, /* 00:00 */
        {"Asia/Kolkata", "2026-06-14T18:40:00Z", "2026-06-15", 2}, /* 00:10 */
        {"Asia/Kolkata", "2026-06-15T00:10:00Z", "2026-06-15", 3}, /* midnight of UTC is none */
        /* the clocks go forward in the night to the 29th of March: a day of 23 hours */
        {"Europe/Berlin", "2026-03-28T22:50:00Z", "2026-03-28", 1}, /* 23:50, UTC+1 */
        {"Europe/Berlin", "2026-03-28T23:10:00Z", "2026-03-29", 1}, /* 00:10, UTC+1 */
        {"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29", 2}, /* 01:59:59 */
        {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29", 3}, /* 03:00, UTC+2 */
        {"Europe/Berlin", "2026-03-29T21:50:00Z", "2026-03-29", 4}, /* 23:50 */
        {"Europe/Berlin", "2026-03-29T22:10:00Z", "2026-03-30", 1}, /* 00:10, UTC+2 */
        /* and back in the night to the 25th of October: a day of 25 hours, 02:30 comes twice */
        {"Europe/Berlin", "2026-10-24T21:50:00Z", "2026-10-24", 1}, /* 23:50, UTC+2 */
        {"Europe/Berlin", "2026-10-24T22:10:00Z", "2026-10-25", 1}, /* 00:10, UTC+2 */
        {"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25", 2}, /* 02:30 */
        {"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25", 3}, /* 02:30 again */
        {"Europe/Berlin", "2026-10-25T22:10:00Z", "2026-10-25", 4}, /* 23:10, UTC+1 */
        {"Europe/Berlin", "2026-10-25T23:10:00Z", "2026-10-26", 1}, /* 00:10, UTC+1 */
        /* thirteen hours ahead: tomorrow begins before noon of UTC */
        {"Pacific/Tongatapu", "2026-06-19T10:50:00Z", "2026-06-19", 1}, /* 23:50 */
        {"Pacific/Tongatapu", "2026-06-19T11:10:00Z", "2026-06-20", 1}, /* 00:10 */
        {"Pacific/Tongatapu", "2026-06-20T00:10:00Z", "2026-06-20", 2}, /* 13:10 */
        /* eleven behind */
        {"Pacific/Pago_Pago", "2026-06-25T10:50:00Z", "2026-06-24", 1}, /* 23:50 */
        {"Pacific/Pago_Pago", "2026-06-25T11:10:00Z", "2026-06-25", 1}, /* 00:10 */
    };
    struct world *world = *state;
    begin_anew(world);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        zone_is(world, &seed_a, moments[i].zone);
        now_is(moments[i].at);
        struct answer answer = check_in(world, (int)i + 1);
        expect(&answer, 201, NULL);
        if (strcmp(answer_text(&answer, "token_on"), moments[i].day) != 0 ||
            number(&answer, "token_number") != moments[i].token)
            fail_msg("%s in %s: token %d of %s, not %d of %s", moments[i].at, moments[i].zone,
                     (int)number(&answer, "token_number"), answer_text(&answer, "token_on"),
                     moments[i].token, moments[i].day);
        struct answer stats =
            ask(world, "GET", path_a(world, "/visits/stats"), token_a(world, "receptionist"), NULL);
        assert_string_equal(answer_text(&stats, "today"), moments[i].day);
        assert_int_equal(number(&stats, "visits_today"), moments[i].token);
    }
}

/* --- what nobody closed --------------------------------------------------------------------- */

static struct answer begin(struct world *world, const struct answer *visit)
{
    return ask_if(world, "POST", path_a(world, "/visits/%s/status", answer_text(visit, "id")),
                  token_a(world, "doctor"), "{\"status\": \"in_consultation\"}", "\"1\"");
}

static const char *status_of(struct world *world, const struct answer *visit)
{
    struct answer now = ask(world, "GET", path_a(world, "/visits/%s", answer_text(visit, "id")),
                            token_a(world, "receptionist"), NULL);
    return answer_text(&now, "status");
}

static void close_all(struct world *world)
{
    while (visit_close_stale(world->service->database))
        continue;
}

static void what_is_left_open_is_closed_when_the_day_is_over(void **state)
{
    struct world *world = *state;
    begin_anew(world);
    now_is("2026-06-10T05:00:00Z"); /* 10:30 in Asia/Kolkata */
    struct answer waits = check_in(world, 1), begun = check_in(world, 2), over = check_in(world, 3);
    expect(&over, 201, NULL);
    struct answer in = begin(world, &begun);
    expect(&in, 200, NULL);
    struct answer done =
        ask_if(world, "POST", path_a(world, "/visits/%s/status", answer_text(&over, "id")),
               token_a(world, "receptionist"),
               "{\"status\": \"cancelled\", \"note\": \"Went home\"}", "\"1\"");
    expect(&done, 200, NULL);
    now_is("2026-06-10T18:20:00Z"); /* 23:50 */
    struct answer late = check_in(world, 4);
    expect(&late, 201, NULL);
    close_all(world);
    assert_string_equal(status_of(world, &waits), "checked_in");

    now_is("2026-06-10T18:40:00Z"); /* 00:10: the night's work goes on */
    close_all(world);
    assert_string_equal(status_of(world, &waits), "no_show");
    assert_string_equal(status_of(world, &begun), "completed");
    assert_string_equal(status_of(world, &over), "cancelled");
    assert_string_equal(status_of(world, &late), "checked_in");

    now_is("2026-06-11T00:30:00Z"); /* 06:00 */
    close_all(world);
    assert_string_equal(status_of(world, &late), "no_show");
    close_all(world);

    struct answer history =
        ask(world, "GET", path_a(world, "/visits/%s/status-history", answer_text(&begun, "id")),
            token_a(world, "admin"), NULL);
    const json_t *steps = json_object_get(history.json, "items");
    assert_int_equal(json_array_size(steps), 3);
    const json_t *last = json_array_get(steps, 2);
    assert_string_equal(json_string_value(json_object_get(last, "to")), "completed");
    const char *at = json_string_value(json_object_get(last, "at"));
    assert_memory_equal(at, "2026-06-10T18:40", 16);
    assert_true(json_is_null(json_object_get(last, "by")));
    assert_non_null(
        strstr(json_string_value(json_object_get(last, "note")), "Closed by the service"));

    PGresult *trail = sql_rows(
        world->boss, &world->arena,
        "SELECT actor_kind, coalesce(actor_id::text, '-'), status, patient_id, before->>'status', "
        "after->>'status', count(*) OVER () FROM clinicd.audit WHERE clinic_id = 7001 AND "
        "operation = 'visits_close_stale' AND entity = 'visit' AND entity_id = '%s'",
        answer_text(&waits, "id"));
    assert_int_equal(PQntuples(trail), 1);
    assert_string_equal(PQgetvalue(trail, 0, 0), "system");
    assert_string_equal(PQgetvalue(trail, 0, 1), "-");
    assert_string_equal(PQgetvalue(trail, 0, 2), "200");
    assert_string_equal(PQgetvalue(trail, 0, 3), id_a(world, 1001));
    assert_string_equal(PQgetvalue(trail, 0, 4), "checked_in");
    assert_string_equal(PQgetvalue(trail, 0, 5), "no_show");
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.audit WHERE operation = "
                                          "'visits_close_stale'"),
                     3);
    struct answer anew = check_in(world, 1); /* who was closed can come again */
    expect(&anew, 201, NULL);
}

/* Nothing of a clinic is closed by the day of another. */
static void each_clinic_closes_by_its_own_day(void **state)
{
    static const char open_sql[] =
        "SELECT string_agg(clinic_id || status, ' ' ORDER BY clinic_id) FROM clinicd.visit WHERE "
        "token_on = '2026-06-10'";
    struct world *world = *state;
    begin_anew(world);
    zone_is(world, &seed_a, "Pacific/Pago_Pago");
    zone_is(world, &seed_b, "Pacific/Tongatapu");
    for (int clinic = 7001; clinic <= 7002; clinic++)
        sql_run(world->boss,
                "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, "
                "status_at, checked_in_at, created_at, updated_at) SELECT %d, gen_random_uuid(), "
                "id, '2026-06-10', 1, t, t, t, t FROM clinicd.patient p, (VALUES (timestamptz "
                "'2026-06-10T00:00:00Z')) v (t) WHERE clinic_id = %d AND patient_number = "
                "'PT-2025-00102'",
                clinic, clinic);
    now_is("2026-06-10T10:50:00Z"); /* 23:50 in Tonga */
    close_all(world);
    assert_string_equal(sql_text(world->boss, &world->arena, open_sql),
                        "7001checked_in 7002checked_in");
    now_is("2026-06-10T11:10:00Z"); /* the 11th there */
    close_all(world);
    assert_string_equal(sql_text(world->boss, &world->arena, open_sql),
                        "7001checked_in 7002no_show");
    now_is("2026-06-11T11:10:00Z"); /* and in Samoa */
    close_all(world);
    assert_string_equal(sql_text(world->boss, &world->arena, open_sql), "7001no_show 7002no_show");
}

/* On a day long ago, as a clinic leaves them behind. */
static void leave_open(struct world *world, int n)
{
    sql_run(world->boss,
            "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, "
            "status_at, checked_in_at, created_at, updated_at) SELECT 7001, gen_random_uuid(), "
            "('0190a000-0000-7000-8000-aa000000' || 1000 + n)::uuid, '2026-01-05', n, t, t, t, t "
            "FROM generate_series(1, %d) n, (VALUES (timestamptz '2026-01-05T04:00:00Z')) v (t)",
            n);
}

static int64_t left_open(struct world *world)
{
    return sql_int(world->boss,
                   "SELECT count(*) FROM clinicd.visit WHERE token_on = '2026-01-05' AND status = "
                   "'checked_in'");
}

static void many_are_closed_some_at_a_time(void **state)
{
    struct world *world = *state;
    begin_anew(world);
    leave_open(world, 210);
    assert_true(visit_close_stale(world->service->database));
    assert_int_equal(left_open(world), 110);
    assert_true(visit_close_stale(world->service->database));
    assert_false(visit_close_stale(world->service->database));
    assert_int_equal(left_open(world), 0);
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.visit_change c JOIN "
                                          "clinicd.visit v ON v.clinic_id = c.clinic_id AND v.id = "
                                          "c.visit_id WHERE v.token_on = '2026-01-05'"),
                     420);
}

/* One that cannot be closed does not keep the service at it, nor the others open. */
static void what_cannot_be_closed_stops_nothing(void **state)
{
    struct world *world = *state;
    begin_anew(world);
    leave_open(world, 100);
    sql_run(
        world->boss,
        "CREATE FUNCTION clinicd.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "EXCEPTION 'planted'; END $$; CREATE TRIGGER planted BEFORE UPDATE ON clinicd.visit FOR "
        "EACH ROW WHEN (OLD.token_number = 7) EXECUTE FUNCTION clinicd.planted()");
    assert_false(visit_close_stale(world->service->database));
    assert_int_equal(left_open(world), 1);
    sql_run(world->boss, "DROP FUNCTION clinicd.planted() CASCADE");
    close_all(world);
    assert_int_equal(left_open(world), 0);
}

static void the_service_does_it_by_itself(void **state)
{
    struct world *world = *state;
    struct fault fault = {.arena = &world->arena};
    begin_anew(world);
    leave_open(world, 120);
    struct service_options options = world->service->options;
    options.database.chore = NULL; /* its own */
    service_stop(world->service);
    assert_int_equal(service_start(&options, &fault, &world->service), ERR_NONE);
    for (int i = 0; i < POLLS_MOST && left_open(world) > 0; i++)
        usleep(POLL_US);
    assert_int_equal(left_open(world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_3_tokens_count_from_one_each_clinic_day),
        cmocka_unit_test(tokens_begin_anew_at_the_clinic_s_own_midnight),
        cmocka_unit_test(what_is_left_open_is_closed_when_the_day_is_over),
        cmocka_unit_test(each_clinic_closes_by_its_own_day),
        cmocka_unit_test(many_are_closed_some_at_a_time),
        cmocka_unit_test(what_cannot_be_closed_stops_nothing),
        cmocka_unit_test(the_service_does_it_by_itself),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
