/* Visits over HTTP: who is checked in and who is not, whose token it is, what may be changed, lists
 * and figures. */
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { OWN = 601, OTHER = 602, HIDDEN = 603, SECOND_DOCTOR = SEED_LAB_TECH };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "visits"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer check_in(struct world *world, const char *format, ...) PRINTF(2, 3);

static struct answer check_in(struct world *world, const char *format, ...)
{
    char body[500];
    va_list args;
    va_start(args, format);
    vsnprintf(body, sizeof body, format, args);
    va_end(args);
    return ask(world, "POST", path_a(world, "/visits"), token_a(world, "receptionist"), body);
}

static struct answer change(struct world *world, const struct answer *visit, const char *body)
{
    return ask_if(world, "PATCH", path_a(world, "/visits/%s", answer_text(visit, "id")),
                  token_a(world, "receptionist"), body,
                  answer_header(&world->arena, visit, "ETag", NULL));
}

static struct answer move(struct world *world, const struct answer *visit, const char *body)
{
    return ask_if(world, "POST", path_a(world, "/visits/%s/status", answer_text(visit, "id")),
                  token_a(world, "receptionist"), body,
                  answer_header(&world->arena, visit, "ETag", NULL));
}

static int64_t number(const struct answer *answer, const char *member)
{
    return json_integer_value(json_object_get(answer->json, member));
}

static void assert_flaw(const struct answer *answer, const char *pointer)
{
    const json_t *flaw = json_array_get(json_object_get(answer->json, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(flaw, "pointer")), pointer);
}

/* Patients 1001 … of clinic A. */
static void patients_make(struct world *world, int n)
{
    world_restore(world);
    sql_run(world->boss,
            "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, "
            "created_at, updated_at) SELECT 7001, ('0190a000-0000-7000-8000-aa000000' || 1000 + "
            "n)::uuid, 'PT-2026-' || lpad(n::text, 5, '0'), 'Comer ' || n, '2026-01-01', now(), "
            "now() FROM generate_series(1, %d) n",
            n);
}

/* The laboratory's technician becomes a doctor. */
static void second_doctor_make(struct world *world)
{
    sql_run(
        world->boss,
        "UPDATE clinicd.account SET role = 'doctor' WHERE id = '%s'; INSERT INTO clinicd.doctor "
        "(clinic_id, id, specialization, license_number) VALUES (7001, '%s', 'Surgery', 'LIC-2')",
        id_a(world, SECOND_DOCTOR), id_a(world, SECOND_DOCTOR));
}

/* --- checking in ---------------------------------------------------------------------------- */

static void a_patient_is_checked_in_by_id_or_by_number(void **state)
{
    struct world *world = *state;
    patients_make(world, 2);
    struct answer by_id = check_in(
        world,
        "{\"patient_id\": \"%s\", \"visit_type\": \"follow_up\", \"purpose\": \" Cough \", "
        "\"priority\": \"urgent\", \"notes\": \"Line one\\nline two\"}",
        id_a(world, 1001));
    expect(&by_id, 201, NULL);
    assert_string_equal(text_in(&by_id, "patient", "patient_number"), "PT-2026-00001");
    assert_string_equal(text_in(&by_id, "patient", "name"), "Comer 1");
    assert_string_equal(text_in(&by_id, "checked_in_by", "name"), "receptionist-aa");
    assert_string_equal(answer_text(&by_id, "visit_type"), "follow_up");
    assert_string_equal(answer_text(&by_id, "purpose"), "Cough");
    assert_string_equal(answer_text(&by_id, "priority"), "urgent");
    assert_string_equal(answer_text(&by_id, "status"), "checked_in");
    assert_true(json_is_null(json_object_get(by_id.json, "doctor")));
    assert_true(json_is_null(json_object_get(by_id.json, "started_at")));
    assert_string_equal(answer_header(&world->arena, &by_id, "Location", NULL),
                        path_a(world, "/visits/%s", answer_text(&by_id, "id")));

    struct answer by_number = check_in(world, "{\"patient_number\": \"pt-2026-00002\"}");
    expect(&by_number, 201, NULL);
    assert_string_equal(text_in(&by_number, "patient", "id"), id_a(world, 1002));
    assert_string_equal(answer_text(&by_number, "visit_type"), "routine");
    assert_string_equal(answer_text(&by_number, "priority"), "normal");

    struct answer read = ask(world, "GET", path_a(world, "/visits/%s", answer_text(&by_id, "id")),
                             token_a(world, "doctor"), NULL);
    expect(&read, 200, NULL);
    assert_string_equal(read.body, by_id.body);
}

