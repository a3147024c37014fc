/* Prescriptions written in the same moment: numbers without gap or twin, one change of two, nothing
 * that slips into what is completed, one entry of a new name. */
#include "tests/harness/race.h"
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "prescription_races"});
    rx_colleague(world);
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static struct call change(struct world *world, const struct answer *rx, const char *who,
                          const char *method, const char *rest, const char *body)
{
    return (struct call){
        .method = method,
        .path = rx_path(world, rx, rest),
        .token = token_a(world, who),
        .body = body,
        .if_match = strcmp(rest, "/medicines") == 0 ? NULL : rx_etag(world, rx),
    };
}

static void two_doctors_prescribe_and_numbers_have_no_gap(void **state)
{
    enum { N = 40 };
    struct world *world = *state;
    struct racer racers[N] = {0};
    bool is_taken[N + 1] = {false};
    for (int i = 0; i < N; i++)
        racers[i].call = (struct call){
            .method = "POST",
            .path = path_a(world, "/prescriptions"),
            .token = token_a(world, i % 2 ? "doctor" : "colleague"),
            .body = arena_format(&world->arena,
                                 "{\"patient_id\": \"%s\", \"medicines\": [{\"medicine_name\": "
                                 "\"Racer %d\", \"medicine_type\": \"tablet\", \"dosage\": \"1 "
                                 "g\", \"frequency_per_day\": 1, \"duration\": \"1 day\", "
                                 "\"quantity\": 1}, {" RX_MEDICINE "}]}",
                                 id_a(world, SEED_PATIENT_OWN + (i / 2) % 2), i % 4)};
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 201), N);
    for (int i = 0; i < N; i++) {
        int year = 0, number = 0;
        assert_int_equal(
            sscanf(answer_text(&racers[i].answer, "rx_number"), "RX-%4d-%5d", &year, &number), 2);
        assert_in_range(number, 1, N);
        assert_false(is_taken[number]);
        is_taken[number] = true;
    }
    race_forget(racers, N);
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.catalog_medicine WHERE medicine_name "
                             "LIKE 'Racer %%' OR medicine_name = 'Paracetamol'"),
                     5);
}

static void of_changes_under_one_version_one_is_made(void **state)
{
    enum { N = 8 };
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    struct racer racers[N] = {0};
    for (int i = 0; i < N; i++)
        racers[i].call = change(world, &rx, "doctor", "PUT", i % 2 ? "/notes" : "/vitals",
                                i % 2 ? "{" RX_NOTES "}"
                                      : arena_format(&world->arena, "{\"pulse\": %d}", 60 + i));
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 200), 1);
    assert_int_equal(race_count(racers, N, 412), N - 1);
    race_forget(racers, N);
    rx = rx_read(world, &rx);
    assert_string_equal(rx_etag(world, &rx), "\"2\"");
}

static void of_two_who_complete_one_does(void **state)
{
    enum { N = 4 };
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_PENDING);
    struct racer racers[N] = {0};
    for (int i = 0; i < N; i++)
        racers[i].call = change(world, &rx, "doctor", "POST", "/complete", NULL);
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 200), 1);
    assert_int_equal(race_count(racers, N, 412), N - 1);
    race_forget(racers, N);
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.lab_order WHERE prescription_id = '%s'",
                             answer_text(&rx, "id")),
                     1);
}

