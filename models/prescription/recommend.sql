-- Recommends to admit the patient or, without a reason, withdraws that. Also when it is completed: this is advice.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- faults: not-the-author precondition-failed prescription-locked not-found
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_before(old.was) AS before,
        CASE WHEN (old.was).doctor_id IS DISTINCT FROM $actor_id THEN 'not-the-author'
             WHEN (old.was).version <> $if_match THEN 'precondition-failed'
             WHEN (old.was).status = 'cancelled' THEN 'prescription-locked'
             WHEN (old.was).recommended_at IS NULL AND $reason::text IS NULL THEN 'not-found' END AS fault
    FROM old
),
new AS (
    UPDATE prescription p SET recommended_at = CASE WHEN $reason IS NOT NULL THEN $now END,
        recommended_reason = $reason, recommended_admission_type = $admission_type::text,
        version = p.version + 1, updated_at = $now
    FROM held
    WHERE p.clinic_id = $clinic AND p.id = held.id AND held.fault IS NULL
    RETURNING p.clinic_id, p.id
)
SELECT s.*, held.patient_id AS _patient_id, held.fault AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
