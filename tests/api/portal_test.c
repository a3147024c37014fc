/* A patient's own page and the history of a record over HTTP, against what stands in the tables. */
#include "tests/harness/ask.h"
#include "tests/harness/edges.h"

#include "db/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES_MAX = 400, PATIENTS = 12 };

struct state {
    struct world world;
    const char *patients[PATIENTS]; /* of clinic A, with much in their records; the first is OWN */
};

/* The records of twelve patients: eleven of the edges, and OWN, who gets those of three others. */
static int setup(void **state)
{
    static struct state it;
    world_begin(&it.world, &(struct world_options){.name = "portal"});
    edges_make(&it.world, "Asia/Kolkata");
    it.patients[0] = arena_copy(&it.world.arena, id_a(&it.world, SEED_PATIENT_OWN));
    sql_run(
        it.world.boss,
        "SET session_replication_role = replica;"
        "UPDATE clinicd.visit SET patient_id = '%s' WHERE clinic_id = 7001 AND token_number "
        "  %% 4 > 1 AND token_number BETWEEN 1000 AND 1040;"
        "UPDATE clinicd.prescription rx SET patient_id = '%s', follow_up_on = "
        "  (prescribed_at + interval '5 days')::date WHERE clinic_id = 7001 AND "
        "  length(rx_number) = 7;"
        "INSERT INTO clinicd.prescription_notes (clinic_id, prescription_id, patient_id, "
        "  observations, diagnosis, treatment_plan, created_at, updated_at) "
        "SELECT clinic_id, id, patient_id, 'Saw much', 'Diagnosis-canary', 'Rest', created_at, "
        "  created_at FROM clinicd.prescription WHERE clinic_id = 7001 AND length(rx_number) = 7;"
        "INSERT INTO clinicd.prescription_vitals (clinic_id, prescription_id, patient_id, "
        "  bp_systolic, bp_diastolic, temperature, temperature_unit, created_at, updated_at) "
        "SELECT clinic_id, id, patient_id, 120, 80, 98.6, 'fahrenheit', created_at + interval "
        "  '1 second', created_at FROM clinicd.prescription WHERE clinic_id = 7001 AND "
        "  rx_number LIKE 'RX-F-%%';"
        "UPDATE clinicd.lab_order o SET patient_id = rx.patient_id FROM clinicd.prescription rx "
        "  WHERE rx.clinic_id = o.clinic_id AND rx.id = o.prescription_id;"
        "UPDATE clinicd.prescription_test t SET patient_id = rx.patient_id FROM "
        "  clinicd.prescription rx WHERE rx.clinic_id = t.clinic_id AND rx.id = "
        "  t.prescription_id; RESET session_replication_role",
        it.patients[0], it.patients[0]);
    for (int i = 1; i < PATIENTS; i++)
        it.patients[i] = sql_text(it.world.boss, &it.world.arena,
                                  "SELECT md5('patient 7001 ' || %d)::uuid", i * 7 + 3);
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    world_end(&it->world);
    return 0;
}

/* ---- the page ---- */

static struct answer page_of(struct state *it, const char *patient)
{
    struct answer answer =
        ask(&it->world, "GET", path_a(&it->world, "/dashboards/patient?patient_id=%s", patient),
            token_a(&it->world, "admin"), NULL);
    expect(&answer, 200, NULL);
    return answer;
}

/* The rows of one table about a patient, newest first. */
static PGresult *rows_of(struct state *it, const char *table, const char *order,
                         const char *patient)
{
    return sql_rows(it->world.boss, &it->world.arena,
                    "SELECT * FROM clinicd.%s WHERE clinic_id = 7001 AND patient_id = '%s' ORDER "
                    "BY %s",
                    table, patient, order);
}

static const char *cell(PGresult *rows, int row, const char *column)
{
    int at = PQfnumber(rows, column);
    assert_true(at >= 0);
    return PQgetvalue(rows, row, at);
}

static bool is(PGresult *rows, int row, const char *column, const char *value)
{
    return strcmp(cell(rows, row, column), value) == 0;
}

/* What `shown` lists is those rows, up to five of them, that `fits` takes. */
static int same_newest(const json_t *shown, PGresult *rows, const char *id,
                       bool (*fits)(PGresult *rows, int row))
{
    size_t n = 0;
    int all = 0;
    for (int row = 0; row < PQntuples(rows); row++) {
        if (!fits(rows, row))
            continue;
        if (all++ < 5)
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(shown, n++), "id")),
                cell(rows, row, id));
    }
    assert_int_equal(json_array_size(shown), n);
    return all;
}

static bool is_any(PGresult *rows, int row)
{
    return row < PQntuples(rows);
}

