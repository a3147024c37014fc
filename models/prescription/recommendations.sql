-- Whom a doctor recommended to admit, and nobody withdrew it.
-- kind: read
-- rows: many
-- audit: entity=prescription patient=_patient_id
-- sort: recommended_at | p.recommended_at:timestamptz asc, p.id:uuid asc
-- sort: -recommended_at | p.recommended_at:timestamptz desc, p.id:uuid desc
SELECT p.id, p.rx_number, json_build_object('id', w.id, 'patient_number', w.patient_number, 'name', w.name) AS patient,
    json_build_object('id', p.doctor_id, 'name', p.doctor_name) AS doctor, p.status,
    p.recommended_admission_type AS admission_type, p.recommended_reason AS reason, p.recommended_at,
    p.patient_id AS _patient_id, {keys}
FROM prescription p
CROSS JOIN LATERAL (
    SELECT o.id, o.patient_number, o.name FROM patient o
    WHERE o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL OFFSET 0) w
WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL AND p.recommended_at IS NOT NULL AND p.status <> 'cancelled'
    AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    AND ($mine::boolean IS NOT TRUE OR p.doctor_id = $actor_id)
    AND ($patient_id::uuid IS NULL OR p.patient_id = $patient_id)
    AND {keyset}
{page}