static void whoever_is_not_of_the_clinic_is_not_found(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    patients_make(world, 1);
    sql_run(world->boss,
            "UPDATE clinicd.patient SET patient_number = 'PT-2030-00009' WHERE id = '%s'",
            seed_id(&seed_b, SEED_PATIENT_OTHER, id));
    const struct answer nobody[] = {
        check_in(world, "{\"patient_id\": \"%s\"}", seed_id(&seed_b, SEED_PATIENT_OTHER, id)),
        check_in(world, "{\"patient_number\": \"PT-2030-00009\"}"),
        check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, SEED_NOBODY)),
        check_in(world, "{\"patient_number\": \"PT-2030-00010\"}"),
        check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, SEED_PATIENT_DELETED)),
    };
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
        expect(&nobody[i], 404, "not-found");
    struct answer first = check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, 1001));
    assert_int_equal(number(&first, "token_number"), 1); /* nobody took a token */
}

static void what_cannot_be_is_refused_with_its_pointer(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    patients_make(world, 1);
    struct answer none = check_in(world, "{\"purpose\": \"Cough\"}");
    expect(&none, 422, "validation-failed");
    assert_flaw(&none, "#/patient_id");
    struct answer both =
        check_in(world, "{\"patient_id\": \"%s\", \"patient_number\": \"PT-2026-00001\"}",
                 id_a(world, 1001));
    expect(&both, 422, "validation-failed");
    assert_flaw(&both, "#/patient_number");
    const char *const no_doctors[] = {seed_id(&seed_b, SEED_DOCTOR, id),
                                      id_a(world, SEED_RECEPTIONIST), id_a(world, SEED_NOBODY)};
    for (size_t i = 0; i < sizeof no_doctors / sizeof *no_doctors; i++) {
        struct answer answer = check_in(world, "{\"patient_id\": \"%s\", \"doctor_id\": \"%s\"}",
                                        id_a(world, 1001), no_doctors[i]);
        expect(&answer, 422, "validation-failed");
        assert_flaw(&answer, "#/doctor_id");
    }
    sql_run(world->boss, "UPDATE clinicd.account SET is_active = false WHERE id = '%s'",
            id_a(world, SEED_DOCTOR));
    struct answer gone = check_in(world, "{\"patient_id\": \"%s\", \"doctor_id\": \"%s\"}",
                                  id_a(world, 1001), id_a(world, SEED_DOCTOR));
    expect(&gone, 422, "validation-failed");
}

static void a_check_in_sent_twice_is_told_where_it_is(void **state)
{
    static const char id[] = "019345f2-7c1a-7d30-8a5e-2f6b1c9d0e52";
    struct world *world = *state;
    patients_make(world, 2);
    for (int i = 0; i < 2; i++) {
        struct answer answer =
            check_in(world, "{\"id\": \"%s\", \"patient_id\": \"%s\"}", id, id_a(world, 1001));
        expect(&answer, i ? 409 : 201, i ? "id-taken" : NULL);
        assert_string_equal(answer_header(&world->arena, &answer, "Location", NULL),
                            path_a(world, "/visits/%s", id));
    }
    struct answer other =
        check_in(world, "{\"id\": \"%s\", \"patient_id\": \"%s\"}", id, id_a(world, 1002));
    expect(&other, 409, "id-taken");
    struct answer wrong = check_in(
        world, "{\"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\", \"patient_id\": \"%s\"}",
        id_a(world, 1002));
    expect(&wrong, 422, "validation-failed");
    struct answer next = check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, 1002));
    assert_int_equal(number(&next, "token_number"), 2); /* who was refused took none */
}

