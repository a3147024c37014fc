-- A patient's allergies.
-- kind: read
-- rows: many
-- audit: entity=allergy patient=$patient_id
-- sort: -noted_on | a.noted_on:date desc, a.id:uuid desc
-- sort: substance | a.substance_key:text asc, a.id:uuid asc
-- faults: not-found
SELECT s.*, CASE WHEN p.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (1)) AS always (one)
LEFT JOIN patient p ON p.clinic_id = $clinic AND p.id = $patient_id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
LEFT JOIN allergy a ON a.clinic_id = $clinic AND a.patient_id = p.id AND a.deleted_at IS NULL
    AND ($patient IS NULL OR a.patient_id = $patient)
LEFT JOIN LATERAL allergy_shown(a) s ON true
WHERE p.id IS NULL OR (a.id IS NOT NULL AND {keyset})
{page}