static bool is_completed(PGresult *rows, int row)
{
    return is(rows, row, "status", "completed") && is(rows, row, "deleted_at", "");
}

static bool is_ordered(PGresult *rows, int row)
{
    return is(rows, row, "withdrawn_at", "") && is(rows, row, "rx_status", "completed");
}

static PGresult *orders_of(struct state *it, const char *patient)
{
    return sql_rows(it->world.boss, &it->world.arena,
                    "SELECT o.*, rx.status AS rx_status FROM clinicd.lab_order o JOIN "
                    "clinicd.prescription rx ON rx.clinic_id = o.clinic_id AND rx.id = "
                    "o.prescription_id WHERE o.clinic_id = 7001 AND o.patient_id = '%s' ORDER BY "
                    "o.ordered_at DESC, o.id DESC",
                    patient);
}

static int64_t count_in(const struct answer *answer, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(answer->json, "counts"), name));
}

static int steps_of(const struct answer *answer, const char *kind)
{
    size_t i;
    json_t *step;
    int n = 0;
    json_array_foreach(json_object_get(answer->json, "next_steps"), i, step)
    {
        n += strcmp(json_string_value(json_object_get(step, "kind")), kind) == 0;
    }
    return n;
}

static void same_page(struct state *it, const char *patient)
{
    struct answer page = page_of(it, patient);
    PGresult *visits = rows_of(it, "visit", "token_on DESC, checked_in_at DESC, id DESC", patient);
    PGresult *rx = rows_of(it, "prescription", "prescribed_at DESC, id DESC", patient);
    PGresult *orders = orders_of(it, patient);
    int open = 0, done = 0, waits = 0, follow = 0;
    for (int row = 0; row < PQntuples(orders); row++) {
        if (!is_ordered(orders, row))
            continue;
        open += is(orders, row, "status", "pending") || is(orders, row, "status", "in_progress");
        done += is(orders, row, "status", "completed");
    }
    for (int row = 0; row < PQntuples(visits); row++)
        waits += is(visits, row, "ended_at", "");
    for (int row = 0; row < PQntuples(rx); row++)
        follow += is_completed(rx, row) && *cell(rx, row, "follow_up_on") &&
                  strcmp(cell(rx, row, "follow_up_on"), answer_text(&page, "on")) >= 0;
    assert_int_equal(count_in(&page, "visits"),
                     same_newest(json_object_get(page.json, "visits"), visits, "id", is_any));
    assert_int_equal(
        count_in(&page, "prescriptions"),
        same_newest(json_object_get(page.json, "prescriptions"), rx, "id", is_completed));
    same_newest(json_object_get(page.json, "tests"), orders, "test_id", is_ordered);
    assert_int_equal(count_in(&page, "open_tests"), open);
    assert_int_equal(count_in(&page, "completed_tests"), done);
    assert_int_equal(steps_of(&page, "visit"), waits);
    assert_int_equal(steps_of(&page, "test"), open);
    assert_int_equal(steps_of(&page, "follow_up"), follow);
}

static void every_patients_page_is_what_stands_in_the_tables(void **state)
{
    struct state *it = *state;
    for (int i = 0; i < PATIENTS; i++)
        same_page(it, it->patients[i]);
    struct answer own = page_of(it, it->patients[0]);
    assert_true(count_in(&own, "visits") > 5 && count_in(&own, "open_tests") > 0);
    assert_true(steps_of(&own, "visit") == 1 && steps_of(&own, "follow_up") > 0);
    assert_int_equal(count_in(&own, "allergies"), 1);
    assert_int_equal(count_in(&own, "reports"), 2);
}

static void the_patients_own_page_is_the_same(void **state)
{
    struct state *it = *state;
    struct answer admins = page_of(it, it->patients[0]);
    struct answer own = ask(&it->world, "GET", path_a(&it->world, "/dashboards/patient"),
                            token_a(&it->world, "patient"), NULL);
    expect(&own, 200, NULL);
    assert_true(json_equal(own.json, admins.json));
    struct answer other = ask(
        &it->world, "GET", path_a(&it->world, "/dashboards/patient?patient_id=%s", it->patients[1]),
        token_a(&it->world, "patient"), NULL);
    expect(&other, 403, "missing-permission");
}