/* --- changing ------------------------------------------------------------------------------- */

static void another_doctor_means_the_next_token_of_that_series(void **state)
{
    struct world *world = *state;
    patients_make(world, 3);
    second_doctor_make(world);
    struct answer first = check_in(world, "{\"patient_id\": \"%s\", \"doctor_id\": \"%s\"}",
                                   id_a(world, 1001), id_a(world, SEED_DOCTOR));
    assert_int_equal(number(&first, "token_number"), 1);
    assert_string_equal(text_in(&first, "doctor", "name"), "Firstalphamark Lastalphamark");
    struct answer second = check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, 1002));
    assert_int_equal(number(&second, "token_number"), 1); /* of the clinic's own series */

    const char *to_first =
        arena_format(&world->arena, "{\"doctor_id\": \"%s\"}", id_a(world, SEED_DOCTOR));
    struct answer moved = change(world, &second, to_first);
    expect(&moved, 200, NULL);
    assert_int_equal(number(&moved, "token_number"), 2);
    struct answer same = change(world, &moved, to_first); /* nothing new: the token stays */
    assert_int_equal(number(&same, "token_number"), 2);
    assert_int_equal(number(&same, "version"), 3);
    struct answer elsewhere =
        change(world, &same,
               arena_format(&world->arena, "{\"doctor_id\": \"%s\"}", id_a(world, SECOND_DOCTOR)));
    assert_int_equal(number(&elsewhere, "token_number"), 1);
    assert_string_equal(text_in(&elsewhere, "doctor", "id"), id_a(world, SECOND_DOCTOR));
    struct answer nobody_s = change(world, &elsewhere, "{\"doctor_id\": null}");
    assert_int_equal(number(&nobody_s, "token_number"), 2);
    assert_true(json_is_null(json_object_get(nobody_s.json, "doctor")));
    struct answer unknown =
        change(world, &nobody_s,
               arena_format(&world->arena, "{\"doctor_id\": \"%s\"}", id_a(world, SEED_NOBODY)));
    expect(&unknown, 422, "validation-failed");
    assert_flaw(&unknown, "#/doctor_id");
    world_restore(world);
}

static void a_change_touches_what_it_names_and_needs_the_version(void **state)
{
    struct world *world = *state;
    patients_make(world, 1);
    struct answer visit =
        check_in(world, "{\"patient_id\": \"%s\", \"purpose\": \"Cough\", \"notes\": \"First\"}",
                 id_a(world, 1001));
    struct answer changed = change(world, &visit, "{\"priority\": \"emergency\", \"notes\": null}");
    expect(&changed, 200, NULL);
    assert_string_equal(answer_text(&changed, "priority"), "emergency");
    assert_string_equal(answer_text(&changed, "purpose"), "Cough");
    assert_true(json_is_null(json_object_get(changed.json, "notes")));
    assert_int_equal(number(&changed, "token_number"), number(&visit, "token_number"));
    struct answer old = change(world, &visit, "{\"purpose\": \"Fever\"}");
    expect(&old, 412, "precondition-failed");
    struct answer status = change(world, &changed, "{\"status\": \"completed\"}");
    expect(&status, 422, NULL);
    PGresult *trail =
        sql_rows(world->boss, &world->arena,
                 "SELECT before->>'priority', after->>'priority', patient_id FROM "
                 "clinicd.audit WHERE operation = 'visits_update' AND entity_id = '%s' "
                 "AND status = 200",
                 answer_text(&visit, "id"));
    assert_int_equal(PQntuples(trail), 1);
    assert_string_equal(PQgetvalue(trail, 0, 0), "normal");
    assert_string_equal(PQgetvalue(trail, 0, 1), "emergency");
    assert_string_equal(PQgetvalue(trail, 0, 2), id_a(world, 1001));
}

