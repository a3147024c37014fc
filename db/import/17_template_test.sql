-- The tests of a template.
-- import: table=standardtemplatetest

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, w.clinic_id, w.id AS template_id, w.created_at AS at, ops.tidy(s.r->>'test_name') AS name,
        ops.test_type(s.r->>'test_type', s.r->>'test_name') AS kind, ops.tidy(s.r->>'description') AS about
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'template_test') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'template', ops.ref(s.r, 'template_id')) p ON true
    LEFT JOIN clinicd.template w ON w.clinic_id = p.clinic_id AND w.id = p.id
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.source_id, 'template_test', s.n, s.at) AS id,
        CASE WHEN s.template_id IS NULL THEN 'template-unknown' WHEN s.name IS NULL THEN 'name-missing'
             WHEN length(s.name) > 200 OR length(s.about) > 2000 THEN 'too-long' END AS code,
        base.n + row_number() OVER (PARTITION BY s.clinic_id, s.template_id ORDER BY s.n) AS position
    FROM s
    LEFT JOIN LATERAL (SELECT coalesce(max(m.position), 0) AS n FROM clinicd.template_test m
        WHERE m.clinic_id = s.clinic_id AND m.template_id = s.template_id) base ON true
),
made AS (
    INSERT INTO clinicd.template_test (clinic_id, id, template_id, position, test_name, test_type, description, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.template_id, t.position, t.name, t.kind, t.about, t.at, t.at FROM t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'template-unknown' THEN 'template_id' ELSE 'test_name' END, t.clinic_id, t.id,
    ops.canon(t.template_id::text, t.name, t.kind, t.about),
    array_remove(ARRAY[CASE WHEN t.kind IS DISTINCT FROM t.r->>'test_type' THEN 'type-mapped' END], NULL)
FROM t;

-- section check
SELECT count(*), sum(ops.canon(l.template_id::text, l.test_name, l.test_type, l.description))
FROM ops.import_map m JOIN clinicd.template_test l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'template_test' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.template_test l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'template_test' AND m.outcome = 'loaded' AND l.version > 1;

-- section undo
DELETE FROM clinicd.template_test l USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'template_test' AND m.outcome = 'loaded' AND l.clinic_id = m.clinic_id AND l.id = m.id;
