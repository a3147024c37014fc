-- The orders of one patient, or of those whom `q` finds as it does in the list of patients, or of the prescription
-- with that number.
-- kind: read
-- rows: many
-- audit: entity=lab_order patient=_patient_id
-- sort: ordered_at | o.ordered_at:timestamptz asc, o.id:uuid asc
WITH whose AS MATERIALIZED (
    SELECT f.patient_id, f.rank, min(f.rank) OVER () AS best
    FROM patient_search($q::text, $phone_key::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 200) f
    WHERE $q IS NOT NULL
),
found AS MATERIALIZED (
    SELECT o.id FROM lab_order o
    WHERE $q IS NULL AND o.clinic_id = $clinic AND o.patient_id = $patient_id::uuid AND o.withdrawn_at IS NULL
    UNION
    SELECT o.id FROM whose w JOIN lab_order o ON o.clinic_id = $clinic AND o.patient_id = w.patient_id AND o.withdrawn_at IS NULL
    WHERE w.rank <= greatest(w.best, 3) AND ($patient_id IS NULL OR o.patient_id = $patient_id)
    UNION
    SELECT o.id FROM prescription rx
    JOIN lab_order o ON o.clinic_id = $clinic AND o.prescription_id = rx.id AND o.withdrawn_at IS NULL
    WHERE rx.clinic_id = $clinic AND rx.rx_number = upper($q) AND ($patient_id IS NULL OR o.patient_id = $patient_id)
)
SELECT s.*, o.patient_id AS _patient_id, {keys}
FROM found f
JOIN lab_order o ON o.clinic_id = $clinic AND o.id = f.id
JOIN prescription rx ON rx.clinic_id = $clinic AND rx.id = o.prescription_id
JOIN patient p ON p.clinic_id = $clinic AND p.id = o.patient_id AND p.deleted_at IS NULL
CROSS JOIN LATERAL lab_order_shown(o, rx, p) s
WHERE ($patient IS NULL OR o.patient_id = $patient) AND ($status::text IS NULL OR o.status = $status)
    AND ($test_type::text IS NULL OR o.test_type = $test_type)
    AND ($from_on::date IS NULL OR o.ordered_at >= $from_on::timestamp AT TIME ZONE $timezone::text)
    AND ($to_on::date IS NULL OR o.ordered_at < ($to_on + 1)::timestamp AT TIME ZONE $timezone)
    AND {keyset}
{page}
