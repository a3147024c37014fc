/* What is not pending is locked: over HTTP, and by SQL as the service's role. */
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct state {
    struct world world;
    PGconn *app; /* the service's role, in clinic A */
};

static int setup(void **state)
{
    static struct state it;
    world_begin(&it.world, &(struct world_options){.name = "prescription_locks"});
    it.app = sql_connect(it.world.database.app_url);
    sql_run(it.app, "SET app.clinic_id = '7001'");
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    PQfinish(it->app);
    world_end(&it->world);
    return 0;
}

/* [from][to] */
static const bool goes[RX_STATES][RX_STATES] = {
    {true, true, true}, /* a pending one is written */
    {true, false, true},
    {false, false, false},
};

static void the_database_knows_the_steps_too(void **state)
{
    struct state *it = *state;
    static const char *const sets[RX_STATES] = {
        "completed_at = NULL",
        "completed_at = '2026-01-01T00:00:00Z'",
        "cancelled_at = '2026-01-01T00:00:00Z', cancel_reason = 'X'",
    };
    char sqlstate[SQLSTATE_TEXT];
    for (enum rx_state from = 0; from < RX_STATES; from++)
        for (enum rx_state to = 0; to < RX_STATES; to++) {
            struct answer rx = rx_in(&it->world, from);
            sql_run(it->app, "BEGIN");
            int rows = sql_try(it->app, sqlstate,
                               "UPDATE clinicd.prescription SET status = '%s', %s, updated_at = "
                               "coalesce(completed_at, updated_at) WHERE id = '%s'",
                               rx_states[to], sets[to], answer_text(&rx, "id"));
            sql_run(it->app, "ROLLBACK");
            if ((rows == 1) != goes[from][to])
                fail_msg("%s to %s: %d %s", rx_states[from], rx_states[to], rows, sqlstate);
            if (rows < 0)
                assert_string_equal(sqlstate, "23514");
        }
}

/* Neither begun completed, nor completed empty, nor brought back on another day. */
static void the_database_knows_what_a_step_needs(void **state)
{
    struct state *it = *state;
    char sqlstate[SQLSTATE_TEXT];
    int rows = sql_try(it->app, sqlstate,
                       "INSERT INTO clinicd.prescription (clinic_id, id, rx_number, patient_id, "
                       "doctor_id, doctor_name, status, prescribed_at, completed_at, created_at, "
                       "updated_at) SELECT 7001, gen_random_uuid(), 'RX-1', '%s', '%s', 'X', "
                       "'completed', now(), now(), now(), now()",
                       id_a(&it->world, SEED_PATIENT_OWN), id_a(&it->world, SEED_DOCTOR));
    assert_int_equal(rows, -1);
    assert_string_equal(sqlstate, "23514");
    struct answer empty = rx_make(&it->world, SEED_PATIENT_OWN, "");
    rows = sql_try(it->app, sqlstate,
                   "UPDATE clinicd.prescription SET status = 'completed', completed_at = now() "
                   "WHERE id = '%s'",
                   answer_text(&empty, "id"));
    assert_int_equal(rows, -1);
    assert_string_equal(sqlstate, "23514");
    struct answer rx = rx_in(&it->world, RX_IS_COMPLETED);
    rows = sql_try(it->app, sqlstate,
                   "UPDATE clinicd.prescription SET status = 'pending', completed_at = NULL, "
                   "updated_at = updated_at + interval '24 hours' WHERE id = '%s'",
                   answer_text(&rx, "id"));
    assert_int_equal(rows, -1);
    assert_string_equal(sqlstate, "23514");
}

static void a_locked_one_refuses_every_write_over_http(void **state)
{
    struct world *world = &((struct state *)*state)->world;
    for (enum rx_state to = RX_IS_COMPLETED; to < RX_STATES; to++) {
        struct answer rx = rx_in(world, to);
        const char *medicine =
            arena_format(&world->arena, "/medicines/%s", rx_text(&rx, "medicines", 0, "id"));
        const char *test = arena_format(&world->arena, "/tests/%s", rx_text(&rx, "tests", 0, "id"));
        const struct {
            const char *method, *rest, *body;
        } writes[] = {
            {"PATCH", "", "{\"follow_up_on\": null}"},
            {"DELETE", "", NULL},
            {"POST", "/medicines", "{" RX_MEDICINE "}"},
            {"PATCH", medicine, "{\"quantity\": 1}"},
            {"DELETE", medicine, NULL},
            {"POST", "/tests", "{" RX_TEST "}"},
            {"PATCH", test, "{\"description\": null}"},
            {"DELETE", test, NULL},
            {"PUT", "/vitals", "{\"pulse\": 80}"},
            {"PUT", "/notes", "{" RX_NOTES "}"},
        };
        for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
            struct answer answer =
                rx_do(world, &rx, "doctor", writes[i].method, writes[i].rest, writes[i].body);
            expect(&answer, 409, "prescription-locked");
        }
        assert_string_equal(rx_read(world, &rx).body, rx.body);
    }
}

