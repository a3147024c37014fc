-- Ends an admission: the bed is free, the patient moves on; who has died has no login any more, which the triggers
-- know. The patient is held first, as by whoever admits somebody.
-- kind: write
-- rows: optional
-- audit: entity=admission id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: precondition-failed admission-ended validation-failed
WITH who AS MATERIALIZED (
    SELECT p.id
    FROM admission a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
    FOR NO KEY UPDATE OF p
),
old AS MATERIALIZED (
    SELECT a.id, a AS was, p AS p
    FROM admission a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.id = $id AND ($patient IS NULL OR a.patient_id = $patient)
        AND EXISTS (SELECT 1 FROM who)
    FOR NO KEY UPDATE OF a
),
login AS (
    SELECT c.id FROM account c, old
    WHERE c.clinic_id = $clinic AND c.patient_id = (old.was).patient_id AND c.is_active
        AND $body::jsonb->>'outcome' = 'deceased'
),
flaws AS MATERIALIZED (
    SELECT coalesce(admission_end_flaws($body->>'outcome', $body), '[]')
        || CASE WHEN ($body->>'follow_up_on')::date < ($now AT TIME ZONE $timezone::text)::date
            THEN '[{"pointer": "#/follow_up_on", "code": "too-small", "detail": "is over"}]' ELSE '[]'::jsonb END AS list
),
fault AS MATERIALIZED (
    SELECT CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed'
                WHEN (old.was).ended_at IS NOT NULL THEN 'admission-ended'
                WHEN flaws.list <> '[]' THEN 'validation-failed' END AS code
    FROM old, flaws
),
new AS (
    UPDATE admission a SET status = $body->>'outcome', final_diagnosis = $body->>'final_diagnosis',
        discharge_notes = $body->>'discharge_notes', follow_up_on = ($body->>'follow_up_on')::date,
        follow_up_instructions = $body->>'follow_up_instructions', moved_by_id = $actor_id,
        moved_by_name = $actor_name, updated_at = $now
    FROM old, fault
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match AND fault.code IS NULL
    RETURNING a AS a
)
SELECT s.*, (old.was).patient_id AS _patient_id, fault.code AS _fault, left(md5(s::text), 16) AS _etag,
    CASE fault.code WHEN 'validation-failed' THEN flaws.list END AS _flaws, to_json(b) AS _before,
    (SELECT login.id FROM login) AS _login_id
FROM old CROSS JOIN fault CROSS JOIN flaws
CROSS JOIN LATERAL admission_shown(old.was, old.p, $now, $timezone) b
LEFT JOIN new ON true
LEFT JOIN LATERAL admission_shown(new.a, old.p, $now, $timezone) s ON true
