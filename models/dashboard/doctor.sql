-- A doctor's work. Whoever asks and is no doctor sees all doctors' together, unless one is named. Who waits
-- stands in the queue (models/queue/waiting.sql) for this doctor or for no one in particular.
-- kind: read
-- rows: optional
-- audit: entity=dashboard id=_doctor_id patients=_patients
WITH d AS MATERIALIZED (
    SELECT n.today, n.today::timestamp AT TIME ZONE $timezone::text AS begins
    FROM (VALUES (($now AT TIME ZONE $timezone)::date)) AS n (today)
)
SELECT d.today AS "on", whose.shown AS doctor, whose.id AS _doctor_id, rx.pending AS "counts.pending",
    done.completed AS "counts.completed_today", rx.completed AS "counts.completed_total",
    lab.open_tests AS "counts.open_tests", flow.waiting AS "counts.waiting",
    flow.in_consultation AS "counts.in_consultation", rx.recommended AS "counts.admissions_recommended",
    beds.occupied AS "counts.active_admissions",
    waiting.places AS waiting, waiting.ids AS _patients
FROM d
LEFT JOIN LATERAL (
    SELECT u.id, json_build_object('id', u.id, 'name', btrim(a.first_name || ' ' || a.last_name),
        'specialization', u.specialization, 'license_number', u.license_number) AS shown
    FROM doctor u
    JOIN account a ON a.clinic_id = $clinic AND a.id = u.id
    WHERE u.clinic_id = $clinic AND u.id = coalesce($doctor_id::uuid, $actor_id)) whose ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(f.pending), 0) AS pending, coalesce(sum(f.completed), 0) AS completed,
        coalesce(sum(f.recommended), 0) AS recommended
    FROM prescription_figure f
    WHERE f.clinic_id = $clinic AND (whose.id IS NULL OR f.doctor_id = whose.id)) rx
CROSS JOIN LATERAL (
    SELECT count(*) AS completed FROM prescription c
    WHERE c.clinic_id = $clinic AND c.status = 'completed' AND c.completed_at >= d.begins
        AND (whose.id IS NULL OR c.doctor_id = whose.id)) done
CROSS JOIN LATERAL (
    SELECT count(*) AS open_tests FROM lab_order o
    JOIN prescription t ON t.clinic_id = $clinic AND t.id = o.prescription_id
    WHERE o.clinic_id = $clinic AND o.withdrawn_at IS NULL AND o.status IN ('pending', 'in_progress')
        AND (whose.id IS NULL OR t.doctor_id = whose.id)) lab
CROSS JOIN LATERAL (
    SELECT count(*) AS occupied FROM admission a
    WHERE a.clinic_id = $clinic AND a.ended_at IS NULL AND (whose.id IS NULL OR a.doctor_id = whose.id)) beds
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE v.status = 'checked_in'
            AND (whose.id IS NULL OR v.doctor_id = whose.id OR v.doctor_id IS NULL)) AS waiting,
        count(*) FILTER (WHERE v.status = 'in_consultation' AND (whose.id IS NULL OR v.doctor_id = whose.id))
            AS in_consultation
    FROM visit v
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
    WHERE v.clinic_id = $clinic AND v.status IN ('checked_in', 'in_consultation')
        AND (v.token_on = d.today OR v.status_at >= $now - interval '6 hours')) flow
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(w.place ORDER BY w.urgency, w.token_on, w.token_number, w.checked_in_at, w.id), '[]')
            AS places, array_agg(w.patient_id) AS ids
    FROM (SELECT v.id, v.patient_id, v.token_on, v.token_number, v.checked_in_at, r.urgency,
            json_build_object('visit_id', v.id, 'token_number', v.token_number,
                'patient', json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name),
                'doctor', CASE WHEN v.doctor_id IS NOT NULL
                    THEN json_build_object('id', v.doctor_id, 'name', v.doctor_name) END,
                'priority', v.priority, 'purpose', v.purpose,
                'waiting_minutes', greatest(0, floor(extract(epoch FROM $now - v.checked_in_at) / 60)::int)) AS place
          FROM visit v
          CROSS JOIN LATERAL (
            SELECT CASE WHEN v.priority = 'emergency' OR v.visit_type = 'emergency' THEN 0
                        WHEN v.priority = 'urgent' THEN 1 ELSE 2 END AS urgency) r
          JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
          WHERE v.clinic_id = $clinic AND v.status = 'checked_in'
            AND (v.token_on = d.today OR v.status_at >= $now - interval '6 hours')
            AND (whose.id IS NULL OR v.doctor_id = whose.id OR v.doctor_id IS NULL)
          ORDER BY r.urgency, v.token_on, v.token_number, v.checked_in_at, v.id LIMIT 200) w) waiting
WHERE $doctor_id IS NULL OR whose.id IS NOT NULL
