-- Everything that is printed of an admission; a patient's token gets the own one when it is over.
-- kind: read
-- rows: optional
-- audit: entity=admission id=_id patient=_patient_id
SELECT a.id AS _id, a.patient_id AS _patient_id, admission_printed(a) AS paper
FROM admission a
JOIN patient o ON o.clinic_id = $clinic AND o.id = a.patient_id AND o.deleted_at IS NULL
WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
    AND (a.ended_at IS NOT NULL OR $actor_role <> 'patient')