static void what_has_begun_keeps_its_doctor_and_what_is_over_keeps_all_but_notes(void **state)
{
    struct world *world = *state;
    patients_make(world, 1);
    struct answer visit = check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, 1001));
    struct answer begun = move(world, &visit, "{\"status\": \"in_consultation\"}");
    expect(&begun, 200, NULL);
    assert_string_not_equal(answer_text(&begun, "started_at"), "");
    const char *doctor =
        arena_format(&world->arena, "{\"doctor_id\": \"%s\"}", id_a(world, SEED_DOCTOR));
    struct answer late = change(world, &begun, doctor);
    expect(&late, 409, "visit-locked");
    struct answer purpose = change(world, &begun, "{\"purpose\": \"Fever after all\"}");
    expect(&purpose, 200, NULL);
    struct answer over = move(world, &purpose, "{\"status\": \"completed\"}");
    expect(&over, 200, NULL);
    struct answer locked = change(world, &over, "{\"purpose\": \"Cough\", \"notes\": \"X\"}");
    expect(&locked, 409, "visit-locked");
    struct answer notes = change(world, &over, "{\"notes\": \"Left the umbrella here\"}");
    expect(&notes, 200, NULL);
    assert_string_equal(answer_text(&notes, "status"), "completed");
}

/* --- reading -------------------------------------------------------------------------------- */

static void a_patient_s_login_sees_the_own_visits_only(void **state)
{
    struct world *world = *state;
    static const int ids[] = {OWN, OTHER, HIDDEN};
    static const int statuses[] = {200, 404, 404};
    world_restore(world);
    for (int i = 0; i < 3; i++) {
        struct answer answer = ask(world, "GET", path_a(world, "/visits/%s", id_a(world, ids[i])),
                                   token_a(world, "patient"), NULL);
        expect(&answer, statuses[i], NULL);
    }
    static const char *const more[] = {"", "/stats"};
    for (int i = 0; i < 2; i++) {
        struct answer answer =
            ask(world, "GET", path_a(world, "/visits%s", more[i]), token_a(world, "patient"), NULL);
        expect(&answer, 403, "missing-permission");
    }
    struct answer hidden =
        ask(world, "GET", path_a(world, "/visits/%s/status-history", id_a(world, HIDDEN)),
            token_a(world, "doctor"), NULL);
    expect(&hidden, 404, NULL);
}

static void the_history_tells_every_step(void **state)
{
    struct world *world = *state;
    patients_make(world, 1);
    struct answer visit = check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, 1001));
    struct answer begun = move(world, &visit, "{\"status\": \"in_consultation\"}");
    struct answer over =
        move(world, &begun, "{\"status\": \"cancelled\", \"note\": \"Called away\\nby phone\"}");
    expect(&over, 200, NULL);
    struct answer history =
        ask(world, "GET",
            path_a(world, "/visits/%s/status-history?count=exact", answer_text(&visit, "id")),
            token_a(world, "doctor"), NULL);
    expect(&history, 200, NULL);
    assert_int_equal(number(&history, "total"), 3);
    static const char *const told[3][3] = {
        {NULL, "checked_in", NULL},
        {"checked_in", "in_consultation", NULL},
        {"in_consultation", "cancelled", "Called away\nby phone"}};
    static const char *const members[] = {"from", "to", "note"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *step = json_array_get(json_object_get(history.json, "items"), i);
        for (size_t m = 0; m < 3; m++) {
            const char *text = json_string_value(json_object_get(step, members[m]));
            assert_string_equal(text ? text : "-", told[i][m] ? told[i][m] : "-");
        }
        assert_string_equal(json_string_value(json_object_get(json_object_get(step, "by"), "name")),
                            "receptionist-aa");
    }
}

