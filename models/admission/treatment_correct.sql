-- Corrects an entry while its patient is admitted: what it said is kept beside it, with the reason.
-- kind: write
-- rows: optional
-- audit: entity=treatment id=id patient=_patient_id before=_before after=row
-- faults: precondition-failed admission-ended validation-failed
WITH stay AS MATERIALIZED (
    SELECT a.id, a.admitted_at, a.ended_at
    FROM admission a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.id = $admission_id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
    FOR NO KEY UPDATE OF a
),
old AS MATERIALIZED (
    SELECT t.id, t AS was, jsonb_populate_record(t, $body::jsonb - 'reason') AS wish
    FROM treatment t
    WHERE t.clinic_id = $clinic AND t.id = $id::uuid AND t.admission_id = (SELECT stay.id FROM stay)
        AND ($patient IS NULL OR t.patient_id = $patient)
    FOR NO KEY UPDATE OF t
),
flaws AS MATERIALIZED (
    SELECT coalesce(treatment_flaws((old.wish).treatment_type, to_jsonb(old.wish)), '[]')
        || CASE WHEN (old.wish).administered_at > $now
            THEN '[{"pointer": "#/administered_at", "code": "too-large", "detail": "is still to come"}]'
            ELSE '[]'::jsonb END
        || CASE WHEN (old.wish).administered_at < stay.admitted_at
            THEN '[{"pointer": "#/administered_at", "code": "too-small", "detail": "is before the admission"}]'
            ELSE '[]'::jsonb END
        || CASE WHEN old.wish IS NOT DISTINCT FROM old.was
            THEN '[{"pointer": "#", "code": "unchanged", "detail": "changes nothing"}]' ELSE '[]'::jsonb END AS list
    FROM old, stay
),
fault AS MATERIALIZED (
    SELECT CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed'
                WHEN stay.ended_at IS NOT NULL THEN 'admission-ended'
                WHEN flaws.list <> '[]' THEN 'validation-failed' END AS code
    FROM old, stay, flaws
),
new AS (
    UPDATE treatment t SET treatment_type = (old.wish).treatment_type, treatment_name = (old.wish).treatment_name,
        description = (old.wish).description, dosage = (old.wish).dosage, frequency = (old.wish).frequency,
        route = (old.wish).route, saline_type = (old.wish).saline_type, quantity = (old.wish).quantity,
        oxygen_flow_rate = (old.wish).oxygen_flow_rate, oxygen_type = (old.wish).oxygen_type,
        duration = (old.wish).duration, administered_at = (old.wish).administered_at, notes = (old.wish).notes,
        corrected_by_id = $actor_id, corrected_by_name = $actor_name, correction_reason = $body->>'reason',
        updated_at = $now
    FROM old, fault
    WHERE t.clinic_id = $clinic AND t.id = old.id AND t.version = $if_match AND fault.code IS NULL
    RETURNING t AS t
)
SELECT s.*, (old.was).patient_id AS _patient_id, fault.code AS _fault,
    CASE fault.code WHEN 'validation-failed' THEN flaws.list END AS _flaws, old.before AS _before
FROM (SELECT o.*, to_json(b) AS before FROM old o CROSS JOIN LATERAL treatment_shown(o.was) b) old
CROSS JOIN fault CROSS JOIN flaws
LEFT JOIN new ON true
LEFT JOIN LATERAL treatment_shown(new.t) s ON true
