-- Which of these names no row of the clinic has. Nothing is said of a clinic that is not there: what cannot be seen is
-- not unknown.
-- kind: read
-- rows: many
SELECT g.id
FROM clinic c CROSS JOIN unnest($ids::uuid[]) AS g (id)
WHERE c.clinic_id = $clinic
    AND NOT EXISTS (SELECT FROM file f WHERE f.clinic_id = $clinic AND ($patient IS NULL OR f.patient_id = $patient)
        AND f.id = g.id)
