-- Prescriptions of one patient, or of those whom `q` finds, and the one that has this number. A typing error is
-- forgiven only when nobody fits without.
-- kind: read
-- rows: many
-- audit: entity=prescription patient=_patient_id
-- sort: -prescribed_at | s.prescribed_at:timestamptz desc, s.id:uuid desc
-- sort: prescribed_at | s.prescribed_at:timestamptz asc, s.id:uuid asc
WITH found AS MATERIALIZED (
    SELECT f.patient_id, f.rank, min(f.rank) OVER () AS best
    FROM patient_search($q::text, $phone_key::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 200) f
    WHERE $q IS NOT NULL
),
whose AS MATERIALIZED (
    SELECT x.id FROM found f
    JOIN prescription x ON x.clinic_id = $clinic AND x.patient_id = f.patient_id AND x.deleted_at IS NULL
    WHERE f.rank <= greatest(f.best, 3)
    UNION
    SELECT x.id FROM prescription x WHERE x.clinic_id = $clinic AND x.rx_number = upper($q)
    UNION
    SELECT x.id FROM prescription x
    WHERE x.clinic_id = $clinic AND x.patient_id = $patient_id::uuid AND x.deleted_at IS NULL AND $q IS NULL
)
SELECT s.*, (h.rx).patient_id AS _patient_id, {keys}
FROM whose
CROSS JOIN LATERAL ( -- looked up for each of these: a join would walk through all, by their time
    SELECT p AS rx FROM prescription p
    WHERE p.clinic_id = $clinic AND p.id = whose.id AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
        AND ($patient_id IS NULL OR p.patient_id = $patient_id)
        AND ($mine::boolean IS NOT TRUE OR p.doctor_id = $actor_id)
        AND ($status::text IS NULL OR p.status = $status)
        AND ($from::date IS NULL OR p.prescribed_at >= $from::timestamp AT TIME ZONE $timezone::text)
        AND ($to::date IS NULL OR p.prescribed_at < ($to + 1)::timestamp AT TIME ZONE $timezone)
    OFFSET 0) h
CROSS JOIN LATERAL (
    SELECT o FROM patient o
    WHERE o.clinic_id = $clinic AND o.id = (h.rx).patient_id AND o.deleted_at IS NULL OFFSET 0) w
CROSS JOIN LATERAL prescription_listed(h.rx, w.o) s
WHERE {keyset}
{page}
