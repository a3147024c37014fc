-- Changes what the merge patch names of a test's line. With another name or type it is no longer the catalogue's.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- faults: not-the-author precondition-failed prescription-locked
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_fault(old.was, $actor_id, $if_match) AS fault, prescription_before(old.was) AS before
    FROM old
),
line AS (
    UPDATE prescription_test t SET
        test_name = CASE WHEN $body::jsonb ? 'test_name' THEN $body->>'test_name' ELSE t.test_name END,
        test_type = CASE WHEN $body ? 'test_type' THEN $body->>'test_type' ELSE t.test_type END,
        description = CASE WHEN $body ? 'description' THEN $body->>'description' ELSE t.description END,
        test_on = CASE WHEN $body ? 'test_on' THEN ($body->>'test_on')::date ELSE t.test_on END,
        catalog_id = CASE WHEN coalesce($body->>'test_name', t.test_name) = t.test_name
            AND coalesce($body->>'test_type', t.test_type) = t.test_type THEN t.catalog_id END,
        version = t.version + 1, updated_at = $now
    FROM held
    WHERE t.clinic_id = $clinic AND t.prescription_id = held.id AND t.id = $line_id::uuid AND t.deleted_at IS NULL
        AND held.fault IS NULL
    RETURNING t.prescription_id
),
new AS (
    UPDATE prescription p SET version = p.version + 1, updated_at = $now
    FROM line
    WHERE p.clinic_id = $clinic AND p.id = line.prescription_id
    RETURNING p.clinic_id, p.id
)
SELECT s.*, held.patient_id AS _patient_id, held.fault AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
WHERE held.fault IS NOT NULL OR new.id IS NOT NULL
