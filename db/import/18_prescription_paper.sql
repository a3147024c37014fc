-- What a prescription that is not pending says for ever, frozen now that all its lines are there. The clinic, its
-- pharmacy and the doctor stand on it as they are known today: the legacy program never kept what it had printed.
-- import: table=prescription
-- where: t.status <> 'pending'

-- section load
WITH t AS MATERIALIZED (
    SELECT s.n, w.clinic_id, w.id, w.patient_id, w.updated_at, w.status = 'pending' OR k.prescription_id IS NOT NULL AS is_needless,
        CASE WHEN w.status <> 'pending' AND k.prescription_id IS NULL THEN clinicd.prescription_facts(w.clinic_id, w.id) END AS facts
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'prescription_paper') s
    LEFT JOIN ops.import_map p ON p.source_id = i.source_id AND p.name = 'prescription' AND p.legacy_id = s.n
    LEFT JOIN clinicd.prescription w ON w.clinic_id = p.clinic_id AND w.id = p.id
    LEFT JOIN clinicd.prescription_paper k ON k.clinic_id = w.clinic_id AND k.prescription_id = w.id
    WHERE i.id = $1
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
