-- Takes a prescription on: completed, cancelled, or pending again. What a step needs and does, the triggers know.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: not-the-author precondition-failed illegal-transition
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_fault(old.was,
            CASE WHEN $to_status::text = 'cancelled' AND $actor_role = 'admin' THEN (old.was).doctor_id ELSE $actor_id END,
            $if_match, $to_status) AS fault, prescription_before(old.was) AS before
    FROM old
),
new AS (
    UPDATE prescription p SET status = $to_status,
        completed_at = CASE $to_status WHEN 'completed' THEN $now WHEN 'cancelled' THEN p.completed_at END,
        cancelled_at = CASE $to_status WHEN 'cancelled' THEN $now END,
        cancelled_by_id = CASE $to_status WHEN 'cancelled' THEN $actor_id END,
        cancelled_by_name = CASE $to_status WHEN 'cancelled' THEN $actor_name END,
        cancel_reason = CASE $to_status WHEN 'cancelled' THEN $reason::text END,
        version = p.version + 1, updated_at = $now
    FROM held
    WHERE p.clinic_id = $clinic AND p.id = held.id AND held.fault IS NULL
    RETURNING p.clinic_id, p.id
)
SELECT s.*, held.patient_id AS _patient_id, held.fault AS _fault,
    CASE held.fault WHEN 'illegal-transition' THEN to_json(prescription_ways(held.status)) END AS _detail,
    held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
