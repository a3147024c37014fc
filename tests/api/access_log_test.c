/* The access log over HTTP: who looked at a patient's record, for the patient and the admin. */
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_access_log"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer get(struct world *world, const char *path, const char *who)
{
    struct answer answer;
    char token[TOKEN_TEXT];
    http_send(world->client, &world->arena,
              &(struct call){.path = path, .token = seed_token(&seed_a, who, token)}, &answer);
    return answer;
}

static const char *patient(struct world *world, int what, const char *rest)
{
    char id[UUID_TEXT];
    return arena_format(&world->arena, "/clinics/%s/patients/%s%s", seed_a.slug,
                        seed_id(&seed_a, what, id), rest);
}

static const json_t *item(const struct answer *answer, size_t i)
{
    return json_array_get(json_object_get(answer->json, "items"), i);
}

static const char *text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void the_patient_sees_every_look_newest_first(void **state)
{
    struct world *world = *state;
    const char *list = arena_format(&world->arena, "/clinics/%s/patients", seed_a.slug);
    get(world, patient(world, SEED_PATIENT_OWN, ""), "doctor");
    get(world, patient(world, SEED_PATIENT_OTHER, ""), "doctor");
    get(world, list, "receptionist");
    get(world, patient(world, SEED_PATIENT_OWN, "/allergies"), "lab_tech"); /* refused */
    get(world, patient(world, SEED_PATIENT_OWN, "/allergies"), "admin");
    get(world, patient(world, SEED_PATIENT_OWN, "/access-log"), "admin");
    struct answer log = get(world, patient(world, SEED_PATIENT_OWN, "/access-log"), "patient");
    assert_int_equal(log.status, 200);
    static const struct {
        const char *operation, *name, *role;
    } expected[] = {
        {"access_log_list", "admin-aa", "admin"},
        {"allergies_list", "admin-aa", "admin"},
        {"patients_list", "receptionist-aa", "receptionist"},
        {"patients_get", "doctor-aa", "doctor"},
        {"patients_update", "receptionistalphamark", "receptionist"}, /* of the seed */
    };
    size_t n = sizeof expected / sizeof *expected;
    assert_int_equal(json_array_size(json_object_get(log.json, "items")), n);
    for (size_t i = 0; i < n; i++) {
        const json_t *row = item(&log, i);
        assert_string_equal(text(row, "operation"), expected[i].operation);
        assert_string_equal(text(json_object_get(row, "actor"), "name"), expected[i].name);
        assert_string_equal(text(json_object_get(row, "actor"), "role"), expected[i].role);
        assert_int_equal(json_integer_value(json_object_get(row, "status")), 200);
    }
    struct answer again = get(world, patient(world, SEED_PATIENT_OWN, "/access-log"), "patient");
    assert_string_equal(text(item(&again, 0), "operation"), "access_log_list");
    assert_string_equal(text(json_object_get(item(&again, 0), "actor"), "role"), "patient");
}

static void only_the_admin_sees_from_where(void **state)
{
    struct world *world = *state;
    get(world, patient(world, SEED_PATIENT_OWN, ""), "doctor");
    struct answer own = get(world, patient(world, SEED_PATIENT_OWN, "/access-log"), "patient");
    assert_int_equal(own.status, 200);
    assert_null(strstr(own.body, "client_address"));
    assert_null(strstr(own.body, "127.0.0.1"));
    struct answer all = get(world, patient(world, SEED_PATIENT_OWN, "/access-log"), "admin");
    assert_string_equal(text(item(&all, 0), "client_address"), "127.0.0.1");
}

