-- The clinic's prescriptions by their time; prescription_list_mine is for those of one doctor, prescription_list_of for
-- those of one patient, or of whom somebody looks for. The days are compared with CASE: under row security an
-- index is not asked with coalesce().
-- kind: read
-- rows: many
-- audit: entity=prescription patient=_patient_id
-- sort: -prescribed_at | p.prescribed_at:timestamptz desc, p.id:uuid desc
-- sort: prescribed_at | p.prescribed_at:timestamptz asc, p.id:uuid asc
SELECT s.*, p.patient_id AS _patient_id, {keys}
FROM prescription p
CROSS JOIN LATERAL ( -- looked up for each row of the page: a join would begin with the patients
    SELECT o FROM patient o WHERE o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL OFFSET 0) w
CROSS JOIN LATERAL prescription_listed(p, w.o) s
WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    AND ($status::text IS NULL OR p.status = $status)
    AND p.prescribed_at >= CASE WHEN $from::date IS NULL THEN '-infinity'
                                ELSE $from::timestamp AT TIME ZONE $timezone::text END
    AND p.prescribed_at < CASE WHEN $to::date IS NULL THEN 'infinity'
                               ELSE ($to + 1)::timestamp AT TIME ZONE $timezone END
    AND {keyset}
{page}
