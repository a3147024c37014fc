/* What is over is locked, and what was corrected keeps what it said: by SQL as the service's role
 * and as who owns everything. */
#include "tests/harness/rx.h"
#include "tests/harness/ward.h"

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
    world_begin(&it.world, &(struct world_options){.name = "admission_locks"});
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

/* An admission with a treatment, ended. */
static struct answer over(struct state *it, const char *outcome)
{
    struct world *world = &it->world;
    world_restore(world);
    ward_patients(world, 1);
    struct answer stay = ward_admit(world, 1001, "A", "");
    struct answer given = ask(world, "POST", ward_path(world, &stay, "/treatments"),
                              token_a(world, "doctor"), "{" WARD_SALINE "}");
    expect(&given, 201, NULL);
    return ward_end(world, &stay, outcome);
}

/* Every column of both tables: where the role has the right the lock says no. One value is the
 * column's own, the other is new. */
static const char columns_sql[] =
    "SELECT table_name, column_name, CASE WHEN has_column_privilege('clinicd_app', 'clinicd.' || "
    "table_name, column_name, 'UPDATE') THEN '23514' ELSE '42501' END, CASE data_type WHEN 'uuid' "
    "THEN 'gen_random_uuid()' WHEN 'date' THEN quote_literal('2999-01-01') WHEN 'timestamp with "
    "time zone' THEN 'now()' WHEN 'text' THEN quote_literal('X') WHEN 'boolean' THEN format('NOT "
    "%I', column_name) ELSE format('coalesce(%I, 0) + "
    "1', column_name) END FROM information_schema.columns WHERE table_schema = 'clinicd' AND "
    "table_name IN ('admission', 'treatment') AND is_generated = 'NEVER'";

static void column_is_refused(struct state *it, PGresult *columns, int row, const char *id)
{
    const char *table = PQgetvalue(columns, row, 0), *column = PQgetvalue(columns, row, 1);
    const char *key = strcmp(table, "admission") == 0 ? "id" : "admission_id";
    const char *const values[] = {column, PQgetvalue(columns, row, 3)};
    char sqlstate[SQLSTATE_TEXT];
    for (size_t i = 0; i < 2; i++) {
        int rows = sql_try(it->app, sqlstate, "UPDATE clinicd.%s SET %s = %s WHERE %s = '%s'",
                           table, column, values[i], key, id);
        if (rows != -1 || strcmp(sqlstate, PQgetvalue(columns, row, 2)) != 0)
            fail_msg("%s.%s = %s: %d %s", table, column, values[i], rows, sqlstate);
    }
}

/* What is more than a column, whoever writes. A reason opens what was said at the end, no more. */
static void changes_are_refused(struct state *it, const char *id)
{
    static const char *const changes[] = {
        "UPDATE clinicd.admission SET bed_number = 'Z', move_note = 'Why not' WHERE id",
        "UPDATE clinicd.admission SET status = 'stable', move_note = 'Why not' WHERE id",
        "UPDATE clinicd.admission SET discharge_notes = 'X', bed_number = 'Z', move_note = 'Why "
        "not' WHERE id",
        "UPDATE clinicd.admission SET discharge_notes = 'X', move_note = ' ' WHERE id",
        "UPDATE clinicd.admission SET discharge_notes = NULL, move_note = 'Why not' WHERE id",
        "UPDATE clinicd.treatment SET quantity = '1 l', correction_reason = 'Why not' WHERE "
        "admission_id",
        "INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, treatment_type, "
        "treatment_name, administered_at, created_at, updated_at) SELECT clinic_id, "
        "gen_random_uuid(), id, patient_id, 'other', 'X', admitted_at, now(), now() FROM "
        "clinicd.admission WHERE id",
    };
    char sqlstate[SQLSTATE_TEXT];
    PGconn *const roles[] = {it->app, it->world.boss};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        for (size_t role = 0; role < 2; role++) {
            int rows = sql_try(roles[role], sqlstate, "%s = '%s'", changes[i], id);
            if (rows != -1 || strcmp(sqlstate, "23514") != 0)
                fail_msg("%s: %d %s", changes[i], rows, sqlstate);
        }
}

static void what_is_over_refuses_every_write_by_sql(void **state)
{
    static const char *const outcomes[] = {"discharged", "shifted", "deceased"};
    struct state *it = *state;
    PGresult *columns = sql_rows(it->world.boss, &it->world.arena, "%s", columns_sql);
    assert_true(PQntuples(columns) >= 50);
    for (size_t i = 0; i < 3; i++) {
        struct answer stay = over(it, outcomes[i]);
        const char *id = answer_text(&stay, "id");
        for (int row = 0; row < PQntuples(columns); row++)
            column_is_refused(it, columns, row, id);
        changes_are_refused(it, id);
        assert_string_equal(ward_read(&it->world, &stay).body, stay.body);
    }
}

