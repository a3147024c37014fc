-- Shows a new logo and takes the one before off. If-Match names the logo's version or, while there is none, the
-- clinic's; of two who put a first one, the second is told.
-- kind: write
-- rows: optional
-- audit: entity=logo id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT l.file_id, l.version, l.size_bytes, l.sha256,
        CASE WHEN l.file_id IS NULL THEN c.version ELSE l.version END <> $if_match AS is_stale
    FROM logo l JOIN clinic c ON c.clinic_id = $clinic
    WHERE l.clinic_id = $clinic
    FOR UPDATE OF l
),
gone AS (
    UPDATE file f SET deleted_at = $now, version = f.version + 1, updated_at = $now
    FROM old WHERE f.clinic_id = $clinic AND f.id = old.file_id AND NOT old.is_stale
),
kept AS (
    INSERT INTO file (clinic_id, id, kind, name, media_type, size_bytes, sha256, uploaded_at, uploaded_by_id,
        uploaded_by_name, created_at, updated_at)
    SELECT $clinic, $file_id::uuid, 'logo', $name::text, 'image/png', $size_bytes::bigint, $sha256::text, $now,
        $actor_id, $actor_name, $now, $now
    FROM old WHERE NOT old.is_stale
    RETURNING id
),
new AS (
    UPDATE logo l SET file_id = kept.id, version = l.version + 1, updated_at = $now
    FROM kept WHERE l.clinic_id = $clinic
    RETURNING l.version, l.size_bytes, l.sha256, l.updated_at
)
SELECT new.version, 'image/png' AS media_type, new.size_bytes, new.sha256, new.updated_at, left(new.sha256, 16) AS _etag,
    $file_id AS _id, CASE WHEN old.is_stale THEN 'precondition-failed' END AS _fault,
    json_build_object('file_id', old.file_id, 'version', old.version, 'size_bytes', old.size_bytes, 'sha256', old.sha256)
        AS _before
FROM old LEFT JOIN new ON true
