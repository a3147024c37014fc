-- Whether a paper with this number and version is ours and still stands; nothing of the patient.
-- kind: read
-- rows: optional
-- audit: entity=prescription id=_id patient=_patient_id
SELECT k.paper->'facts'->'clinic'->>'name' AS clinic, p.rx_number, p.doctor_name AS prescriber,
    (p.prescribed_at AT TIME ZONE c.timezone)::date AS prescribed_on, p.status,
    p.version = $version::bigint AS is_current, p.id AS _id, p.patient_id AS _patient_id
FROM prescription p
JOIN clinic c ON c.clinic_id = $clinic
CROSS JOIN LATERAL (SELECT prescription_printed(p) AS paper) k
WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.patient_id = $patient)
