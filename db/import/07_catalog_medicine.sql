-- The list of medicines. Display text that was saved as a name is taken off; what then stands twice becomes one entry,
-- with the newest of what is not empty.
-- import: table=mastermedicine

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, i.choices->>'duplicates' AS doubles, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        coalesce(c.clinic_id, CASE WHEN ops.ref(s.r, 'clinic_id') IS NULL THEN i.home_clinic END) AS clinic_id,
        coalesce(ops.moment(s.r->>'created_at'), i.started_at) AS created,
        coalesce(ops.moment(s.r->>'updated_at'), i.started_at) AS updated, s.r->>'is_active' <> '0' AS is_active,
        ops.tidy(s.r->>'medicine_name') AS name, ops.medicine_type(s.r->>'medicine_type') AS kind,
        ARRAY(SELECT d FROM (SELECT ops.tidy(left(e.d, 100)) AS d, min(e.at) AS at
                FROM unnest(string_to_array(coalesce(s.r->>'common_dosages', s.r->>'dosage_options', ''), ',')) WITH ORDINALITY e (d, at)
                GROUP BY 1) k WHERE d IS NOT NULL ORDER BY at LIMIT 20) AS dosages
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'catalog_medicine') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) c ON true
    WHERE i.id = $1
),
named AS MATERIALIZED (
    SELECT s.*, ops.medicine_name(s.name, coalesce(ops.tidy(s.r->>'default_dosage'), s.dosages[1]), s.kind) AS new_name,
        coalesce(s.kind, 'tablet') AS new_kind, coalesce(ops.tidy(s.r->>'default_dosage'), s.dosages[1]) AS dosage,
        ops.schedule(s.r->>'default_schedule') AS schedule, ops.food(s.r->>'food_instruction') AS food,
        ops.times_a_day(ops.ref(s.r, 'frequency_per_day'), s.r->>'default_frequency', ops.schedule(s.r->>'default_schedule')) AS often,
        ops.tidy(s.r->>'default_duration') AS duration,
        left(concat_ws(' ', ops.tidy(s.r->>'category'), ops.tidy(s.r->>'description')), 2000) AS about,
        CASE WHEN s.clinic_id IS NULL THEN 'clinic-unknown' WHEN s.name IS NULL THEN 'name-missing'
             WHEN length(s.name) > 200 THEN 'too-long' END AS code
    FROM s
),
doubles AS MATERIALIZED ( -- only where they are not to become one
    SELECT d.n FROM (SELECT c.n, c.clinic_id, c.new_name, c.new_kind, row_number() OVER (PARTITION BY c.clinic_id,
            clinicd.name_fold(c.new_name), c.new_kind ORDER BY c.n) AS nth FROM named c
        WHERE c.code IS NULL AND c.doubles IN ('reject', 'suffix')) d
    WHERE d.nth > 1 OR EXISTS (SELECT FROM clinicd.catalog_medicine e
        WHERE e.clinic_id = d.clinic_id AND e.name_key = clinicd.name_fold(d.new_name) COLLATE "C" AND e.medicine_type = d.new_kind)
),
clean AS MATERIALIZED (
    SELECT c.n, c.r, c.source_id, c.is_homeless, c.clinic_id, c.created, c.updated, c.is_active, c.name, c.kind, c.dosages,
        c.new_kind, c.dosage, c.schedule, c.food, c.often, c.duration, c.about, d.n IS NOT NULL AND c.doubles = 'suffix' AS is_apart,
        CASE WHEN d.n IS NOT NULL AND c.doubles = 'suffix' THEN left(c.new_name, 170) || ' (' || c.n || ')' ELSE c.new_name END AS new_name,
        CASE WHEN d.n IS NOT NULL AND c.doubles = 'reject' THEN 'duplicate' ELSE c.code END AS code
    FROM named c LEFT JOIN doubles d ON d.n = c.n
),
keyed AS MATERIALIZED (
    SELECT c.*, clinicd.name_fold(c.new_name) AS name_key,
        min(c.n) OVER (PARTITION BY c.clinic_id, clinicd.name_fold(c.new_name), c.new_kind, c.code IS NULL) AS first_n
    FROM clean c
),
known AS MATERIALIZED (
    SELECT k.n, e.id FROM keyed k
    CROSS JOIN LATERAL (SELECT e.id FROM clinicd.catalog_medicine e
        WHERE e.clinic_id = k.clinic_id AND e.name_key = k.name_key COLLATE "C" AND e.medicine_type = k.new_kind
        ORDER BY e.is_active DESC, e.id LIMIT 1) e
    WHERE k.code IS NULL
),
one AS MATERIALIZED (
    SELECT k.clinic_id, k.first_n, min(k.created) AS created, max(k.updated) AS updated, bool_or(k.is_active) AS is_active,
        (array_agg(k.new_name ORDER BY k.updated DESC, k.n DESC))[1] AS name, min(k.new_kind) AS kind,
        (array_agg(k.dosage ORDER BY k.updated DESC, k.n DESC) FILTER (WHERE k.dosage IS NOT NULL))[1] AS dosage,
        (array_agg(k.schedule ORDER BY k.updated DESC, k.n DESC) FILTER (WHERE k.schedule IS NOT NULL))[1] AS schedule,
        (array_agg(k.often ORDER BY k.updated DESC, k.n DESC) FILTER (WHERE k.often IS NOT NULL))[1] AS often,
        (array_agg(k.duration ORDER BY k.updated DESC, k.n DESC) FILTER (WHERE k.duration IS NOT NULL))[1] AS duration,
        (array_agg(k.food ORDER BY k.updated DESC, k.n DESC) FILTER (WHERE k.food IS NOT NULL))[1] AS food,
        (array_agg(k.about ORDER BY k.updated DESC, k.n DESC) FILTER (WHERE k.about <> ''))[1] AS about
    FROM keyed k WHERE k.code IS NULL AND NOT EXISTS (SELECT FROM known WHERE known.n = k.n)
    GROUP BY k.clinic_id, k.first_n
),
ready AS MATERIALIZED (
    SELECT o.*, ops.row_id(i.source_id, 'catalog_medicine', o.first_n, o.created) AS id,
        ARRAY(SELECT DISTINCT d FROM keyed k, unnest(k.dosages) d WHERE k.first_n = o.first_n AND k.clinic_id = o.clinic_id ORDER BY d LIMIT 20) AS all_dosages
    FROM one o, ops.import i WHERE i.id = $1
),
made AS (
    INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages, default_dosage,
        default_schedule, frequency_per_day, default_duration, food_instruction, description, is_active, created_at, updated_at)
    SELECT r.clinic_id, r.id, r.name, r.kind, r.all_dosages, left(r.dosage, 100), r.schedule, r.often, left(r.duration, 100), r.food,
        r.about, r.is_active, r.created, r.updated
    FROM ready r
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT k.n, CASE WHEN k.code IS NOT NULL THEN 'rejected' WHEN r.id IS NULL OR k.n <> k.first_n THEN 'merged' ELSE 'loaded' END, k.code,
    CASE k.code WHEN 'clinic-unknown' THEN 'clinic_id' ELSE 'medicine_name' END, k.clinic_id, coalesce(known.id, r.id),
    ops.canon(r.name, r.kind, left(r.dosage, 100), r.schedule, r.often::text, r.food, r.is_active::text),
    array_remove(ARRAY[CASE WHEN k.code IS NULL AND k.new_name <> k.name AND NOT k.is_apart THEN 'display-text-removed' END,
        CASE WHEN k.is_apart THEN 'name-changed' END,
        CASE WHEN k.code IS NULL AND (length(k.dosage) > 100 OR length(k.duration) > 100 OR length(concat_ws(' ', ops.tidy(k.r->>'category'),
            ops.tidy(k.r->>'description'))) > 2000) THEN 'cut' END,
        CASE WHEN k.code IS NULL AND (r.id IS NULL OR k.n <> k.first_n) THEN 'duplicate-merged' END,
        CASE WHEN k.kind IS NULL AND k.r ? 'medicine_type' THEN 'type-assumed' END,
        CASE WHEN k.is_homeless AND k.code IS NULL THEN 'clinic-given' END], NULL)
FROM keyed k
LEFT JOIN known ON known.n = k.n
LEFT JOIN ready r ON r.clinic_id = k.clinic_id AND r.first_n = k.first_n AND k.code IS NULL AND known.n IS NULL;

-- section check
SELECT count(*), sum(ops.canon(e.medicine_name, e.medicine_type, e.default_dosage, e.default_schedule, e.frequency_per_day::text,
    e.food_instruction, e.is_active::text))
FROM ops.import_map m JOIN clinicd.catalog_medicine e ON e.clinic_id = m.clinic_id AND e.id = m.id
WHERE m.import_id = $1 AND m.name = 'catalog_medicine' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.catalog_medicine e ON e.clinic_id = m.clinic_id AND e.id = m.id
WHERE m.import_id = $1 AND m.name = 'catalog_medicine' AND m.outcome = 'loaded' AND e.version > 1;

-- section undo
DELETE FROM clinicd.catalog_medicine e USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'catalog_medicine' AND m.outcome = 'loaded' AND e.clinic_id = m.clinic_id AND e.id = m.id;
