-- Adds a medicine. That no active one has its name and type is the table's own constraint.
-- kind: write
-- rows: one
-- audit: entity=catalog_medicine id=id after=row
-- keyed: yes
WITH new AS (
    INSERT INTO catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages, default_dosage,
        default_schedule, frequency_per_day, default_duration, food_instruction, description,
        created_at, updated_at)
    SELECT $clinic, $id::uuid, $body::jsonb->>'medicine_name', $body->>'medicine_type',
        ARRAY(SELECT jsonb_array_elements_text($body->'common_dosages')), $body->>'default_dosage', $body->>'default_schedule',
        ($body->>'frequency_per_day')::int, $body->>'default_duration', $body->>'food_instruction', $body->>'description',
        $now, $now
    RETURNING catalog_medicine AS m
)
SELECT s.* FROM new CROSS JOIN LATERAL catalog_medicine_shown(new.m) s