/* What is more than a column written over itself. */
static void changes_are_refused(struct state *it, const char *id)
{
    static const char *const changes[] = {
        "UPDATE clinicd.prescription SET follow_up_on = '2999-01-01' WHERE id",
        "UPDATE clinicd.prescription SET deleted_at = now() WHERE id",
        "UPDATE clinicd.prescription SET completed_at = now() WHERE id",
        "UPDATE clinicd.prescription SET version = version + 1, updated_at = now() WHERE id",
        "UPDATE clinicd.prescription_medicine SET quantity = 99 WHERE prescription_id",
        "INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, "
        "position, test_name, test_type, created_at, updated_at) SELECT clinic_id, "
        "gen_random_uuid(), id, patient_id, 9, 'X', 'blood', now(), now() FROM "
        "clinicd.prescription WHERE id",
    };
    char sqlstate[SQLSTATE_TEXT];
    PGconn *const roles[] = {it->app, it->world.boss};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        for (size_t role = 0; role < 2; role++) {
            assert_int_equal(sql_try(roles[role], sqlstate, "%s = '%s'", changes[i], id), -1);
            assert_string_equal(sqlstate, "23514");
        }
}

/* The role has no right to; who owns everything would first have to take the lock away. */
static void removals_are_refused(struct state *it, const char *id)
{
    static const char *const tables[] = {"prescription_medicine", "prescription_test",
                                         "prescription_vitals", "prescription_notes",
                                         "prescription"};
    char sqlstate[SQLSTATE_TEXT];
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const char *key = i < 4 ? "prescription_id" : "id";
        assert_int_equal(sql_try(it->app, sqlstate, "DELETE FROM clinicd.%s WHERE %s = '%s'",
                                 tables[i], key, id),
                         -1);
        assert_string_equal(sqlstate, "42501");
        assert_int_equal(sql_try(it->world.boss, sqlstate, "DELETE FROM clinicd.%s WHERE %s = '%s'",
                                 tables[i], key, id),
                         -1);
        assert_string_equal(sqlstate, "23514");
    }
}

/* Every column of every table: where the role has the right the lock says no. One value is the
 * column's own, the other is new. */
static const char columns_sql[] =
    "SELECT table_name, column_name, CASE WHEN has_column_privilege('clinicd_app', 'clinicd.' || "
    "table_name, column_name, 'UPDATE') THEN '23514' ELSE '42501' END, CASE data_type WHEN 'uuid' "
    "THEN 'gen_random_uuid()' WHEN 'date' THEN quote_literal('2999-01-01') WHEN 'timestamp with "
    "time zone' "
    "THEN 'now()' WHEN 'text' THEN quote_literal('X') ELSE format('coalesce(%I, 0) + 1', "
    "column_name) END "
    "FROM information_schema.columns WHERE table_schema = 'clinicd' AND table_name ~ "
    "'^prescription(_(medicine|test|vitals|notes))?$'";

static void column_is_refused(struct state *it, PGresult *columns, int row, const char *id)
{
    const char *table = PQgetvalue(columns, row, 0), *column = PQgetvalue(columns, row, 1);
    const char *key = strcmp(table, "prescription") == 0 ? "id" : "prescription_id";
    const char *const values[] = {column, PQgetvalue(columns, row, 3)};
    char sqlstate[SQLSTATE_TEXT];
    for (size_t i = 0; i < 2; i++) {
        int rows = sql_try(it->app, sqlstate, "UPDATE clinicd.%s SET %s = %s WHERE %s = '%s'",
                           table, column, values[i], key, id);
        if (rows != -1 || strcmp(sqlstate, PQgetvalue(columns, row, 2)) != 0)
            fail_msg("%s.%s = %s: %d %s", table, column, values[i], rows, sqlstate);
    }
}

/* Every column, what is more than a column, a new part, and a removal. */
static void a_locked_one_refuses_every_write_by_sql(void **state)
{
    struct state *it = *state;
    PGresult *columns = sql_rows(it->world.boss, &it->world.arena, "%s", columns_sql);
    assert_true(PQntuples(columns) >= 70);
    for (enum rx_state to = RX_IS_COMPLETED; to < RX_STATES; to++) {
        struct answer rx = rx_in(&it->world, to);
        const char *id = answer_text(&rx, "id");
        for (int i = 0; i < PQntuples(columns); i++)
            column_is_refused(it, columns, i, id);
        changes_are_refused(it, id);
        removals_are_refused(it, id);
        assert_string_equal(rx_read(&it->world, &rx).body, rx.body);
    }
}

/* Every column of the prescription's own row, as text. */
static const char *row_of(struct state *it, const char *id)
{
    PGresult *rows = sql_rows(it->world.boss, &it->world.arena,
                              "SELECT p::text FROM clinicd.prescription p WHERE id = '%s'", id);
    assert_int_equal(PQntuples(rows), 1);
    return PQgetvalue(rows, 0, 0);
}

