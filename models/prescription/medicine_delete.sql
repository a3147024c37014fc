-- Takes a medicine's line off; the row is kept.
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
    UPDATE prescription_medicine m SET deleted_at = $now, version = m.version + 1, updated_at = $now
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
