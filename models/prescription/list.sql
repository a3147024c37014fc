-- Prescriptions by their time; a patient's token sees the own ones that are completed.
-- kind: read
-- rows: many
-- audit: entity=prescription patient=_patient_id
-- sort: -prescribed_at | p.prescribed_at:timestamptz desc, p.id:uuid desc
-- sort: prescribed_at | p.prescribed_at:timestamptz asc, p.id:uuid asc
SELECT p.id, p.version, p.rx_number,
    json_build_object('id', o.id, 'patient_number', o.patient_number, 'name', o.name) AS patient,
    json_build_object('id', p.doctor_id, 'name', p.doctor_name) AS doctor, p.visit_id, p.status, p.prescribed_at,
    p.follow_up_on, p.completed_at,
    (SELECT count(*) FROM prescription_medicine m
     WHERE m.clinic_id = $clinic AND m.prescription_id = p.id AND m.deleted_at IS NULL) AS medicines_count,
    (SELECT count(*) FROM prescription_test t
     WHERE t.clinic_id = $clinic AND t.prescription_id = p.id AND t.deleted_at IS NULL) AS tests_count,
    p.recommended_at IS NOT NULL AND p.status <> 'cancelled' AS has_admission_recommendation,
    p.created_at, p.updated_at, p.patient_id AS _patient_id, {keys}
FROM prescription p
JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    AND ($mine::boolean IS NOT TRUE OR p.doctor_id = $actor_id)
    AND ($patient_id::uuid IS NULL OR p.patient_id = $patient_id)
    AND ($status::text IS NULL OR p.status = $status)
    AND ($from::date IS NULL OR p.prescribed_at >= $from::timestamp AT TIME ZONE $timezone::text)
    AND ($to::date IS NULL OR p.prescribed_at < ($to + 1)::timestamp AT TIME ZONE $timezone)
    AND {keyset}
{page}
