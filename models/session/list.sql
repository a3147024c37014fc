-- The living sessions of an account, newest first.
-- kind: read
-- rows: many
-- audit: entity=session
-- sort: -created_at | s.created_at:timestamptz desc, s.id:uuid desc
SELECT s.id, s.created_at, s.last_seen_at, s.ends_at, s.client_address, s.user_agent,
    s.id = $session_id::uuid AS is_current, {keys}
FROM session s
WHERE s.clinic_id = $clinic AND s.account_id = $account_id::uuid AND s.revoked_at IS NULL AND s.ends_at > $now
    AND s.last_seen_at + make_interval(secs => s.idle_seconds) > $now
    AND {keyset}
{page}
