-- Visits of one patient, or of those whom $q finds: the thousand who match best. As visit_list, but it begins
-- with the patients.
-- kind: read
-- rows: many
-- audit: entity=visit patient=_patient_id
-- sort: -checked_in_at | v.token_on:date desc, v.checked_in_at:timestamptz desc, v.id:uuid desc
-- sort: checked_in_at | v.token_on:date asc, v.checked_in_at:timestamptz asc, v.id:uuid asc
WITH who AS MATERIALIZED (
    SELECT f.patient_id AS id
    FROM patient_search($q::text, $phone_key::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1000) f
    WHERE $q IS NOT NULL AND ($patient_id::uuid IS NULL OR f.patient_id = $patient_id)
    UNION ALL
    SELECT $patient_id WHERE $q IS NULL
),
theirs AS MATERIALIZED (
    SELECT v.token_on, v.checked_in_at, v.id, v.patient_id, v AS v
    FROM who
    JOIN visit v ON v.clinic_id = $clinic AND v.patient_id = who.id
        AND v.token_on >= CASE WHEN $from_on::date IS NULL THEN '-infinity' ELSE $from_on END
        AND v.token_on <= CASE WHEN $to_on::date IS NULL THEN 'infinity' ELSE $to_on END
    WHERE ($patient IS NULL OR v.patient_id = $patient)
        AND ($status::text IS NULL OR v.status = $status)
        AND ($doctor_id::uuid IS NULL OR v.doctor_id = $doctor_id)
        AND ($visit_type::text IS NULL OR v.visit_type = $visit_type)
)
SELECT s.*, v.patient_id AS _patient_id, {keys}
FROM theirs v
CROSS JOIN LATERAL (
    SELECT p FROM patient p WHERE p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL OFFSET 0) w
CROSS JOIN LATERAL visit_shown(v.v, w.p) s
WHERE {keyset}
{page}
