-- Waits for a twin with the same Idempotency-Key; raises CD001 when the key was answered before.
-- kind: write
-- rows: one
SELECT idempotency_turn($clinic, $key_principal, $key_hash)
