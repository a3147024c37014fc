-- A pharmacy that the clinic no longer works with. The row stays: old papers name it.
-- kind: write
-- rows: optional
-- audit: entity=pharmacy id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT p.id, p.version, p.is_active FROM pharmacy p
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid
    FOR UPDATE OF p
),
new AS (
    UPDATE pharmacy p SET is_active = false, version = p.version + 1, updated_at = $now
    FROM old
    WHERE p.clinic_id = $clinic AND p.id = old.id AND p.version = $if_match
    RETURNING p.version, p.is_active
)
SELECT new.version, new.is_active, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault, to_json(old) AS _before
FROM old LEFT JOIN new ON true
