-- Nobody is offered it any more; what was prescribed still names it.
-- kind: write
-- rows: optional
-- audit: entity=catalog_medicine id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT m.id, m.version, m.is_active FROM catalog_medicine m
    WHERE m.clinic_id = $clinic AND m.id = $id::uuid
    FOR UPDATE OF m
),
new AS (
    UPDATE catalog_medicine m SET is_active = false, version = m.version + 1, updated_at = $now
    FROM old
    WHERE m.clinic_id = $clinic AND m.id = old.id AND m.version = $if_match
    RETURNING m.version, m.is_active
)
SELECT new.version, new.is_active, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault, to_json(old) AS _before
FROM old LEFT JOIN new ON true
