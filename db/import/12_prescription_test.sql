-- The tests of a prescription, and, when it was completed, their orders: a result is carried over, and what has none
-- is no work for the laboratory any more.
-- import: table=test

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, w.clinic_id, w.id AS prescription_id, w.patient_id, w.prescribed_at AS at,
        ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless, cm.clinic_id <> p.clinic_id AS is_conflict,
        ops.tidy(s.r->>'test_name') AS name, ops.test_type(s.r->>'test_type', s.r->>'test_name') AS kind,
        ops.tidy(s.r->>'description') AS about, ops.day(s.r->>'test_date') AS test_on,
        ops.tidy(s.r->>'result') AS result, s.r->>'is_completed' = '1' AS is_done
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'prescription_test') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'prescription', ops.ref(s.r, 'prescription_id')) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription w WHERE w.clinic_id = p.clinic_id AND w.id = p.id OFFSET 0) w ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.identity, 'prescription_test', s.n, s.at) AS id,
        base.n + row_number() OVER (PARTITION BY s.clinic_id, s.prescription_id ORDER BY s.n) AS position
    FROM s
    LEFT JOIN LATERAL (SELECT coalesce(max(m.position), 0) AS n FROM clinicd.prescription_test m
        WHERE m.clinic_id = s.clinic_id AND m.prescription_id = s.prescription_id) base ON true
),
u AS MATERIALIZED (
    SELECT t.*, CASE WHEN t.prescription_id IS NULL THEN 'prescription-unknown' WHEN t.name IS NULL THEN 'name-missing'
        WHEN length(t.name) > 200 OR length(t.about) > 2000 OR length(t.result) > 10000 THEN 'too-long'
        WHEN t.position > 200 THEN 'too-many-lines' END AS code
    FROM t
),
made AS (
    INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, position, test_name, test_type,
        description, test_on, created_at, updated_at)
    SELECT u.clinic_id, u.id, u.prescription_id, u.patient_id, u.position, u.name, u.kind, u.about, u.test_on, u.at, u.at
    FROM u WHERE u.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT u.n, CASE WHEN u.code IS NULL THEN 'loaded' ELSE 'rejected' END, u.code,
    CASE u.code WHEN 'prescription-unknown' THEN 'prescription_id' ELSE 'test_name' END, u.clinic_id, u.id,
    ops.canon(u.prescription_id::text, u.name, u.kind, u.about, u.test_on::text),
    array_remove(ARRAY[CASE WHEN u.is_homeless AND u.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN u.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN u.kind IS DISTINCT FROM u.r->>'test_type' THEN 'type-mapped' END,
        CASE WHEN ops.tidy(u.r->>'test_date') IS NOT NULL AND u.test_on IS NULL THEN 'day-unreadable' END,
        CASE WHEN u.code IS NULL AND u.is_done AND u.result IS NULL THEN 'done-without-result' END,
        CASE WHEN u.code IS NULL AND u.result IS NOT NULL THEN 'result-carried-over' END], NULL)
FROM u;

INSERT INTO clinicd.lab_order (clinic_id, id, prescription_id, test_id, patient_id, test_name, test_type, description, test_on,
    status, note, ordered_at, result_text, result_at, created_at, updated_at)
SELECT l.clinic_id, ops.row_id(origin.identity, 'lab_order', s.n, p.completed_at), l.prescription_id, l.id, l.patient_id, l.test_name,
    l.test_type, l.description, l.test_on, CASE WHEN k.result IS NOT NULL THEN 'completed' ELSE 'cancelled' END,
    CASE WHEN k.result IS NULL THEN CASE WHEN s.r->>'is_completed' = '1' THEN 'The legacy records say done, and keep no result.'
        ELSE 'The legacy records keep no result.' END END,
    p.completed_at, k.result, CASE WHEN k.result IS NOT NULL
        THEN greatest(p.completed_at, l.test_on::timestamp AT TIME ZONE c.timezone) END, p.completed_at, p.completed_at
FROM ops.import i
JOIN ops.import_source origin ON origin.id = i.source_id
CROSS JOIN ops.staged($1, 'prescription_test') s
JOIN ops.import_outcome o ON o.n = s.n AND o.outcome = 'loaded'
CROSS JOIN LATERAL (SELECT * FROM clinicd.prescription_test l WHERE l.clinic_id = o.clinic_id AND l.id = o.id OFFSET 0) l
CROSS JOIN LATERAL (SELECT * FROM clinicd.prescription p WHERE p.clinic_id = l.clinic_id AND p.id = l.prescription_id OFFSET 0) p
JOIN clinicd.clinic c ON c.clinic_id = l.clinic_id
CROSS JOIN LATERAL (SELECT ops.tidy(s.r->>'result') AS result) k
WHERE i.id = $1 AND p.status = 'completed';

-- A test that comes later than the paper stands on it, too.
UPDATE clinicd.prescription_paper k SET facts = (k.facts::jsonb
    || jsonb_build_object('tests', clinicd.prescription_facts(k.clinic_id, k.prescription_id)->'tests'))::json
FROM (SELECT DISTINCT l.clinic_id, l.prescription_id FROM ops.import_outcome o
      CROSS JOIN LATERAL (SELECT * FROM clinicd.prescription_test l WHERE l.clinic_id = o.clinic_id AND l.id = o.id OFFSET 0) l
      WHERE o.outcome = 'loaded') c
WHERE k.clinic_id = c.clinic_id AND k.prescription_id = c.prescription_id;

-- section check
SELECT count(*), sum(ops.canon(l.prescription_id::text, l.test_name, l.test_type, l.description, l.test_on::text))
FROM ops.import_map m JOIN clinicd.prescription_test l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'prescription_test' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.prescription_test l ON l.clinic_id = m.clinic_id AND l.id = m.id
LEFT JOIN clinicd.lab_order o ON o.clinic_id = l.clinic_id AND o.prescription_id = l.prescription_id AND o.test_id = l.id
WHERE m.import_id = $1 AND m.name = 'prescription_test' AND m.outcome = 'loaded' AND (l.version > 1 OR o.version > 1);

-- section undo
DELETE FROM clinicd.lab_order o USING ops.import_map m, clinicd.prescription_test l
WHERE m.import_id = $1 AND m.name = 'prescription_test' AND m.outcome = 'loaded' AND l.clinic_id = m.clinic_id AND l.id = m.id
  AND o.clinic_id = l.clinic_id AND o.prescription_id = l.prescription_id AND o.test_id = l.id;

DELETE FROM clinicd.prescription_test l USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'prescription_test' AND m.outcome = 'loaded' AND l.clinic_id = m.clinic_id AND l.id = m.id;
