-- Nobody is offered it any more; what was prescribed still names it.
-- kind: write
-- rows: optional
-- audit: entity=catalog_test id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT t.id, t.version, t.is_active FROM catalog_test t
    WHERE t.clinic_id = $clinic AND t.id = $id::uuid
    FOR UPDATE OF t
),
new AS (
    UPDATE catalog_test t SET is_active = false, version = t.version + 1, updated_at = $now
    FROM old
    WHERE t.clinic_id = $clinic AND t.id = old.id AND t.version = $if_match
    RETURNING t.version, t.is_active
)
SELECT new.version, new.is_active, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault, to_json(old) AS _before
FROM old LEFT JOIN new ON true
