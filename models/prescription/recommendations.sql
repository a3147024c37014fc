-- Whom a doctor recommended to admit, and nobody withdrew it. `pending`: no admission took it up, and the patient is
-- not admitted; `admitted`: the patient is, whatever took it up.
-- kind: read
-- rows: many
-- audit: entity=prescription patient=_patient_id
-- sort: recommended_at | r.recommended_at:timestamptz asc, r.prescription_id:uuid asc
-- sort: -recommended_at | r.recommended_at:timestamptz desc, r.prescription_id:uuid desc
SELECT p.id, p.rx_number, json_build_object('id', w.id, 'patient_number', w.patient_number, 'name', w.name) AS patient,
    json_build_object('id', p.doctor_id, 'name', p.doctor_name) AS doctor, p.status,
    r.admission_type, r.reason, r.recommended_at, lies.id IS NOT NULL AS is_admitted,
    CASE WHEN lies.id IS NOT NULL THEN json_build_object('id', lies.id, 'admission_number', lies.admission_number,
        'status', lies.status) END AS current_admission,
    CASE WHEN took.id IS NOT NULL THEN json_build_object('id', took.id, 'admission_number', took.admission_number,
        'status', took.status) END AS taken_up_by,
    p.patient_id AS _patient_id, {keys}
FROM admission_recommendation r
JOIN prescription p ON p.clinic_id = $clinic AND p.id = r.prescription_id AND p.status <> 'cancelled'
CROSS JOIN LATERAL (
    SELECT o.id, o.patient_number, o.name FROM patient o
    WHERE o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL OFFSET 0) w
LEFT JOIN LATERAL (
    SELECT a.id, a.admission_number, a.status FROM admission a
    WHERE a.clinic_id = $clinic AND a.patient_id = r.patient_id AND a.ended_at IS NULL
        AND ($patient IS NULL OR a.patient_id = $patient) OFFSET 0) lies ON true
LEFT JOIN LATERAL (
    SELECT a.id, a.admission_number, a.status FROM admission a
    WHERE a.clinic_id = $clinic AND a.prescription_id = r.prescription_id
        AND ($patient IS NULL OR a.patient_id = $patient) OFFSET 0) took ON true
WHERE r.clinic_id = $clinic AND r.withdrawn_at IS NULL AND p.deleted_at IS NULL
    AND ($patient IS NULL OR r.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    AND ($mine::boolean IS NOT TRUE OR p.doctor_id = $actor_id)
    AND ($patient_id::uuid IS NULL OR r.patient_id = $patient_id)
    AND CASE $status::text WHEN 'pending' THEN took.id IS NULL AND lies.id IS NULL
                           WHEN 'admitted' THEN lies.id IS NOT NULL ELSE true END
    AND {keyset}
{page}
