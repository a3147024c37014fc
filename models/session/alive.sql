-- Which of these sessions live still, in a clinic that is open, and as what.
-- kind: read
-- rows: many
SELECT s.id AS session_id, a.role
FROM session s
JOIN account a ON a.clinic_id = $clinic AND a.id = s.account_id AND a.is_active AND NOT a.must_change_password
WHERE s.clinic_id = $clinic AND s.id = ANY ($ids::uuid[]) AND s.revoked_at IS NULL
    AND s.access_expires_at > $now AND s.ends_at > $now
    AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now
    AND EXISTS (SELECT 1 FROM clinic c WHERE c.clinic_id = $clinic AND c.status IN ('trial', 'active', 'expired'))
ORDER BY s.id
