-- What doctors prescribe often; a template stays its doctor's own.
-- import: table=standardprescriptiontemplate

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, i.choices->>'duplicates' = 'reject' AS takes_no_double, a.clinic_id, a.id AS doctor_id,
        coalesce(NULLIF(btrim(a.first_name || ' ' || a.last_name), ''), a.username) AS doctor_name,
        ops.tidy(s.r->>'name') AS name, ops.tidy(s.r->>'description') AS about, ops.tidy(s.r->>'keyword') AS keyword,
        coalesce(ops.moment(s.r->>'created_at'), i.started_at) AS created,
        coalesce(ops.moment(s.r->>'updated_at'), i.started_at) AS updated
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'template') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'doctor', ops.ref(s.r, 'doctor_id')) d ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a WHERE a.clinic_id = d.clinic_id AND a.id = d.id OFFSET 0) a ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.source_id, 'template', s.n, s.created) AS id,
        CASE WHEN s.doctor_id IS NULL THEN 'doctor-unknown' WHEN s.name IS NULL THEN 'name-missing'
             WHEN length(s.name) > 240 OR length(s.about) > 2000 OR length(s.keyword) > 100 THEN 'too-long'
             WHEN s.takes_no_double AND (row_number() OVER (PARTITION BY s.clinic_id, s.doctor_id, lower(s.name) ORDER BY s.n) > 1
                 OR EXISTS (SELECT FROM clinicd.template k WHERE k.clinic_id = s.clinic_id AND k.doctor_id = s.doctor_id
                            AND k.name_key = lower(s.name) COLLATE "C" AND k.deleted_at IS NULL))
             THEN 'duplicate' END AS code,
        CASE WHEN row_number() OVER (PARTITION BY s.clinic_id, s.doctor_id, lower(s.name) ORDER BY s.n) > 1
               OR EXISTS (SELECT FROM clinicd.template k WHERE k.clinic_id = s.clinic_id AND k.doctor_id = s.doctor_id
                          AND k.name_key = lower(s.name) COLLATE "C" AND k.deleted_at IS NULL)
             THEN s.name || ' (' || s.n || ')' ELSE s.name END AS new_name
    FROM s
),
made AS (
    INSERT INTO clinicd.template (clinic_id, id, doctor_id, doctor_name, name, description, keyword, is_active, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.doctor_id, t.doctor_name, t.new_name, t.about, t.keyword, t.r->>'is_active' <> '0', t.created, t.updated
    FROM t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'doctor-unknown' THEN 'doctor_id' ELSE 'name' END, t.clinic_id, t.id,
    ops.canon(t.doctor_id::text, t.new_name, t.about, t.keyword),
    array_remove(ARRAY[CASE WHEN t.code IS NULL AND t.new_name <> t.name THEN 'name-changed' END], NULL)
FROM t;

-- section check
SELECT count(*), sum(ops.canon(k.doctor_id::text, k.name, k.description, k.keyword))
FROM ops.import_map m JOIN clinicd.template k ON k.clinic_id = m.clinic_id AND k.id = m.id
WHERE m.import_id = $1 AND m.name = 'template' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.template k ON k.clinic_id = m.clinic_id AND k.id = m.id
WHERE m.import_id = $1 AND m.name = 'template' AND m.outcome = 'loaded' AND k.version > 1;

-- section undo
DELETE FROM clinicd.template k USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'template' AND m.outcome = 'loaded' AND k.clinic_id = m.clinic_id AND k.id = m.id;
