-- The links of a prescription, without their tokens: for its author, the patient and administrators. To another
-- doctor there are none to find.
-- kind: read
-- rows: many
-- audit: entity=share_link patient=_patient_id
-- sort: -created_at | l.created_at:timestamptz desc, l.id:uuid desc
-- faults: not-found
SELECT s.*, p.patient_id AS _patient_id, CASE WHEN p.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (1)) AS always (one)
LEFT JOIN LATERAL (
    SELECT rx.id, rx.patient_id
    FROM prescription rx
    JOIN patient o ON o.clinic_id = $clinic AND o.id = rx.patient_id AND o.deleted_at IS NULL
    WHERE rx.clinic_id = $clinic AND rx.id = $prescription_id::uuid AND rx.deleted_at IS NULL
        AND ($patient IS NULL OR rx.patient_id = $patient)
        AND CASE $actor_role WHEN 'doctor' THEN rx.doctor_id = $actor_id WHEN 'patient' THEN rx.status = 'completed'
                 ELSE true END
) p ON true
LEFT JOIN share_link l ON l.clinic_id = $clinic AND l.prescription_id = p.id
    AND ($patient IS NULL OR l.patient_id = $patient)
LEFT JOIN LATERAL share_link_shown(l, $now) s ON true
WHERE p.id IS NULL OR (l.id IS NOT NULL AND {keyset})
{page}