static const char *tag(struct world *world, const struct answer *answer)
{
    return answer_header(&world->arena, answer, "ETag", NULL);
}

/* Advice is written beside a completed one, whose own row stays; what is shown has another version.
 */
static void advice_to_admit_changes_nothing_of_a_completed_one(void **state)
{
    struct state *it = *state;
    struct world *world = &it->world;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    const char *id = answer_text(&rx, "id"), *row = row_of(it, id);
    struct answer plain = rx_read(world, &rx);
    struct answer given =
        rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}");
    expect(&given, 200, NULL);
    assert_string_equal(row_of(it, id), row);
    struct answer advised = rx_read(world, &rx);
    assert_string_equal(advised.body, given.body);
    assert_string_not_equal(tag(world, &advised), tag(world, &plain));
    assert_string_equal(tag(world, &advised), tag(world, &given));
    struct answer gone =
        rx_do(world, &given, "doctor", "DELETE", "/admission-recommendation", NULL);
    expect(&gone, 200, NULL);
    assert_string_equal(row_of(it, id), row);
    struct answer after = rx_read(world, &rx);
    assert_string_equal(after.body, gone.body);
    assert_string_not_equal(tag(world, &gone), tag(world, &plain));
    json_object_del(after.json, "version");
    json_object_del(plain.json, "version");
    assert_true(json_equal(after.json, plain.json));
    assert_int_equal(sql_int(it->world.boss,
                             "SELECT count(*) FROM clinicd.admission_recommendation WHERE "
                             "prescription_id = '%s' AND withdrawn_at IS NOT NULL",
                             id),
                     1);
}

/* By SQL too: what is cancelled, or a draft that is gone, takes no advice and loses none; what is
 * given is never removed nor moved. */
static void advice_is_locked_when_its_prescription_is_cancelled_or_gone(void **state)
{
    struct state *it = *state;
    static const char *const writes[] = {
        "UPDATE clinicd.admission_recommendation SET reason = 'X' WHERE prescription_id",
        "UPDATE clinicd.admission_recommendation SET withdrawn_at = now() WHERE prescription_id",
        "INSERT INTO clinicd.admission_recommendation (clinic_id, prescription_id, patient_id, "
        "admission_type, reason, recommended_at, created_at, updated_at) SELECT clinic_id, id, "
        "patient_id, 'icu', 'X', now(), now(), now() FROM clinicd.prescription WHERE id",
    };
    char sqlstate[SQLSTATE_TEXT];
    for (int is_gone = 0; is_gone < 2; is_gone++) {
        struct answer rx = rx_in(&it->world, RX_IS_PENDING);
        const char *id = answer_text(&rx, "id");
        struct answer given = rx_do(&it->world, &rx, "doctor", "PUT", "/admission-recommendation",
                                    "{\"reason\": \"Weak\"}");
        expect(&given, 200, NULL);
        assert_int_equal(sql_try(it->app, sqlstate, "%s = '%s'", writes[0], id), 1);
        assert_int_equal(
            sql_try(it->world.boss, sqlstate,
                    "DELETE FROM clinicd.admission_recommendation WHERE prescription_id = '%s'",
                    id),
            -1);
        assert_string_equal(sqlstate, "23514");
        rx = rx_read(&it->world, &rx);
        struct answer end = is_gone ? rx_do(&it->world, &rx, "doctor", "DELETE", "", NULL)
                                    : rx_step(&it->world, &rx, "doctor", RX_IS_CANCELLED);
        assert_in_range(end.status, 200, 204);
        for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
            assert_int_equal(sql_try(it->app, sqlstate, "%s = '%s'", writes[i], id), -1);
            assert_string_equal(sqlstate, "23514");
        }
    }
}

static void a_draft_that_is_gone_is_locked_too(void **state)
{
    struct state *it = *state;
    char sqlstate[SQLSTATE_TEXT];
    struct answer rx = rx_in(&it->world, RX_IS_PENDING);
    struct answer gone = rx_do(&it->world, &rx, "doctor", "DELETE", "", NULL);
    expect(&gone, 204, NULL);
    changes_are_refused(it, answer_text(&rx, "id"));
    assert_int_equal(sql_try(it->app, sqlstate,
                             "UPDATE clinicd.prescription SET deleted_at = NULL WHERE id = '%s'",
                             answer_text(&rx, "id")),
                     -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_database_knows_the_steps_too),
        cmocka_unit_test(the_database_knows_what_a_step_needs),
        cmocka_unit_test(a_locked_one_refuses_every_write_over_http),
        cmocka_unit_test(a_locked_one_refuses_every_write_by_sql),
        cmocka_unit_test(a_draft_that_is_gone_is_locked_too),
        cmocka_unit_test(advice_to_admit_changes_nothing_of_a_completed_one),
        cmocka_unit_test(advice_is_locked_when_its_prescription_is_cancelled_or_gone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
