-- Files that wait for the scanner, in the order in which they came.
-- kind: read
-- rows: many
SELECT f.id, f.size_bytes
FROM file f
WHERE f.clinic_id = $clinic AND ($patient IS NULL OR f.patient_id = $patient)
    AND f.state = 'pending' AND f.deleted_at IS NULL AND f.id > $after::uuid
ORDER BY f.id
LIMIT $wanted::bigint
