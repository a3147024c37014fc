#include "tests/harness/edges.h"

#include "db/clock.h"

/* A hundred patients, two of them hidden since, and a second doctor, in a clinic whose zone is set.
 */
static void people_make(struct world *world, const struct seed *seed, const char *zone)
{
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    sql_run(
        world->boss,
        "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, gender, "
        "  date_of_birth, registered_on, created_at, updated_at) "
        "SELECT %s, md5('patient %s ' || n)::uuid, 'PT-F-' || n, 'Figure ' || n, 'other', "
        "  '1990-01-01', (t.now AT TIME ZONE '%s')::date - n %% 3, t.now, t.now "
        "FROM generate_series(1, 100) n, (VALUES (to_timestamp(%ld))) t (now); "
        "UPDATE clinicd.quota SET used = (SELECT count(*) FROM clinicd.patient p WHERE "
        "  p.clinic_id = %s AND p.deleted_at IS NULL) WHERE clinic_id = %s AND kind = 'patient'",
        clinic, clinic, zone, (long)(clock_now_us() / 1000000), clinic, clinic);
    sql_run(world->boss,
            "INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, "
            "  must_change_password, created_at, updated_at) SELECT %s, md5('doctor %s')::uuid, "
            "  'second', 'doctor', 'Second', 'Doctor', false, now(), now();"
            "INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number) "
            "  SELECT %s, md5('doctor %s')::uuid, 'Surgery', 'LIC-2';"
            "UPDATE clinicd.quota SET used = used + 1 WHERE clinic_id = %s AND kind = 'doctor'",
            clinic, clinic, clinic, clinic, clinic);
}

/* Instants around what begins: the day, the month and the year of the clinic, and now. */
static void instants_make(struct world *world, const char *zone)
{
    sql_run(world->boss,
            "DROP TABLE IF EXISTS edge; CREATE TEMP TABLE edge AS "
            "SELECT row_number() OVER () AS n, at FROM ("
            "  SELECT DISTINCT (date_trunc(unit, now AT TIME ZONE '%s') AT TIME ZONE '%s') "
            "    + make_interval(secs => shift) AS at, now "
            "  FROM (VALUES (to_timestamp(%ld))) t (now), "
            "    unnest(ARRAY['day', 'month', 'year', 'minute']) unit, "
            "    unnest(ARRAY[-90000, -3600, -1, 0, 1, 240]) shift) e WHERE at <= now",
            zone, zone, (long)(clock_now_us() / 1000000));
}

/* At every edge four check-ins: one that waits, one that was called, one that was seen and one that
 * left, with and without a doctor. A patient has one open visit, so each is of a patient of its
 * own.
 */
static void visits_make(struct world *world, const struct seed *seed, const char *zone)
{
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    sql_run(
        world->boss,
        "INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, "
        "  doctor_id, doctor_name, visit_type, purpose, priority, status_at, checked_in_at, "
        "  created_at, updated_at) "
        "SELECT %s, gen_random_uuid(), md5('patient %s ' || e.n * 4 + k - 3)::uuid, (e.at AT TIME "
        "ZONE '%s')::date, 1000 + e.n * 4 + k, "
        "  d.id, d.name, CASE WHEN e.n %% 7 = 0 THEN 'emergency' ELSE 'routine' END, "
        "  'Edge ' || e.n, (ARRAY['normal', 'urgent', 'emergency'])[1 + e.n %% 3], "
        "  e.at, e.at, e.at, e.at "
        "FROM edge e CROSS JOIN generate_series(0, 3) k LEFT JOIN (VALUES "
        "  (0, '0190a000-0000-7000-8000-%s0000000202'::uuid, 'First Doctor'), "
        "  (1, md5('doctor %s')::uuid, 'Second Doctor')) d (n, id, name) ON d.n = (e.n + k) %% 3",
        clinic, clinic, zone, seed->hex, clinic);
    static const char *const moves[] = {"in_consultation", "completed", "cancelled"};
    for (int i = 0; i < 3; i++)
        sql_run(world->boss,
                "UPDATE clinicd.visit v SET status = CASE WHEN '%s' = 'cancelled' AND "
                "  token_number %% 8 = 3 THEN 'no_show' ELSE '%s' END, move_note = 'made', "
                "  updated_at = checked_in_at WHERE clinic_id = %s AND token_number >= 1000 AND "
                "  token_number %% 4 = %d",
                moves[i], moves[i], clinic, i + 1);
}

/* At every edge six prescriptions: pending, completed with tests, cancelled when pending and when
 * completed, deleted, opened again; some advise an admission. */
