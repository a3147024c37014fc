-- Who is in the wards now; as admission_list, on the index of those.
-- kind: read
-- rows: many
-- audit: entity=admission patient=_patient_id
-- sort: -admitted_at | a.admitted_at:timestamptz desc, a.id:uuid desc
-- sort: admitted_at | a.admitted_at:timestamptz asc, a.id:uuid asc
SELECT s.*, a.patient_id AS _patient_id, {keys}
FROM admission a
CROSS JOIN LATERAL ( -- looked up for each of the page: a join would begin with the patients
    SELECT p FROM patient p WHERE p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL OFFSET 0) w
CROSS JOIN LATERAL admission_shown(a, w.p, $now, $timezone::text) s
WHERE a.clinic_id = $clinic
    AND ($patient IS NULL OR a.patient_id = $patient)
    AND a.admitted_at >= CASE WHEN $from_on::date IS NULL THEN '-infinity'
                              ELSE $from_on::timestamp AT TIME ZONE $timezone END
    AND a.admitted_at < CASE WHEN $to_on::date IS NULL THEN 'infinity'
                             ELSE ($to_on + 1)::timestamp AT TIME ZONE $timezone END
    AND a.ended_at IS NULL
    AND ($status::text IS NULL OR a.status = $status)
    AND ($doctor_id::uuid IS NULL OR a.doctor_id = $doctor_id)
    AND ($admission_type::text IS NULL OR a.admission_type = $admission_type)
    AND {keyset}
{page}
