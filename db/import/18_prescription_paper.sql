-- What a prescription that is not pending says for ever, frozen now that all its lines are there. The clinic, its
-- pharmacy and the doctor stand on it as they are known today: the legacy program never kept what it had printed.
-- import: table=prescription
-- where: t.status <> 'pending'

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, w.clinic_id, w.id, w.patient_id, w.updated_at, w.status = 'pending' OR k.prescription_id IS NOT NULL AS is_needless
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'prescription_paper') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'prescription', s.n) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription w WHERE w.clinic_id = p.clinic_id AND w.id = p.id OFFSET 0) w ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription_paper k
        WHERE k.clinic_id = w.clinic_id AND k.prescription_id = w.id OFFSET 0) k ON true
    WHERE i.id = $1
),
written AS MATERIALIZED (
    SELECT c.clinic_id, f.prescription_id, f.facts
    FROM (SELECT s.clinic_id, array_agg(s.id) AS ids FROM s WHERE s.id IS NOT NULL AND NOT s.is_needless GROUP BY s.clinic_id) c
    CROSS JOIN LATERAL clinicd.prescriptions_facts(c.clinic_id, c.ids) f
),
t AS MATERIALIZED (
    SELECT s.*, w.facts FROM s LEFT JOIN written w ON w.clinic_id = s.clinic_id AND w.prescription_id = s.id
),
made AS (
    INSERT INTO clinicd.prescription_paper (clinic_id, prescription_id, patient_id, facts, created_at)
    SELECT t.clinic_id, t.id, t.patient_id, t.facts, t.updated_at FROM t WHERE t.facts IS NOT NULL ORDER BY t.n
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.id IS NULL THEN 'rejected' WHEN t.is_needless THEN 'skipped' ELSE 'loaded' END,
    CASE WHEN t.id IS NULL THEN 'prescription-unknown' END, 'id', t.clinic_id, t.id, ops.canon(t.facts::text), '{}'::text[]
FROM t;

-- section check
SELECT count(*), sum(ops.canon(k.facts::text))
FROM ops.import_map m JOIN clinicd.prescription_paper k ON k.clinic_id = m.clinic_id AND k.prescription_id = m.id
WHERE m.import_id = $1 AND m.name = 'prescription_paper' AND m.outcome = 'loaded';

-- section undo
DELETE FROM clinicd.prescription_paper k USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'prescription_paper' AND m.outcome = 'loaded' AND k.clinic_id = m.clinic_id AND k.prescription_id = m.id;
