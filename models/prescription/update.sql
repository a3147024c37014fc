-- Changes when the patient comes again. Not to a day that is over.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- faults: not-the-author precondition-failed prescription-locked validation-failed
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_before(old.was) AS before,
        coalesce(prescription_fault(old.was, $actor_id, $if_match),
            CASE WHEN ($body::jsonb->>'follow_up_on')::date < ($now AT TIME ZONE $timezone::text)::date
                 THEN 'validation-failed' END) AS fault
    FROM old
),
new AS (
    UPDATE prescription p SET follow_up_on = ($body->>'follow_up_on')::date, version = p.version + 1, updated_at = $now
    FROM held
    WHERE p.clinic_id = $clinic AND p.id = held.id AND held.fault IS NULL
    RETURNING p.clinic_id, p.id
)
SELECT s.*, held.patient_id AS _patient_id, held.fault AS _fault, held.before AS _before,
    CASE WHEN held.fault = 'validation-failed'
         THEN '[{"pointer": "#/follow_up_on", "code": "too-small", "detail": "is over"}]' END AS _flaws
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
