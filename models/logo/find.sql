-- The clinic's logo, if it has one.
-- kind: read
-- rows: optional
SELECT l.file_id AS id, l.version, l.size_bytes, l.sha256
FROM logo l WHERE l.clinic_id = $clinic AND l.file_id IS NOT NULL
