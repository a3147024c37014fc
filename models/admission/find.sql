-- One admission.
-- kind: read
-- rows: optional
-- audit: entity=admission id=id patient=_patient_id
SELECT s.*, a.patient_id AS _patient_id, left(md5(s::text), 16) AS _etag
FROM admission a
JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
CROSS JOIN LATERAL admission_shown(a, p, $now, $timezone::text) s
WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
