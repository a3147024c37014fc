-- Admissions of one patient, or of those whom $q finds: the thousand who match best. As admission_list, but it begins
-- with the patients.
-- kind: read
-- rows: many
-- audit: entity=admission patient=_patient_id
-- sort: -admitted_at | a.admitted_at:timestamptz desc, a.id:uuid desc
-- sort: admitted_at | a.admitted_at:timestamptz asc, a.id:uuid asc
WITH who AS MATERIALIZED (
    SELECT f.patient_id AS id
    FROM patient_search($q::text, $phone_key::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1000) f
    WHERE $q IS NOT NULL AND ($patient_id::uuid IS NULL OR f.patient_id = $patient_id)
    UNION ALL
    SELECT $patient_id WHERE $q IS NULL
),
theirs AS MATERIALIZED (
    SELECT a.admitted_at, a.id, a.patient_id, a AS a
    FROM who
    JOIN admission a ON a.clinic_id = $clinic AND a.patient_id = who.id
    WHERE ($patient IS NULL OR a.patient_id = $patient)
        AND a.admitted_at >= CASE WHEN $from_on::date IS NULL THEN '-infinity'
                                  ELSE $from_on::timestamp AT TIME ZONE $timezone::text END
        AND a.admitted_at < CASE WHEN $to_on::date IS NULL THEN 'infinity'
                                 ELSE ($to_on + 1)::timestamp AT TIME ZONE $timezone END
        AND ($active::boolean IS NULL OR (a.ended_at IS NULL) = $active)
        AND ($status::text IS NULL OR a.status = $status)
        AND ($doctor_id::uuid IS NULL OR a.doctor_id = $doctor_id)
        AND ($admission_type::text IS NULL OR a.admission_type = $admission_type)
)
SELECT s.*, a.patient_id AS _patient_id, {keys}
FROM theirs a
CROSS JOIN LATERAL (
    SELECT p FROM patient p WHERE p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL OFFSET 0) w
CROSS JOIN LATERAL admission_shown(a.a, w.p, $now, $timezone) s
WHERE {keyset}
{page}
