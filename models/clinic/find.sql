-- The clinic of the address.
-- kind: read
-- rows: optional
-- audit: entity=clinic id=_id
SELECT s.*, k.max_files, k.max_bytes AS max_file_bytes, c.id AS _id,
    c.status = 'importing' AS _is_importing
FROM clinic c
JOIN file_quota k ON k.clinic_id = $clinic
CROSS JOIN LATERAL (
    SELECT max(q.allowed) FILTER (WHERE q.kind = 'doctor') AS doctors,
           max(q.allowed) FILTER (WHERE q.kind = 'patient') AS patients,
           max(q.allowed) FILTER (WHERE q.kind = 'receptionist') AS receptionists
    FROM quota q WHERE q.clinic_id = $clinic) n
CROSS JOIN LATERAL clinic_shown(c, n.doctors, n.patients, n.receptionists) s
WHERE c.clinic_id = $clinic
