-- Whom a doctor recommended to admit, and nobody withdrew it.
-- kind: read
-- rows: many
-- audit: entity=prescription patient=_patient_id
-- sort: recommended_at | r.recommended_at:timestamptz asc, r.prescription_id:uuid asc
-- sort: -recommended_at | r.recommended_at:timestamptz desc, r.prescription_id:uuid desc
SELECT p.id, p.rx_number, json_build_object('id', w.id, 'patient_number', w.patient_number, 'name', w.name) AS patient,
    json_build_object('id', p.doctor_id, 'name', p.doctor_name) AS doctor, p.status,
    r.admission_type, r.reason, r.recommended_at,
    p.patient_id AS _patient_id, {keys}
FROM admission_recommendation r
JOIN prescription p ON p.clinic_id = $clinic AND p.id = r.prescription_id AND p.status <> 'cancelled'
CROSS JOIN LATERAL (
    SELECT o.id, o.patient_number, o.name FROM patient o
    WHERE o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL OFFSET 0) w
WHERE r.clinic_id = $clinic AND r.withdrawn_at IS NULL AND p.deleted_at IS NULL
    AND ($patient IS NULL OR r.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    AND ($mine::boolean IS NOT TRUE OR p.doctor_id = $actor_id)
    AND ($patient_id::uuid IS NULL OR r.patient_id = $patient_id)
    AND {keyset}
{page}
