-- Changes what the merge patch names.
-- kind: write
-- rows: optional
-- audit: entity=catalog_medicine id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT m.id, m AS was FROM catalog_medicine m
    WHERE m.clinic_id = $clinic AND m.id = $id::uuid
    FOR UPDATE OF m
),
new AS (
    UPDATE catalog_medicine m SET
        medicine_name = CASE WHEN $body::jsonb ? 'medicine_name' THEN $body->>'medicine_name' ELSE m.medicine_name END,
        medicine_type = CASE WHEN $body ? 'medicine_type' THEN $body->>'medicine_type' ELSE m.medicine_type END,
        common_dosages = CASE WHEN $body ? 'common_dosages'
            THEN ARRAY(SELECT jsonb_array_elements_text($body->'common_dosages')) ELSE m.common_dosages END,
        default_dosage = CASE WHEN $body ? 'default_dosage' THEN $body->>'default_dosage' ELSE m.default_dosage END,
        default_schedule = CASE WHEN $body ? 'default_schedule' THEN $body->>'default_schedule' ELSE m.default_schedule END,
        frequency_per_day = CASE WHEN $body ? 'frequency_per_day' THEN ($body->>'frequency_per_day')::int
            ELSE m.frequency_per_day END,
        default_duration = CASE WHEN $body ? 'default_duration' THEN $body->>'default_duration' ELSE m.default_duration END,
        food_instruction = CASE WHEN $body ? 'food_instruction' THEN $body->>'food_instruction' ELSE m.food_instruction END,
        description = CASE WHEN $body ? 'description' THEN $body->>'description' ELSE m.description END,
        is_active = CASE WHEN $body ? 'is_active' THEN ($body->>'is_active')::boolean ELSE m.is_active END,
        version = m.version + 1, updated_at = $now
    FROM old
    WHERE m.clinic_id = $clinic AND m.id = old.id AND m.version = $if_match
    RETURNING m AS m
)
SELECT s.*, old.id AS _id, CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed' END AS _fault,
    to_json(b) AS _before
FROM old
CROSS JOIN LATERAL catalog_medicine_shown(old.was) b
LEFT JOIN new ON true
LEFT JOIN LATERAL catalog_medicine_shown(new.m) s ON true
