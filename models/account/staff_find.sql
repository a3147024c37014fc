-- Somebody of the clinic's people.
-- kind: read
-- rows: optional
-- audit: entity=account id=id
SELECT s.*
FROM account a
CROSS JOIN LATERAL account_shown(a) s
WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND a.role <> 'patient'
