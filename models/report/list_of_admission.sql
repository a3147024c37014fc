-- The reports that came with an admission.
-- kind: read
-- rows: many
-- audit: entity=report patient=_patient_id
-- sort: -uploaded_at | r.created_at:timestamptz desc, r.id:uuid desc
-- faults: not-found
SELECT s.*, p.id AS _patient_id, CASE WHEN p.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (coalesce($from_on::date::timestamp AT TIME ZONE $timezone::text, '-infinity'),
              coalesce(($to_on::date + 1)::timestamp AT TIME ZONE $timezone, 'infinity'))) AS asked (begins, ends)
LEFT JOIN admission a ON a.clinic_id = $clinic AND a.id = $admission_id::uuid
    AND ($patient IS NULL OR a.patient_id = $patient)
LEFT JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
LEFT JOIN report r ON r.clinic_id = $clinic AND r.admission_id = a.id AND r.patient_id = p.id
    AND ($patient IS NULL OR r.patient_id = $patient)
LEFT JOIN file f ON f.clinic_id = $clinic AND f.id = r.file_id AND f.deleted_at IS NULL
    AND ($patient IS NULL OR f.patient_id = $patient)
LEFT JOIN prescription_test t ON t.clinic_id = $clinic AND t.id = r.test_id
    AND ($patient IS NULL OR t.patient_id = $patient)
LEFT JOIN LATERAL report_shown(r, f, t) s ON true
WHERE p.id IS NULL OR (f.id IS NOT NULL AND r.created_at >= asked.begins AND r.created_at < asked.ends
    AND ($type::text IS NULL OR lower($type) = lower(r.report_type)) AND {keyset})
{page}
