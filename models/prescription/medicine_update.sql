-- Changes what the merge patch names of a medicine's line. With another name or type it is no longer the catalogue's.
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
    UPDATE prescription_medicine m SET
        medicine_name = CASE WHEN $body::jsonb ? 'medicine_name' THEN $body->>'medicine_name' ELSE m.medicine_name END,
        medicine_type = CASE WHEN $body ? 'medicine_type' THEN $body->>'medicine_type' ELSE m.medicine_type END,
        dosage = CASE WHEN $body ? 'dosage' THEN $body->>'dosage' ELSE m.dosage END,
        frequency_per_day = CASE WHEN $body ? 'frequency_per_day' THEN ($body->>'frequency_per_day')::int
            ELSE m.frequency_per_day END,
        duration = CASE WHEN $body ? 'duration' THEN $body->>'duration' ELSE m.duration END,
        quantity = CASE WHEN $body ? 'quantity' THEN ($body->>'quantity')::int ELSE m.quantity END,
        schedule = CASE WHEN $body ? 'schedule' THEN $body->>'schedule' ELSE m.schedule END,
        food_instruction = CASE WHEN $body ? 'food_instruction' THEN $body->>'food_instruction'
            ELSE m.food_instruction END,
        instructions = CASE WHEN $body ? 'instructions' THEN $body->>'instructions' ELSE m.instructions END,
        catalog_id = CASE WHEN coalesce($body->>'medicine_name', m.medicine_name) = m.medicine_name
            AND coalesce($body->>'medicine_type', m.medicine_type) = m.medicine_type THEN m.catalog_id END,
        version = m.version + 1, updated_at = $now
    FROM held
    WHERE m.clinic_id = $clinic AND m.prescription_id = held.id AND m.id = $line_id::uuid AND m.deleted_at IS NULL
        AND held.fault IS NULL
    RETURNING m.prescription_id
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
