-- A clinic's pharmacies. One is the primary one, the first that says so.
-- import: table=associatedmedical

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, c.clinic_id, ops.tidy(s.r->>'name') AS name,
        coalesce(ops.moment(s.r->>'created_at'), i.started_at) AS created, s.r->>'is_active' <> '0' AS is_active,
        s.r->>'is_primary' <> '0' AS is_primary
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'pharmacy') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) c ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.source_id, 'pharmacy', s.n, s.created) AS id,
        CASE WHEN s.clinic_id IS NULL THEN 'clinic-unknown' WHEN s.name IS NULL THEN 'name-missing'
             WHEN length(s.name) > 255 THEN 'too-long' END AS code,
        s.is_primary AND (NOT s.is_active OR (NOT EXISTS (SELECT FROM clinicd.pharmacy p
                WHERE p.clinic_id = s.clinic_id AND p.is_primary AND p.is_active)
            AND row_number() OVER (PARTITION BY s.clinic_id, s.is_primary AND s.is_active ORDER BY s.n) = 1)) AS is_first
    FROM s
),
made AS (
    INSERT INTO clinicd.pharmacy (clinic_id, id, name, address, phone_number, is_primary, is_active, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.name, coalesce(left(ops.tidy(t.r->>'address'), 2000), ''), ops.tidy(t.r->>'phone_number'),
        t.is_first, t.is_active, t.created, t.created
    FROM t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'clinic-unknown' THEN 'clinic_id' ELSE 'name' END, t.clinic_id, t.id,
    ops.canon(t.name, ops.tidy(t.r->>'phone_number'), t.is_active::text),
    array_remove(ARRAY[CASE WHEN length(ops.tidy(t.r->>'address')) > 2000 THEN 'cut' END,
        CASE WHEN t.is_primary AND NOT t.is_first THEN 'second-primary' END], NULL)
FROM t;

-- section check
SELECT count(*), sum(ops.canon(p.name, p.phone_number, p.is_active::text))
FROM ops.import_map m JOIN clinicd.pharmacy p ON p.clinic_id = m.clinic_id AND p.id = m.id
WHERE m.import_id = $1 AND m.name = 'pharmacy' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.pharmacy p ON p.clinic_id = m.clinic_id AND p.id = m.id
WHERE m.import_id = $1 AND m.name = 'pharmacy' AND m.outcome = 'loaded' AND p.version > 1;

-- section undo
DELETE FROM clinicd.pharmacy p USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'pharmacy' AND m.outcome = 'loaded' AND p.clinic_id = m.clinic_id AND p.id = m.id;
