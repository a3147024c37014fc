-- Makes an account of the clinic's staff. A receptionist takes a place of the quota.
-- kind: write
-- rows: one
-- audit: entity=account id=id after=row
-- keyed: yes
-- lock: receptionist
WITH place AS (
    UPDATE quota q SET used = q.used + 1
    WHERE q.clinic_id = $clinic AND q.kind = 'receptionist' AND $role::text = 'receptionist'
)
INSERT INTO account (clinic_id, id, username, role, first_name, last_name, email, mobile_number,
    password_hash, must_change_password, password_expires_at, password_changed_at, created_at, updated_at)
VALUES ($clinic, $id::uuid, $username::text, $role::text, $first_name::text, $last_name::text,
    $email::text, $mobile_number::text, $password_hash::text, true, $now + interval '72 hours', $now, $now, $now)
RETURNING id, version, username, role, first_name, last_name, email, mobile_number, is_active,
    must_change_password, last_login_at, created_at, updated_at
