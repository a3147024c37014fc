-- May this name be tried now from this address, and against which hash? The try counts as a failure
-- before the password is looked at, so that many at once cannot slip past the count; success takes it
-- back (session/open.sql). From the fifth failure of a name on, the next try waits 1, 2, 4 … seconds,
-- at most 15 minutes; an address has 20 failures a minute. Names that do not exist are treated alike.
-- kind: write
-- rows: one
WITH tried AS (
    SELECT 'name:' || encode(sha256(convert_to(lower($username::text), 'UTF8')), 'hex') AS name_key,
        'address:' || encode(sha256(convert_to(coalesce($client_address, ''), 'UTF8')), 'hex') AS address_key
), held AS (
    SELECT max(f.locked_until) AS until
    FROM login_failure f, tried t
    WHERE f.clinic_id = $clinic AND f.key IN (t.name_key, t.address_key) AND f.locked_until > $now
), counted AS (
    INSERT INTO login_failure AS f (clinic_id, key, failures, window_started_at, last_at)
    SELECT $clinic, k.key, 1, $now, $now
    FROM tried t, held h, unnest(ARRAY[t.address_key, t.name_key]) AS k (key)
    WHERE h.until IS NULL
    ORDER BY k.key
    ON CONFLICT (clinic_id, key) DO UPDATE SET
        failures = CASE WHEN f.window_started_at <= $now - login_window(f.key) THEN 1 ELSE f.failures + 1 END,
        window_started_at = CASE WHEN f.window_started_at <= $now - login_window(f.key) OR f.key LIKE 'name:%'
            THEN $now ELSE f.window_started_at END,
        last_at = $now,
        locked_until = CASE WHEN f.window_started_at <= $now - login_window(f.key) THEN NULL
            ELSE login_lock(f.key, f.failures + 1, f.window_started_at, $now) END
    WHERE f.locked_until IS NULL OR f.locked_until <= $now
    RETURNING 1
)
SELECT a.id AS account_id, a.username, a.role, a.patient_id, a.mobile_number, a.password_hash,
    coalesce(a.is_active AND (a.password_expires_at IS NULL OR a.password_expires_at > $now), false) AS may_sign_in,
    t.name_key, t.address_key,
    CASE WHEN h.until IS NOT NULL THEN ceil(extract(epoch FROM h.until - $now))::int
        WHEN (SELECT count(*) FROM counted) < 2 THEN 1
        ELSE 0 END AS wait_seconds
FROM tried t
CROSS JOIN held h
LEFT JOIN account a ON a.clinic_id = $clinic AND a.username_key = lower($username::text)
