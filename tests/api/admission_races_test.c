/* Admissions at once: one a patient, one a bed, numbers without gap or twin; and whoever ends one
 * while others write. */
#include "tests/harness/race.h"
#include "tests/harness/rx.h"
#include "tests/harness/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 50 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "admission_races"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static void fresh(struct world *world)
{
    world_restore(world);
    ward_patients(world, N);
}

static struct call admit(struct world *world, struct racer *racer, int patient, const char *bed,
                         const char *more)
{
    char id[UUID_TEXT];
    return (struct call){
        .method = "POST",
        .path = path_a(world, "/admissions"),
        .token = token_a(world, "doctor"),
        .body = arena_format(&racer->arena,
                             "{\"patient_id\": \"%s\", \"admission_type\": \"general\", "
                             "\"room_number\": \"7\", \"bed_number\": \"%s\", "
                             "\"reason_for_admission\": \"Weak\"%s}",
                             seed_id(&seed_a, patient, id), bed, more),
    };
}

static int64_t open_ones(struct world *world)
{
    return sql_int(world->boss, "SELECT count(*) FROM clinicd.admission WHERE clinic_id = 7001 AND "
                                "ended_at IS NULL AND room_number = '7'");
}

/* The number of an answer, "AD-2026-00007", as 7. */
static int number_of(const struct answer *answer)
{
    const char *number = answer_text(answer, "admission_number");
    return (int)strtol(number + strlen("AD-2026-"), NULL, 10);
}

static void fifty_admissions_take_numbers_1_to_50(void **state)
{
    struct world *world = *state;
    for (int with_key = 0; with_key < 2; with_key++) {
        struct racer racers[N] = {0};
        bool is_taken[N + 1] = {false};
        fresh(world);
        for (int i = 0; i < N; i++) {
            const char *bed = arena_format(&world->arena, "%d", i);
            racers[i].call = admit(world, &racers[i], 1001 + i, bed, "");
            if (with_key)
                racers[i].call.headers[0] =
                    arena_format(&racers[i].arena, "Idempotency-Key: fifty-%d", i);
        }
        race(world, racers, N);
        assert_int_equal(race_count(racers, N, 201), N);
        for (int i = 0; i < N; i++) {
            int number = number_of(&racers[i].answer);
            assert_in_range(number, 1, N);
            assert_false(is_taken[number]);
            is_taken[number] = true;
        }
        race_forget(racers, N);
    }
}

/* Whoever comes second is told of the first one's admission, and no number is lost. */
static void one_patient_is_admitted_once(void **state)
{
    struct world *world = *state;
    struct racer racers[N] = {0};
    fresh(world);
    for (int i = 0; i < N; i++)
        racers[i].call = admit(world, &racers[i], 1001, arena_format(&world->arena, "%d", i), "");
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 201), 1);
    assert_int_equal(race_count(racers, N, 409), N - 1);
    for (int i = 0; i < N; i++)
        if (racers[i].answer.status == 409) {
            expect(&racers[i].answer, 409, "already-admitted");
            assert_int_equal(strlen(text_in(&racers[i].answer, "open_admission", "id")),
                             UUID_TEXT - 1);
        }
    race_forget(racers, N);
    assert_int_equal(open_ones(world), 1);
    struct answer next = ward_admit(world, 1002, "next", "");
    assert_int_equal(number_of(&next), 2);
}

static void one_bed_takes_one_patient(void **state)
{
    struct world *world = *state;
    for (int n = 2; n <= N; n += N - 2) {
        struct racer racers[N] = {0};
        fresh(world);
        for (int i = 0; i < n; i++)
            racers[i].call = admit(world, &racers[i], 1001 + i, i % 2 ? "B 1" : "b1", "");
        race(world, racers, n);
        assert_int_equal(race_count(racers, n, 201), 1);
        int loser = 0;
        for (int i = 0; i < n; i++)
            if (racers[i].answer.status != 201) {
                loser = i;
                expect(&racers[i].answer, 409, "bed-occupied");
                assert_int_equal(strlen(text_in(&racers[i].answer, "open_admission", "id")),
                                 UUID_TEXT - 1);
            }
        race_forget(racers, n);
        assert_int_equal(open_ones(world), 1);
        struct answer next = ward_admit(world, 1001 + loser, "next", "");
        assert_int_equal(number_of(&next), 2);
    }
}

/* Each wants the other one's bed: nobody gets it, and nobody waits for ever. */
static void two_move_into_one_bed(void **state)
{
    enum { MOVERS = 10 };
    struct world *world = *state;
    struct racer racers[MOVERS] = {0};
    fresh(world);
    for (int i = 0; i < MOVERS; i++) {
        struct answer stay = ward_admit(world, 1001 + i, arena_format(&world->arena, "%d", i), "");
        racers[i].call = (struct call){
            .method = "PATCH",
            .path = ward_path(world, &stay, ""),
            .token = token_a(world, "doctor"),
            .if_match = "\"1\"",
            .body = i < MOVERS / 2 ? "{\"bed_number\": \"free\"}"
                                   : arena_format(&world->arena, "{\"bed_number\": \"%d\"}",
                                                  MOVERS / 2 + (i + 1) % (MOVERS / 2)),
        };
    }
    race(world, racers, MOVERS);
    assert_int_equal(race_count(racers, MOVERS / 2, 200), 1);
    assert_int_equal(race_count(racers, MOVERS, 409), MOVERS - 1);
    race_forget(racers, MOVERS);
}

