-- The platform's answer that was kept.
-- kind: read
-- rows: optional
SELECT i.operation, i.body_digest, i.status, i.headers, i.body, i.is_sealed, NULL::json AS members
FROM platform_idempotency i
WHERE i.principal = $principal::text AND i.key_hash = $hash::text
