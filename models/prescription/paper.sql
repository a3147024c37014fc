-- Everything that is printed of a prescription: its author gets it in any state, everybody else when it is completed,
-- or was cancelled; a patient's token the own one while it stands completed. It changes nothing and is a write all the
-- same, so that a refusal is in the trail as one.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=_id patient=_patient_id
-- faults: not-the-author not-completed
SELECT p.id AS _id, p.patient_id AS _patient_id,
    CASE WHEN p.doctor_id = $actor_id THEN NULL
         WHEN $actor_role = 'doctor' THEN 'not-the-author'
         WHEN p.status = 'pending' THEN 'not-completed' END AS _fault,
    prescription_printed(p) AS paper
FROM prescription p
JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
