-- Notes an allergy of a patient who is not hidden.
-- kind: write
-- rows: optional
-- audit: entity=allergy id=id patient=$patient_id after=row
-- keyed: yes
-- faults: validation-failed
WITH day AS (
    SELECT ($now AT TIME ZONE $timezone::text)::date AS today
),
noted AS (
    SELECT p.id AS patient_id, coalesce(($body::jsonb->>'noted_on')::date, day.today) AS noted_on, day.today
    FROM patient p, day
    WHERE p.clinic_id = $clinic AND p.id = $patient_id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.id = $patient)
),
new AS (
    INSERT INTO allergy (clinic_id, id, patient_id, substance, reaction, severity, noted_on, noted_by_id,
        noted_by_name, created_at, updated_at)
    SELECT $clinic, $id::uuid, n.patient_id, $body->>'substance', $body->>'reaction', $body->>'severity',
        n.noted_on, $actor_id, $actor_name, $now, $now
    FROM noted n WHERE n.noted_on <= n.today
    RETURNING allergy AS a
)
SELECT s.*, CASE WHEN n.noted_on > n.today THEN 'validation-failed' END AS _fault
FROM noted n
LEFT JOIN new ON true
LEFT JOIN LATERAL allergy_shown(new.a) s ON true