static void nobody_else_sees_it(void **state)
{
    struct world *world = *state;
    static const char *const others[] = {"doctor", "receptionist", "lab_tech"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(
            get(world, patient(world, SEED_PATIENT_OWN, "/access-log"), others[i]).status, 403);
    assert_int_equal(
        get(world, patient(world, SEED_PATIENT_OTHER, "/access-log"), "patient").status, 404);
    assert_int_equal(
        get(world, patient(world, SEED_PATIENT_DELETED, "/access-log"), "admin").status, 404);
    assert_int_equal(get(world, patient(world, SEED_NOBODY, "/access-log"), "admin").status, 404);
    char id[UUID_TEXT];
    const char *elsewhere = arena_format(&world->arena, "/clinics/%s/patients/%s/access-log",
                                         seed_a.slug, seed_id(&seed_b, SEED_PATIENT_OWN, id));
    assert_int_equal(get(world, elsewhere, "admin").status, 404);
    assert_int_equal(404, sql_int(world->boss,
                                  "SELECT status FROM clinicd.audit WHERE operation = "
                                  "'access_log_list' AND patient_id = '%s'",
                                  id));
}

/* Five months, 40,000 rows: half are lists of 50 of 20,000 patients; "own" is in every second list,
 * "other" in none. */
static void fill(struct world *world)
{
    sql_run(world->boss,
            "INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, actor_name, actor_role, "
            "  client_address, operation, entity, patient_id, patient_ids, status) "
            "SELECT %ld, timestamptz '2024-01-01' + i * interval '5 minutes', gen_random_uuid(), "
            "  'account', 'desk', 'receptionist', '192.0.2.9', CASE i %% 2 WHEN 0 THEN "
            "  'patients_list' ELSE 'patients_get' END, 'patient', "
            "  CASE i %% 2 WHEN 1 THEN md5((i %% 20000)::text)::uuid END, "
            "  CASE i %% 2 WHEN 0 THEN (SELECT array_agg(CASE WHEN k = 0 AND i %% 4 = 0 THEN "
            "    '0190a000-0000-7000-8000-aa0000000101'::uuid "
            "    ELSE md5(((i * 7 + k) %% 20000)::text)::uuid END) FROM generate_series(0, 49) k) "
            "  END, 200 "
            "FROM generate_series(1, 40000) i; ANALYZE clinicd.audit",
            (long)seed_a.clinic_id);
}

enum { ROWS_MOST = 8000 }; /* the newest 2,000, three times, and some more */

/* How many rows of the trail are read to find so many for this patient: counted by PostgreSQL, in
 * the transaction that asks. */
static int64_t rows_read(struct world *world, int patient, int wanted)
{
    char id[UUID_TEXT];
    seed_id(&seed_a, patient, id);
    sql_run(world->boss, "BEGIN; SELECT set_config('app.clinic_id', '%ld', true)",
            (long)seed_a.clinic_id);
    int64_t found =
        sql_int(world->boss, "SELECT count(*) FROM clinicd.patient_access('%s', NULL, NULL, %d)",
                id, wanted);
    int64_t read =
        sql_int(world->boss, "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM "
                             "pg_stat_xact_user_tables WHERE schemaname = 'clinicd' AND "
                             "relname LIKE 'audit%%'");
    sql_run(world->boss, "COMMIT");
    assert_in_range(found, 1, wanted);
    assert_true(read >= found);
    return read;
}

static void look(struct world *world, const char *path, const char *who, size_t items_n)
{
    struct answer answer = get(world, path, who);
    assert_int_equal(answer.status, 200);
    assert_true(json_array_size(json_object_get(answer.json, "items")) >= items_n);
}

static int64_t walk(struct world *world, const char *query)
{
    const char *cursor = NULL, *last = "9999";
    int64_t n = 0;
    do {
        const char *more = arena_format(&world->arena, "/access-log%s%s%s", query,
                                        cursor ? "&cursor=" : "", cursor ? cursor : "");
        struct answer page = get(world, patient(world, SEED_PATIENT_OTHER, more), "admin");
        size_t i;
        json_t *row;
        json_array_foreach(json_object_get(page.json, "items"), i, row)
        {
            assert_true(strcmp(text(row, "at"), last) <= 0);
            last = text(row, "at");
            n++;
        }
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    } while (cursor);
    return n;
}

static void of_forty_thousand_rows_few_are_read(void **state)
{
    struct world *world = *state;
    fill(world);
    look(world, patient(world, SEED_PATIENT_OWN, "/access-log?limit=50"), "patient", 50);
    look(world, patient(world, SEED_PATIENT_OTHER, "/access-log?limit=50"), "admin", 1);
    int64_t often = rows_read(world, SEED_PATIENT_OWN, 51);
    int64_t never = rows_read(world, SEED_PATIENT_OTHER, 51);
    printf(
        "access log of 40,000 rows: %ld are read for who is in every second list, %ld for who is "
        "in none\n",
        (long)often, (long)never);
    assert_true(often < ROWS_MOST && never < ROWS_MOST);
}

static void it_is_walked_without_gap_or_repeat(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    seed_id(&seed_a, SEED_PATIENT_OTHER, id);
    /* In one instant, in one month, over years: what pages must not lose. */
    sql_run(world->boss,
            "INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, operation, patient_id, "
            "  patient_ids, status) "
            "SELECT %ld, d, gen_random_uuid(), 'account', 'made_up', CASE n %% 3 WHEN 0 THEN '%s' "
            "  ::uuid END, CASE WHEN n %% 3 > 0 OR n %% 2 = 0 THEN ARRAY['%s'::uuid] END, 200 "
            "FROM generate_series(1, 9) n, unnest(ARRAY[timestamptz '2021-05-01', '2021-05-09', "
            "  '2022-01-31 23:59:59.999999', '2022-02-01', '2025-11-30']) d",
            (long)seed_a.clinic_id, id, id);
    struct answer counted =
        get(world, patient(world, SEED_PATIENT_OTHER, "/access-log?count=exact&limit=1"), "admin");
    int64_t all = json_integer_value(json_object_get(counted.json, "total"));
    assert_true(all >= 45);
    assert_int_equal(all, sql_int(world->boss,
                                  "SELECT count(*) - 1 FROM clinicd.audit WHERE patient_id = '%s' "
                                  "OR patient_ids @> ARRAY['%s'::uuid]",
                                  id, id));
    int64_t pages = walk(world, "?limit=4");
    /* The walk's own looks are newer than where it goes; what is counted is what was there. */
    assert_int_equal(pages, all + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_patient_sees_every_look_newest_first),
        cmocka_unit_test(only_the_admin_sees_from_where),
        cmocka_unit_test(nobody_else_sees_it),
        cmocka_unit_test(of_forty_thousand_rows_few_are_read),
        cmocka_unit_test(it_is_walked_without_gap_or_repeat),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
