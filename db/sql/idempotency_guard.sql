-- Claims the Idempotency-Key, or raises CD001 before anything else runs.
-- kind: write
-- rows: one
SELECT idempotency_guard($clinic, $principal::text, $key_hash::text, $operation, $body_digest::text, $now)
