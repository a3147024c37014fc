-- Changes what the merge patch names of a medicine's line. With another name or type it is no longer the catalogue's.
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
    UPDATE template_medicine m SET
        medicine_name = CASE WHEN $body::jsonb ? 'medicine_name' THEN $body->>'medicine_name' ELSE m.medicine_name END,
        medicine_type = CASE WHEN $body ? 'medicine_type' THEN $body->>'medicine_type' ELSE m.medicine_type END,
        dosage = CASE WHEN $body ? 'dosage' THEN $body->>'dosage' ELSE m.dosage END,
        frequency_per_day = CASE WHEN $body ? 'frequency_per_day' THEN ($body->>'frequency_per_day')::int ELSE m.frequency_per_day END,
        duration = CASE WHEN $body ? 'duration' THEN $body->>'duration' ELSE m.duration END,
        quantity = CASE WHEN $body ? 'quantity' THEN ($body->>'quantity')::int ELSE m.quantity END,
        schedule = CASE WHEN $body ? 'schedule' THEN $body->>'schedule' ELSE m.schedule END,
        food_instruction = CASE WHEN $body ? 'food_instruction' THEN $body->>'food_instruction' ELSE m.food_instruction END,
        instructions = CASE WHEN $body ? 'instructions' THEN $body->>'instructions' ELSE m.instructions END,
        catalog_id = CASE WHEN coalesce($body->>'medicine_name', m.medicine_name) = m.medicine_name
            AND coalesce($body->>'medicine_type', m.medicine_type) = m.medicine_type THEN m.catalog_id END,
        version = m.version + 1, updated_at = $now
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
