/* Who waits: in which order, how long, on which day, for whom; and that a look at it is written
 * down. */
#include "db/clock.h"
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PATIENTS = 20 };

static const int64_t SECOND = 1000000, MINUTE = 60 * 1000000, HOUR = 3600 * (int64_t)1000000;

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "queue"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* An empty waiting room at that moment of the clinic's zone, which is five and a half hours ahead.
 */
static void begin_at(struct world *world, const char *utc)
{
    struct tm tm = {0};
    assert_non_null(strptime(utc, "%Y-%m-%dT%H:%M:%SZ", &tm));
    later((int64_t)timegm(&tm) * SECOND - clock_now_us());
    world_restore(world);
    sql_run(world->boss,
            "UPDATE clinicd.visit SET status = 'no_show', move_note = 'gone', updated_at = "
            "'2099-01-05T06:00:00Z' WHERE status = 'checked_in'");
    sql_run(world->boss,
            "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, "
            "created_at, updated_at) SELECT %d, ('0190a000-0000-7000-8000-%s000000' || 1000 + "
            "n)::uuid, 'PT-2026-' || lpad(n::text, 5, '0'), 'Comer ' || n, '2026-01-01', now(), "
            "now() FROM generate_series(1, %d) n",
            (int)seed_a.clinic_id, seed_a.hex, PATIENTS);
}

/* The visit's id. */
static const char *check_in(struct world *world, int patient, const char *members)
{
    struct answer answer =
        ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
            arena_format(&world->arena, "{\"patient_id\":\"%s\"%s}", id_a(world, 1000 + patient),
                         members));
    expect(&answer, 201, NULL);
    return answer_text(&answer, "id");
}

static void move(struct world *world, const char *visit, const char *status)
{
    const char *version =
        sql_text(world->boss, &world->arena,
                 "SELECT format('\"%%s\"', version) FROM clinicd.visit WHERE id = '%s'", visit);
    struct answer answer = ask_if(
        world, "POST", path_a(world, "/visits/%s/status", visit), token_a(world, "admin"),
        arena_format(&world->arena, "{\"status\":\"%s\",\"note\":\"as it was\"}", status), version);
    expect(&answer, 200, NULL);
}

static struct answer queue_of(struct world *world, const char *query)
{
    struct answer answer =
        ask(world, "GET", path_a(world, "/queue%s", query), token_a(world, "doctor"), NULL);
    expect(&answer, 200, NULL);
    return answer;
}

/* "3 1 2": the patients of a list, in its order. */
static const char *names(struct world *world, const struct answer *answer, const char *list)
{
    struct buf out;
    size_t i;
    json_t *item;
    buf_begin(&out, &world->arena, 64);
    json_array_foreach(json_object_get(answer->json, list), i, item)
    {
        const json_t *patient = json_object_get(item, "patient");
        const char *name = json_string_value(json_object_get(patient, "name"));
        assert_int_equal(json_integer_value(json_object_get(item, "place")), i + 1);
        buf_format(&out, "%s%s", i ? " " : "", name + strlen("Comer "));
    }
    return out.text;
}

static json_int_t minutes(const struct answer *answer, const char *list, size_t i)
{
    const json_t *item = json_array_get(json_object_get(answer->json, list), i);
    return json_integer_value(json_object_get(item, "waiting_minutes"));
}

static json_int_t counted(const struct answer *answer, const char *what)
{
    return json_integer_value(json_object_get(json_object_get(answer->json, "counts"), what));
}

/* --- order ---------------------------------------------------------------------------------------
 */

static void emergencies_come_first_then_urgent_ones_then_tokens(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    check_in(world, 1, "");
    check_in(world, 2, ",\"priority\":\"urgent\"");
    check_in(world, 3, "");
    check_in(world, 4, ",\"priority\":\"emergency\"");
    check_in(world, 5, ",\"visit_type\":\"emergency\""); /* said in one place is enough */
    check_in(world, 6, ",\"priority\":\"urgent\"");
    check_in(world, 7, ",\"visit_type\":\"follow_up\"");
    struct answer answer = queue_of(world, "");
    assert_string_equal(names(world, &answer, "waiting"), "4 5 2 6 1 3 7");
    assert_string_equal(names(world, &answer, "in_consultation"), "");
    assert_string_equal(answer_text(&answer, "on"), "2026-03-02");
}

