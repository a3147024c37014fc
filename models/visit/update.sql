-- Changes what the merge patch names. Another doctor, or none, means the next token of that series. What is
-- begun stays with its doctor; of what is over only the notes can be mended. A doctor changes visits that are
-- the doctor's own or nobody's.
-- kind: write
-- rows: optional
-- audit: entity=visit id=id patient=_patient_id before=_before after=row
-- faults: not-your-visit precondition-failed validation-failed visit-locked
WITH old AS MATERIALIZED (
    SELECT v.id, v.doctor_id, v AS was, p AS p
    FROM visit v
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
    WHERE v.clinic_id = $clinic AND v.id = $id::uuid AND ($patient IS NULL OR v.patient_id = $patient)
    FOR NO KEY UPDATE OF v
),
chosen AS (
    SELECT d.id, btrim(a.first_name || ' ' || a.last_name) AS name
    FROM doctor d
    JOIN account a ON a.clinic_id = $clinic AND a.id = d.id AND a.is_active
    WHERE d.clinic_id = $clinic AND d.id = ($body::jsonb->>'doctor_id')::uuid
),
wish AS MATERIALIZED (
    SELECT $body ? 'doctor_id' AND old.doctor_id IS DISTINCT FROM ($body->>'doctor_id')::uuid AS is_moved FROM old
),
fault AS MATERIALIZED (
    SELECT CASE WHEN $actor_role = 'doctor' AND old.doctor_id <> $actor_id THEN 'not-your-visit'
                WHEN (old.was).version <> $if_match THEN 'precondition-failed'
                WHEN wish.is_moved AND (old.was).status <> 'checked_in' THEN 'visit-locked'
                WHEN (old.was).ended_at IS NOT NULL AND $body - 'notes' <> '{}' THEN 'visit-locked'
                WHEN wish.is_moved AND $body->>'doctor_id' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM chosen)
                    THEN 'validation-failed' END AS code
    FROM old, wish
),
token AS MATERIALIZED (
    SELECT chosen.id AS doctor_id, chosen.name AS doctor_name, wish.is_moved,
        CASE WHEN wish.is_moved THEN visit_token($clinic, chosen.id, (old.was).token_on) END AS number
    FROM old CROSS JOIN wish CROSS JOIN fault LEFT JOIN chosen ON true
    WHERE fault.code IS NULL
),
new AS (
    UPDATE visit v SET
        token_doctor_id = CASE WHEN token.is_moved THEN token.doctor_id ELSE v.token_doctor_id END,
        token_number = CASE WHEN token.is_moved THEN token.number ELSE v.token_number END,
        doctor_id = CASE WHEN token.is_moved THEN token.doctor_id ELSE v.doctor_id END,
        doctor_name = CASE WHEN token.is_moved THEN token.doctor_name ELSE v.doctor_name END,
        visit_type = CASE WHEN $body ? 'visit_type' THEN $body->>'visit_type' ELSE v.visit_type END,
        purpose = CASE WHEN $body ? 'purpose' THEN $body->>'purpose' ELSE v.purpose END,
        priority = CASE WHEN $body ? 'priority' THEN $body->>'priority' ELSE v.priority END,
        notes = CASE WHEN $body ? 'notes' THEN $body->>'notes' ELSE v.notes END,
        version = v.version + 1, updated_at = $now
    FROM old, token
    WHERE v.clinic_id = $clinic AND v.id = old.id AND v.version = $if_match
    RETURNING v AS v
)
SELECT s.*, (old.was).patient_id AS _patient_id, fault.code AS _fault,
    CASE WHEN fault.code = 'validation-failed' THEN json_build_array(json_build_object('pointer', '#/doctor_id', 'code', 'unknown',
        'detail', 'is no doctor who works here')) END AS _flaws,
    to_json(b) AS _before
FROM old CROSS JOIN fault
CROSS JOIN LATERAL visit_shown(old.was, old.p) b
LEFT JOIN new ON true
LEFT JOIN LATERAL visit_shown(new.v, old.p) s ON true
