-- What became of an admission, from its beginning on; a correction of what is over says what stood there before.
-- kind: read
-- rows: many
-- audit: entity=admission patient=_patient_id
-- sort: at | c.number:bigint asc
-- sort: -at | c.number:bigint desc
-- faults: not-found
SELECT c.from_status AS "from", c.to_status AS "to", c.at,
    CASE WHEN c.by_id IS NOT NULL THEN json_build_object('id', c.by_id, 'name', c.by_name) END AS by, c.note,
    CASE WHEN c.was ? 'status' THEN c.was - 'status' || jsonb_build_object('outcome', c.was -> 'status')
         ELSE c.was END AS was,
    c.patient_id AS _patient_id, CASE WHEN a.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (1)) AS always (one)
LEFT JOIN LATERAL (
    SELECT w.id
    FROM admission w
    JOIN patient p ON p.clinic_id = $clinic AND p.id = w.patient_id AND p.deleted_at IS NULL
    WHERE w.clinic_id = $clinic AND w.id = $id::uuid AND ($patient IS NULL OR w.patient_id = $patient)
) a ON true
LEFT JOIN admission_change c ON c.clinic_id = $clinic AND c.admission_id = a.id
    AND ($patient IS NULL OR c.patient_id = $patient)
WHERE a.id IS NULL OR (c.number IS NOT NULL AND {keyset})
{page}
