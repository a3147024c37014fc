-- Visits by day and time. Whom $q looks for is found by the patients' own search.
-- kind: read
-- rows: many
-- audit: entity=visit patient=_patient_id
-- sort: -checked_in_at | v.token_on:date desc, v.checked_in_at:timestamptz desc, v.id:uuid desc
-- sort: checked_in_at | v.token_on:date asc, v.checked_in_at:timestamptz asc, v.id:uuid asc
SELECT s.*, v.patient_id AS _patient_id, {keys}
FROM visit v
JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
CROSS JOIN LATERAL visit_shown(v, p) s
WHERE v.clinic_id = $clinic
    AND ($patient IS NULL OR v.patient_id = $patient)
    AND ($from_on::date IS NULL OR v.token_on >= $from_on)
    AND ($to_on::date IS NULL OR v.token_on <= $to_on)
    AND ($status::text IS NULL OR v.status = $status)
    AND ($doctor_id::uuid IS NULL OR v.doctor_id = $doctor_id)
    AND ($patient_id::uuid IS NULL OR v.patient_id = $patient_id)
    AND ($visit_type::text IS NULL OR v.visit_type = $visit_type)
    AND ($q::text IS NULL OR v.patient_id IN (
        SELECT f.patient_id
        FROM patient_search($q, $phone_key::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) f))
    AND {keyset}
{page}
