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
        "UPDATE clinicd.prescription SET recommended_at = now(), recommended_reason = 'X', "
        "recommended_admission_type = 'icu', follow_up_on = '2999-01-01' WHERE id",
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

/* Every column that the role may write, of every table, and a new part, and a removal. */
static void a_locked_one_refuses_every_write_by_sql(void **state)
{
    struct state *it = *state;
    char sqlstate[SQLSTATE_TEXT];
    int tried = 0;
    PGresult *columns = sql_rows(
        it->world.boss, &it->world.arena,
        "SELECT table_name, column_name FROM information_schema.column_privileges WHERE grantee = "
        "'clinicd_app' AND privilege_type = 'UPDATE' AND table_name ~ "
        "'^prescription(_(medicine|test|vitals|notes))?$'");
    for (enum rx_state to = RX_IS_COMPLETED; to < RX_STATES; to++) {
        struct answer rx = rx_in(&it->world, to);
        const char *id = answer_text(&rx, "id");
        for (int i = 0; i < PQntuples(columns); i++) {
            const char *table = PQgetvalue(columns, i, 0), *column = PQgetvalue(columns, i, 1);
            bool is_part = strcmp(table, "prescription") != 0;
            int rows = sql_try(it->app, sqlstate, "UPDATE clinicd.%s SET %s = %s WHERE %s = '%s'",
                               table, column, column, is_part ? "prescription_id" : "id", id);
            if (rows != -1 || strcmp(sqlstate, "23514") != 0)
                fail_msg("%s.%s was written: %d %s", table, column, rows, sqlstate);
            tried++;
        }
        changes_are_refused(it, id);
        removals_are_refused(it, id);
        assert_string_equal(rx_read(&it->world, &rx).body, rx.body);
    }
    assert_true(tried >= 2 * 40);
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
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
