-- Changes what the merge patch names.
-- kind: write
-- rows: optional
-- audit: entity=catalog_test id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT t.id, t AS was FROM catalog_test t
    WHERE t.clinic_id = $clinic AND t.id = $id::uuid
    FOR UPDATE OF t
),
new AS (
    UPDATE catalog_test t SET
        test_name = CASE WHEN $body::jsonb ? 'test_name' THEN $body->>'test_name' ELSE t.test_name END,
        test_type = CASE WHEN $body ? 'test_type' THEN $body->>'test_type' ELSE t.test_type END,
        category = CASE WHEN $body ? 'category' THEN $body->>'category' ELSE t.category END,
        description = CASE WHEN $body ? 'description' THEN $body->>'description' ELSE t.description END,
        is_active = CASE WHEN $body ? 'is_active' THEN ($body->>'is_active')::boolean ELSE t.is_active END,
        version = t.version + 1, updated_at = $now
    FROM old
    WHERE t.clinic_id = $clinic AND t.id = old.id AND t.version = $if_match
    RETURNING t AS t
)
SELECT s.*, old.id AS _id, CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed' END AS _fault,
    to_json(b) AS _before
FROM old
CROSS JOIN LATERAL catalog_test_shown(old.was) b
LEFT JOIN new ON true
LEFT JOIN LATERAL catalog_test_shown(new.t) s ON true
