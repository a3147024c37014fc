-- What was given or done during an admission, the newest first. The days are the clinic's.
-- kind: read
-- rows: many
-- audit: entity=treatment patient=_patient_id
-- sort: -administered_at | t.administered_at:timestamptz desc, t.id:uuid desc
-- sort: administered_at | t.administered_at:timestamptz asc, t.id:uuid asc
-- faults: not-found
SELECT s.*, t.patient_id AS _patient_id, CASE WHEN a.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (1)) AS always (one)
LEFT JOIN LATERAL (
    SELECT w.id
    FROM admission w
    JOIN patient p ON p.clinic_id = $clinic AND p.id = w.patient_id AND p.deleted_at IS NULL
    WHERE w.clinic_id = $clinic AND w.id = $admission_id::uuid AND ($patient IS NULL OR w.patient_id = $patient)
) a ON true
LEFT JOIN treatment t ON t.clinic_id = $clinic AND t.admission_id = a.id AND ($patient IS NULL OR t.patient_id = $patient)
    AND ($treatment_type::text IS NULL OR t.treatment_type = $treatment_type)
    AND t.administered_at >= CASE WHEN $from_on::date IS NULL THEN '-infinity'
                                  ELSE $from_on::timestamp AT TIME ZONE $timezone::text END
    AND t.administered_at < CASE WHEN $to_on::date IS NULL THEN 'infinity'
                                 ELSE ($to_on + 1)::timestamp AT TIME ZONE $timezone END
LEFT JOIN LATERAL treatment_shown(t) s ON t.id IS NOT NULL
WHERE a.id IS NULL OR (t.id IS NOT NULL AND {keyset})
{page}
