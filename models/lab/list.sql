-- The orders of a status, or all; lab_open is for what is to be done.
-- kind: read
-- rows: many
-- audit: entity=lab_order patient=_patient_id
-- sort: ordered_at | o.ordered_at:timestamptz asc, o.id:uuid asc
SELECT s.*, o.patient_id AS _patient_id, {keys}
FROM lab_order o
JOIN prescription rx ON rx.clinic_id = $clinic AND rx.id = o.prescription_id
JOIN patient p ON p.clinic_id = $clinic AND p.id = o.patient_id AND p.deleted_at IS NULL
CROSS JOIN LATERAL lab_order_shown(o, rx, p) s
WHERE o.clinic_id = $clinic AND o.withdrawn_at IS NULL AND ($status::text IS NULL OR o.status = $status)
    AND ($patient IS NULL OR o.patient_id = $patient)
    AND ($patient_id::uuid IS NULL OR o.patient_id = $patient_id)
    AND ($test_type::text IS NULL OR o.test_type = $test_type)
    AND ($from_on::date IS NULL OR o.ordered_at >= $from_on::timestamp AT TIME ZONE $timezone::text)
    AND ($to_on::date IS NULL OR o.ordered_at < ($to_on + 1)::timestamp AT TIME ZONE $timezone)
    AND ($q::text IS NULL OR rx.rx_number = upper($q) OR p.patient_number = upper($q)
        OR position(name_fold($q) IN p.name_key) > 0 OR position(name_fold($q) IN name_fold(o.test_name)) > 0)
    AND {keyset}
{page}
