/* The dashboards' figures over HTTP, each against a recount: the test reads whole tables and counts
 * in C. The rows stand at the edges of the clinic's day and month, in zones of half hours, of
 * daylight saving and of UTC+13; another clinic has rows at the same instants, and some are
 * cancelled, withdrawn, hidden. */
#include "tests/harness/ask.h"
#include "tests/harness/edges.h"

#include "db/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* One clinic's rows, as text. */
struct tables {
    PGresult *visits, *prescriptions, *orders, *patients, *accounts, *admissions;
    const char *today, *month;
};

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "figures"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* ---- the recount ---- */

#define DAY(column) "to_char((" column ") AT TIME ZONE c.timezone, 'YYYY-MM-DD') AS day, "

static void tables_read(struct world *world, struct tables *out)
{
    char now[CLOCK_TEXT];
    const char *at = clock_text(clock_now_us(), 6, now);
#define READ(...) sql_rows(world->boss, &world->arena, __VA_ARGS__)
    out->visits = READ(
        "SELECT x.*, " DAY(
            "x.checked_in_at") "to_char(x.checked_in_at AT TIME ZONE "
                               "c.timezone, 'YYYY-MM') AS month, p.deleted_at IS NOT NULL AS "
                               "hidden, "
                               "x.status_at >= '%s'::timestamptz - interval '6 hours' AS recent "
                               "FROM clinicd.visit x JOIN clinicd.clinic c USING (clinic_id) JOIN "
                               "clinicd.patient p ON p.clinic_id = x.clinic_id AND p.id = "
                               "x.patient_id",
        at);
    out->prescriptions = READ("SELECT x.*, " DAY(
        "x.completed_at") "x.deleted_at IS NOT NULL AS gone, "
                          "r.prescription_id IS NOT NULL AND NOT EXISTS (SELECT FROM "
                          "clinicd.admission t WHERE t.prescription_id = "
                          "x.id) AS advises FROM "
                          "clinicd.prescription x JOIN "
                          "clinicd.clinic c USING (clinic_id) LEFT JOIN "
                          "clinicd.admission_recommendation r ON "
                          "r.clinic_id = x.clinic_id AND "
                          "r.prescription_id = x.id AND "
                          "r.withdrawn_at IS NULL");
    out->orders = READ("SELECT x.*, " DAY(
        "x.result_at") "rx.doctor_id, rx.status AS rx_status, "
                       "x.withdrawn_at IS NOT NULL AS gone FROM clinicd.lab_order x JOIN "
                       "clinicd.clinic c USING (clinic_id) JOIN clinicd.prescription rx ON "
                       "rx.clinic_id = x.clinic_id AND rx.id = x.prescription_id");
    out->admissions = READ("SELECT x.*, " DAY(
        "x.admitted_at") "to_char(x.ended_at AT TIME ZONE c.timezone, "
                         "'YYYY-MM-DD') AS end_day, x.ended_at IS NULL AS lies, p.deleted_at IS "
                         "NOT NULL AS "
                         "hidden FROM clinicd.admission x JOIN clinicd.clinic c USING (clinic_id) "
                         "JOIN "
                         "clinicd.patient p ON p.clinic_id = x.clinic_id AND p.id = x.patient_id");
    out->patients = READ("SELECT x.clinic_id, x.id, x.registered_on AS day, x.deleted_at IS NOT "
                         "NULL AS hidden FROM clinicd.patient x");
    out->accounts = READ("SELECT clinic_id, role, is_active FROM clinicd.account");
    PGresult *day = READ("SELECT to_char(n, 'YYYY-MM-DD'), to_char(n, 'YYYY-MM') FROM (SELECT "
                         "'%s'::timestamptz AT TIME ZONE timezone AS n FROM clinicd.clinic WHERE "
                         "clinic_id = 7001) t",
                         at);
#undef READ
    out->today = PQgetvalue(day, 0, 0);
    out->month = PQgetvalue(day, 0, 1);
}

/* One row's column is this; a value with a bar means either. */
struct is {
    const char *column, *value;
};

static bool says(PGresult *rows, int row, const struct is *is)
{
    int at = PQfnumber(rows, is->column);
    assert_true(at >= 0);
    const char *value = PQgetvalue(rows, row, at), *bar = strchr(is->value, '|');
    size_t first = bar ? (size_t)(bar - is->value) : strlen(is->value);
    return (strlen(value) == first && strncmp(value, is->value, first) == 0) ||
           (bar && strcmp(value, bar + 1) == 0);
}

