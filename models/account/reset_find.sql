-- Whose reset token is this?
-- kind: read
-- rows: optional
SELECT a.id AS account_id, a.username, a.role, a.patient_id, a.mobile_number
FROM account a
WHERE a.clinic_id = $clinic AND a.reset_hash = $reset_hash::text AND a.reset_expires_at > $now AND a.is_active
