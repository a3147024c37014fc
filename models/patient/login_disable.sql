-- Closes a patient's login: its sessions end. The patient's version counts it, as has_login is shown.
-- kind: write
-- rows: optional
-- audit: entity=account id=_account_id patient=_patient_id
WITH closed AS (
    UPDATE account a SET is_active = false, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = $now
    WHERE a.clinic_id = $clinic AND a.patient_id = $id::uuid AND a.is_active
    RETURNING a.id, a.patient_id
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'deactivated'
    FROM closed
    WHERE s.clinic_id = $clinic AND s.account_id = closed.id AND s.revoked_at IS NULL
),
noted AS (
    UPDATE patient p SET version = p.version + 1, updated_at = $now
    FROM closed
    WHERE p.clinic_id = $clinic AND p.id = closed.patient_id
)
SELECT c.id AS _account_id, c.patient_id AS _patient_id, announce('account', c.id::text, $now)::text AS _announced
FROM closed c
