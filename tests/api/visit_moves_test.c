/* The machine of a visit, every state to every state, as the domain says it (its 4.1): over HTTP,
 * and by SQL as the service's role. And the patient's status that moves with it (4.2). */
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { STATES = 5, VISIT = 602, PATIENT_STATES = 5 };

static const char *const states[STATES] = {"checked_in", "in_consultation", "completed",
                                           "cancelled", "no_show"};

/* [from][to]: '.' never, 'm' by anybody, 'n' with a note, 'r' opened again with a reason. */
static const char moves[STATES][STATES + 1] = {
    /* checked_in in_consultation completed cancelled no_show */
    ".mmnn", /* checked_in */
    "..mn.", /* in_consultation */
    "rr...", /* completed */
    "r....", /* cancelled */
    "r....", /* no_show */
};

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "visit_moves"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* The visit as it would be had it come to `status` by itself, at version 7 and with no history. */
static void visit_put(struct world *world, const char *status)
{
    bool is_open = strstr("checked_in in_consultation", status) != NULL;
    sql_run(world->boss,
            "SET session_replication_role = replica; DELETE FROM clinicd.visit_change WHERE "
            "visit_id = '%s'; UPDATE clinicd.visit SET status = '%s', version = 7, ended_at = %s "
            "WHERE id = '%s'; RESET session_replication_role",
            id_a(world, VISIT), status, is_open ? "NULL" : "'2099-01-05T05:00:00Z'",
            id_a(world, VISIT));
}

static int64_t steps(struct world *world)
{
    return sql_int(world->boss, "SELECT count(*) FROM clinicd.visit_change WHERE visit_id = '%s'",
                   id_a(world, VISIT));
}

static struct answer move(struct world *world, const char *who, const char *to, const char *more)
{
    return ask_if(world, "POST", path_a(world, "/visits/%s/status", id_a(world, VISIT)),
                  token_a(world, who),
                  arena_format(&world->arena, "{\"status\": \"%s\"%s}", to, more), "\"7\"");
}

/* What a move must answer, whoever makes it in whichever way. */
static int expected(char kind, bool has_note, bool has_reason)
{
    if (kind == '.' || (kind == 'r') != has_reason)
        return 409;
    return kind == 'n' && !has_note ? 422 : 200;
}

/* The `allowed` of a refusal names just what this way of asking could have reached. */
static void assert_allowed(const struct answer *answer, int from, bool has_reason)
{
    const json_t *allowed = json_object_get(answer->json, "allowed");
    size_t n = 0, i;
    const json_t *item;
    for (int to = 0; to < STATES; to++)
        n += moves[from][to] != '.' && (moves[from][to] == 'r') == has_reason;
    assert_int_equal(json_array_size(allowed), n);
    json_array_foreach(allowed, i, item)
    {
        int to = 0;
        while (strcmp(states[to], json_string_value(item)) != 0)
            to++;
        assert_int_equal(moves[from][to] == 'r', has_reason);
        assert_int_not_equal(moves[from][to], '.');
    }
}

static void every_state_to_every_state_over_http(void **state)
{
    static const char *const ways[] = {"", ", \"note\": \"Why not\"",
                                       ", \"reopen_reason\": \"By mistake\""};
    struct world *world = *state;
    for (int from = 0; from < STATES; from++)
        for (int to = 0; to < STATES; to++)
            for (int way = 0; way < 3; way++) {
                visit_put(world, states[from]);
                struct answer answer = move(world, "admin", states[to], ways[way]);
                int status = expected(moves[from][to], way == 1, way == 2);
                if (answer.status != status)
                    fail_msg("%s to %s%s: %d, expected %d\n%s", states[from], states[to], ways[way],
                             answer.status, status, answer.body);
                assert_int_equal(steps(world), status == 200);
                if (status == 409) {
                    assert_string_equal(answer_code(&answer), "illegal-transition");
                    assert_allowed(&answer, from, way == 2);
                }
                if (status != 200)
                    continue;
                assert_string_equal(answer_text(&answer, "status"), states[to]);
                assert_int_equal(json_integer_value(json_object_get(answer.json, "version")), 8);
                assert_int_equal(json_is_null(json_object_get(answer.json, "ended_at")), to < 2);
            }
}

