-- Says that the bytes of a file are missing or changed, or that they are there again. Not there: it says so already.
-- kind: write
-- rows: optional
-- audit: entity=file id=id patient=_patient_id before=_before after=row
WITH old AS (
    SELECT f.id, f.version, f.state, f.patient_id
    FROM file f
    WHERE f.clinic_id = $clinic AND ($patient IS NULL OR f.patient_id = $patient) AND f.id = $id::uuid
        AND f.deleted_at IS NULL AND f.state = $from_state::text
    FOR NO KEY UPDATE
),
new AS (
    UPDATE file f SET state = $to_state::text, version = f.version + 1, updated_at = $now
    FROM old
    WHERE f.clinic_id = $clinic AND f.id = old.id
    RETURNING f.version, f.state
)
SELECT old.id, new.version, new.state, old.patient_id AS _patient_id,
    json_build_object('id', old.id, 'version', old.version, 'state', old.state) AS _before
FROM old JOIN new ON true
