-- Puts a one-time password in the place of a patient's own and ends all sessions.
-- kind: write
-- rows: optional
-- audit: entity=account id=_account_id patient=_patient_id
-- faults: account-inactive
WITH old AS (
    SELECT a.id, a.patient_id, a.username, a.is_active
    FROM account a
    WHERE a.clinic_id = $clinic AND a.patient_id = $id::uuid
    FOR UPDATE OF a
),
new AS (
    UPDATE account a SET password_hash = $password_hash::text, must_change_password = true,
        password_expires_at = $now + interval '72 hours', password_changed_at = $now,
        reset_hash = NULL, reset_expires_at = NULL, version = a.version + 1, updated_at = $now
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND old.is_active
    RETURNING a.id
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'password-reset'
    FROM new
    WHERE s.clinic_id = $clinic AND s.account_id = new.id AND s.revoked_at IS NULL
)
SELECT old.username, old.id AS _account_id, old.patient_id AS _patient_id,
    CASE WHEN NOT old.is_active THEN 'account-inactive' END AS _fault,
    CASE WHEN new.id IS NOT NULL THEN announce('account', new.id::text, $now)::text END AS _announced
FROM old
LEFT JOIN new ON true