static void the_trail_names_the_patient_of_many_rows_once(void **state)
{
    struct world *world = *state;
    patients_make(world, 1);
    struct answer visit = check_in(world, "{\"patient_id\": \"%s\"}", id_a(world, 1001));
    struct answer over = move(world, &visit, "{\"status\": \"completed\"}");
    expect(&over, 200, NULL);
    const char *path = path_a(world, "/visits/%s/status-history", answer_text(&visit, "id"));
    struct answer history = ask(world, "GET", path, token_a(world, "doctor"), NULL);
    expect(&history, 200, NULL);
    assert_string_equal(
        sql_text(world->boss, &world->arena,
                 "SELECT patient_ids::text FROM clinicd.audit WHERE request_id = '%s'",
                 answer_header(&world->arena, &history, "X-Request-Id", NULL)),
        arena_format(&world->arena, "{%s}", id_a(world, 1001)));
}

/* What a list shows, by the numbers of the patients: "3 1 2". */
static const char *shown(struct world *world, const char *query)
{
    struct answer list =
        ask(world, "GET", path_a(world, "/visits?%s", query), token_a(world, "receptionist"), NULL);
    expect(&list, 200, NULL);
    const char *text = "";
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(list.json, "items"), i, item)
    {
        const char *name =
            json_string_value(json_object_get(json_object_get(item, "patient"), "name"));
        text =
            arena_format(&world->arena, "%s%s%s", text, *text ? " " : "", strrchr(name, ' ') + 1);
    }
    return text;
}

/* Four visits of four patients: on the 4th, the 5th twice, the 6th of May. */
static void visits_make(struct world *world)
{
    patients_make(world, 4);
    sql_run(
        world->boss,
        "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, "
        "visit_type, doctor_id, doctor_name, status_at, checked_in_at, created_at, updated_at) "
        "SELECT 7001, ('0190a000-0000-7000-8000-aa000000' || 1500 + n)::uuid, "
        "('0190a000-0000-7000-8000-aa000000' || 1000 + n)::uuid, at::date, n, CASE n WHEN 4 THEN "
        "'emergency' ELSE 'routine' END, CASE n WHEN 1 THEN '%s'::uuid END, CASE n WHEN 1 THEN "
        "'Doctor' END, at, at, at, at FROM (VALUES (1, timestamptz '2025-05-04T10:00:00Z'), (2, "
        "'2025-05-05T10:00:00Z'), (3, '2025-05-05T11:00:00Z'), (4, '2025-05-06T10:00:00Z')) v "
        "(n, at); UPDATE clinicd.visit SET status = 'completed', updated_at = checked_in_at "
        "WHERE id = '%s'",
        id_a(world, SEED_DOCTOR), id_a(world, 1503));
}

static void the_list_is_filtered_and_found_in(void **state)
{
    struct world *world = *state;
    visits_make(world);
    assert_string_equal(shown(world, "to=2025-12-31"), "4 3 2 1");
    assert_string_equal(shown(world, "to=2025-12-31&sort=checked_in_at"), "1 2 3 4");
    assert_string_equal(shown(world, "from=2025-05-05&to=2025-05-05"), "3 2");
    assert_string_equal(shown(world, "to=2025-12-31&status=completed"), "3");
    assert_string_equal(shown(world, "to=2025-12-31&visit_type=emergency"), "4");
    assert_string_equal(
        shown(world, arena_format(&world->arena, "patient_id=%s", id_a(world, 1002))), "2");
    assert_string_equal(shown(world, arena_format(&world->arena, "to=2025-12-31&doctor_id=%s",
                                                  id_a(world, SEED_DOCTOR))),
                        "1");
    assert_string_equal(shown(world, "q=come&to=2025-12-31"), "4 3 2 1");
    assert_string_equal(shown(world, "q=PT-2026-00003"), "3");
    assert_string_equal(shown(world, "q=nobody-at-all"), "");
    struct answer all =
        ask(world, "GET", path_a(world, "/visits?count=exact"), token_a(world, "admin"), NULL);
    assert_int_equal(number(&all, "total"), 6); /* the hidden patient's is not shown */
    struct answer bad =
        ask(world, "GET", path_a(world, "/visits?status=waiting"), token_a(world, "admin"), NULL);
    expect(&bad, 400, NULL);
}

