-- Claims the Idempotency-Key, or raises CD001 before anything else runs.
-- kind: write
-- rows: one
SELECT idempotency_guard($clinic, $key_principal, $key_hash, $operation, $key_digest, $now)
