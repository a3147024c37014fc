-- Adds lines: medicines or tests, as arrays of bodies.
-- kind: write
-- rows: optional
-- audit: entity=template id=id before=_before after=row
-- keyed: yes
-- faults: not-the-author precondition-failed validation-failed
WITH old AS MATERIALIZED (
    SELECT t AS was FROM template t
    WHERE t.clinic_id = $clinic AND t.id = $id::uuid AND template_is_seen(t, $actor_id)
    FOR UPDATE OF t
),
flaws AS MATERIALIZED (
    SELECT line_flaws($clinic, $medicines::jsonb, $tests::jsonb, true) AS list
),
held AS MATERIALIZED (
    SELECT (old.was).*, template_before(old.was) AS before, flaws.list AS flaws, coalesce(
        template_fault(old.was, $actor_id, NULL), CASE WHEN flaws.list IS NOT NULL THEN 'validation-failed' END) AS fault
    FROM old, flaws
),
line AS MATERIALIZED (
    SELECT held.id AS template_id, template_lines_add($clinic, held.id, $medicines, $tests, $now)
    FROM held WHERE held.fault IS NULL
),
new AS (
    UPDATE template t SET version = t.version + 1, updated_at = $now
    FROM line
    WHERE t.clinic_id = $clinic AND t.id = line.template_id
    RETURNING t.clinic_id, t.id
)
SELECT s.*, $made_id::uuid AS _made_id, held.fault AS _fault,
    CASE WHEN held.fault = 'validation-failed' THEN held.flaws END AS _flaws, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL template_shown(new.clinic_id, new.id) s ON true