static void paging_skips_and_repeats_nothing(void **state)
{
    struct world *world = *state;
    visits_make(world);
    const char *seen = "", *cursor = NULL;
    int pages = 0;
    do {
        struct answer page = ask(world, "GET",
                                 path_a(world, "/visits?to=2025-12-31&limit=1%s%s",
                                        cursor ? "&cursor=" : "", cursor ? cursor : ""),
                                 token_a(world, "admin"), NULL);
        expect(&page, 200, NULL);
        const json_t *item = json_array_get(json_object_get(page.json, "items"), 0);
        seen = arena_format(
            &world->arena, "%s%s,", seen,
            json_string_value(json_object_get(json_object_get(item, "patient"), "name")) + 6);
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
        if (pages++ == 1) /* between two pages somebody comes, and somebody changes */
            sql_run(world->boss,
                    "UPDATE clinicd.visit SET notes = 'Changed' WHERE id = '%s'; INSERT INTO "
                    "clinicd.visit (clinic_id, id, patient_id, token_on, token_number, status_at, "
                    "checked_in_at, created_at, updated_at) SELECT clinic_id, gen_random_uuid(), "
                    "'%s', '2025-05-06', 77, t, t, t, t FROM clinicd.clinic, (VALUES (timestamptz "
                    "'2025-05-06T12:00:00Z')) v (t) WHERE clinic_id = 7001",
                    id_a(world, 1502), id_a(world, SEED_PATIENT_OTHER));
    } while (cursor);
    assert_string_equal(seen, "4,3,2,1,");
}

/* --- figures -------------------------------------------------------------------------------- */

static void figures_equal_a_naive_recount(void **state)
{
    static const struct {
        const char *granularity, *format;
    } ways[] = {{"day", "YYYY-MM-DD"}, {"month", "YYYY-MM"}, {"year", "YYYY"}};
    struct world *world = *state;
    patients_make(world, 4);
    /* Nine hundred visits over two years and a bit, in every state, of both clinics. */
    sql_run(world->boss,
            "SET session_replication_role = replica; INSERT INTO clinicd.visit (clinic_id, id, "
            "patient_id, token_on, token_number, status, status_at, checked_in_at, ended_at, "
            "created_at, updated_at) SELECT c, gen_random_uuid(), CASE c WHEN 7001 THEN "
            "'0190a000-0000-7000-8000-aa0000000102'::uuid ELSE "
            "'0190a000-0000-7000-8000-bb0000000102' END, date '2023-11-20' + n, 500 + n, (ARRAY["
            "'completed', 'cancelled', 'no_show'])[n %% 3 + 1], now(), now(), now(), now(), now() "
            "FROM generate_series(1, 900, 2) n, (VALUES (7001), (7002)) v (c); RESET "
            "session_replication_role");
    for (size_t i = 0; i < 3; i++) {
        struct answer stats =
            ask(world, "GET",
                path_a(world, "/visits/stats?granularity=%s&from=%s&to=2026-03-09",
                       ways[i].granularity, i == 0 ? "2025-12-20" : "2023-12-20"),
                token_a(world, "doctor"), NULL);
        expect(&stats, 200, NULL);
        const char *recount = sql_text(
            world->boss, &world->arena,
            "SELECT string_agg(p || ' ' || n || ' ' || done || ' ' || gone || ' ' || missed, ',' "
            "ORDER BY p) FROM (SELECT to_char(d, '%s') AS p, count(v.id) AS n, count(*) FILTER "
            "(WHERE status = 'completed') AS done, count(*) FILTER (WHERE status = 'cancelled') AS "
            "gone, count(*) FILTER (WHERE status = 'no_show') AS missed FROM generate_series(date "
            "'%s', date '2026-03-09', interval '1 day') d LEFT JOIN clinicd.visit v ON "
            "v.clinic_id = 7001 AND v.token_on = d::date GROUP BY 1) x",
            ways[i].format, i == 0 ? "2025-12-20" : "2023-12-20");
        const char *told = "";
        int64_t total = 0;
        size_t b;
        const json_t *bucket;
        json_array_foreach(json_object_get(stats.json, "buckets"), b, bucket)
        {
            static const char *const members[] = {"count", "completed", "cancelled", "no_show"};
            told = arena_format(&world->arena, "%s%s%s", told, b ? "," : "",
                                json_string_value(json_object_get(bucket, "period")));
            for (size_t m = 0; m < 4; m++)
                told = arena_format(&world->arena, "%s %d", told,
                                    (int)json_integer_value(json_object_get(bucket, members[m])));
            total += json_integer_value(json_object_get(bucket, "count"));
        }
        assert_string_equal(told, recount);
        assert_int_equal(number(&stats, "total"), total);
        assert_true(total > 0);
        assert_int_equal(number(&stats, "active"), 1);
    }
    world_restore(world);
}