static void every_state_to_every_state_by_sql_as_the_service_s_role(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    char sqlstate[SQLSTATE_TEXT];
    sql_run(app, "SET app.clinic_id = '7001'");
    for (int from = 0; from < STATES; from++)
        for (int to = 0; to < STATES; to++)
            for (int with_note = 0; with_note < 2; with_note++) {
                if (from == to)
                    continue; /* no move at all */
                char kind = moves[from][to];
                visit_put(world, states[from]);
                int rows = sql_try(app, sqlstate,
                                   "UPDATE clinicd.visit SET status = '%s', move_note = %s, "
                                   "updated_at = '2099-01-06' WHERE id = '%s'",
                                   states[to], with_note ? "'Why'" : "NULL", id_a(world, VISIT));
                bool is_good = kind == 'm' || (kind != '.' && with_note);
                if (is_good ? rows != 1 : strcmp(sqlstate, "23514") != 0)
                    fail_msg("%s to %s %s note: %d, %s", states[from], states[to],
                             with_note ? "with" : "without", rows, sqlstate);
                assert_int_equal(steps(world), is_good);
            }
    sql_run(app, "RESET app.clinic_id");
}

static void the_service_s_role_cannot_write_around_the_machine(void **state)
{
    static const char *const refused[] = {
        "INSERT INTO clinicd.visit_change (clinic_id, visit_id, number, patient_id, to_status, at) "
        "SELECT clinic_id, id, 99, patient_id, 'completed', now() FROM clinicd.visit LIMIT 1",
        "UPDATE clinicd.visit_change SET note = 'Better'",
        "DELETE FROM clinicd.visit_change",
        "DELETE FROM clinicd.visit",
        "UPDATE clinicd.visit SET patient_id = patient_id",
        "UPDATE clinicd.visit SET token_on = token_on",
        "UPDATE clinicd.visit SET checked_in_at = checked_in_at",
        "UPDATE clinicd.visit SET status_at = now()",
        "UPDATE clinicd.visit SET started_at = now()",
        "UPDATE clinicd.visit SET ended_at = NULL",
    };
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    char sqlstate[SQLSTATE_TEXT];
    sql_run(app, "SET app.clinic_id = '7001'");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int rows = sql_try(app, sqlstate, "%s", refused[i]);
        if (rows >= 0 || strcmp(sqlstate, "42501") != 0)
            fail_msg("%s: %d, %s", refused[i], rows, sqlstate);
    }
    for (int born = 1; born < STATES; born++) {
        sql_try(
            app, sqlstate,
            "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, status, "
            "status_at, checked_in_at, ended_at, created_at, updated_at) SELECT clinic_id, "
            "gen_random_uuid(), patient_id, token_on, 900, '%s', now(), now(), %s, now(), now() "
            "FROM clinicd.visit WHERE id = '%s'",
            states[born], born < 2 ? "NULL" : "now()", id_a(world, VISIT));
        assert_string_equal(sqlstate, "23514");
    }
}

/* An old note is no reason for a new move: it was taken out of the row with the move that it
 * explained. */
static void a_note_counts_for_one_move(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    char sqlstate[SQLSTATE_TEXT];
    visit_put(world, "completed");
    sql_run(app, "SET app.clinic_id = '7001'");
    sql_run(app,
            "UPDATE clinicd.visit SET status = 'checked_in', move_note = 'By mistake', "
            "moved_by_name = 'Asha', updated_at = now() WHERE id = '%s'",
            id_a(world, VISIT));
    sql_try(app, sqlstate,
            "UPDATE clinicd.visit SET status = 'cancelled', updated_at = now() WHERE id = '%s'",
            id_a(world, VISIT));
    assert_string_equal(sqlstate, "23514");
    sql_run(
        app,
        "UPDATE clinicd.visit SET status = 'in_consultation', updated_at = now() WHERE id = '%s'",
        id_a(world, VISIT));
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.visit_change WHERE visit_id = '%s' AND "
                             "to_status = 'in_consultation' AND by_name IS NULL AND note IS NULL",
                             id_a(world, VISIT)),
                     1);
}

static void opening_again_needs_its_own_permission_and_a_reason(void **state)
{
    static const char *const others[] = {"doctor", "receptionist"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        visit_put(world, "completed");
        struct answer answer =
            move(world, others[i], "checked_in", ", \"reopen_reason\": \"By mistake\"");
        expect(&answer, 403, "missing-permission");
        answer = move(world, others[i], "checked_in", "");
        expect(&answer, 409, "illegal-transition");
    }
    struct answer blank = move(world, "admin", "checked_in", ", \"reopen_reason\": \"  \"");
    expect(&blank, 422, "validation-failed");
    struct answer both =
        move(world, "admin", "checked_in", ", \"reopen_reason\": \"A\", \"note\": \"B\"");
    expect(&both, 422, "validation-failed");

    struct answer again =
        move(world, "admin", "in_consultation", ", \"reopen_reason\": \"One more question\"");
    expect(&again, 200, NULL);
    struct answer history =
        ask(world, "GET", path_a(world, "/visits/%s/status-history?sort=-at", id_a(world, VISIT)),
            token_a(world, "receptionist"), NULL);
    expect(&history, 200, NULL);
    const json_t *step = json_array_get(json_object_get(history.json, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(step, "from")), "completed");
    assert_string_equal(json_string_value(json_object_get(step, "note")), "One more question");
    assert_string_equal(json_string_value(json_object_get(json_object_get(step, "by"), "name")),
                        "admin-aa");
}

