-- Visits by day and time; visit_list_of is for those of one patient, or of whom somebody looks for. The days are
-- compared with CASE: under row security an index is not asked with coalesce().
-- kind: read
-- rows: many
-- audit: entity=visit patient=_patient_id
-- sort: -checked_in_at | v.token_on:date desc, v.checked_in_at:timestamptz desc, v.id:uuid desc
-- sort: checked_in_at | v.token_on:date asc, v.checked_in_at:timestamptz asc, v.id:uuid asc
SELECT s.*, v.patient_id AS _patient_id, {keys}
FROM visit v
CROSS JOIN LATERAL ( -- looked up for each visit of the page: a join would begin with the patients
    SELECT p FROM patient p WHERE p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL OFFSET 0) w
CROSS JOIN LATERAL visit_shown(v, w.p) s
WHERE v.clinic_id = $clinic
    AND ($patient IS NULL OR v.patient_id = $patient)
    AND v.token_on >= CASE WHEN $from_on::date IS NULL THEN '-infinity' ELSE $from_on END
    AND v.token_on <= CASE WHEN $to_on::date IS NULL THEN 'infinity' ELSE $to_on END
    AND ($status::text IS NULL OR v.status = $status)
    AND ($doctor_id::uuid IS NULL OR v.doctor_id = $doctor_id)
    AND ($visit_type::text IS NULL OR v.visit_type = $visit_type)
    AND {keyset}
{page}
