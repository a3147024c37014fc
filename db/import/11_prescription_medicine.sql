-- The medicines of a prescription. What a doctor wrote is kept: a frequency in words becomes a number and stays in the
-- instructions; a dose that is not there is said to be not recorded.
-- import: table=medicine

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, w.clinic_id, w.id AS prescription_id, w.patient_id, w.prescribed_at AS at,
        ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless, cm.clinic_id <> p.clinic_id AS is_conflict,
        ops.tidy(s.r->>'medicine_name') AS name, ops.tidy(s.r->>'dosage') AS dosage, ops.tidy(s.r->>'duration') AS duration,
        ops.medicine_type(s.r->>'medicine_type') AS kind, ops.schedule(s.r->>'schedule') AS schedule,
        ops.food(s.r->>'food_instruction') AS food, ops.tidy(s.r->>'frequency') AS words, ops.ref(s.r, 'qty') AS qty,
        ops.times_a_day(ops.ref(s.r, 'frequency_per_day'), ops.tidy(s.r->>'frequency'), ops.schedule(s.r->>'schedule')) AS often
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'prescription_medicine') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'prescription', ops.ref(s.r, 'prescription_id')) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription w WHERE w.clinic_id = p.clinic_id AND w.id = p.id OFFSET 0) w ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.identity, 'prescription_medicine', s.n, s.at) AS id, ops.medicine_name(s.name, s.dosage, s.kind) AS new_name,
        coalesce(s.schedule, ops.schedule(s.words)) AS new_schedule,
        ops.tidy(concat_ws(E'\n', ops.tidy(s.r->>'instructions'),
            CASE WHEN s.words !~ '^[0-9]+$' AND ops.schedule(s.words) IS NULL THEN 'Frequency: ' || s.words END,
            CASE WHEN ops.tidy(s.r->>'schedule') IS NOT NULL AND s.schedule IS NULL THEN 'Schedule: ' || (s.r->>'schedule') END)) AS instructions,
        base.n + row_number() OVER (PARTITION BY s.clinic_id, s.prescription_id ORDER BY s.n) AS position
    FROM s
    LEFT JOIN LATERAL (SELECT coalesce(max(m.position), 0) AS n FROM clinicd.prescription_medicine m
        WHERE m.clinic_id = s.clinic_id AND m.prescription_id = s.prescription_id) base ON true
),
u AS MATERIALIZED (
    SELECT t.*, CASE WHEN t.prescription_id IS NULL THEN 'prescription-unknown' WHEN t.name IS NULL THEN 'name-missing'
        WHEN length(t.name) > 200 OR length(t.dosage) > 100 OR length(t.duration) > 100 OR length(t.instructions) > 2000 THEN 'too-long'
        WHEN t.position > 200 THEN 'too-many-lines' END AS code
    FROM t
),
made AS (
    INSERT INTO clinicd.prescription_medicine (clinic_id, id, prescription_id, patient_id, position, medicine_name, medicine_type, dosage,
        frequency_per_day, duration, quantity, schedule, food_instruction, instructions, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.prescription_id, t.patient_id, t.position, t.new_name, coalesce(t.kind, 'tablet'), coalesce(t.dosage, 'not recorded'),
        coalesce(t.often, 1), coalesce(t.duration, 'not recorded'), CASE WHEN t.qty BETWEEN 1 AND 9999 THEN t.qty ELSE 1 END,
        t.new_schedule, t.food, t.instructions, t.at, t.at
    FROM u t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'prescription-unknown' THEN 'prescription_id' WHEN 'too-long' THEN CASE WHEN length(t.name) > 200 THEN 'medicine_name'
        WHEN length(t.dosage) > 100 THEN 'dosage' WHEN length(t.duration) > 100 THEN 'duration' ELSE 'instructions' END
        ELSE 'medicine_name' END, t.clinic_id, t.id,
    ops.canon(t.prescription_id::text, t.new_name, coalesce(t.kind, 'tablet'), coalesce(t.dosage, 'not recorded'), coalesce(t.often, 1)::text,
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

-- A line that comes later than the paper stands on it, too.
UPDATE clinicd.prescription_paper k SET facts = (k.facts::jsonb
    || jsonb_build_object('medicines', clinicd.prescription_facts(k.clinic_id, k.prescription_id)->'medicines'))::json
FROM (SELECT DISTINCT l.clinic_id, l.prescription_id FROM ops.import_outcome o
      CROSS JOIN LATERAL (SELECT * FROM clinicd.prescription_medicine l WHERE l.clinic_id = o.clinic_id AND l.id = o.id OFFSET 0) l
      WHERE o.outcome = 'loaded') c
WHERE k.clinic_id = c.clinic_id AND k.prescription_id = c.prescription_id;

-- section check
SELECT count(*), sum(ops.canon(l.prescription_id::text, l.medicine_name, l.medicine_type, l.dosage, l.frequency_per_day::text, l.duration,
    l.schedule, l.food_instruction, l.instructions))
FROM ops.import_map m JOIN clinicd.prescription_medicine l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'prescription_medicine' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.prescription_medicine l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'prescription_medicine' AND m.outcome = 'loaded' AND l.version > 1;

-- section undo
DELETE FROM clinicd.prescription_medicine l USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'prescription_medicine' AND m.outcome = 'loaded' AND l.clinic_id = m.clinic_id AND l.id = m.id;
