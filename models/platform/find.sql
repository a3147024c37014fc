-- An account as its owner sees it.
-- kind: read
-- rows: one
SELECT a.id, a.username, 'super_admin' AS role, a.is_active,
    a.must_change_password, a.last_login_at
FROM platform_account a
WHERE a.id = $account_id::uuid
