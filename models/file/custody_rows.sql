-- What the store should hold, in the order of the ids: for the sweep and for fsck. What was deleted keeps its bytes.
-- kind: read
-- rows: many
SELECT f.id, f.size_bytes, f.sha256, f.state, f.deleted_at IS NOT NULL AS is_deleted
FROM file f
WHERE f.clinic_id = $clinic AND ($patient IS NULL OR f.patient_id = $patient) AND f.id > $after::uuid
ORDER BY f.id
LIMIT $wanted::bigint