static int64_t tally(PGresult *rows, const struct is *all)
{
    int64_t n = 0;
    for (int row = 0; row < PQntuples(rows); row++) {
        const struct is *is = all;
        while (is->column && (!is->value || says(rows, row, is)))
            is++;
        n += !is->column;
    }
    return n;
}

/* Rows for which every column says so; a NULL value says nothing. */
#define TALLY(rows, ...) tally((rows), (const struct is[]){__VA_ARGS__, {NULL, NULL}})

static const json_t *at_path(const struct answer *answer, const char *path)
{
    const json_t *at = answer->json;
    char name[40];
    for (const char *part = path; at && *part; part += *part == '.') {
        size_t n = strcspn(part, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, part);
        at = json_object_get(at, name);
        part += n;
    }
    return at;
}

struct check {
    const struct answer *answer;
    unsigned figures, nonzero;
};

static void same(struct check *check, const char *path, int64_t counted)
{
    const json_t *shown = at_path(check->answer, path);
    if (!json_is_integer(shown) || json_integer_value(shown) != counted)
        fail_msg("%s is %lld, counted %lld\n%s", path, (long long)json_integer_value(shown),
                 (long long)counted, check->answer->body);
    check->figures++;
    check->nonzero += counted > 0;
}

static void same_flow(struct check *check, const char *path, const struct tables *in,
                      const char *clinic)
{
    static const char *const states[][2] = {{"waiting", "checked_in"},
                                            {"in_consultation", "in_consultation"},
                                            {"completed", "completed"},
                                            {"cancelled", "cancelled"},
                                            {"no_show", "no_show"}};
    char whole[60];
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        int64_t n =
            TALLY(in->visits, {"clinic_id", clinic}, {"day", in->today}, {"status", states[i][1]});
        snprintf(whole, sizeof whole, "%s.%s", path, states[i][0]);
        same(check, whole, n);
        sum += n;
    }
    snprintf(whole, sizeof whole, "%s.checked_in", path);
    same(check, whole, sum);
}

static const char *dashboard(struct world *world, const struct seed *seed, const char *rest)
{
    return arena_format(&world->arena, "/clinics/%s/dashboards/%s", seed->slug, rest);
}

static const char *token(struct world *world, const struct seed *seed, const char *who)
{
    char text[TOKEN_TEXT];
    return arena_copy(&world->arena, seed_token(seed, who, text));
}

static void admin_is_counted(struct world *world, const struct tables *in, const struct seed *seed,
                             struct check *check)
{
    static const char *const roles[] = {"admin", "doctor", "receptionist", "lab_tech"};
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    struct answer answer =
        ask(world, "GET", dashboard(world, seed, "admin"), token(world, seed, "admin"), NULL);
    expect(&answer, 200, NULL);
    check->answer = &answer;
    assert_string_equal(answer_text(&answer, "on"), in->today);
    for (size_t i = 0; i < 4; i++)
        same(check, arena_format(&world->arena, "staff.%s", roles[i]),
             TALLY(in->accounts, {"clinic_id", clinic}, {"role", roles[i]}, {"is_active", "t"}));
    same(check, "patients.registered", TALLY(in->patients, {"clinic_id", clinic}, {"hidden", "f"}));
    same(check, "patients.registered_today",
         TALLY(in->patients, {"clinic_id", clinic}, {"hidden", "f"}, {"day", in->today}));
    same_flow(check, "visits.today", in, clinic);
    same(check, "visits.this_month",
         TALLY(in->visits, {"clinic_id", clinic}, {"month", in->month}));
    static const char *const states[] = {"pending", "completed", "cancelled"};
    for (size_t i = 0; i < 3; i++)
        same(check, arena_format(&world->arena, "prescriptions.%s", states[i]),
             TALLY(in->prescriptions, {"clinic_id", clinic}, {"gone", "f"}, {"status", states[i]}));
    same(check, "recommendations",
         TALLY(in->prescriptions, {"clinic_id", clinic}, {"gone", "f"}, {"advises", "t"},
               {"status", "pending|completed"}));
    same(check, "laboratory.pending",
         TALLY(in->orders, {"clinic_id", clinic}, {"gone", "f"}, {"status", "pending"}));
    same(check, "laboratory.in_progress",
         TALLY(in->orders, {"clinic_id", clinic}, {"gone", "f"}, {"status", "in_progress"}));
    same(check, "laboratory.completed_today",
         TALLY(in->orders, {"clinic_id", clinic}, {"status", "completed"}, {"day", in->today}));
    same(check, "admissions.current", TALLY(in->admissions, {"clinic_id", clinic}, {"lies", "t"}));
    same(check, "admissions.admitted_today",
         TALLY(in->admissions, {"clinic_id", clinic}, {"day", in->today}));
    same(check, "admissions.ended_today",
         TALLY(in->admissions, {"clinic_id", clinic}, {"end_day", in->today}));
}

