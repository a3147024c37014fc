-- Checks a patient in: named by the id or by the number, who is locked first, so that of two check-ins at once
-- the second sees the visit of the first. The token is the next of the clinic's day, or of the doctor's, taken
-- last. A record sent twice is its own twin: then the id speaks (id-taken).
-- kind: write
-- rows: optional
-- audit: entity=visit id=id patient=_patient_id after=row
-- keyed: yes
-- faults: patient-deceased open-visit-exists validation-failed
WITH who AS MATERIALIZED (
    SELECT p.id, p.status, p AS p
    FROM patient p
    WHERE p.clinic_id = $clinic AND (p.id = $patient_id::uuid OR p.patient_number = upper($patient_number::text))
        AND p.deleted_at IS NULL AND ($patient IS NULL OR p.id = $patient)
    FOR NO KEY UPDATE OF p
),
open AS MATERIALIZED (
    SELECT o.id, o.token_number, o.token_on, o.status
    FROM who CROSS JOIN LATERAL visit_open_of($clinic, who.id) o
    WHERE o.id <> $id::uuid
        AND NOT EXISTS (SELECT 1 FROM visit sent WHERE sent.clinic_id = $clinic AND sent.id = $id)
),
chosen AS (
    SELECT d.id, btrim(a.first_name || ' ' || a.last_name) AS name
    FROM doctor d
    JOIN account a ON a.clinic_id = $clinic AND a.id = d.id AND a.is_active
    WHERE d.clinic_id = $clinic AND d.id = ($body::jsonb->>'doctor_id')::uuid
),
fault AS MATERIALIZED (
    SELECT who.id AS patient_id,
        CASE WHEN who.status = 'deceased' THEN 'patient-deceased'
             WHEN EXISTS (SELECT 1 FROM open) THEN 'open-visit-exists'
             WHEN $body->>'doctor_id' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM chosen) THEN 'validation-failed'
        END AS code
    FROM who
),
token AS MATERIALIZED (
    SELECT day.today, chosen.id AS doctor_id, chosen.name AS doctor_name,
        visit_token($clinic, chosen.id, day.today) AS number
    FROM fault
    CROSS JOIN LATERAL (SELECT ($now AT TIME ZONE $timezone::text)::date AS today) day
    LEFT JOIN chosen ON true
    WHERE fault.code IS NULL
),
new AS (
    INSERT INTO visit (clinic_id, id, patient_id, token_on, token_doctor_id, token_number, doctor_id, doctor_name,
        visit_type, purpose, priority, notes, status_at, checked_in_at, checked_in_by_id, checked_in_by_name,
        created_at, updated_at)
    SELECT $clinic, $id, who.id, token.today, token.doctor_id, token.number, token.doctor_id, token.doctor_name,
        $body->>'visit_type', $body->>'purpose', $body->>'priority', $body->>'notes', $now, $now, $actor_id,
        $actor_name, $now, $now
    FROM who, token
    RETURNING visit AS v
)
SELECT s.*, fault.patient_id AS _patient_id, fault.code AS _fault,
    CASE WHEN fault.code = 'open-visit-exists' THEN (SELECT to_json(open) FROM open) END AS _detail,
    CASE WHEN fault.code = 'validation-failed' THEN json_build_array(json_build_object('pointer', '#/doctor_id', 'code', 'unknown',
        'detail', 'is no doctor who works here')) END AS _flaws
FROM fault
JOIN who ON true
LEFT JOIN new ON true
LEFT JOIN LATERAL visit_shown(new.v, who.p) s ON true
