-- The doctor's notes of a prescription; a part that is empty is said to be not recorded.
-- import: table=doctornotes

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, w.clinic_id, w.id AS prescription_id, w.patient_id, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict, ops.tidy(s.r->>'observations') AS observations,
        ops.tidy(s.r->>'diagnosis') AS diagnosis, ops.tidy(s.r->>'treatment_plan') AS plan, ops.tidy(s.r->>'notes') AS notes,
        ops.tidy(s.r->>'checkin_purpose') AS purpose, coalesce(ops.moment(s.r->>'created_at'), w.prescribed_at) AS created,
        coalesce(ops.moment(s.r->>'updated_at'), w.prescribed_at) AS updated
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'notes') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'prescription', ops.ref(s.r, 'prescription_id')) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription w WHERE w.clinic_id = p.clinic_id AND w.id = p.id OFFSET 0) w ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.prescription_id IS NULL THEN 'prescription-unknown'
        WHEN greatest(length(s.observations), length(s.diagnosis), length(s.plan), length(s.notes)) > 10000
          OR length(s.purpose) > 255 THEN 'too-long'
        WHEN row_number() OVER (PARTITION BY s.clinic_id, s.prescription_id ORDER BY s.n) > 1
          OR EXISTS (SELECT FROM clinicd.prescription_notes k
                 WHERE k.clinic_id = s.clinic_id AND k.prescription_id = s.prescription_id OFFSET 0)
        THEN 'second-of-its-kind' END AS code
    FROM s
),
made AS (
    INSERT INTO clinicd.prescription_notes (clinic_id, prescription_id, patient_id, observations, diagnosis, treatment_plan,
        notes, checkin_purpose, created_at, updated_at)
    SELECT t.clinic_id, t.prescription_id, t.patient_id, coalesce(t.observations, 'Not recorded.'), coalesce(t.diagnosis, 'Not recorded.'),
        coalesce(t.plan, 'Not recorded.'), t.notes, t.purpose, t.created, t.updated
    FROM t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'too-long' THEN 'observations' ELSE 'prescription_id' END, t.clinic_id, t.prescription_id,
    ops.canon(coalesce(t.observations, 'Not recorded.'), coalesce(t.diagnosis, 'Not recorded.'), coalesce(t.plan, 'Not recorded.'), t.notes, t.purpose),
    array_remove(ARRAY[CASE WHEN t.is_homeless AND t.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN t.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN t.code IS NULL AND (t.observations IS NULL OR t.diagnosis IS NULL OR t.plan IS NULL) THEN 'part-not-recorded' END], NULL)
FROM t;

-- What comes later than the paper stands on it, too.
UPDATE clinicd.prescription_paper k SET facts = (k.facts::jsonb
    || jsonb_build_object('notes', clinicd.prescription_facts(k.clinic_id, k.prescription_id)->'notes'))::json
FROM (SELECT o.clinic_id, o.id AS prescription_id FROM ops.import_outcome o WHERE o.outcome = 'loaded') c
WHERE k.clinic_id = c.clinic_id AND k.prescription_id = c.prescription_id;

-- section check
SELECT count(*), sum(ops.canon(k.observations, k.diagnosis, k.treatment_plan, k.notes, k.checkin_purpose))
FROM ops.import_map m JOIN clinicd.prescription_notes k ON k.clinic_id = m.clinic_id AND k.prescription_id = m.id
WHERE m.import_id = $1 AND m.name = 'notes' AND m.outcome = 'loaded';

-- section undo
DELETE FROM clinicd.prescription_notes k USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'notes' AND m.outcome = 'loaded' AND k.clinic_id = m.clinic_id AND k.prescription_id = m.id;