/* Days since 1970 of "2026-11-22". */
static long day_number(const char *day)
{
    struct tm tm = {0};
    assert_non_null(strptime(day, "%Y-%m-%d", &tm));
    return (long)(timegm(&tm) / 86400);
}

/* The mean of the last thirty days' stays, and who left last. */
static void stays_are_counted(const struct tables *in, const struct answer *answer,
                              const char *clinic)
{
    double days = 0, stays = 0;
    const char *last = "";
    const json_t *shown = at_path(answer, "last_ended");
    for (int row = 0; row < PQntuples(in->admissions); row++) {
#define CELL(column) PQgetvalue(in->admissions, row, PQfnumber(in->admissions, column))
        if (strcmp(CELL("clinic_id"), clinic) != 0 || strcmp(CELL("lies"), "t") == 0)
            continue;
        if (strcmp(CELL("hidden"), "f") == 0 && strcmp(CELL("ended_at"), last) > 0)
            last = CELL("ended_at");
        if (day_number(CELL("end_day")) <= day_number(in->today) - 30)
            continue;
        days += (double)(day_number(CELL("end_day")) - day_number(CELL("day")));
        stays++;
#undef CELL
    }
    assert_true(stays > 0);
    double mean = json_number_value(at_path(answer, "average_stay_days"));
    if (mean - days / stays > 0.0501 || days / stays - mean > 0.0501)
        fail_msg("the average stay is %f, counted %f of %f", mean, days, stays);
    const char *first = json_string_value(json_object_get(json_array_get(shown, 0), "ended_at"));
    assert_memory_equal(first, last, strlen("2026-11-22"));
    assert_in_range(json_array_size(shown), 1, 10);
}

static void wards_are_counted(struct world *world, const struct tables *in, const struct seed *seed,
                              struct check *check)
{
    static const char *const types[] = {"general", "icu", "emergency", "day_care", "isolation"};
    static const char *const states[] = {"admitted", "in_treatment", "improving", "stable",
                                         "ready_for_discharge"};
    static const char *const ends[] = {"discharged", "shifted", "deceased"};
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    struct answer answer =
        ask(world, "GET", dashboard(world, seed, "admissions"), token(world, seed, "doctor"), NULL);
    expect(&answer, 200, NULL);
    check->answer = &answer;
    assert_string_equal(answer_text(&answer, "on"), in->today);
    int64_t lie = TALLY(in->admissions, {"clinic_id", clinic}, {"lies", "t"});
    same(check, "current.total", lie);
    same(check, "occupied_beds", lie);
    assert_int_equal(json_array_size(at_path(&answer, "beds")), lie);
    for (size_t i = 0; i < 5; i++) {
        same(check, arena_format(&world->arena, "current.by_type.%s", types[i]),
             TALLY(in->admissions, {"clinic_id", clinic}, {"lies", "t"},
                   {"admission_type", types[i]}));
        same(check, arena_format(&world->arena, "current.by_status.%s", states[i]),
             TALLY(in->admissions, {"clinic_id", clinic}, {"lies", "t"}, {"status", states[i]}));
    }
    same(check, "today.admitted", TALLY(in->admissions, {"clinic_id", clinic}, {"day", in->today}));
    for (size_t i = 0; i < 3; i++)
        same(check, arena_format(&world->arena, "today.%s", ends[i]),
             TALLY(in->admissions, {"clinic_id", clinic}, {"end_day", in->today},
                   {"status", ends[i]}));
    stays_are_counted(in, &answer, clinic);
}

/* Who waits, in C: sorted by urgency, then by token. */
struct waiting {
    int urgency;
    const char *day, *id;
    long token;
};

