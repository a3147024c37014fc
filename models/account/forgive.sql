-- Takes back one counted try whose password was never looked at (the service was too busy).
-- kind: write
-- rows: none
UPDATE login_failure f SET failures = greatest(f.failures - 1, 0), locked_until = NULL
FROM (SELECT l.key FROM login_failure l
    WHERE l.clinic_id = $clinic AND l.key IN ($name_key::text, $address_key::text)
    ORDER BY l.key FOR UPDATE) k
WHERE f.clinic_id = $clinic AND f.key = k.key
