-- Makes a template of the doctor who asks, with the lines that the body has.
-- kind: write
-- rows: one
-- audit: entity=template id=id after=row
-- keyed: yes
-- faults: validation-failed
WITH flaws AS MATERIALIZED (
    SELECT line_flaws($clinic, $body::jsonb->'medicines', $body->'tests', false) AS list
),
new AS (
    INSERT INTO template (clinic_id, id, doctor_id, doctor_name, name, description, keyword, visibility, is_active,
        created_at, updated_at)
    SELECT $clinic, $id::uuid, d.id, btrim(a.first_name || ' ' || a.last_name), $body->>'name', $body->>'description',
        $body->>'keyword', $body->>'visibility', ($body->>'is_active')::boolean, $now, $now
    FROM flaws, doctor d
    JOIN account a ON a.clinic_id = $clinic AND a.id = d.id
    WHERE d.clinic_id = $clinic AND d.id = $actor_id AND flaws.list IS NULL
    RETURNING clinic_id, id
),
filled AS MATERIALIZED (
    SELECT new.clinic_id, new.id, template_lines_add($clinic, new.id, $body->'medicines', $body->'tests', $now) FROM new
)
SELECT s.*, CASE WHEN flaws.list IS NOT NULL THEN 'validation-failed' END AS _fault, flaws.list AS _flaws
FROM flaws
LEFT JOIN filled ON true
LEFT JOIN LATERAL template_shown(filled.clinic_id, filled.id) s ON true
