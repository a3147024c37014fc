-- Changes what the merge patch names. The version is compared where the row is written.
-- kind: write
-- rows: optional
-- audit: entity=allergy id=id patient=$patient_id before=_before after=row
-- faults: precondition-failed validation-failed
WITH day AS (
    SELECT ($now AT TIME ZONE $timezone::text)::date AS today
),
old AS (
    SELECT a.id, a AS was,
        CASE WHEN $body::jsonb ? 'noted_on' THEN ($body->>'noted_on')::date ELSE a.noted_on END AS noted_on
    FROM allergy a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.patient_id = $patient_id::uuid AND a.id = $id::uuid
        AND a.deleted_at IS NULL AND ($patient IS NULL OR a.patient_id = $patient)
    FOR UPDATE OF a
),
new AS (
    UPDATE allergy a SET
        substance = CASE WHEN $body ? 'substance' THEN $body->>'substance' ELSE a.substance END,
        reaction = CASE WHEN $body ? 'reaction' THEN $body->>'reaction' ELSE a.reaction END,
        severity = CASE WHEN $body ? 'severity' THEN $body->>'severity' ELSE a.severity END,
        noted_on = old.noted_on, version = a.version + 1, updated_at = $now
    FROM old, day
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match AND old.noted_on <= day.today
    RETURNING a AS a
)
SELECT s.*,
    CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed'
         WHEN old.noted_on > day.today THEN 'validation-failed' END AS _fault,
    to_json(b) AS _before
FROM old CROSS JOIN day
CROSS JOIN LATERAL allergy_shown(old.was) b
LEFT JOIN new ON true
LEFT JOIN LATERAL allergy_shown(new.a) s ON true