static void me_is_the_own_record_as_it_is_shown_elsewhere(void **state)
{
    struct state *it = *state;
    struct world *world = &it->world;
    struct answer me = ask(world, "GET", path_a(world, "/me"), token_a(world, "patient"), NULL);
    expect(&me, 200, NULL);
    struct answer record = ask(world, "GET", path_a(world, "/patients/%s", it->patients[0]),
                               token_a(world, "patient"), NULL);
    assert_true(json_equal(json_object_get(me.json, "patient"), record.json));
    struct answer page = page_of(it, it->patients[0]);
    assert_true(
        json_equal(json_object_get(me.json, "counts"), json_object_get(page.json, "counts")));
    assert_true(json_equal(json_object_get(me.json, "next_steps"),
                           json_object_get(page.json, "next_steps")));
    struct answer staff = ask(world, "GET", path_a(world, "/me"), token_a(world, "doctor"), NULL);
    expect(&staff, 403, "missing-permission");
}

/* ---- the history ---- */

struct entry {
    const char *at, *kind, *id;
};

static int newest_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(y->at, x->at);
    if (!order)
        order = strcmp(y->kind, x->kind);
    return order ? order : strcmp(y->id, x->id);
}

/* What there is: `kinds` of words that name them; from and to are days. */
static size_t entries_read(struct state *it, const char *patient, const char *kinds,
                           bool completed_only, const char *from, const char *to,
                           struct entry out[ENTRIES_MAX])
{
    PGresult *rows = sql_rows(
        it->world.boss, &it->world.arena,
        "SELECT kind, id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, "
        "status, "
        "to_char(at AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD') AS day FROM ("
        "SELECT 'visit' AS kind, clinic_id, patient_id, id, checked_in_at AS at, 'completed' AS "
        "  status FROM clinicd.visit UNION ALL "
        "SELECT 'prescription', clinic_id, patient_id, id, prescribed_at, status FROM "
        "  clinicd.prescription WHERE deleted_at IS NULL UNION ALL "
        "SELECT 'test', o.clinic_id, o.patient_id, o.test_id, o.ordered_at, rx.status FROM "
        "  clinicd.lab_order o JOIN clinicd.prescription rx ON rx.id = o.prescription_id WHERE "
        "  withdrawn_at IS NULL UNION ALL "
        "SELECT 'vitals', v.clinic_id, v.patient_id, v.prescription_id, v.created_at, rx.status "
        "  FROM clinicd.prescription_vitals v JOIN clinicd.prescription rx ON rx.id = "
        "  v.prescription_id WHERE rx.deleted_at IS NULL UNION ALL "
        "SELECT 'admission', clinic_id, patient_id, id, admitted_at, 'completed' FROM "
        "  clinicd.admission UNION ALL "
        "SELECT 'report', r.clinic_id, r.patient_id, r.id, r.created_at, 'completed' FROM "
        "  clinicd.report r JOIN clinicd.file f ON f.id = r.file_id WHERE f.deleted_at IS NULL"
        ") e WHERE clinic_id = 7001 AND patient_id "
        "= "
        "'%s'",
        patient);
    size_t n = 0;
    for (int row = 0; row < PQntuples(rows); row++) {
        if (!strstr(kinds, cell(rows, row, "kind")) ||
            (completed_only && !is(rows, row, "status", "completed")) ||
            (from && strcmp(cell(rows, row, "day"), from) < 0) ||
            (to && strcmp(cell(rows, row, "day"), to) > 0))
            continue;
        assert_true(n < ENTRIES_MAX);
        out[n++] =
            (struct entry){cell(rows, row, "at"), cell(rows, row, "kind"), cell(rows, row, "id")};
    }
    qsort(out, n, sizeof *out, newest_first);
    return n;
}

static void check_entry(const json_t *shown, const struct entry *expected)
{
    static const char *const kinds[] = {"visit",  "prescription", "test",
                                        "vitals", "report",       "admission"};
    assert_string_equal(json_string_value(json_object_get(shown, "kind")), expected->kind);
    assert_string_equal(json_string_value(json_object_get(shown, "id")), expected->id);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_int_equal(json_is_object(json_object_get(shown, kinds[i])),
                         strcmp(kinds[i], expected->kind) == 0);
}

/* All pages of a history are exactly these entries. */
static void same_history(struct state *it, const char *who, const char *patient, const char *query,
                         const struct entry *expected, size_t n)
{
    struct world *world = &it->world;
    const char *cursor = NULL;
    size_t seen = 0;
    do {
        const char *path = path_a(world, "/patients/%s/history?count=exact%s%s%s", patient, query,
                                  cursor ? "&cursor=" : "", cursor ? cursor : "");
        struct answer page = ask(world, "GET", path, token_a(world, who), NULL);
        expect(&page, 200, NULL);
        assert_int_equal(json_integer_value(json_object_get(page.json, "total")), n);
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(page.json, "items"), i, item)
        {
            assert_true(seen < n);
            check_entry(item, &expected[seen++]);
        }
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    } while (cursor);
    assert_int_equal(seen, n);
}

#define ALL_KINDS "visit prescription test vitals report admission"

