-- Takes a template away. The row is kept, its name is free again.
-- kind: write
-- rows: optional
-- audit: entity=template id=_id before=_before after=row
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
    UPDATE template t SET deleted_at = $now, version = t.version + 1, updated_at = $now
    FROM held
    WHERE t.clinic_id = $clinic AND t.id = held.id AND held.fault IS NULL
    RETURNING t.version, t.deleted_at
)
SELECT new.version, new.deleted_at, held.id AS _id, held.fault AS _fault, held.before AS _before
FROM held LEFT JOIN new ON true
