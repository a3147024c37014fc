-- The medicines of a template.
-- import: table=standardtemplatemedicine

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, w.clinic_id, w.id AS template_id, w.created_at AS at,
        false AS is_homeless, false AS is_conflict,
        ops.tidy(s.r->>'medicine_name') AS name, ops.tidy(s.r->>'dosage') AS dosage, ops.tidy(s.r->>'duration') AS duration,
        ops.medicine_type(s.r->>'medicine_type') AS kind, ops.schedule(s.r->>'schedule') AS schedule,
        ops.food(s.r->>'food_instruction') AS food, ops.tidy(s.r->>'frequency') AS words, ops.ref(s.r, 'qty') AS qty,
        ops.times_a_day(ops.ref(s.r, 'frequency_per_day'), ops.tidy(s.r->>'frequency'), ops.schedule(s.r->>'schedule')) AS often
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'template_medicine') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'template', ops.ref(s.r, 'template_id')) p ON true
    LEFT JOIN clinicd.template w ON w.clinic_id = p.clinic_id AND w.id = p.id
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.source_id, 'template_medicine', s.n, s.at) AS id, ops.medicine_name(s.name, s.dosage, s.kind) AS new_name,
        coalesce(s.schedule, ops.schedule(s.words)) AS new_schedule,
        ops.tidy(concat_ws(E'\n', ops.tidy(s.r->>'instructions'),
            CASE WHEN s.words !~ '^[0-9]+$' AND ops.schedule(s.words) IS NULL THEN 'Frequency: ' || s.words END,
            CASE WHEN ops.tidy(s.r->>'schedule') IS NOT NULL AND s.schedule IS NULL THEN 'Schedule: ' || (s.r->>'schedule') END)) AS instructions,
        base.n + row_number() OVER (PARTITION BY s.clinic_id, s.template_id ORDER BY s.n) AS position
    FROM s
    LEFT JOIN LATERAL (SELECT coalesce(max(m.position), 0) AS n FROM clinicd.template_medicine m
        WHERE m.clinic_id = s.clinic_id AND m.template_id = s.template_id) base ON true
),
u AS MATERIALIZED (
    SELECT t.*, CASE WHEN t.template_id IS NULL THEN 'template-unknown' WHEN t.name IS NULL THEN 'name-missing'
        WHEN length(t.name) > 200 OR length(t.dosage) > 100 OR length(t.duration) > 100 OR length(t.instructions) > 2000 THEN 'too-long'
        WHEN t.position > 200 THEN 'too-many-lines' END AS code
    FROM t
),
made AS (
    INSERT INTO clinicd.template_medicine (clinic_id, id, template_id, position, medicine_name, medicine_type, dosage,
        frequency_per_day, duration, quantity, schedule, food_instruction, instructions, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.template_id, t.position, t.new_name, coalesce(t.kind, 'tablet'), coalesce(t.dosage, 'not recorded'),
        coalesce(t.often, 1), coalesce(t.duration, 'not recorded'), CASE WHEN t.qty BETWEEN 1 AND 9999 THEN t.qty ELSE 1 END,
        t.new_schedule, t.food, t.instructions, t.at, t.at
    FROM u t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'template-unknown' THEN 'template_id' WHEN 'too-long' THEN CASE WHEN length(t.name) > 200 THEN 'medicine_name'
        WHEN length(t.dosage) > 100 THEN 'dosage' WHEN length(t.duration) > 100 THEN 'duration' ELSE 'instructions' END
        ELSE 'medicine_name' END, t.clinic_id, t.id,
    ops.canon(t.template_id::text, t.new_name, coalesce(t.kind, 'tablet'), coalesce(t.dosage, 'not recorded'), coalesce(t.often, 1)::text,
        coalesce(t.duration, 'not recorded'), t.new_schedule, t.food, t.instructions),
    array_remove(ARRAY[CASE WHEN t.is_homeless AND t.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN t.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN t.code IS NULL AND t.new_name <> t.name THEN 'display-text-removed' END,
        CASE WHEN t.code IS NULL AND t.kind IS NULL THEN 'type-assumed' END,
        CASE WHEN t.code IS NULL AND t.often IS NULL THEN 'frequency-assumed' END,
        CASE WHEN t.code IS NULL AND t.words IS NOT NULL THEN 'frequency-from-words' END,
        CASE WHEN t.code IS NULL AND (t.qty BETWEEN 1 AND 9999) IS NOT TRUE THEN 'quantity-assumed' END,
        CASE WHEN t.code IS NULL AND (t.dosage IS NULL OR t.duration IS NULL) THEN 'dose-not-recorded' END], NULL)
FROM u t;

-- section check
SELECT count(*), sum(ops.canon(l.template_id::text, l.medicine_name, l.medicine_type, l.dosage, l.frequency_per_day::text, l.duration,
    l.schedule, l.food_instruction, l.instructions))
FROM ops.import_map m JOIN clinicd.template_medicine l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'template_medicine' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.template_medicine l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'template_medicine' AND m.outcome = 'loaded' AND l.version > 1;

-- section undo
DELETE FROM clinicd.template_medicine l USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'template_medicine' AND m.outcome = 'loaded' AND l.clinic_id = m.clinic_id AND l.id = m.id;
