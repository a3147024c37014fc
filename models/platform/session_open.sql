-- Signs in: unless the account or its password was changed since it was looked up, makes a session,
-- notes the sign-in and a better hash of the password, and takes the counted try back.
-- kind: write
-- rows: optional
-- audit: entity=platform_session id=_session_id
WITH account AS (
    UPDATE platform_account a SET last_login_at = $now, password_hash = coalesce($better_hash::text, a.password_hash)
    WHERE a.id = $account_id::uuid AND a.is_active AND a.password_hash = $seen_hash::text
    RETURNING a.*
), opened AS (
    INSERT INTO platform_session (id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
        refresh_expires_at, ends_at, idle_seconds, last_seen_at, client_address, user_agent, created_at)
    SELECT $session_id::uuid, a.id, $access_hash::text, least($now + t.access, $now + t.absolute),
        $family_hash::text, $refresh_hash::text, least($now + t.refresh, $now + t.absolute), $now + t.absolute,
        $idle_seconds::int, $now, $client_address, left($user_agent::text, 300), $now
    FROM account a, (SELECT make_interval(secs => $access_seconds::int) AS access,
        make_interval(secs => $refresh_seconds::int) AS refresh,
        make_interval(secs => $absolute_seconds::int) AS absolute) t
    RETURNING *
), forgiven AS (
    UPDATE platform_login_failure f SET failures = CASE WHEN f.key = $name_key::text THEN 0 ELSE greatest(f.failures - 1, 0) END,
        locked_until = NULL
    FROM (SELECT l.key FROM platform_login_failure l, account a
        WHERE l.key IN ($name_key::text, $address_key::text)
        ORDER BY l.key FOR UPDATE OF l) k
    WHERE f.key = k.key
)
SELECT a.id, a.username, 'super_admin' AS role, a.is_active,
    a.must_change_password, a.last_login_at, o.id AS _session_id,
    extract(epoch FROM o.access_expires_at - $now)::bigint AS _access_seconds,
    extract(epoch FROM o.refresh_expires_at - $now)::bigint AS _refresh_seconds
FROM account a, opened o
