-- Gives a patient a login, or opens a disabled one again, without its old sessions: its name is the patient
-- number in lower case. Who has died gets none.
-- The patient's version counts it, as has_login is shown.
-- kind: write
-- rows: optional
-- audit: entity=account id=_account_id patient=_patient_id
-- keyed: yes
-- faults: conflict login-exists
WITH owner AS (
    SELECT p.id, p.name, lower(p.patient_number) AS username, p.status
    FROM patient p
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    FOR UPDATE OF p
),
made AS (
    INSERT INTO account AS a (clinic_id, id, patient_id, username, role, first_name, last_name, password_hash,
        must_change_password, password_expires_at, password_changed_at, created_at, updated_at)
    SELECT $clinic, $account_id::uuid, owner.id, owner.username, 'patient', owner.name, '', $password_hash::text,
        true, $now + interval '72 hours', $now, $now, $now
    FROM owner WHERE owner.status <> 'deceased'
    ON CONFLICT (clinic_id, patient_id) WHERE patient_id IS NOT NULL DO UPDATE SET is_active = true,
        password_hash = $password_hash, must_change_password = true, password_expires_at = $now + interval '72 hours',
        password_changed_at = $now, version = a.version + 1, updated_at = $now
    WHERE NOT a.is_active
    RETURNING a.id, a.username
),
noted AS (
    UPDATE patient p SET version = p.version + 1, updated_at = $now
    FROM made, owner
    WHERE p.clinic_id = $clinic AND p.id = owner.id
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'deactivated'
    FROM made
    WHERE s.clinic_id = $clinic AND s.account_id = made.id AND s.revoked_at IS NULL
)
SELECT made.username, made.id AS _account_id, owner.id AS _patient_id,
    CASE WHEN owner.status = 'deceased' THEN 'conflict' WHEN made.id IS NULL THEN 'login-exists' END AS _fault
FROM owner
LEFT JOIN made ON true
