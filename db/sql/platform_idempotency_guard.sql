-- Claims the platform's Idempotency-Key, or raises CD001 before anything else runs.
-- kind: write
-- rows: one
SELECT platform_idempotency_guard($principal::text, $key_hash::text, $operation, $body_digest::text, $now)
