-- The answer that was kept.
-- kind: read
-- rows: optional
SELECT i.operation, i.body_digest, i.status, i.headers, i.body, i.is_sealed
FROM idempotency i
WHERE i.clinic_id = $clinic AND i.principal = $principal::text AND i.key_hash = $key_hash::text
