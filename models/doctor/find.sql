-- One doctor.
-- kind: read
-- rows: optional
-- audit: entity=doctor id=id
SELECT s.*
FROM account a
JOIN doctor d ON d.clinic_id = $clinic AND d.id = a.id
CROSS JOIN LATERAL doctor_shown(a, d) s
WHERE a.clinic_id = $clinic AND a.id = $id::uuid