static void prescriptions_make(struct world *world, const struct seed *seed)
{
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    sql_run(
        world->boss,
        "DROP TABLE IF EXISTS made; CREATE TEMP TABLE made AS SELECT e.n * 6 + k AS n, k, e.at, "
        "  gen_random_uuid() AS id, md5('patient %s ' || 1 + (e.n * 7 + k) %% 100)::uuid AS "
        "patient, "
        "  CASE (e.n + k) %% 2 WHEN 0 THEN '0190a000-0000-7000-8000-%s0000000202'::uuid "
        "    ELSE md5('doctor %s')::uuid END AS doctor FROM edge e, generate_series(0, 5) k;"
        "INSERT INTO clinicd.prescription (clinic_id, id, rx_number, patient_id, doctor_id, "
        "  doctor_name, prescribed_at, created_at, updated_at) SELECT %s, id, 'RX-F-' || n, "
        "  patient, doctor, 'Some Doctor', at, at, at FROM made;"
        "INSERT INTO clinicd.admission_recommendation (clinic_id, prescription_id, patient_id, "
        "  admission_type, reason, recommended_at, created_at, updated_at) SELECT %s, id, patient, "
        "  'general', 'Must rest', at, at, at FROM made WHERE n %% 2 = 0;"
        "UPDATE clinicd.admission_recommendation r SET withdrawn_at = r.recommended_at FROM made "
        "  WHERE r.clinic_id = %s AND r.prescription_id = made.id AND made.n %% 4 = 2;"
        "INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, "
        "  position, test_name, test_type, created_at, updated_at) SELECT %s, gen_random_uuid(), "
        "id, "
        "  patient, p, 'Test ' || p, 'blood', at, at FROM made, generate_series(1, 3) p;",
        clinic, seed->hex, clinic, clinic, clinic, clinic, clinic);
    static const char *const steps[] = {
        "SET deleted_at = made.at, updated_at = made.at FROM made WHERE made.k = 4",
        "SET status = 'completed', completed_at = made.at, updated_at = made.at FROM made WHERE "
        "made.k IN (1, 3, 5)",
        "SET status = 'cancelled', cancelled_at = made.at, cancel_reason = 'Mistaken', updated_at "
        "= "
        "made.at FROM made WHERE made.k IN (2, 3)",
        "SET status = 'pending', completed_at = NULL, updated_at = made.at FROM made WHERE made.k "
        "= "
        "5"};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        sql_run(world->boss,
                "UPDATE clinicd.prescription rx %s AND rx.clinic_id = %s AND rx.id = made.id",
                steps[i], clinic);
    /* Of each completed one's tests the first has a result, the second is begun. */
    sql_run(
        world->boss,
        "UPDATE clinicd.lab_order SET status = CASE test_name WHEN 'Test 1' THEN 'completed' "
        "  ELSE 'in_progress' END, result_text = CASE test_name WHEN 'Test 1' THEN 'Fine' END, "
        "  result_at = CASE test_name WHEN 'Test 1' THEN ordered_at END, updated_at = ordered_at "
        "WHERE clinic_id = %s AND status = 'pending' AND withdrawn_at IS NULL AND test_name IN "
        "  ('Test 1', 'Test 2')",
        clinic);
}

/* At every edge an admission of patients of their own, from the ninth back: the doctors' by turns,
 * of every type and state. Those whose edge has a later one end there. Some take up what a
 * prescription of that patient advises. */
static void admissions_make(struct world *world, const struct seed *seed)
{
    const char *clinic = arena_format(&world->arena, "%ld", (long)seed->clinic_id);
    sql_run(
        world->boss,
        "DROP TABLE IF EXISTS lain; CREATE TEMP TABLE lain AS SELECT e.n, e.at, gen_random_uuid() "
        "  AS id, md5('patient %s ' || e.n + 10)::uuid AS patient, CASE e.n %% 2 WHEN 0 THEN "
        "  '0190a000-0000-7000-8000-%s0000000202'::uuid ELSE md5('doctor %s')::uuid END AS doctor, "
        "  (SELECT min(l.at) FROM edge l WHERE l.at > e.at) AS ends FROM edge e;"
        "INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, "
        "  doctor_name, prescription_id, admission_type, room_number, bed_number, "
        "  reason_for_admission, status_at, admitted_at, created_at, updated_at) "
        "SELECT %s, l.id, 'AD-F-' || l.n, l.patient, l.doctor, 'Some Doctor', (SELECT "
        "r.prescription_id "
        "  FROM clinicd.admission_recommendation r JOIN clinicd.prescription rx ON rx.clinic_id = "
        "%s "
        "  AND rx.id = r.prescription_id WHERE r.clinic_id = %s AND r.patient_id = l.patient AND "
        "  r.withdrawn_at IS NULL AND rx.status <> 'cancelled' AND rx.deleted_at IS NULL LIMIT 1), "
        "  (ARRAY['general', 'icu', 'emergency', 'day_care', 'isolation'])[1 + l.n %% 5], 'R' || "
        "l.n %% "
        "  3, 'B' || l.n, 'Edge', l.at, l.at, l.at, l.at FROM lain l;"
        "UPDATE clinicd.admission a SET status = (ARRAY['in_treatment', 'improving', 'stable', "
        "  'ready_for_discharge'])[1 + lain.n %% 4], updated_at = lain.at FROM lain WHERE "
        "a.clinic_id = %s "
        "  AND a.id = lain.id AND lain.n %% 3 <> 0;"
        "UPDATE clinicd.admission a SET status = (ARRAY['discharged', 'shifted', 'deceased'])[1 + "
        "  lain.n / 2 %% 3], final_diagnosis = 'Edge', discharge_notes = 'Edge', updated_at = "
        "lain.ends "
        "  FROM lain WHERE a.clinic_id = %s AND a.id = lain.id AND lain.n %% 2 = 0 AND lain.ends "
        "IS NOT NULL",
        clinic, seed->hex, clinic, clinic, clinic, clinic, clinic, clinic);
}

void edges_make(struct world *world, const char *zone)
{
    static const struct seed *const seeds[] = {&seed_a, &seed_b};
    instants_make(world, zone);
    for (int i = 0; i < 2; i++) {
        people_make(world, seeds[i], zone);
        visits_make(world, seeds[i], zone);
        prescriptions_make(world, seeds[i]);
        admissions_make(world, seeds[i]);
        sql_run(world->boss,
                "UPDATE clinicd.patient SET deleted_at = updated_at WHERE id IN (md5('patient %ld "
                "1')::uuid, md5('patient %ld 2')::uuid); UPDATE clinicd.quota SET used = used - 2 "
                "WHERE clinic_id = %ld AND kind = 'patient'",
                (long)seeds[i]->clinic_id, (long)seeds[i]->clinic_id, (long)seeds[i]->clinic_id);
    }
}