static void what_was_closed_is_not_opened_beside_another_open_visit(void **state)
{
    struct world *world = *state;
    world_restore(world);
    visit_put(world, "completed");
    struct answer new = ask(
        world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"),
        arena_format(&world->arena, "{\"patient_id\": \"%s\"}", id_a(world, SEED_PATIENT_OTHER)));
    expect(&new, 201, NULL);
    struct answer again = move(world, "admin", "checked_in", ", \"reopen_reason\": \"By mistake\"");
    expect(&again, 409, "open-visit-exists");
    assert_string_equal(text_in(&again, "open_visit", "id"), answer_text(&new, "id"));
    world_restore(world);
}

static void a_doctor_moves_the_own_visits_and_takes_nobody_s(void **state)
{
    struct world *world = *state;
    world_restore(world);
    visit_put(world, "checked_in");
    struct answer taken = move(world, "doctor", "in_consultation", "");
    expect(&taken, 200, NULL);
    assert_string_equal(text_in(&taken, "doctor", "id"), id_a(world, SEED_DOCTOR));
    assert_string_equal(text_in(&taken, "doctor", "name"), "Firstalphamark Lastalphamark");

    sql_run(world->boss,
            "UPDATE clinicd.account SET role = 'doctor' WHERE id = '%s'; INSERT INTO "
            "clinicd.doctor (clinic_id, id, specialization, license_number) VALUES (7001, '%s', "
            "'Surgery', 'LIC-2'); SET session_replication_role = replica; UPDATE clinicd.visit SET "
            "doctor_id = '%s' WHERE id = '%s'; RESET session_replication_role",
            id_a(world, SEED_LAB_TECH), id_a(world, SEED_LAB_TECH), id_a(world, SEED_LAB_TECH),
            id_a(world, VISIT));
    visit_put(world, "checked_in");
    struct answer foreign = move(world, "doctor", "in_consultation", "");
    expect(&foreign, 403, "not-your-visit");
    struct answer changed = ask_if(world, "PATCH", path_a(world, "/visits/%s", id_a(world, VISIT)),
                                   token_a(world, "doctor"), "{\"notes\": \"Mine now\"}", "\"7\"");
    expect(&changed, 403, "not-your-visit");
    assert_int_equal(steps(world), 0);
    struct answer desk = move(world, "receptionist", "in_consultation", "");
    expect(&desk, 200, NULL);
    world_restore(world);
}

static void a_move_needs_the_version(void **state)
{
    struct world *world = *state;
    visit_put(world, "checked_in");
    const char *path = path_a(world, "/visits/%s/status", id_a(world, VISIT));
    const char *desk = token_a(world, "receptionist");
    struct answer none = ask(world, "POST", path, desk, "{\"status\": \"completed\"}");
    expect(&none, 428, NULL);
    struct answer old = ask_if(world, "POST", path, desk, "{\"status\": \"completed\"}", "\"6\"");
    expect(&old, 412, "precondition-failed");
    world_restore(world);
}

/* --- the patient's status ------------------------------------------------------------------- */

static const char *const patient_states[PATIENT_STATES] = {
    "registered", "in_diagnosis", "treatment_started", "discharged", "deceased"};

/* [from][to]: what happens to a patient moves the status on, or leaves it. */
static const char patient_moves[PATIENT_STATES][PATIENT_STATES + 1] = {
    ".mmmm", /* registered */
    "..mmm", /* in_diagnosis */
    "...mm", /* treatment_started */
    ".mm.m", /* discharged */
    ".....", /* deceased */
};

static void patient_put(struct world *world, const char *status)
{
    sql_run(world->boss, "UPDATE clinicd.patient SET status = '%s', version = 3 WHERE id = '%s'",
            status, id_a(world, SEED_PATIENT_OTHER));
}

static const char *patient_is(struct world *world)
{
    return sql_text(world->boss, &world->arena,
                    "SELECT status || ' ' || version FROM clinicd.patient WHERE id = '%s'",
                    id_a(world, SEED_PATIENT_OTHER));
}

