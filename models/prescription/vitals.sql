-- Notes the vital signs; what the body does not say is not noted any more.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- faults: not-the-author precondition-failed prescription-locked
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_fault(old.was, $actor_id, $if_match) AS fault, prescription_before(old.was) AS before
    FROM old
),
part AS MATERIALIZED (
    SELECT held.id, prescription_vitals_put($clinic, held.id, held.patient_id, $body::jsonb, $now)
    FROM held WHERE held.fault IS NULL
),
new AS (
    UPDATE prescription p SET version = p.version + 1, updated_at = $now
    FROM part
    WHERE p.clinic_id = $clinic AND p.id = part.id
    RETURNING p.clinic_id, p.id
)
SELECT s.*, held.patient_id AS _patient_id, held.fault AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
