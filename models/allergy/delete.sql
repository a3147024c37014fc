-- Takes an allergy off the record; the row is kept.
-- kind: write
-- rows: optional
-- audit: entity=allergy id=id patient=$patient_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT a.id, a.version, a.deleted_at
    FROM allergy a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.patient_id = $patient_id::uuid AND a.id = $id::uuid
        AND a.deleted_at IS NULL AND ($patient IS NULL OR a.patient_id = $patient)
    FOR UPDATE OF a
),
new AS (
    UPDATE allergy a SET deleted_at = $now, version = a.version + 1, updated_at = $now
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match
    RETURNING a.version, a.deleted_at
)
SELECT old.id, new.version, new.deleted_at,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault,
    to_json(old) AS _before
FROM old LEFT JOIN new ON true