static void who_becomes_urgent_moves_up(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    check_in(world, 1, "");
    const char *second = check_in(world, 2, "");
    struct answer answer =
        ask_if(world, "PATCH", path_a(world, "/visits/%s", second), token_a(world, "receptionist"),
               "{\"priority\":\"urgent\"}", "\"1\"");
    expect(&answer, 200, NULL);
    answer = queue_of(world, "");
    assert_string_equal(names(world, &answer, "waiting"), "2 1");
}

/* --- time ----------------------------------------------------------------------------------------
 */

static void waiting_is_said_in_whole_minutes(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    const char *first = check_in(world, 1, "");
    struct answer answer = queue_of(world, "");
    assert_int_equal(minutes(&answer, "waiting", 0), 0);
    later(17 * MINUTE + 58 * SECOND);
    check_in(world, 2, "");
    answer = queue_of(world, "");
    assert_int_equal(minutes(&answer, "waiting", 0), 17);
    assert_int_equal(minutes(&answer, "waiting", 1), 0);
    later(5 * MINUTE);
    move(world, first, "in_consultation");
    later(30 * MINUTE);
    answer = queue_of(world, ""); /* the consultation is no waiting */
    assert_int_equal(minutes(&answer, "in_consultation", 0), 22);
    assert_int_equal(minutes(&answer, "waiting", 0), 35);
}

static void who_came_before_midnight_is_still_there_after_it(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T18:20:00Z"); /* ten to midnight */
    check_in(world, 1, "");
    later(20 * MINUTE);
    check_in(world, 2, "");
    check_in(world, 3, ",\"priority\":\"emergency\"");
    struct answer answer = queue_of(world, "");
    assert_string_equal(answer_text(&answer, "on"), "2026-03-03");
    assert_string_equal(names(world, &answer, "waiting"), "3 1 2");
    assert_int_equal(minutes(&answer, "waiting", 1), 20);
    later(6 * HOUR); /* nobody has touched it since yesterday */
    answer = queue_of(world, "");
    assert_string_equal(names(world, &answer, "waiting"), "3 2");
}

/* --- who is counted ------------------------------------------------------------------------------
 */

static void counts_are_those_of_the_day(void **state)
{
    static const char *const ends[] = {"completed", "completed", "cancelled", "no_show"};
    struct world *world = *state;
    begin_at(world, "2026-03-01T04:30:00Z");
    move(world, check_in(world, 10, ""), "completed"); /* yesterday */
    begin_at(world, "2026-03-02T04:30:00Z");
    for (int i = 0; i < 4; i++)
        move(world, check_in(world, 1 + i, ""), ends[i]);
    move(world, check_in(world, 5, ""), "in_consultation");
    for (int i = 6; i < 9; i++)
        check_in(world, i, "");
    struct answer answer = queue_of(world, "");
    assert_int_equal(counted(&answer, "waiting"), 3);
    assert_int_equal(counted(&answer, "in_consultation"), 1);
    assert_int_equal(counted(&answer, "completed"), 2);
    assert_int_equal(counted(&answer, "cancelled"), 1);
    assert_int_equal(counted(&answer, "no_show"), 1);
    assert_string_equal(names(world, &answer, "in_consultation"), "5");
}

