-- Keeps the platform's answer, in the transaction that made it true.
-- kind: write
-- rows: none
UPDATE platform_idempotency i SET status = $status::int, headers = $headers::text, body = $body::text,
    is_sealed = $is_sealed::boolean
WHERE i.principal = $key_principal AND i.key_hash = $key_hash
