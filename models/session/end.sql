-- Ends one session of an account, or, without $session_id, all of them.
-- kind: write
-- rows: one
-- audit: entity=account id=id
WITH ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = $why::text
    WHERE s.clinic_id = $clinic AND s.account_id = $account_id::uuid AND s.revoked_at IS NULL
        AND ($session_id::uuid IS NULL OR s.id = $session_id::uuid)
    RETURNING announce('session', s.id::text, $now)
)
SELECT $account_id::uuid AS id, (SELECT count(*) FROM ended) AS ended
