-- One patient; a patient's token sees its own only.
-- kind: read
-- rows: optional
-- audit: entity=patient id=id patient=id
SELECT s.*
FROM patient p
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT 1 FROM account a
        WHERE a.clinic_id = $clinic AND a.patient_id = p.id AND a.is_active) AS has_login) login
CROSS JOIN LATERAL patient_shown(p, ($now AT TIME ZONE $timezone::text)::date, login.has_login) s
WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
