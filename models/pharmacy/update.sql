-- Changes what the merge patch names.
-- kind: write
-- rows: optional
-- audit: entity=pharmacy id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT p.id, p.version, p.name, p.address, p.phone_number, p.is_primary, p.is_active
    FROM pharmacy p
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid
    FOR UPDATE OF p
),
new AS (
    UPDATE pharmacy p SET
        name = CASE WHEN $body::jsonb ? 'name' THEN $body->>'name' ELSE p.name END,
        address = CASE WHEN $body ? 'address' THEN $body->>'address' ELSE p.address END,
        phone_number = CASE WHEN $body ? 'phone_number' THEN $body->>'phone_number' ELSE p.phone_number END,
        is_primary = CASE WHEN $body ? 'is_primary' THEN ($body->>'is_primary')::boolean ELSE p.is_primary END,
        is_active = CASE WHEN $body ? 'is_active' THEN ($body->>'is_active')::boolean ELSE p.is_active END,
        version = p.version + 1, updated_at = $now
    FROM old
    WHERE p.clinic_id = $clinic AND p.id = old.id AND p.version = $if_match
    RETURNING p.id, p.version, p.name, p.address, p.phone_number, p.is_primary, p.is_active, p.created_at, p.updated_at
)
SELECT new.*, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault, to_json(old) AS _before
FROM old LEFT JOIN new ON true
