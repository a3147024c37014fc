-- One visit; a patient's token sees its own only.
-- kind: read
-- rows: optional
-- audit: entity=visit id=id patient=_patient_id
SELECT s.*, v.patient_id AS _patient_id
FROM visit v
JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
CROSS JOIN LATERAL visit_shown(v, p) s
WHERE v.clinic_id = $clinic AND v.id = $id::uuid AND ($patient IS NULL OR v.patient_id = $patient)
