-- One prescription, whole; a patient's token sees the own one when it is completed. Results and allergies come and
-- go without its version, so its ETag is of all that it shows.
-- kind: read
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id
SELECT s.*, p.patient_id AS _patient_id, left(md5(s::text), 16) AS _etag
FROM prescription p
JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
CROSS JOIN LATERAL prescription_shown(p.clinic_id, p.id) s
WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
