-- Takes the clinic's logo off.
-- kind: write
-- rows: optional
-- audit: entity=logo id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT l.file_id, l.version, l.size_bytes, l.sha256 FROM logo l
    WHERE l.clinic_id = $clinic AND l.file_id IS NOT NULL
    FOR UPDATE OF l
),
gone AS (
    UPDATE file f SET deleted_at = $now, version = f.version + 1, updated_at = $now
    FROM old WHERE f.clinic_id = $clinic AND f.id = old.file_id AND old.version = $if_match
),
new AS (
    UPDATE logo l SET file_id = NULL, version = l.version + 1, updated_at = $now
    FROM old WHERE l.clinic_id = $clinic AND l.version = $if_match
    RETURNING l.version
)
SELECT new.version, old.file_id AS _id, CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault,
    json_build_object('file_id', old.file_id, 'version', old.version, 'size_bytes', old.size_bytes, 'sha256', old.sha256)
        AS _before
FROM old LEFT JOIN new ON true
