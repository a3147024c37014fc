-- Keeps the hash of a reset token for half an hour; until it is used nothing else changes.
-- kind: write
-- rows: optional
-- audit: entity=account id=_id
-- faults: account-inactive
WITH old AS (
    SELECT a.id, a.username, a.is_active
    FROM account a
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND a.role <> 'patient'
    FOR UPDATE OF a
),
new AS (
    UPDATE account a SET reset_hash = $reset_hash::text, reset_expires_at = $now + interval '30 minutes'
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND old.is_active
    RETURNING a.reset_expires_at
)
SELECT old.username, new.reset_expires_at AS expires_at, old.id AS _id,
    CASE WHEN NOT old.is_active THEN 'account-inactive' END AS _fault
FROM old
LEFT JOIN new ON true
