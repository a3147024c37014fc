-- Somebody says that a password is forgotten. Nothing is sent and no token is made: the row in the trail
-- names the account, and the clinic's administrators act on it. An address may ask 20 times an hour; past
-- the fifth time an hour a name is no longer looked up, so that nobody can fill the trail about somebody.
-- Names that do not exist are counted alike.
-- kind: write
-- rows: one
-- audit: entity=account id=_account_id patient=_patient_id
-- faults: throttled
WITH tried AS (
    SELECT 'reset-name:' || encode(sha256(convert_to(lower($username::text), 'UTF8')), 'hex') AS name_key,
        'reset-address:' || encode(sha256(convert_to(coalesce($client_address, ''), 'UTF8')), 'hex') AS address_key
), counted AS (
    INSERT INTO login_failure AS f (clinic_id, key, failures, window_started_at, last_at)
    SELECT $clinic, k.key, 1, $now, $now
    FROM tried t, unnest(ARRAY[t.address_key, t.name_key]) AS k (key)
    ORDER BY k.key
    ON CONFLICT (clinic_id, key) DO UPDATE SET
        failures = CASE WHEN f.window_started_at <= $now - interval '1 hour' THEN 1 ELSE f.failures + 1 END,
        window_started_at = CASE WHEN f.window_started_at <= $now - interval '1 hour' THEN $now
            ELSE f.window_started_at END,
        last_at = $now
    RETURNING f.key, f.failures, f.window_started_at + interval '1 hour' AS ends_at
)
SELECT a.id AS _account_id, a.patient_id AS _patient_id,
    CASE WHEN address.failures > 20 THEN 'throttled' END AS _fault,
    CASE WHEN address.failures > 20 THEN to_json(ceil(extract(epoch FROM address.ends_at - $now))::int) END AS _detail
FROM tried t
JOIN counted address ON address.key = t.address_key
JOIN counted name ON name.key = t.name_key
LEFT JOIN account a ON a.clinic_id = $clinic AND a.username_key = lower($username) AND a.is_active
    AND name.failures <= 5
