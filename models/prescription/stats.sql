-- How many there are in which state: of those that the list would show.
-- kind: read
-- rows: one
-- audit: entity=prescription patient=$patient_id
SELECT count(*) AS total, count(*) FILTER (WHERE p.status = 'pending') AS pending,
    count(*) FILTER (WHERE p.status = 'completed') AS completed,
    count(*) FILTER (WHERE p.status = 'cancelled') AS cancelled
FROM prescription p
WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    AND p.patient_id NOT IN (SELECT o.id FROM patient o WHERE o.clinic_id = $clinic AND o.deleted_at IS NOT NULL)
    AND ($mine::boolean IS NOT TRUE OR p.doctor_id = $actor_id)
    AND ($patient_id::uuid IS NULL OR p.patient_id = $patient_id)
    AND p.prescribed_at >= CASE WHEN $from::date IS NULL THEN '-infinity'
                                ELSE $from::timestamp AT TIME ZONE $timezone::text END
    AND p.prescribed_at < CASE WHEN $to::date IS NULL THEN 'infinity'
                               ELSE ($to + 1)::timestamp AT TIME ZONE $timezone END