/* Lines need no version: each is either in what was completed, or refused. */
static void no_line_slips_into_what_is_completed(void **state)
{
    enum { ROUNDS = 5, N = 9 };
    struct world *world = *state;
    for (int round = 0; round < ROUNDS; round++) {
        struct answer rx = rx_in(world, RX_IS_PENDING);
        struct racer racers[N] = {0};
        for (int i = 0; i < N; i++)
            racers[i].call = i == N / 2 ? change(world, &rx, "doctor", "POST", "/complete", NULL)
                                        : change(world, &rx, "doctor", "POST", "/medicines",
                                                 "{" RX_MEDICINE "}");
        race(world, racers, N);
        bool is_completed = racers[N / 2].answer.status == 200;
        int added = race_count(racers, N, 201), locked = race_count(racers, N, 409);
        assert_int_equal(added + locked, N - 1);
        assert_true(is_completed || racers[N / 2].answer.status == 412);
        assert_true(is_completed || locked == 0);
        if (is_completed) /* nobody came before, as the version would be another */
            assert_int_equal(added, 0);
        race_forget(racers, N);
        rx = rx_read(world, &rx);
        assert_int_equal(rx_count(&rx, "medicines"), 1 + added);
    }
}

/* Advice counts its changes, as everything beside it in the record does. */
static void of_advice_under_one_version_one_is_given(void **state)
{
    enum { N = 8 };
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct racer racers[N] = {0};
    for (int i = 0; i < N; i++)
        racers[i].call = change(world, &rx, "doctor", "PUT", "/admission-recommendation",
                                arena_format(&world->arena, "{\"reason\": \"Thought %d\"}", i));
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 200), 1);
    assert_int_equal(race_count(racers, N, 412), N - 1);
    race_forget(racers, N);
    struct answer stale =
        rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Late\"}");
    expect(&stale, 412, "precondition-failed");
    stale = rx_step(world, &rx, "doctor", RX_IS_CANCELLED);
    expect(&stale, 412, "precondition-failed");
    rx = rx_read(world, &rx);
    struct answer list =
        ask(world, "GET", path_a(world, "/prescriptions"), token_a(world, "doctor"), NULL);
    assert_string_equal(rx_text(&list, "items", 0, "id"), answer_text(&rx, "id"));
    assert_int_equal(json_integer_value(json_object_get(rx_item(&list, "items", 0), "version")),
                     json_integer_value(json_object_get(rx.json, "version")));
    rx = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Now\"}");
    expect(&rx, 200, NULL);
    rx = rx_step(world, &rx, "doctor", RX_IS_CANCELLED);
    expect(&rx, 200, NULL);
}

/* Of many who withdraw advice one does, and the doctor's figure is what a recount says, also when
 * the prescription is cancelled meanwhile. */
static void advice_is_withdrawn_once_and_counted_right(void **state)
{
    enum { ROUNDS = 6, N = 8 };
    struct world *world = *state;
    for (int round = 0; round < ROUNDS; round++) {
        bool is_cancelled = round % 2;
        struct answer rx = rx_in(world, RX_IS_COMPLETED);
        rx = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation",
                   "{\"reason\": \"Weak\"}");
        expect(&rx, 200, NULL);
        struct racer racers[N] = {0};
        for (int i = 0; i < N; i++)
            racers[i].call =
                i == N / 2 && is_cancelled
                    ? change(world, &rx, "doctor", "POST", "/cancel", rx_reason(RX_IS_CANCELLED))
                    : change(world, &rx, "doctor", "DELETE", "/admission-recommendation", NULL);
        race(world, racers, N);
        assert_int_equal(race_count(racers, N, 200), 1);
        assert_int_equal(race_count(racers, N, 412), N - 1);
        race_forget(racers, N);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.prescription_figures() n FULL JOIN "
                                 "clinicd.prescription_figure f USING (clinic_id, doctor_id) WHERE "
                                 "(n.pending, n.completed, n.cancelled, n.recommended) IS DISTINCT "
                                 "FROM (f.pending, f.completed, f.cancelled, f.recommended)"),
                         0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_doctors_prescribe_and_numbers_have_no_gap),
        cmocka_unit_test(of_changes_under_one_version_one_is_made),
        cmocka_unit_test(of_two_who_complete_one_does),
        cmocka_unit_test(no_line_slips_into_what_is_completed),
        cmocka_unit_test(of_advice_under_one_version_one_is_given),
        cmocka_unit_test(advice_is_withdrawn_once_and_counted_right),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
