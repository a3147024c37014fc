-- A patient's own page: what there is, what comes next, and the newest of each.
-- kind: read
-- rows: optional
-- audit: entity=dashboard patient=_patient_id
SELECT d.today AS "on", p.id AS _patient_id, p.id AS "patient.id", p.patient_number AS "patient.patient_number",
    p.name AS "patient.name", p.status AS "patient.status",
    age_on(d.today, p.date_of_birth, p.age_years, p.age_noted_on) AS "patient.age_years",
    p.phone_number AS "patient.phone_number", p.address AS "patient.address",
    p.registered_on AS "patient.registered_on", c.counts, n.steps AS next_steps, came.visits, rx.prescriptions, lab.tests
FROM (VALUES (($now AT TIME ZONE $timezone::text)::date)) AS d (today)
JOIN patient p ON p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
CROSS JOIN LATERAL record_counts(p.clinic_id, p.id) c
CROSS JOIN LATERAL record_next_steps(p.clinic_id, p.id, d.today) n
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('id', v.id, 'token_on', v.token_on, 'token_number', v.token_number,
            'purpose', v.purpose, 'status', v.status, 'doctor', CASE WHEN v.doctor_id IS NOT NULL
                THEN json_build_object('id', v.doctor_id, 'name', v.doctor_name) END)
        ORDER BY v.token_on DESC, v.checked_in_at DESC, v.id DESC), '[]') AS visits
    FROM (SELECT w.* FROM visit w
          WHERE w.clinic_id = $clinic AND w.patient_id = p.id AND ($patient IS NULL OR w.patient_id = $patient)
          ORDER BY w.token_on DESC, w.checked_in_at DESC, w.id DESC LIMIT 5) v) came
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('id', r.id, 'rx_number', r.rx_number,
            'prescribed_on', (r.prescribed_at AT TIME ZONE $timezone)::date,
            'doctor', json_build_object('id', r.doctor_id, 'name', r.doctor_name),
            'medicines', (SELECT count(*) FROM prescription_medicine m
                WHERE m.clinic_id = $clinic AND m.prescription_id = r.id AND m.deleted_at IS NULL),
            'tests', (SELECT count(*) FROM prescription_test t
                WHERE t.clinic_id = $clinic AND t.prescription_id = r.id AND t.deleted_at IS NULL),
            'follow_up_on', r.follow_up_on) ORDER BY r.prescribed_at DESC, r.id DESC), '[]') AS prescriptions
    FROM (SELECT x.* FROM prescription x
          WHERE x.clinic_id = $clinic AND x.patient_id = p.id AND ($patient IS NULL OR x.patient_id = $patient)
              AND x.status = 'completed' AND x.deleted_at IS NULL
          ORDER BY x.prescribed_at DESC, x.id DESC LIMIT 5) r) rx
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('id', o.test_id, 'test_name', o.test_name, 'test_type', o.test_type,
        'status', o.status) ORDER BY o.ordered_at DESC, o.id DESC), '[]') AS tests
    FROM (SELECT l.* FROM lab_order l
          JOIN prescription y ON y.clinic_id = $clinic AND y.id = l.prescription_id AND y.status = 'completed'
          WHERE l.clinic_id = $clinic AND l.patient_id = p.id AND ($patient IS NULL OR l.patient_id = $patient)
              AND l.withdrawn_at IS NULL
          ORDER BY l.ordered_at DESC, l.id DESC LIMIT 5) o) lab