/* Advice is taken up, or withdrawn, or taken up by somebody else: one of them, and the figure is
 * true. */
static void advice_is_taken_up_or_withdrawn(void **state)
{
    enum { RACERS = 10 };
    struct world *world = *state;
    fresh(world);
    for (int round = 0; round < 8; round++) {
        struct racer racers[RACERS] = {0};
        struct answer rx = rx_make(world, 1001 + round, "");
        struct answer given = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation",
                                    "{\"reason\": \"Weak\"}");
        expect(&given, 200, NULL);
        for (int i = 0; i < RACERS; i++)
            racers[i].call =
                i % 2 ? (struct call){.method = "DELETE",
                                      .path = rx_path(world, &rx, "/admission-recommendation"),
                                      .token = token_a(world, "doctor"),
                                      .if_match = "\"1\""}
                      : admit(world, &racers[i], 1001 + round,
                              arena_format(&world->arena, "%d %d", round, i),
                              arena_format(&world->arena, ", \"prescription_id\": \"%s\"",
                                           answer_text(&rx, "id")));
        race(world, racers, RACERS);
        int withdrawn = race_count(racers, RACERS, 200), taken = race_count(racers, RACERS, 201);
        assert_int_equal(withdrawn + taken, 1);
        race_forget(racers, RACERS);
        assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.prescription_figures() "
                                              "n JOIN clinicd.prescription_figure f USING "
                                              "(clinic_id, doctor_id) WHERE n.recommended <> "
                                              "f.recommended"),
                         0);
    }
}

/* Treatments, moves and ends at once: one end, and nothing is written behind it. */
static void one_end_and_nothing_behind_it(void **state)
{
    enum { RACERS = 20 };
    struct world *world = *state;
    struct racer racers[RACERS] = {0};
    fresh(world);
    struct answer stay = ward_admit(world, 1001, "A", "");
    for (int i = 0; i < RACERS; i++)
        racers[i].call =
            i % 2 ? (struct call){.method = "POST",
                                  .path = ward_path(world, &stay, "/treatments"),
                                  .token = token_a(world, "doctor"),
                                  .body = "{" WARD_SALINE "}"}
                  : (struct call){.method = "POST",
                                  .path = ward_path(world, &stay, "/discharge"),
                                  .token = token_a(world, "doctor"),
                                  .if_match = arena_format(&world->arena, "\"%d\"", i / 2 + 1),
                                  .body = "{\"outcome\": \"shifted\", \"discharge_notes\": \"X\"}"};
    race(world, racers, RACERS);
    int given = race_count(racers, RACERS, 201), ended = race_count(racers, RACERS, 200);
    assert_in_range(ended, 0, 1);
    if (ended == 0)
        ward_end(world, &stay, "shifted");
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.treatment WHERE admission_id = '%s'",
                             answer_text(&stay, "id")),
                     given);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.treatment t JOIN clinicd.admission a ON a.id = "
                "t.admission_id WHERE a.id = '%s' AND t.administered_at > a.ended_at",
                answer_text(&stay, "id")),
        0);
    race_forget(racers, RACERS);
}

/* A record is put away, or its patient is admitted. Who is treated already keeps the version, so
 * that it is the bed that refuses. */
static void nobody_lies_in_a_bed_whose_record_is_put_away(void **state)
{
    struct world *world = *state;
    fresh(world);
    sql_run(world->boss, "UPDATE clinicd.patient SET status = 'treatment_started' WHERE id IN "
                         "(SELECT id FROM clinicd.patient WHERE name LIKE 'Lying%%')");
    for (int round = 0; round < 20; round++) {
        struct racer racers[2] = {0};
        racers[0].call =
            admit(world, &racers[0], 1001 + round, arena_format(&world->arena, "%d", round), "");
        racers[1].call =
            (struct call){.method = "DELETE",
                          .path = path_a(world, "/patients/%s", id_a(world, 1001 + round)),
                          .token = token_a(world, "admin"),
                          .if_match = "\"1\""};
        race(world, racers, 2);
        assert_int_equal(race_count(racers, 2, 201) + race_count(racers, 2, 204), 1);
        if (racers[0].answer.status == 201)
            expect(&racers[1].answer, 409, "patient-admitted");
        else
            expect(&racers[0].answer, 404, "not-found");
        race_forget(racers, 2);
    }
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.admission a JOIN "
                                          "clinicd.patient p ON p.clinic_id = a.clinic_id AND p.id "
                                          "= a.patient_id WHERE a.ended_at IS NULL AND "
                                          "p.deleted_at IS NOT NULL"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_admissions_take_numbers_1_to_50),
        cmocka_unit_test(one_patient_is_admitted_once),
        cmocka_unit_test(one_bed_takes_one_patient),
        cmocka_unit_test(two_move_into_one_bed),
        cmocka_unit_test(advice_is_taken_up_or_withdrawn),
        cmocka_unit_test(one_end_and_nothing_behind_it),
        cmocka_unit_test(nobody_lies_in_a_bed_whose_record_is_put_away),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
