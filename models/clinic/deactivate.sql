-- Closes a clinic at once; its records are kept.
-- kind: write
-- rows: optional
-- audit: entity=clinic id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT c.id, c.version, c.status FROM clinic c WHERE c.clinic_id = $clinic FOR UPDATE OF c
),
new AS (
    UPDATE clinic c SET status = 'inactive', version = c.version + 1, updated_at = $now
    FROM old
    WHERE c.clinic_id = $clinic AND c.version = $if_match
    RETURNING c.version, c.status
)
SELECT new.version, new.status, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault, to_json(old) AS _before,
    CASE WHEN new.version IS NOT NULL THEN announce('clinic', ($clinic)::text, $now)::text END AS _announced
FROM old LEFT JOIN new ON true
