-- An account as its owner sees it.
-- kind: read
-- rows: one
SELECT a.id, a.username, a.role, a.first_name, a.last_name, a.email, a.mobile_number, a.is_active,
    a.must_change_password, a.last_login_at, a.patient_id
FROM account a
WHERE a.clinic_id = $clinic AND a.id = $account_id::uuid