static void what_is_over_refuses_every_write_over_http(void **state)
{
    struct state *it = *state;
    struct world *world = &it->world;
    struct answer stay = over(it, "discharged");
    const char *treatment = sql_text(world->boss, &world->arena,
                                     "SELECT '/treatments/' || id FROM clinicd.treatment WHERE "
                                     "admission_id = '%s'",
                                     answer_text(&stay, "id"));
    const struct {
        const char *method, *rest, *body;
    } writes[] = {
        {"PATCH", "", "{\"reason_for_admission\": \"X\"}"},
        {"POST", "/status", "{\"status\": \"stable\"}"},
        {"POST", "/discharge", "{\"outcome\": \"shifted\", \"discharge_notes\": \"X\"}"},
        {"POST", "/treatments", "{" WARD_SALINE "}"},
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct answer refused =
            ward_do(world, &stay, "doctor", writes[i].method, writes[i].rest, writes[i].body);
        expect(&refused, 409, "admission-ended");
    }
    struct answer refused =
        ask_if(world, "PATCH", ward_path(world, &stay, treatment), token_a(world, "doctor"),
               "{\"reason\": \"X\", \"quantity\": \"1 l\"}", "\"1\"");
    expect(&refused, 409, "admission-ended");
    assert_string_equal(ward_read(world, &stay).body, stay.body);
}

/* The role has no right to; who owns everything would first have to take the lock away. */
static void nothing_is_removed_and_no_history_is_rewritten(void **state)
{
    struct state *it = *state;
    static const char *const tables[] = {"admission", "treatment", "admission_change",
                                         "treatment_correction"};
    static const char *const columns[] = {NULL, NULL, "note", "reason"};
    char sqlstate[SQLSTATE_TEXT];
    world_restore(&it->world);
    for (size_t i = 0; i < 4; i++) {
        assert_true(sql_int(it->world.boss, "SELECT count(*) FROM clinicd.%s", tables[i]) > 0);
        assert_int_equal(sql_try(it->app, sqlstate, "DELETE FROM clinicd.%s", tables[i]), -1);
        assert_string_equal(sqlstate, "42501");
        assert_int_equal(sql_try(it->world.boss, sqlstate, "DELETE FROM clinicd.%s", tables[i]),
                         -1);
        assert_string_equal(sqlstate, "23514");
        if (!columns[i])
            continue;
        assert_int_equal(
            sql_try(it->app, sqlstate, "UPDATE clinicd.%s SET %s = 'X'", tables[i], columns[i]),
            -1);
        assert_string_equal(sqlstate, "42501");
        assert_int_equal(sql_try(it->world.boss, sqlstate, "UPDATE clinicd.%s SET %s = 'X'",
                                 tables[i], columns[i]),
                         -1);
        assert_string_equal(sqlstate, "23514");
    }
}

/* Without the API: the reason is needed, what stood there is kept, and no reason is left over. */
static void the_database_keeps_what_a_treatment_said(void **state)
{
    struct state *it = *state;
    char sqlstate[SQLSTATE_TEXT];
    world_restore(&it->world);
    const char *id = id_a(&it->world, 523);
    static const char *const sets[] = {"notes = 'X'", "notes = notes", "treatment_name = 'X'",
                                       "notes = 'X', correction_reason = ' '"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        assert_int_equal(sql_try(it->app, sqlstate,
                                 "UPDATE clinicd.treatment SET %s WHERE id = '%s'", sets[i], id),
                         -1);
        assert_string_equal(sqlstate, "23514");
    }
    assert_int_equal(sql_try(it->app, sqlstate,
                             "UPDATE clinicd.treatment SET notes = 'X', correction_reason = 'Y', "
                             "updated_at = now() WHERE id = '%s'",
                             id),
                     1);
    assert_int_equal(sql_int(it->world.boss,
                             "SELECT count(*) FROM clinicd.treatment_correction c JOIN "
                             "clinicd.treatment t ON t.id = c.treatment_id AND t.version = "
                             "c.number WHERE t.id = '%s' AND c.reason = 'Y' AND c.was->>'notes' "
                             "LIKE 'Slowly%%' AND t.correction_reason IS NULL",
                             id),
                     1);
}

/* The partial unique constraints alone: the service's role, no check before them. */
static void the_database_admits_nobody_twice(void **state)
{
    struct state *it = *state;
    struct world *world = &it->world;
    static const char insert[] =
        "INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, "
        "doctor_name, admission_type, room_number, bed_number, reason_for_admission, status_at, "
        "admitted_at, created_at, updated_at) VALUES (7001, gen_random_uuid(), 'AD-%s', '%s', "
        "'%s', 'X', 'icu', '1', '%s', 'X', now(), now(), now(), now())";
    char sqlstate[SQLSTATE_TEXT];
    world_restore(world);
    ward_patients(world, 2);
    const char *doctor = id_a(world, SEED_DOCTOR);
#define ADMIT(number, patient, bed)                                                                \
    sql_try(it->app, sqlstate, insert, number, id_a(world, patient), doctor, bed)
    assert_int_equal(ADMIT("1", 1001, "A 1"), 1);
    assert_int_equal(ADMIT("2", 1001, "B"), -1);
    assert_string_equal(sqlstate, "23505");
    assert_int_equal(ADMIT("3", 1002, "a1"), -1);
    assert_string_equal(sqlstate, "23505");
    assert_int_equal(ADMIT("1", 1002, "B"), -1);
    assert_string_equal(sqlstate, "23505");
    assert_int_equal(ADMIT("4", SEED_PATIENT_DELETED, "B"), -1);
    assert_string_equal(sqlstate, "42501");
    assert_int_equal(ADMIT("5", 1002, "B"), 1);
#undef ADMIT
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_refuses_every_write_by_sql),
        cmocka_unit_test(what_is_over_refuses_every_write_over_http),
        cmocka_unit_test(nothing_is_removed_and_no_history_is_rewritten),
        cmocka_unit_test(the_database_keeps_what_a_treatment_said),
        cmocka_unit_test(the_database_admits_nobody_twice),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