static int by_turn(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    int days = strcmp(x->day, y->day);
    if (x->urgency != y->urgency)
        return x->urgency - y->urgency;
    return days ? days : (x->token > y->token) - (x->token < y->token);
}

/* `doctor`: whose patients, besides those of no doctor; NULL: everybody's. */
static size_t waiting_read(const struct tables *in, const char *clinic, const char *doctor,
                           struct waiting *out, size_t max)
{
    size_t n = 0;
    for (int row = 0; row < PQntuples(in->visits); row++) {
#define CELL(column) PQgetvalue(in->visits, row, PQfnumber(in->visits, column))
        bool is_here = strcmp(CELL("day"), in->today) == 0 || strcmp(CELL("recent"), "t") == 0;
        bool is_mine = !doctor || !*CELL("doctor_id") || strcmp(CELL("doctor_id"), doctor) == 0;
        bool is_urgent = strcmp(CELL("priority"), "urgent") == 0;
        bool is_emergency = strcmp(CELL("priority"), "emergency") == 0 ||
                            strcmp(CELL("visit_type"), "emergency") == 0;
        if (strcmp(CELL("clinic_id"), clinic) != 0 || strcmp(CELL("status"), "checked_in") != 0 ||
            strcmp(CELL("hidden"), "t") == 0 || !is_here || !is_mine)
            continue;
        assert_true(n < max);
        out[n++] =
            (struct waiting){is_emergency ? 0
                             : is_urgent  ? 1
                                          : 2,
                             CELL("token_on"), CELL("id"), strtol(CELL("token_number"), NULL, 10)};
#undef CELL
    }
    qsort(out, n, sizeof *out, by_turn);
    return n;
}

static size_t same_queue(const struct tables *in, const json_t *shown, const char *clinic,
                         const char *doctor)
{
    struct waiting expected[200];
    size_t n = waiting_read(in, clinic, doctor, expected, 200);
    assert_int_equal(json_array_size(shown), n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(shown, i), "visit_id")),
            expected[i].id);
    return n;
}

static void reception_is_counted(struct world *world, const struct tables *in,
                                 const struct seed *seed, struct check *check)
{
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    struct answer answer = ask(world, "GET", dashboard(world, seed, "reception"),
                               token(world, seed, "receptionist"), NULL);
    expect(&answer, 200, NULL);
    check->answer = &answer;
    assert_string_equal(answer_text(&answer, "on"), in->today);
    same(check, "patients", TALLY(in->patients, {"clinic_id", clinic}, {"hidden", "f"}));
    same(check, "pending_prescriptions",
         TALLY(in->prescriptions, {"clinic_id", clinic}, {"gone", "f"}, {"status", "pending"}));
    same_flow(check, "visits", in, clinic);
    same_queue(in, at_path(&answer, "queue"), clinic, NULL);
}

static void doctor_is_counted(struct world *world, const struct tables *in, const struct seed *seed,
                              const char *who, const char *doctor, struct check *check)
{
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    const char *path = dashboard(world, seed, "doctor");
    if (doctor && strcmp(who, "admin") == 0)
        path = arena_format(&world->arena, "%s?doctor_id=%s", path, doctor);
    struct answer answer = ask(world, "GET", path, token(world, seed, who), NULL);
    expect(&answer, 200, NULL);
    check->answer = &answer;
    const char *shown = json_string_value(at_path(&answer, "doctor.id"));
    assert_true(doctor ? shown && strcmp(shown, doctor) == 0
                       : json_is_null(at_path(&answer, "doctor")));
    same(check, "counts.pending",
         TALLY(in->prescriptions, {"clinic_id", clinic}, {"gone", "f"}, {"doctor_id", doctor},
               {"status", "pending"}));
    same(check, "counts.completed_total",
         TALLY(in->prescriptions, {"clinic_id", clinic}, {"doctor_id", doctor},
               {"status", "completed"}));
    same(check, "counts.completed_today",
         TALLY(in->prescriptions, {"clinic_id", clinic}, {"doctor_id", doctor},
               {"status", "completed"}, {"day", in->today}));
    same(check, "counts.open_tests",
         TALLY(in->orders, {"clinic_id", clinic}, {"gone", "f"}, {"doctor_id", doctor},
               {"status", "pending|in_progress"}));
    same(check, "counts.admissions_recommended",
         TALLY(in->prescriptions, {"clinic_id", clinic}, {"gone", "f"}, {"doctor_id", doctor},
               {"advises", "t"}, {"status", "pending|completed"}));
    same(check, "counts.active_admissions",
         TALLY(in->admissions, {"clinic_id", clinic}, {"doctor_id", doctor}, {"lies", "t"}));
    int64_t here = TALLY(in->visits, {"clinic_id", clinic}, {"hidden", "f"}, {"doctor_id", doctor},
                         {"status", "in_consultation"}, {"day", in->today});
    here += TALLY(in->visits, {"clinic_id", clinic}, {"hidden", "f"}, {"doctor_id", doctor},
                  {"status", "in_consultation"}, {"recent", "t"});
    here -= TALLY(in->visits, {"clinic_id", clinic}, {"hidden", "f"}, {"doctor_id", doctor},
                  {"status", "in_consultation"}, {"recent", "t"}, {"day", in->today});
    same(check, "counts.in_consultation", here);
    size_t n = same_queue(in, at_path(&answer, "waiting"), clinic, doctor);
    same(check, "counts.waiting", (int64_t)n);
}

