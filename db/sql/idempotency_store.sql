-- Keeps the answer, in the transaction that made it true.
-- kind: write
-- rows: none
UPDATE idempotency i SET status = $status::int, headers = $headers::text, body = $body::text,
    is_sealed = $is_sealed::boolean
WHERE i.clinic_id = $clinic AND i.principal = $key_principal AND i.key_hash = $key_hash
