-- Whose access token is this? Moves the idle clock, at most once a minute. When the clinic in the path
-- does not know the token, says whether another one does.
-- kind: write
-- rows: one
WITH seen AS (
    UPDATE session s SET last_seen_at = $now
    WHERE s.clinic_id = $clinic AND s.access_hash = $access_hash::text AND s.revoked_at IS NULL
        AND s.access_expires_at > $now AND s.ends_at > $now
        AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now
        AND s.last_seen_at <= $now - interval '1 minute'
)
SELECT s.id AS session_id, a.id AS account_id, a.patient_id, a.role, a.username AS name, a.must_change_password,
    (extract(epoch FROM least(s.access_expires_at, s.ends_at, make_interval(secs => s.idle_seconds)
        + CASE WHEN s.last_seen_at <= $now - interval '1 minute' THEN $now ELSE s.last_seen_at END))
        * 1000000)::bigint AS expires_us,
    CASE WHEN s.id IS NULL THEN session_is_elsewhere($access_hash::text, $now) ELSE false END AS is_elsewhere
FROM (VALUES (1)) AS always (one)
LEFT JOIN (session s JOIN account a ON a.clinic_id = $clinic AND a.id = s.account_id AND a.is_active)
    ON s.clinic_id = $clinic AND s.access_hash = $access_hash::text AND s.revoked_at IS NULL
    AND s.access_expires_at > $now AND s.ends_at > $now
    AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now
