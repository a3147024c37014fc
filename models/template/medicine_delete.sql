-- Takes a medicine's line off; the row is kept.
-- kind: write
-- rows: optional
-- audit: entity=template id=id before=_before after=row
-- faults: not-the-author precondition-failed
WITH old AS MATERIALIZED (
    SELECT t AS was FROM template t
    WHERE t.clinic_id = $clinic AND t.id = $id::uuid AND template_is_seen(t, $actor_id)
    FOR UPDATE OF t
),
held AS MATERIALIZED (
    SELECT (old.was).*, template_fault(old.was, $actor_id, $if_match) AS fault, template_before(old.was) AS before FROM old
),
line AS (
    UPDATE template_medicine m SET deleted_at = $now, version = m.version + 1, updated_at = $now
    FROM held
    WHERE m.clinic_id = $clinic AND m.template_id = held.id AND m.id = $line_id::uuid AND m.deleted_at IS NULL
        AND held.fault IS NULL
    RETURNING m.template_id
),
new AS (
    UPDATE template t SET version = t.version + 1, updated_at = $now
    FROM line
    WHERE t.clinic_id = $clinic AND t.id = line.template_id
    RETURNING t.clinic_id, t.id
)
SELECT s.*, held.fault AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL template_shown(new.clinic_id, new.id) s ON true
WHERE held.fault IS NOT NULL OR new.id IS NOT NULL
