-- Adds many medicines, or none: one whose name and type the clinic has, active or retired, is left as it is; of those
-- that were sent, no two may be the same.
-- kind: write
-- rows: one
-- audit: entity=catalog_medicine after=row
-- faults: validation-failed
WITH sent AS (
    SELECT r.place, r.entry, r.entry->>'medicine_type' AS medicine_type, name_fold(r.entry->>'medicine_name') AS name_key
    FROM jsonb_array_elements($body::jsonb->'medicines') WITH ORDINALITY r (entry, place)
),
repeated AS (
    SELECT n.place FROM (
        SELECT s.place, row_number() OVER (PARTITION BY s.name_key, s.medicine_type ORDER BY s.place) AS nth FROM sent s) n
    WHERE n.nth > 1
),
unknown AS (
    SELECT s.entry FROM sent s
    WHERE NOT EXISTS (SELECT 1 FROM repeated) AND NOT EXISTS (
        SELECT 1 FROM catalog_medicine m
        WHERE m.clinic_id = $clinic AND m.name_key = s.name_key COLLATE "C"
            AND m.medicine_type = s.medicine_type)
),
new AS (
    INSERT INTO catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages, default_dosage,
        default_schedule, frequency_per_day, default_duration, food_instruction, description, created_at, updated_at)
    SELECT $clinic, uuid_v7($now), u.entry->>'medicine_name', u.entry->>'medicine_type',
        ARRAY(SELECT jsonb_array_elements_text(u.entry->'common_dosages')), u.entry->>'default_dosage',
        u.entry->>'default_schedule', (u.entry->>'frequency_per_day')::int, u.entry->>'default_duration',
        u.entry->>'food_instruction', u.entry->>'description', $now, $now
    FROM unknown u WHERE NOT $is_dry_run::boolean
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT n.sent AS medicines, n.created, n.sent - n.created AS kept, $is_dry_run AS dry_run,
    CASE WHEN r.flaws IS NOT NULL THEN 'validation-failed' END AS _fault, r.flaws AS _flaws
FROM (SELECT json_agg(json_build_object('pointer', '#/medicines/' || repeated.place - 1 || '/medicine_name',
        'code', 'not-unique', 'detail', 'is there twice with this type') ORDER BY repeated.place) AS flaws FROM repeated) r,
    LATERAL (SELECT (SELECT count(*) FROM sent) AS sent,
        CASE WHEN $is_dry_run THEN (SELECT count(*) FROM unknown) ELSE (SELECT count(*) FROM new) END AS created) n