static void a_range_must_be_one(void **state)
{
    static const struct {
        const char *query;
        int status;
    } ranges[] = {
        {"from=2026-03-02&to=2026-03-01", 400},
        {"from=2026-03-01&to=2026-03-01", 200},
        {"from=2020-01-01&to=2026-03-01", 400},
        {"from=2020-01-01&to=2026-03-01&granularity=month", 200},
        {"from=1980-01-01&to=2026-03-01&granularity=month", 400},
        {"from=1980-01-01&to=2026-03-01&granularity=year", 200},
        {"from=2020-01-01", 400},
        {"to=2026-03-01", 200},
        {"", 200},
        {"granularity=month", 200},
        {"granularity=year", 200},
        {"granularity=week", 400},
        {"from=2026-02-30", 400},
        {"from=9999-12-31", 200},
        {"to=9999-12-31", 200},
        {"to=9999-12-31&granularity=year", 200},
        {"to=0001-01-01", 200},
        {"to=0001-01-01&granularity=year", 200},
        {"to=0000-01-01", 400},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct answer answer = ask(world, "GET", path_a(world, "/visits/stats?%s", ranges[i].query),
                                   token_a(world, "admin"), NULL);
        if (answer.status != ranges[i].status)
            fail_msg("%s: %d\n%s", ranges[i].query, answer.status, answer.body);
    }
    struct answer days =
        ask(world, "GET", path_a(world, "/visits/stats"), token_a(world, "admin"), NULL);
    assert_int_equal(json_array_size(json_object_get(days.json, "buckets")), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patient_is_checked_in_by_id_or_by_number),
        cmocka_unit_test(whoever_is_not_of_the_clinic_is_not_found),
        cmocka_unit_test(what_cannot_be_is_refused_with_its_pointer),
        cmocka_unit_test(a_check_in_sent_twice_is_told_where_it_is),
        cmocka_unit_test(another_doctor_means_the_next_token_of_that_series),
        cmocka_unit_test(a_change_touches_what_it_names_and_needs_the_version),
        cmocka_unit_test(what_has_begun_keeps_its_doctor_and_what_is_over_keeps_all_but_notes),
        cmocka_unit_test(a_patient_s_login_sees_the_own_visits_only),
        cmocka_unit_test(the_history_tells_every_step),
        cmocka_unit_test(the_trail_names_the_patient_of_many_rows_once),
        cmocka_unit_test(the_list_is_filtered_and_found_in),
        cmocka_unit_test(paging_skips_and_repeats_nothing),
        cmocka_unit_test(figures_equal_a_naive_recount),
        cmocka_unit_test(a_range_must_be_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
