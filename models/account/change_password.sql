-- Sets a new password unless the old one was changed meanwhile, ends every other session, and takes
-- the counted try back.
-- kind: write
-- rows: optional
-- audit: entity=account id=id patient=_patient_id
WITH changed AS (
    UPDATE account a SET password_hash = $new_hash::text, must_change_password = false,
        password_expires_at = NULL, password_changed_at = $now, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = $now
    WHERE a.clinic_id = $clinic AND a.id = $account_id::uuid AND a.is_active AND a.password_hash = $seen_hash::text
    RETURNING a.id, a.patient_id
), ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'password-changed'
    FROM changed c
    WHERE s.clinic_id = $clinic AND s.account_id = c.id AND s.id <> $session_id::uuid AND s.revoked_at IS NULL
    RETURNING announce('session', s.id::text, $now)
), forgiven AS (
    UPDATE login_failure f SET failures = CASE WHEN f.key = $name_key::text THEN 0 ELSE greatest(f.failures - 1, 0) END,
        locked_until = NULL
    FROM (SELECT l.key FROM login_failure l, changed c
        WHERE l.clinic_id = $clinic AND l.key IN ($name_key::text, $address_key::text)
        ORDER BY l.key FOR UPDATE OF l) k
    WHERE f.clinic_id = $clinic AND f.key = k.key
)
SELECT c.id, c.patient_id AS _patient_id, announce('account', c.id::text, $now) AS _announced
FROM changed c
