-- Ends the session whose refresh token was used again.
-- kind: write
-- rows: optional
WITH ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'refresh-reused'
    WHERE s.clinic_id = $clinic AND s.family_hash = $family_hash::text AND s.revoked_at IS NULL
    RETURNING s.id, s.account_id, announce('session', s.id::text, $now)
)
SELECT e.id AS session_id, e.account_id FROM ended e
