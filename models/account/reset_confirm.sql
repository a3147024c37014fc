-- Uses a reset token up: sets the new password and ends all sessions.
-- kind: write
-- rows: optional
-- audit: entity=account id=_id patient=_patient_id
WITH changed AS (
    UPDATE account a SET password_hash = $password_hash::text, must_change_password = false,
        password_expires_at = NULL, password_changed_at = $now, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = $now
    WHERE a.clinic_id = $clinic AND a.reset_hash = $reset_hash::text AND a.reset_expires_at > $now AND a.is_active
    RETURNING a.id, a.patient_id
), ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'password-reset'
    FROM changed c
    WHERE s.clinic_id = $clinic AND s.account_id = c.id AND s.revoked_at IS NULL
)
SELECT c.id AS _id, c.patient_id AS _patient_id, announce('account', c.id::text, $now)::text AS _announced
FROM changed c
