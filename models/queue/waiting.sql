-- Who waits and who is with a doctor: of the clinic's day, and whoever is left of the day before but not stale
-- (visit_stale() says what that is), so that nobody drops out at midnight. First by urgency, then by token.
-- kind: read
-- rows: one
-- audit: entity=visit patients=_patients
WITH today AS (SELECT ($now AT TIME ZONE $timezone::text)::date AS day),
present AS MATERIALIZED (
    SELECT v.id, v.version, v.patient_id, v.token_number, v.token_on, v.doctor_id, v.doctor_name, v.visit_type,
        v.purpose, v.priority, v.status, v.checked_in_at, v.started_at, p.patient_number, p.name,
        CASE WHEN v.priority = 'emergency' OR v.visit_type = 'emergency' THEN 0
             WHEN v.priority = 'urgent' THEN 1 ELSE 2 END AS urgency
    FROM today
    JOIN visit v ON v.clinic_id = $clinic AND v.status IN ('checked_in', 'in_consultation')
        AND (v.token_on = today.day OR v.status_at >= $now - interval '6 hours')
        AND ($doctor_id::uuid IS NULL OR v.doctor_id = $doctor_id)
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
),
placed AS MATERIALIZED (
    SELECT r.*, row_number() OVER (PARTITION BY r.status
        ORDER BY r.urgency, r.token_on, r.token_number, r.checked_in_at, r.id) AS place
    FROM present r
),
shown AS MATERIALIZED (
    SELECT s.status, s.place, s.patient_id, json_build_object(
        'id', s.id, 'version', s.version, 'place', s.place,
        'patient', json_build_object('id', s.patient_id, 'patient_number', s.patient_number, 'name', s.name),
        'token_number', s.token_number, 'token_on', s.token_on,
        'doctor', CASE WHEN s.doctor_id IS NOT NULL
                       THEN json_build_object('id', s.doctor_id, 'name', s.doctor_name) END,
        'visit_type', s.visit_type, 'purpose', s.purpose, 'priority', s.priority, 'status', s.status,
        'checked_in_at', instant_text(s.checked_in_at), 'started_at', instant_text(s.started_at),
        'waiting_minutes', greatest(0, floor(extract(epoch FROM
            coalesce(s.started_at, $now) - s.checked_in_at) / 60))::int) AS item
    FROM placed s WHERE s.place <= 500
),
over AS (
    SELECT count(*) FILTER (WHERE v.status = 'completed') AS completed,
        count(*) FILTER (WHERE v.status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE v.status = 'no_show') AS no_show
    FROM today
    JOIN visit v ON v.clinic_id = $clinic AND v.token_on = today.day
        AND ($doctor_id IS NULL OR v.doctor_id = $doctor_id)
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
)
SELECT today.day AS "on",
    (SELECT count(*) FROM present r WHERE r.status = 'checked_in') AS "counts.waiting",
    (SELECT count(*) FROM present r WHERE r.status = 'in_consultation') AS "counts.in_consultation",
    over.completed AS "counts.completed", over.cancelled AS "counts.cancelled", over.no_show AS "counts.no_show",
    (SELECT coalesce(json_agg(s.item ORDER BY s.place), '[]') FROM shown s WHERE s.status = 'checked_in')
        AS waiting,
    (SELECT coalesce(json_agg(s.item ORDER BY s.place), '[]') FROM shown s WHERE s.status = 'in_consultation')
        AS in_consultation,
    (SELECT array_agg(DISTINCT s.patient_id) FROM shown s) AS _patients
FROM today, over
