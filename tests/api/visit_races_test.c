/* Check-ins at once: tokens without gap or twin, and one open visit a patient. */
#include "tests/harness/ask.h"
#include "tests/harness/race.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "visit_races"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

/* Patients 1001 … of clinic A. */
static void patients_make(struct world *world, int n)
{
    world_restore(world);
    sql_run(world->boss,
            "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, "
            "created_at, updated_at) SELECT 7001, ('0190a000-0000-7000-8000-aa000000' || 1000 + "
            "n)::uuid, 'PT-2026-' || lpad(n::text, 5, '0'), 'Racer ' || n, '2026-01-01', now(), "
            "now() FROM generate_series(1, %d) n",
            n);
}

static struct call check_in(struct world *world, struct racer *racer, int patient,
                            const char *doctor)
{
    char id[UUID_TEXT];
    return (struct call){
        .method = "POST",
        .path = path_a(world, "/visits"),
        .token = token_a(world, "receptionist"),
        .body = arena_format(&racer->arena, "{\"patient_id\":\"%s\"%s}",
                             seed_id(&seed_a, 1000 + patient, id), doctor ? doctor : ""),
    };
}

static int token_of(const struct answer *answer)
{
    return (int)json_integer_value(json_object_get(answer->json, "token_number"));
}

static void a_hundred_check_ins_take_tokens_1_to_100(void **state)
{
    enum { N = 100 };
    struct world *world = *state;
    const char *of_doctor =
        arena_format(&world->arena, ",\"doctor_id\":\"%s\"", id_a(world, SEED_DOCTOR));
    const struct {
        bool with_key; /* in one trip, and in a transaction */
        const char *doctor;
    } ways[] = {{false, NULL}, {true, NULL}, {false, of_doctor}};
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        struct racer racers[N] = {0};
        bool is_taken[N + 1] = {false};
        patients_make(world, N);
        for (int i = 0; i < N; i++) {
            racers[i].call = check_in(world, &racers[i], i + 1, ways[way].doctor);
            if (ways[way].with_key)
                racers[i].call.headers[0] =
                    arena_format(&racers[i].arena, "Idempotency-Key: hundred-%d", i);
        }
        race(world, racers, N);
        assert_int_equal(race_count(racers, N, 201), N);
        for (int i = 0; i < N; i++) {
            int token = token_of(&racers[i].answer);
            assert_in_range(token, 1, N);
            assert_false(is_taken[token]);
            is_taken[token] = true;
        }
        race_forget(racers, N);
    }
}

static void two_series_count_at_once_each_for_itself(void **state)
{
    enum { N = 40 };
    struct world *world = *state;
    struct racer racers[N] = {0};
    bool is_taken[2][N / 2 + 1] = {{false}};
    const char *of_doctor =
        arena_format(&world->arena, ",\"doctor_id\":\"%s\"", id_a(world, SEED_DOCTOR));
    patients_make(world, N);
    for (int i = 0; i < N; i++)
        racers[i].call = check_in(world, &racers[i], i + 1, i % 2 ? of_doctor : NULL);
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 201), N);
    for (int i = 0; i < N; i++) {
        int token = token_of(&racers[i].answer);
        assert_in_range(token, 1, N / 2);
        assert_false(is_taken[i % 2][token]);
        is_taken[i % 2][token] = true;
    }
    race_forget(racers, N);
}

/* Whoever comes second is told of the first one's visit, and no token is lost. */
static void one_patient_is_checked_in_once(void **state)
{
    enum { N = 30 };
    struct world *world = *state;
    for (int with_key = 0; with_key < 2; with_key++) {
        struct racer racers[N] = {0};
        const char *winner = NULL;
        patients_make(world, 2);
        for (int i = 0; i < N; i++) {
            racers[i].call = check_in(world, &racers[i], 1, NULL);
            if (with_key)
                racers[i].call.headers[0] =
                    arena_format(&racers[i].arena, "Idempotency-Key: once-%d", i);
        }
        race(world, racers, N);
        assert_int_equal(race_count(racers, N, 201), 1);
        assert_int_equal(race_count(racers, N, 409), N - 1);
        for (int i = 0; i < N; i++)
            if (racers[i].answer.status == 201)
                winner = answer_text(&racers[i].answer, "id");
        assert_non_null(winner);
        for (int i = 0; i < N; i++)
            if (racers[i].answer.status == 409) {
                assert_string_equal(answer_code(&racers[i].answer), "open-visit-exists");
                assert_string_equal(text_in(&racers[i].answer, "open_visit", "id"), winner);
            }
        struct racer next = {0};
        next.call = check_in(world, &next, 2, NULL);
        race(world, &next, 1);
        assert_int_equal(token_of(&next.answer), 2);
        race_forget(&next, 1);
        race_forget(racers, N);
    }
}

/* Cancelled by one, begun by another, opened again by a third while the patient comes again:
 * whatever the order, at most one visit is open, and every step is in the history once. */
static void moves_and_check_ins_at_once_leave_one_open_visit(void **state)
{
    enum { N = 24, ROUNDS = 5 };
    static const char *const bodies[] = {
        "{\"status\":\"in_consultation\"}", "{\"status\":\"cancelled\",\"note\":\"Went home\"}",
        "{\"status\":\"checked_in\",\"reopen_reason\":\"Came back\"}"};
    struct world *world = *state;
    for (int round = 0; round < ROUNDS; round++) {
        struct racer racers[N] = {0};
        patients_make(world, 1);
        struct racer first = {0};
        first.call = check_in(world, &first, 1, NULL);
        race(world, &first, 1);
        assert_int_equal(first.answer.status, 201);
        const char *id = answer_text(&first.answer, "id");
        sql_run(world->boss,
                "UPDATE clinicd.visit SET status = 'cancelled', move_note = 'Round', updated_at = "
                "now() WHERE id = '%s'",
                id);
        for (int i = 0; i < N; i++) {
            if (i % 4 == 3) {
                racers[i].call = check_in(world, &racers[i], 1, NULL);
                continue;
            }
            racers[i].call = (struct call){.method = "POST",
                                           .path = path_a(world, "/visits/%s/status", id),
                                           .token = token_a(world, "admin"),
                                           .body = bodies[i % 4],
                                           .if_match = i % 2 ? "\"2\"" : "\"3\""};
        }
        race(world, racers, N);
        for (int i = 0; i < N; i++)
            if (racers[i].answer.status >= 500)
                fail_msg("%d\n%s", racers[i].answer.status, racers[i].answer.body);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.visit WHERE clinic_id = 7001 AND "
                                 "patient_id = '0190a000-0000-7000-8000-aa0000001001' AND status "
                                 "IN ('checked_in', 'in_consultation')"),
                         1);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.visit v WHERE v.clinic_id = 7001 "
                                 "AND v.version <> (SELECT count(*) FROM clinicd.visit_change c "
                                 "WHERE c.clinic_id = v.clinic_id AND c.visit_id = v.id)"),
                         0);
        race_forget(&first, 1);
        race_forget(racers, N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_check_ins_take_tokens_1_to_100),
        cmocka_unit_test(two_series_count_at_once_each_for_itself),
        cmocka_unit_test(one_patient_is_checked_in_once),
        cmocka_unit_test(moves_and_check_ins_at_once_leave_one_open_visit),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
