-- What became of a visit, from its check-in on.
-- kind: read
-- rows: many
-- audit: entity=visit patient=_patient_id
-- sort: at | c.number:bigint asc
-- sort: -at | c.number:bigint desc
-- faults: not-found
SELECT c.from_status AS "from", c.to_status AS "to", c.at,
    CASE WHEN c.by_id IS NOT NULL THEN json_build_object('id', c.by_id, 'name', c.by_name) END AS by, c.note,
    c.patient_id AS _patient_id, CASE WHEN v.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (1)) AS always (one)
LEFT JOIN LATERAL (
    SELECT w.id
    FROM visit w
    JOIN patient p ON p.clinic_id = $clinic AND p.id = w.patient_id AND p.deleted_at IS NULL
    WHERE w.clinic_id = $clinic AND w.id = $id::uuid AND ($patient IS NULL OR w.patient_id = $patient)
) v ON true
LEFT JOIN visit_change c ON c.clinic_id = $clinic AND c.visit_id = v.id
    AND ($patient IS NULL OR c.patient_id = $patient)
WHERE v.id IS NULL OR (c.number IS NOT NULL AND {keyset})
{page}
