-- The list of tests. Types of the March lists become what the name tells; what then stands twice becomes one entry.
-- import: table=mastertest

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, i.choices->>'duplicates' AS doubles, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        coalesce(c.clinic_id, CASE WHEN ops.ref(s.r, 'clinic_id') IS NULL THEN i.home_clinic END) AS clinic_id,
        coalesce(ops.moment(s.r->>'created_at'), i.started_at) AS created,
        coalesce(ops.moment(s.r->>'updated_at'), i.started_at) AS updated,
        ops.tidy(s.r->>'test_name') AS name, ops.test_type(s.r->>'test_type', s.r->>'test_name') AS kind
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'catalog_test') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) c ON true
    WHERE i.id = $1
),
doubles AS MATERIALIZED ( -- only where they are not to become one
    SELECT d.n FROM (SELECT s.n, s.clinic_id, s.name, s.kind,
            row_number() OVER (PARTITION BY s.clinic_id, clinicd.name_fold(s.name), s.kind ORDER BY s.n) AS nth
        FROM s WHERE s.doubles IN ('reject', 'suffix') AND s.clinic_id IS NOT NULL AND length(s.name) <= 200) d
    WHERE d.nth > 1 OR EXISTS (SELECT FROM clinicd.catalog_test e
        WHERE e.clinic_id = d.clinic_id AND e.name_key = clinicd.name_fold(d.name) COLLATE "C" AND e.test_type = d.kind)
),
own AS MATERIALIZED (
    SELECT s.n, s.r, s.source_id, s.is_homeless, s.clinic_id, s.created, s.updated, s.kind, s.doubles, d.n IS NOT NULL AS is_double, s.name AS old_name,
        CASE WHEN d.n IS NOT NULL AND s.doubles = 'suffix' THEN left(s.name, 170) || ' (' || s.n || ')' ELSE s.name END AS name
    FROM s LEFT JOIN doubles d ON d.n = s.n
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.source_id, 'catalog_test', s.n, s.created) AS id,
        CASE WHEN s.clinic_id IS NULL THEN 'clinic-unknown' WHEN s.name IS NULL THEN 'name-missing'
             WHEN length(s.name) > 200 THEN 'too-long' WHEN s.is_double AND s.doubles = 'reject' THEN 'duplicate' END AS code,
        first_value(s.n) OVER (PARTITION BY s.clinic_id, clinicd.name_fold(s.name), s.kind ORDER BY s.n) AS first_n,
        (SELECT e.id FROM clinicd.catalog_test e
         WHERE e.clinic_id = s.clinic_id AND e.name_key = clinicd.name_fold(s.name) COLLATE "C" AND e.test_type = s.kind
         ORDER BY e.is_active DESC, e.id LIMIT 1) AS known
    FROM own s
),
made AS (
    INSERT INTO clinicd.catalog_test (clinic_id, id, test_name, test_type, category, description, is_active, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.name, t.kind, left(ops.tidy(t.r->>'category'), 100), left(ops.tidy(t.r->>'description'), 2000),
        t.r->>'is_active' <> '0', t.created, t.updated
    FROM t WHERE t.code IS NULL AND t.known IS NULL AND t.n = t.first_n
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NOT NULL THEN 'rejected' WHEN t.known IS NOT NULL OR t.n <> t.first_n THEN 'merged' ELSE 'loaded' END,
    t.code, CASE t.code WHEN 'clinic-unknown' THEN 'clinic_id' ELSE 'test_name' END, t.clinic_id, coalesce(t.known, f.id),
    ops.canon(t.name, t.kind, left(ops.tidy(t.r->>'category'), 100)),
    array_remove(ARRAY[CASE WHEN t.kind IS DISTINCT FROM t.r->>'test_type' THEN 'type-mapped' END,
        CASE WHEN t.code IS NULL AND (t.known IS NOT NULL OR t.n <> t.first_n) THEN 'duplicate-merged' END,
        CASE WHEN t.code IS NULL AND t.name <> t.old_name THEN 'name-changed' END,
        CASE WHEN t.code IS NULL AND (length(ops.tidy(t.r->>'category')) > 100 OR length(ops.tidy(t.r->>'description')) > 2000) THEN 'cut' END,
        CASE WHEN t.is_homeless AND t.code IS NULL THEN 'clinic-given' END], NULL)
FROM t JOIN t f ON f.n = t.first_n;

-- section check
SELECT count(*), sum(ops.canon(e.test_name, e.test_type, e.category))
FROM ops.import_map m JOIN clinicd.catalog_test e ON e.clinic_id = m.clinic_id AND e.id = m.id
WHERE m.import_id = $1 AND m.name = 'catalog_test' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.catalog_test e ON e.clinic_id = m.clinic_id AND e.id = m.id
WHERE m.import_id = $1 AND m.name = 'catalog_test' AND m.outcome = 'loaded' AND e.version > 1;

-- section undo
DELETE FROM clinicd.catalog_test e USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'catalog_test' AND m.outcome = 'loaded' AND e.clinic_id = m.clinic_id AND e.id = m.id;
