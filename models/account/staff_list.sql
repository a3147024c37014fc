-- The clinic's people: everybody who signs in but the patients.
-- kind: read
-- rows: many
-- audit: entity=account
-- sort: name | a.name_key:text asc, a.id:uuid asc
SELECT a.id, a.version, a.username, a.role, a.first_name, a.last_name, a.email, a.mobile_number,
    a.is_active, a.must_change_password, a.last_login_at, a.created_at, a.updated_at, {keys}
FROM account a
WHERE a.clinic_id = $clinic AND a.role <> 'patient'
    AND ($role::text IS NULL OR a.role = $role::text)
    AND ($is_active::boolean IS NULL OR a.is_active = $is_active::boolean)
    AND ($q::text IS NULL OR position(lower($q::text) IN a.name_key || ' ' || a.username_key) > 0)
    AND {keyset}
{page}
