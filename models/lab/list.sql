-- The orders of a status, or all, oldest first; lab_open is for what is to be done, lab_list_of for one patient's.
-- kind: read
-- rows: many
-- audit: entity=lab_order patient=_patient_id
-- sort: ordered_at | o.ordered_at:timestamptz asc, o.id:uuid asc
SELECT s.*, o.patient_id AS _patient_id, {keys}
FROM lab_order o
CROSS JOIN LATERAL (
    SELECT rx, p
    FROM prescription rx
    JOIN patient p ON p.clinic_id = $clinic AND p.id = rx.patient_id AND p.deleted_at IS NULL
    WHERE rx.clinic_id = $clinic AND rx.id = o.prescription_id
    OFFSET 0) h
CROSS JOIN LATERAL lab_order_shown(o, h.rx, h.p) s
WHERE o.clinic_id = $clinic AND o.withdrawn_at IS NULL AND ($status::text IS NULL OR o.status = $status)
    AND ($patient IS NULL OR o.patient_id = $patient)
    AND ($test_type::text IS NULL OR o.test_type = $test_type)
    AND o.ordered_at >= CASE WHEN $from_on::date IS NULL THEN '-infinity'
                             ELSE $from_on::timestamp AT TIME ZONE $timezone::text END
    AND o.ordered_at < CASE WHEN $to_on::date IS NULL THEN 'infinity'
                            ELSE ($to_on + 1)::timestamp AT TIME ZONE $timezone END
    AND {keyset}
{page}
