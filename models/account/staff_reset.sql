-- Puts a one-time password in the place of the old one and ends all sessions.
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
    UPDATE account a SET password_hash = $password_hash::text, must_change_password = true,
        password_expires_at = $now + interval '72 hours', password_changed_at = $now,
        reset_hash = NULL, reset_expires_at = NULL, version = a.version + 1, updated_at = $now
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND old.is_active
    RETURNING a.id, a.password_expires_at
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'password-reset'
    FROM new
    WHERE s.clinic_id = $clinic AND s.account_id = new.id AND s.revoked_at IS NULL
)
SELECT old.username, new.password_expires_at AS expires_at, old.id AS _id,
    CASE WHEN NOT old.is_active THEN 'account-inactive' END AS _fault,
    CASE WHEN new.id IS NOT NULL THEN announce('account', new.id::text, $now)::text END AS _announced
FROM old
LEFT JOIN new ON true