static void every_patient_state_to_every_other(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    sql_run(app, "SET app.clinic_id = '7001'");
    for (int from = 0; from < PATIENT_STATES; from++)
        for (int to = 0; to < PATIENT_STATES; to++) {
            bool is_way = patient_moves[from][to] == 'm';
            patient_put(world, patient_states[from]);
            const char *moved =
                sql_text(app, &world->arena, "SELECT clinicd.patient_move(7001, '%s', '%s', now())",
                         id_a(world, SEED_PATIENT_OTHER), patient_states[to]);
            assert_string_equal(moved, is_way ? "t" : "f");
            assert_string_equal(patient_is(world),
                                arena_format(&world->arena, "%s %d",
                                             patient_states[is_way ? to : from], is_way ? 4 : 3));
        }
    patient_put(world, "registered");
    sql_run(app, "SET app.clinic_id = '7002'");
    assert_string_equal(sql_text(app, &world->arena,
                                 "SELECT clinicd.patient_move(7001, '%s', 'deceased', now())",
                                 id_a(world, SEED_PATIENT_OTHER)),
                        "f"); /* another clinic's patient is not there */
    world_restore(world);
}

static void a_visit_moves_the_patient_s_status_with_it(void **state)
{
    static const struct {
        const char *before, *checked_in, *in_consultation;
    } ways[] = {
        {"registered", "registered 3", "in_diagnosis 4"},
        {"in_diagnosis", "in_diagnosis 3", "in_diagnosis 3"},
        {"treatment_started", "treatment_started 3", "treatment_started 3"},
        {"discharged", "in_diagnosis 4", "in_diagnosis 4"},
    };
    struct world *world = *state;
    const char *body =
        arena_format(&world->arena, "{\"patient_id\": \"%s\"}", id_a(world, SEED_PATIENT_OTHER));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        world_restore(world);
        patient_put(world, ways[i].before);
        struct answer visit =
            ask(world, "POST", path_a(world, "/visits"), token_a(world, "admin"), body);
        expect(&visit, 201, NULL);
        assert_string_equal(patient_is(world), ways[i].checked_in);
        struct answer begun =
            ask_if(world, "POST", path_a(world, "/visits/%s/status", answer_text(&visit, "id")),
                   token_a(world, "doctor"), "{\"status\": \"in_consultation\"}", "\"1\"");
        expect(&begun, 200, NULL);
        assert_string_equal(patient_is(world), ways[i].in_consultation);
    }
    world_restore(world);
    patient_put(world, "deceased");
    struct answer none =
        ask(world, "POST", path_a(world, "/visits"), token_a(world, "admin"), body);
    expect(&none, 409, "patient-deceased");
    world_restore(world);
}

static void only_an_administrator_sets_a_patient_s_status_by_hand(void **state)
{
    struct world *world = *state;
    const char *path = path_a(world, "/patients/%s", id_a(world, SEED_PATIENT_OTHER));
    for (int from = 0; from < PATIENT_STATES; from++)
        for (int to = 0; to < PATIENT_STATES; to++) {
            patient_put(world, patient_states[from]);
            const char *body =
                arena_format(&world->arena, "{\"status\": \"%s\"}", patient_states[to]);
            struct answer desk =
                ask_if(world, "PATCH", path, token_a(world, "receptionist"), body, "\"3\"");
            expect(&desk, 403, "missing-permission");
            struct answer admin =
                ask_if(world, "PATCH", path, token_a(world, "admin"), body, "\"3\"");
            expect(&admin, 200, NULL);
            assert_string_equal(answer_text(&admin, "status"), patient_states[to]);
        }
    world_restore(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_to_every_state_over_http),
        cmocka_unit_test(every_state_to_every_state_by_sql_as_the_service_s_role),
        cmocka_unit_test(the_service_s_role_cannot_write_around_the_machine),
        cmocka_unit_test(a_note_counts_for_one_move),
        cmocka_unit_test(opening_again_needs_its_own_permission_and_a_reason),
        cmocka_unit_test(what_was_closed_is_not_opened_beside_another_open_visit),
        cmocka_unit_test(a_doctor_moves_the_own_visits_and_takes_nobody_s),
        cmocka_unit_test(a_move_needs_the_version),
        cmocka_unit_test(every_patient_state_to_every_other),
        cmocka_unit_test(a_visit_moves_the_patient_s_status_with_it),
        cmocka_unit_test(only_an_administrator_sets_a_patient_s_status_by_hand),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
