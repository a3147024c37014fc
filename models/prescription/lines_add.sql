-- Adds lines that a doctor wrote: medicines or tests, as arrays of bodies. Its answer is the prescription, so that
-- the allergies stand beside the new line.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: not-the-author precondition-failed prescription-locked validation-failed
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
flaws AS MATERIALIZED (
    SELECT line_flaws($clinic, $medicines::jsonb, $tests::jsonb, true) AS list
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_before(old.was) AS before, flaws.list AS flaws,
        coalesce(prescription_fault(old.was, $actor_id, NULL),
            CASE WHEN flaws.list IS NOT NULL THEN 'validation-failed' END) AS fault
    FROM old, flaws
),
line AS MATERIALIZED (
    SELECT held.id, prescription_lines_add($clinic, held.id, held.patient_id, $medicines, $tests, $now) AS added
    FROM held WHERE held.fault IS NULL
),
new AS (
    UPDATE prescription p SET version = p.version + 1, updated_at = $now
    FROM line
    WHERE p.clinic_id = $clinic AND p.id = line.id
    RETURNING p.clinic_id, p.id
)
SELECT s.*, $made_id::uuid AS _made_id, held.patient_id AS _patient_id, held.fault AS _fault,
    CASE WHEN held.fault = 'validation-failed' THEN held.flaws END AS _flaws, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
