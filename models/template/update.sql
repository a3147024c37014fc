-- Changes what the merge patch names; lines have statements of their own.
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
new AS (
    UPDATE template t SET
        name = CASE WHEN $body::jsonb ? 'name' THEN $body->>'name' ELSE t.name END,
        description = CASE WHEN $body ? 'description' THEN $body->>'description' ELSE t.description END,
        keyword = CASE WHEN $body ? 'keyword' THEN $body->>'keyword' ELSE t.keyword END,
        visibility = CASE WHEN $body ? 'visibility' THEN $body->>'visibility' ELSE t.visibility END,
        is_active = CASE WHEN $body ? 'is_active' THEN ($body->>'is_active')::boolean ELSE t.is_active END,
        version = t.version + 1, updated_at = $now
    FROM held
    WHERE t.clinic_id = $clinic AND t.id = held.id AND held.fault IS NULL
    RETURNING t.clinic_id, t.id
)
SELECT s.*, held.fault AS _fault, held.before AS _before
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL template_shown(new.clinic_id, new.id) s ON true
