-- Takes a draft away; the row, and its number, are kept.
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
new AS (
    UPDATE prescription p SET deleted_at = $now, version = p.version + 1, updated_at = $now
    FROM held
    WHERE p.clinic_id = $clinic AND p.id = held.id AND held.fault IS NULL
    RETURNING p.version, p.deleted_at
)
SELECT held.id, new.version, new.deleted_at, held.patient_id AS _patient_id, held.fault AS _fault,
    held.before AS _before
FROM held LEFT JOIN new ON true