static void a_history_has_everything_once_newest_first(void **state)
{
    struct state *it = *state;
    struct entry entries[ENTRIES_MAX];
    size_t sum = 0;
    for (int i = 0; i < PATIENTS; i++) {
        size_t n = entries_read(it, it->patients[i], ALL_KINDS, false, NULL, NULL, entries);
        same_history(it, "doctor", it->patients[i], "&limit=2", entries, n);
        same_history(it, "receptionist", it->patients[i], "", entries, n);
        sum += n;
    }
    printf("%zu entries of %d histories\n", sum, PATIENTS);
    assert_true(sum > 100);
}

static void a_patient_sees_of_a_prescription_only_what_is_completed(void **state)
{
    struct state *it = *state;
    struct entry entries[ENTRIES_MAX], all[ENTRIES_MAX];
    size_t n = entries_read(it, it->patients[0], ALL_KINDS, true, NULL, NULL, entries);
    assert_true(n > 5 && n < entries_read(it, it->patients[0], ALL_KINDS, false, NULL, NULL, all));
    same_history(it, "patient", it->patients[0], "&limit=3", entries, n);
}

static void kinds_and_days_can_be_chosen(void **state)
{
    struct state *it = *state;
    const char *own = it->patients[0];
    struct entry entries[ENTRIES_MAX];
    const char *today = answer_text(&(struct answer){.json = page_of(it, own).json}, "on");
    const char *yesterday =
        sql_text(it->world.boss, &it->world.arena, "SELECT date '%s' - 1", today);
    size_t n = entries_read(it, own, "visit test", false, NULL, NULL, entries);
    same_history(it, "doctor", own, "&include=tests,visits", entries, n);
    n = entries_read(it, own, ALL_KINDS, false, today, NULL, entries);
    assert_true(n > 0);
    same_history(it, "doctor", own, arena_format(&it->world.arena, "&from=%s", today), entries, n);
    n = entries_read(it, own, "vitals", false, yesterday, yesterday, entries);
    assert_true(n > 0);
    same_history(
        it, "admin", own,
        arena_format(&it->world.arena, "&include=vitals&from=%s&to=%s", yesterday, yesterday),
        entries, n);
    static const char *const wrong[] = {"include=secrets", "include=visits,",
                                        "include=visits%20tests", "from=yesterday", "sort=at"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct answer answer =
            ask(&it->world, "GET", path_a(&it->world, "/patients/%s/history?%s", own, wrong[i]),
                token_a(&it->world, "doctor"), NULL);
        assert_int_equal(answer.status, 400);
    }
}

static void reception_gets_neither_notes_nor_results(void **state)
{
    struct state *it = *state;
    const char *path = path_a(&it->world, "/patients/%s/history?limit=200", it->patients[0]);
    struct answer doctors = ask(&it->world, "GET", path, token_a(&it->world, "doctor"), NULL);
    assert_non_null(strstr(doctors.body, "Diagnosis-canary"));
    assert_non_null(strstr(doctors.body, "\"text\":\"Fine\""));
    struct answer desks = ask(&it->world, "GET", path, token_a(&it->world, "receptionist"), NULL);
    expect(&desks, 200, NULL);
    assert_null(strstr(desks.body, "Diagnosis-canary"));
    assert_null(strstr(desks.body, "\"notes\""));
    assert_null(strstr(desks.body, "Fine"));
    assert_null(strstr(desks.body, "\"result\""));
}

static void whom_a_dashboard_shows_sees_that_somebody_looked(void **state)
{
    struct state *it = *state;
    struct world *world = &it->world;
    struct answer desk = ask(world, "GET", path_a(world, "/dashboards/reception"),
                             token_a(world, "receptionist"), NULL);
    assert_non_null(strstr(desk.body, it->patients[0]));
    struct answer log = ask(world, "GET", path_a(world, "/patients/%s/access-log", it->patients[0]),
                            token_a(world, "patient"), NULL);
    assert_non_null(strstr(log.body, "\"dashboards_reception\""));
    assert_non_null(strstr(log.body, "\"history_list\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_patients_page_is_what_stands_in_the_tables),
        cmocka_unit_test(the_patients_own_page_is_the_same),
        cmocka_unit_test(me_is_the_own_record_as_it_is_shown_elsewhere),
        cmocka_unit_test(a_history_has_everything_once_newest_first),
        cmocka_unit_test(a_patient_sees_of_a_prescription_only_what_is_completed),
        cmocka_unit_test(kinds_and_days_can_be_chosen),
        cmocka_unit_test(reception_gets_neither_notes_nor_results),
        cmocka_unit_test(whom_a_dashboard_shows_sees_that_somebody_looked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
