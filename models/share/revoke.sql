-- Ends a link: for the prescription's author, the patient and administrators. What is over stays over.
-- kind: write
-- rows: optional
-- audit: entity=share_link id=id patient=_patient_id before=_before after=row
-- faults: not-the-author
WITH held AS MATERIALIZED (
    SELECT l AS was, to_json(s) AS before,
        CASE WHEN $actor_role = 'doctor' AND p.doctor_id <> $actor_id THEN 'not-the-author' END AS fault
    FROM share_link l
    JOIN prescription p ON p.clinic_id = $clinic AND p.id = l.prescription_id
    JOIN patient o ON o.clinic_id = $clinic AND o.id = l.patient_id AND o.deleted_at IS NULL
    CROSS JOIN LATERAL share_link_shown(l, $now) s
    WHERE l.clinic_id = $clinic AND l.prescription_id = $prescription_id::uuid AND l.id = $id::uuid
        AND ($patient IS NULL OR l.patient_id = $patient)
    FOR UPDATE OF l
),
new AS (
    UPDATE share_link l SET revoked_at = coalesce(l.revoked_at, $now)
    FROM held
    WHERE l.clinic_id = $clinic AND l.id = (held.was).id AND held.fault IS NULL
    RETURNING l
)
SELECT s.*, (held.was).patient_id AS _patient_id, held.fault AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL share_link_shown(new.l, $now) s ON true
