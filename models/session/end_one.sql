-- Ends one living session of an account.
-- kind: write
-- rows: optional
-- audit: entity=session id=id
WITH ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'ended'
    WHERE s.clinic_id = $clinic AND s.account_id = $account_id::uuid AND s.id = $id::uuid
        AND s.revoked_at IS NULL AND s.ends_at > $now
    RETURNING s.id
)
SELECT e.id, announce('session', e.id::text, $now)::text AS _announced FROM ended e
