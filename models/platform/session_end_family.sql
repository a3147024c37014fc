-- Ends the session whose refresh token was used again.
-- kind: write
-- rows: optional
WITH ended AS (
    UPDATE platform_session s SET revoked_at = $now, revoked_why = 'refresh-reused'
    WHERE s.family_hash = $family_hash::text AND s.revoked_at IS NULL
    RETURNING s.id, s.account_id, announce('platform_session', s.id::text, $now)
)
SELECT e.id AS session_id, e.account_id FROM ended e