static void a_doctor_s_queue_is_who_waits_for_the_doctor(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    const char *doctor =
        arena_format(&world->arena, ",\"doctor_id\":\"%s\"", id_a(world, SEED_DOCTOR));
    check_in(world, 1, "");
    check_in(world, 2, doctor);
    move(world, check_in(world, 3, doctor), "completed");
    move(world, check_in(world, 4, ""), "completed");
    struct answer answer =
        queue_of(world, arena_format(&world->arena, "?doctor_id=%s", id_a(world, SEED_DOCTOR)));
    assert_string_equal(names(world, &answer, "waiting"), "2");
    assert_int_equal(counted(&answer, "waiting"), 1);
    assert_int_equal(counted(&answer, "completed"), 1);
    answer =
        queue_of(world, arena_format(&world->arena, "?doctor_id=%s", id_a(world, SEED_NOBODY)));
    assert_string_equal(names(world, &answer, "waiting"), "");
    assert_int_equal(counted(&answer, "completed"), 0);
}

static void a_hidden_patient_waits_no_more(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    check_in(world, 1, "");
    check_in(world, 2, "");
    sql_run(world->boss, "UPDATE clinicd.patient SET deleted_at = now() WHERE id = '%s'",
            id_a(world, 1001));
    struct answer answer = queue_of(world, "");
    assert_string_equal(names(world, &answer, "waiting"), "2");
    assert_int_equal(counted(&answer, "waiting"), 1);
}

static void five_hundred_are_shown_and_all_are_counted(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    sql_run(
        world->boss,
        "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, "
        "created_at, updated_at) SELECT %d, gen_random_uuid(), 'PT-2027-' || "
        "lpad(n::text, 5, '0'), 'Comer ' || n, '2026-01-01', now(), now() FROM "
        "generate_series(1, 600) n; "
        "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, status_at, "
        "checked_in_at, created_at, updated_at) SELECT %d, gen_random_uuid(), p.id, "
        "'2026-03-02', substr(patient_number, 9)::int, at, at, at, at FROM clinicd.patient p, "
        "(VALUES (timestamptz '2026-03-02T04:00:00Z')) AS t (at) WHERE patient_number LIKE "
        "'PT-2027-%%'",
        (int)seed_a.clinic_id, (int)seed_a.clinic_id);
    struct answer answer = queue_of(world, "");
    const json_t *waiting = json_object_get(answer.json, "waiting");
    const json_t *last = json_array_get(waiting, 499);
    assert_int_equal(json_array_size(waiting), 500);
    assert_int_equal(json_integer_value(json_object_get(last, "token_number")), 500);
    assert_int_equal(counted(&answer, "waiting"), 600);
}

/* --- the trail -----------------------------------------------------------------------------------
 */

static void a_look_at_the_queue_names_its_patients_to_the_trail(void **state)
{
    struct world *world = *state;
    begin_at(world, "2026-03-02T04:30:00Z");
    check_in(world, 1, "");
    move(world, check_in(world, 2, ""), "in_consultation");
    move(world, check_in(world, 3, ""), "completed"); /* counted, not shown */
    sql_run(world->boss, "CREATE TEMP TABLE seen AS SELECT id FROM clinicd.audit");
    queue_of(world, "");
    assert_string_equal(
        sql_text(world->boss, &world->arena,
                 "SELECT format('%%s %%s', count(*), min(ARRAY(SELECT unnest(patient_ids) ORDER BY "
                 "1)::text)) FROM clinicd.audit WHERE operation = 'queue_get' AND id NOT IN "
                 "(SELECT id FROM seen)"),
        arena_format(&world->arena, "1 {%s,%s}", id_a(world, 1001), id_a(world, 1002)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emergencies_come_first_then_urgent_ones_then_tokens),
        cmocka_unit_test(who_becomes_urgent_moves_up),
        cmocka_unit_test(waiting_is_said_in_whole_minutes),
        cmocka_unit_test(who_came_before_midnight_is_still_there_after_it),
        cmocka_unit_test(counts_are_those_of_the_day),
        cmocka_unit_test(a_doctor_s_queue_is_who_waits_for_the_doctor),
        cmocka_unit_test(a_hidden_patient_waits_no_more),
        cmocka_unit_test(five_hundred_are_shown_and_all_are_counted),
        cmocka_unit_test(a_look_at_the_queue_names_its_patients_to_the_trail),
    };
    return cmocka_run_group_tests_name("queue", tests, setup, teardown);
}
