-- Takes a patient's file, and with it its report, off the record. The row is kept, and the bytes.
-- kind: write
-- rows: optional
-- audit: entity=file id=id patient=_patient_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT f.id, f.version, f.deleted_at, f.patient_id
    FROM file f
    JOIN patient p ON p.clinic_id = $clinic AND p.id = f.patient_id AND p.deleted_at IS NULL
    WHERE f.clinic_id = $clinic AND f.id = $id::uuid AND f.deleted_at IS NULL
        AND ($patient IS NULL OR f.patient_id = $patient)
    FOR UPDATE OF f
),
new AS (
    UPDATE file f SET deleted_at = $now, version = f.version + 1, updated_at = $now
    FROM old
    WHERE f.clinic_id = $clinic AND f.id = old.id AND f.version = $if_match
    RETURNING f.version, f.deleted_at
)
SELECT old.id, new.version, new.deleted_at, old.patient_id AS _patient_id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault,
    json_build_object('id', old.id, 'version', old.version, 'deleted_at', old.deleted_at) AS _before
FROM old LEFT JOIN new ON true
