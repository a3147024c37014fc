-- Writes down what was given or done to somebody who is admitted.
-- kind: write
-- rows: optional
-- audit: entity=treatment id=id patient=_patient_id after=row
-- keyed: yes
-- faults: admission-ended validation-failed
WITH stay AS MATERIALIZED (
    SELECT a.id, a.patient_id, a.admitted_at, a.ended_at
    FROM admission a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.id = $admission_id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
    FOR NO KEY UPDATE OF a
),
flaws AS MATERIALIZED (
    SELECT coalesce(treatment_flaws($body::jsonb->>'treatment_type', $body), '[]')
        || CASE WHEN ($body->>'administered_at')::timestamptz > $now
            THEN '[{"pointer": "#/administered_at", "code": "too-large", "detail": "is still to come"}]'
            ELSE '[]'::jsonb END
        || CASE WHEN ($body->>'administered_at')::timestamptz < stay.admitted_at
            THEN '[{"pointer": "#/administered_at", "code": "too-small", "detail": "is before the admission"}]'
            ELSE '[]'::jsonb END AS list
    FROM stay
),
fault AS MATERIALIZED (
    SELECT stay.patient_id, CASE WHEN stay.ended_at IS NOT NULL THEN 'admission-ended'
                                 WHEN flaws.list <> '[]' THEN 'validation-failed' END AS code
    FROM stay, flaws
),
giver AS (
    SELECT btrim(a.first_name || ' ' || a.last_name) AS name FROM account a
    WHERE a.clinic_id = $clinic AND a.id = $actor_id
),
new AS (
    INSERT INTO treatment (clinic_id, id, admission_id, patient_id, treatment_type, treatment_name, description, dosage,
        frequency, route, saline_type, quantity, oxygen_flow_rate, oxygen_type, duration, administered_at,
        administered_by_id, administered_by_name, notes, created_at, updated_at)
    SELECT $clinic, $id::uuid, stay.id, stay.patient_id, $body->>'treatment_type', $body->>'treatment_name',
        $body->>'description', $body->>'dosage', $body->>'frequency', $body->>'route', $body->>'saline_type',
        $body->>'quantity', $body->>'oxygen_flow_rate', $body->>'oxygen_type', $body->>'duration',
        coalesce(($body->>'administered_at')::timestamptz, $now), $actor_id, giver.name, $body->>'notes', $now, $now
    FROM stay, fault, giver WHERE fault.code IS NULL
    RETURNING treatment AS t
)
SELECT s.*, fault.patient_id AS _patient_id, fault.code AS _fault,
    CASE fault.code WHEN 'validation-failed' THEN flaws.list END AS _flaws
FROM fault JOIN flaws ON true
LEFT JOIN new ON true
LEFT JOIN LATERAL treatment_shown(new.t) s ON true
