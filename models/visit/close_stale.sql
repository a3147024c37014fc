-- Closes a visit that nobody closed on its day: who never came to the doctor did not come, a consultation is
-- over. Not there: somebody has moved it meanwhile.
-- kind: write
-- rows: optional
-- audit: entity=visit id=id patient=_patient_id before=_before after=row
WITH old AS MATERIALIZED (
    SELECT v.id, v.status, v AS was, p AS p
    FROM visit v
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id
    JOIN clinic c ON c.clinic_id = $clinic
    WHERE v.clinic_id = $clinic AND v.id = $id::uuid AND ($patient IS NULL OR v.patient_id = $patient)
        AND v.status IN ('checked_in', 'in_consultation') AND v.token_on < ($now AT TIME ZONE c.timezone)::date
        AND v.status_at < $now - interval '6 hours'
    FOR NO KEY UPDATE OF v
),
new AS (
    UPDATE visit v SET updated_at = $now, status = outcome.status, move_note = outcome.note
    FROM old CROSS JOIN LATERAL (
        SELECT CASE old.status WHEN 'checked_in' THEN 'no_show' ELSE 'completed' END AS status,
            CASE old.status WHEN 'checked_in' THEN 'Closed by the service: the day ended without a consultation.'
                ELSE 'Closed by the service: the day ended and the consultation was still open.' END AS note) outcome
    WHERE v.clinic_id = $clinic AND v.id = old.id
    RETURNING v AS v
)
SELECT s.*, (old.was).patient_id AS _patient_id, to_json(b) AS _before
FROM old JOIN new ON true
CROSS JOIN LATERAL visit_shown(old.was, old.p) b
CROSS JOIN LATERAL visit_shown(new.v, old.p) s