static void everybody_is_counted(struct world *world)
{
    static const struct seed *const seeds[] = {&seed_a, &seed_b};
    struct tables in;
    struct check check = {0};
    char id[UUID_TEXT];
    tables_read(world, &in);
    for (int i = 0; i < 2; i++) {
        const char *second = sql_text(world->boss, &world->arena, "SELECT md5('doctor %ld')::uuid",
                                      (long)seeds[i]->clinic_id);
        const char *first = arena_copy(&world->arena, seed_id(seeds[i], SEED_DOCTOR, id));
        admin_is_counted(world, &in, seeds[i], &check);
        reception_is_counted(world, &in, seeds[i], &check);
        wards_are_counted(world, &in, seeds[i], &check);
        doctor_is_counted(world, &in, seeds[i], "doctor", first, &check);
        doctor_is_counted(world, &in, seeds[i], "admin", second, &check);
        doctor_is_counted(world, &in, seeds[i], "admin", NULL, &check);
    }
    printf("%u figures, %u of them not zero\n", check.figures, check.nonzero);
    assert_true(check.nonzero * 2 > check.figures);
}

static void zone_set(struct world *world, const struct seed *seed, const char *zone)
{
    const char *path = arena_format(&world->arena, "/clinics/%s/settings", seed->slug);
    const char *admin = token(world, seed, "admin");
    struct answer now = ask(world, "GET", path, admin, NULL);
    expect(&now, 200, NULL);
    struct answer set = ask_if(world, "PATCH", path, admin,
                               arena_format(&world->arena, "{\"timezone\": \"%s\"}", zone),
                               answer_header(&world->arena, &now, "ETag", NULL));
    expect(&set, 200, NULL);
}

/* The clinics' zone becomes `zone`, and the clock goes on to the next `hour` there. */
static void zone_begins(struct world *world, const char *zone, const char *hour)
{
    world_restore(world);
    later(sql_int(world->boss,
                  "SELECT (extract(epoch FROM next - now) * 1000000)::bigint FROM (SELECT now, "
                  "((now AT TIME ZONE '%s')::date + 1 + time '%s') AT TIME ZONE '%s' AS next "
                  "FROM (VALUES ('epoch'::timestamptz + make_interval(secs => %ld))) t (now)) n",
                  zone, hour, zone, (long)(clock_now_us() / 1000000)));
    zone_set(world, &seed_a, zone);
    zone_set(world, &seed_b, zone);
    edges_make(world, zone);
}

static void figures_are_right_ten_minutes_after_midnight_in_kolkata(void **state)
{
    zone_begins(*state, "Asia/Kolkata", "00:10");
    everybody_is_counted(*state);
}

static void figures_are_right_in_the_evening_of_new_york(void **state)
{
    zone_begins(*state, "America/New_York", "19:30");
    everybody_is_counted(*state);
}

static void figures_are_right_at_utc_plus_13(void **state)
{
    zone_begins(*state, "Pacific/Tongatapu", "00:10");
    everybody_is_counted(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_right_ten_minutes_after_midnight_in_kolkata),
        cmocka_unit_test(figures_are_right_in_the_evening_of_new_york),
        cmocka_unit_test(figures_are_right_at_utc_plus_13),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
