-- Rotates a session's tokens in place. Its twin, the same old token within ten seconds, gets the same
-- successors. Any other secret of a living session's family is an old one used again.
-- kind: write
-- rows: one
-- audit: entity=session id=_session_id patient=patient_id
-- faults: unauthenticated refresh-reused
WITH presented AS (
    SELECT s.id, s.refresh_hash, s.previous_refresh_hash, s.rotated_at, s.access_expires_at,
        s.refresh_expires_at, s.account_id,
        s.revoked_at IS NULL AND a.is_active AND s.refresh_expires_at > $now AND s.ends_at > $now
            AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now AS is_alive
    FROM session s
    JOIN account a ON a.clinic_id = $clinic AND a.id = s.account_id
    WHERE s.clinic_id = $clinic AND s.family_hash = $family_hash::text
    FOR UPDATE OF s
), judged AS (
    SELECT p.*, CASE
        WHEN NOT p.is_alive THEN 'dead'
        WHEN p.refresh_hash = $refresh_hash::text THEN 'current'
        WHEN p.previous_refresh_hash = $refresh_hash::text AND p.refresh_hash = $next_refresh_hash::text
            AND p.rotated_at > $now - interval '10 seconds' THEN 'twin'
        ELSE 'reused' END AS verdict
    FROM presented p
), rotated AS (
    UPDATE session s SET access_hash = $next_access_hash::text,
        access_expires_at = least($now + make_interval(secs => $access_seconds::int), s.ends_at),
        refresh_hash = $next_refresh_hash::text, previous_refresh_hash = s.refresh_hash, rotated_at = $now,
        refresh_expires_at = least($now + make_interval(secs => $refresh_seconds::int), s.ends_at),
        last_seen_at = $now
    FROM judged j
    WHERE s.clinic_id = $clinic AND s.id = j.id AND j.verdict = 'current'
    RETURNING s.access_expires_at, s.refresh_expires_at
)
SELECT a.id, a.username, a.role, a.first_name, a.last_name, a.email, a.mobile_number, a.is_active,
    a.must_change_password, a.last_login_at, a.patient_id, j.id AS _session_id,
    extract(epoch FROM coalesce(r.access_expires_at, j.access_expires_at) - $now)::bigint AS _access_seconds,
    extract(epoch FROM coalesce(r.refresh_expires_at, j.refresh_expires_at) - $now)::bigint AS _refresh_seconds,
    CASE coalesce(j.verdict, 'dead') WHEN 'dead' THEN 'unauthenticated' WHEN 'reused' THEN 'refresh-reused' END AS _fault
FROM (VALUES (1)) AS always (one)
LEFT JOIN judged j ON true
LEFT JOIN rotated r ON true
LEFT JOIN account a ON a.clinic_id = $clinic AND a.id = j.account_id
