-- Changes what the merge patch names of a test's line. With another name or type it is no longer the catalogue's.
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
    UPDATE template_test e SET
        test_name = CASE WHEN $body::jsonb ? 'test_name' THEN $body->>'test_name' ELSE e.test_name END,
        test_type = CASE WHEN $body ? 'test_type' THEN $body->>'test_type' ELSE e.test_type END,
        description = CASE WHEN $body ? 'description' THEN $body->>'description' ELSE e.description END,
        catalog_id = CASE WHEN coalesce($body->>'test_name', e.test_name) = e.test_name
            AND coalesce($body->>'test_type', e.test_type) = e.test_type THEN e.catalog_id END,
        version = e.version + 1, updated_at = $now
    FROM held
    WHERE e.clinic_id = $clinic AND e.template_id = held.id AND e.id = $line_id::uuid AND e.deleted_at IS NULL
        AND held.fault IS NULL
    RETURNING e.template_id
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
