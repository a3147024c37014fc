-- Claims the platform's Idempotency-Key, or raises CD001 before anything else runs.
-- kind: write
-- rows: one
SELECT platform_idempotency_guard($key_principal, $key_hash, $operation, $key_digest, $now)
