-- What the laboratory has to do, or of it what is pending or in progress, oldest first. By itself, so that its
-- index is used however many were done. OFFSET 0: the orders come first, whatever the planner hopes of the patients.
-- kind: read
-- rows: many
-- audit: entity=lab_order patient=_patient_id
-- sort: ordered_at | o.ordered_at:timestamptz asc, o.id:uuid asc
SELECT s.*, o.patient_id AS _patient_id, {keys}
FROM lab_order o
CROSS JOIN LATERAL (
    SELECT rx, p, rx.rx_number, p.patient_number, p.name_key
    FROM prescription rx
    JOIN patient p ON p.clinic_id = $clinic AND p.id = rx.patient_id AND p.deleted_at IS NULL
    WHERE rx.clinic_id = $clinic AND rx.id = o.prescription_id
    OFFSET 0) h
CROSS JOIN LATERAL lab_order_shown(o, h.rx, h.p) s
WHERE o.clinic_id = $clinic AND o.withdrawn_at IS NULL AND o.status IN ('pending', 'in_progress')
    AND ($status::text IS NULL OR o.status = $status)
    AND ($patient IS NULL OR o.patient_id = $patient)
    AND ($patient_id::uuid IS NULL OR o.patient_id = $patient_id)
    AND ($test_type::text IS NULL OR o.test_type = $test_type)
    AND o.ordered_at >= CASE WHEN $from_on::date IS NULL THEN '-infinity'
                             ELSE $from_on::timestamp AT TIME ZONE $timezone::text END
    AND o.ordered_at < CASE WHEN $to_on::date IS NULL THEN 'infinity'
                            ELSE ($to_on + 1)::timestamp AT TIME ZONE $timezone END
    AND ($q::text IS NULL OR h.rx_number = upper($q) OR h.patient_number = upper($q)
        OR position((SELECT name_fold($q)) IN h.name_key) > 0
        OR position((SELECT name_fold($q)) IN name_fold(o.test_name)) > 0)
    AND {keyset}
{page}
