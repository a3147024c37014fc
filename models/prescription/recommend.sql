-- Recommends to admit the patient or, without a reason, withdraws that. This is advice: it changes nothing of the
-- prescription, so it is given when that is completed too; its own version is in the one that is shown.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- faults: not-the-author precondition-failed prescription-locked recommendation-closed not-found
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_before(old.was) AS before,
        CASE WHEN f.code IN ('not-the-author', 'precondition-failed') THEN f.code
             WHEN (old.was).status = 'cancelled' THEN 'prescription-locked'
             WHEN admission_advice($clinic, (old.was).id, (old.was).patient_id) = 'closed' THEN 'recommendation-closed'
        END AS fault
    FROM old CROSS JOIN LATERAL prescription_fault(old.was, $actor_id, $if_match) AS f (code)
),
given AS (
    INSERT INTO admission_recommendation (clinic_id, prescription_id, patient_id, admission_type, reason,
        recommended_at, created_at, updated_at)
    SELECT $clinic, held.id, held.patient_id, $admission_type::text, $reason::text, $now, $now, $now
    FROM held WHERE held.fault IS NULL AND $reason IS NOT NULL
    ON CONFLICT (clinic_id, prescription_id) DO UPDATE SET admission_type = excluded.admission_type,
        reason = excluded.reason, recommended_at = excluded.recommended_at, withdrawn_at = NULL,
        updated_at = excluded.updated_at
    RETURNING clinic_id, prescription_id
),
withdrawn AS (
    UPDATE admission_recommendation r SET withdrawn_at = $now, updated_at = $now
    FROM held
    WHERE r.clinic_id = $clinic AND r.prescription_id = held.id AND r.withdrawn_at IS NULL
        AND held.fault IS NULL AND $reason IS NULL
    RETURNING r.clinic_id, r.prescription_id
),
new AS (SELECT * FROM given UNION ALL SELECT * FROM withdrawn)
SELECT s.*, held.patient_id AS _patient_id, left(md5(s::text), 16) AS _etag,
    coalesce(held.fault, CASE WHEN new.prescription_id IS NULL THEN 'not-found' END) AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.prescription_id) s ON true
