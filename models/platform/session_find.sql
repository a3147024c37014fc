-- Whose access token is this? Moves the idle clock, at most once a minute.
-- kind: write
-- rows: one
WITH seen AS (
    UPDATE platform_session s SET last_seen_at = $now
    WHERE s.access_hash = $access_hash::text AND s.revoked_at IS NULL
        AND s.access_expires_at > $now AND s.ends_at > $now
        AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now
        AND s.last_seen_at <= $now - interval '1 minute'
)
SELECT s.id AS session_id, a.id AS account_id, NULL::uuid AS patient_id, 'super_admin' AS role, a.username AS name, a.must_change_password,
    (extract(epoch FROM least(s.access_expires_at, s.ends_at, make_interval(secs => s.idle_seconds)
        + CASE WHEN s.last_seen_at <= $now - interval '1 minute' THEN $now ELSE s.last_seen_at END))
        * 1000000)::bigint AS expires_us,
    false AS is_elsewhere
FROM (VALUES (1)) AS always (one)
LEFT JOIN (platform_session s JOIN platform_account a ON a.id = s.account_id AND a.is_active)
    ON s.access_hash = $access_hash::text AND s.revoked_at IS NULL
    AND s.access_expires_at > $now AND s.ends_at > $now
    AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now
