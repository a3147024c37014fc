-- Signs in: unless the account or its password was changed since it was looked up, makes a session,
-- notes the sign-in and a better hash of the password, and takes the counted try back. The first use
-- of a one-time password leaves a quarter of an hour to change it.
-- kind: write
-- rows: optional
-- audit: entity=session id=_session_id patient=patient_id
WITH account AS (
    UPDATE account a SET last_login_at = $now, password_hash = coalesce($better_hash::text, a.password_hash),
        password_expires_at = CASE WHEN a.must_change_password
            THEN least(a.password_expires_at, $now + interval '15 minutes') END
    WHERE a.clinic_id = $clinic AND a.id = $account_id::uuid AND a.is_active AND a.password_hash = $seen_hash::text
    RETURNING a.*
), opened AS (
    INSERT INTO session (clinic_id, id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
        refresh_expires_at, ends_at, idle_seconds, last_seen_at, client_address, user_agent, created_at)
    SELECT $clinic, $session_id::uuid, a.id, $access_hash::text, least($now + t.access, $now + t.absolute),
        $family_hash::text, $refresh_hash::text, least($now + t.refresh, $now + t.absolute), $now + t.absolute,
        $idle_seconds::int, $now, $client_address, left($user_agent::text, 300), $now
    FROM account a, (SELECT make_interval(secs => $access_seconds::int) AS access,
        make_interval(secs => $refresh_seconds::int) AS refresh,
        make_interval(secs => $absolute_seconds::int) AS absolute) t
    RETURNING *
), forgiven AS (
    UPDATE login_failure f SET failures = CASE WHEN f.key = $name_key::text THEN 0 ELSE greatest(f.failures - 1, 0) END,
        locked_until = NULL
    FROM (SELECT l.key FROM login_failure l, account a
        WHERE l.clinic_id = $clinic AND l.key IN ($name_key::text, $address_key::text)
        ORDER BY l.key FOR UPDATE OF l) k
    WHERE f.clinic_id = $clinic AND f.key = k.key
)
SELECT a.id, a.username, a.role, a.first_name, a.last_name, a.email, a.mobile_number, a.is_active,
    a.must_change_password, a.last_login_at, a.patient_id, o.id AS _session_id,
    extract(epoch FROM o.access_expires_at - $now)::bigint AS _access_seconds,
    extract(epoch FROM o.refresh_expires_at - $now)::bigint AS _refresh_seconds
FROM account a, opened o
