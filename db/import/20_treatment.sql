-- What was given during an admission, with the details that were written down and no others. A type outside the list
-- is another treatment, and its word stays in the notes.
-- import: table=treatmentlog

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, w.clinic_id, w.id AS admission_id, w.patient_id, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict, ops.moment(s.r->>'administered_date') AS administered_at,
        ops.moment(s.r->>'created_at') AS made, ops.moment(s.r->>'updated_at') AS written,
        lower(ops.tidy(s.r->>'treatment_type')) AS word, ops.tidy(s.r->>'treatment_name') AS name,
        ops.tidy(s.r->>'description') AS description, ops.tidy(s.r->>'dosage') AS dosage, ops.tidy(s.r->>'frequency') AS frequency, ops.tidy(s.r->>'route') AS route,
        ops.tidy(s.r->>'saline_type') AS saline_type, ops.tidy(s.r->>'quantity') AS quantity, ops.tidy(s.r->>'oxygen_flow_rate') AS oxygen_flow_rate,
        ops.tidy(s.r->>'oxygen_type') AS oxygen_type, ops.tidy(s.r->>'duration') AS duration,
        ops.tidy(s.r->>'notes') AS remark,
        a.id AS administered_by_id, coalesce(NULLIF(btrim(a.first_name || ' ' || a.last_name), ''), a.username) AS by_name
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'treatment') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'admission', ops.ref(s.r, 'admission_id')) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.admission w WHERE w.clinic_id = p.clinic_id AND w.id = p.id OFFSET 0) w ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'staff', ops.ref(s.r, 'administered_by_id')) g ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a
        WHERE a.clinic_id = g.clinic_id AND a.id = g.id AND a.clinic_id = w.clinic_id OFFSET 0) a ON true
    WHERE i.id = $1
),
k AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.identity, 'treatment', s.n, s.administered_at) AS id,
        CASE WHEN s.word IN ('medication', 'injection', 'saline', 'oxygen', 'procedure', 'monitoring', 'therapy', 'other')
             THEN s.word ELSE 'other' END AS kind,
        ops.tidy(concat_ws(E'\n', s.remark, CASE WHEN s.word NOT IN ('medication', 'injection', 'saline', 'oxygen', 'procedure',
            'monitoring', 'therapy', 'other') THEN 'Type: ' || s.word END)) AS notes
    FROM s
),
t AS MATERIALIZED (
    SELECT k.*, CASE WHEN k.admission_id IS NULL THEN 'admission-unknown' WHEN k.name IS NULL THEN 'name-missing'
        WHEN k.administered_at IS NULL THEN 'time-unreadable'
        WHEN length(k.name) > 200 OR length(k.description) > 5000 OR length(k.notes) > 5000
          OR greatest(length(k.dosage), length(k.frequency), length(k.route), length(k.saline_type), length(k.quantity),
              length(k.oxygen_flow_rate), length(k.oxygen_type), length(k.duration)) > 100 THEN 'too-long' END AS code
    FROM k
),
made AS (
    INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, treatment_type, treatment_name, description, dosage,
        frequency, route, saline_type, quantity, oxygen_flow_rate, oxygen_type, duration, administered_at, administered_by_id,
        administered_by_name, notes, is_imported, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.admission_id, t.patient_id, t.kind, t.name, t.description, t.dosage, t.frequency, t.route,
        t.saline_type, t.quantity, t.oxygen_flow_rate, t.oxygen_type, t.duration, t.administered_at, t.administered_by_id, t.by_name,
        t.notes, true, coalesce(t.made, t.administered_at), greatest(t.administered_at, t.made, t.written)
    FROM t WHERE t.code IS NULL ORDER BY t.n
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'admission-unknown' THEN 'admission_id' WHEN 'time-unreadable' THEN 'administered_date'
        WHEN 'too-long' THEN CASE WHEN length(t.name) > 200 THEN 'treatment_name' WHEN length(t.description) > 5000 THEN 'description'
            WHEN length(t.notes) > 5000 THEN 'notes' WHEN length(t.dosage) > 100 THEN 'dosage' WHEN length(t.frequency) > 100 THEN 'frequency'
            WHEN length(t.route) > 100 THEN 'route' WHEN length(t.saline_type) > 100 THEN 'saline_type'
            WHEN length(t.quantity) > 100 THEN 'quantity' WHEN length(t.oxygen_flow_rate) > 100 THEN 'oxygen_flow_rate'
            WHEN length(t.oxygen_type) > 100 THEN 'oxygen_type' ELSE 'duration' END
        ELSE 'treatment_name' END,
    t.clinic_id, t.id,
    ops.canon(t.admission_id::text, t.kind, t.name, t.description, t.dosage, t.frequency, t.route, t.saline_type,
        t.quantity, t.oxygen_flow_rate, t.oxygen_type, t.duration, ops.instant(t.administered_at), t.administered_by_id::text, t.notes),
    array_remove(ARRAY[CASE WHEN t.is_homeless AND t.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN t.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN t.kind IS DISTINCT FROM t.word THEN 'type-mapped' END], NULL)
FROM t;

-- An entry that comes later than its admission's summary stands on it, too.
UPDATE clinicd.admission_paper k SET facts = (k.facts::jsonb
    || jsonb_build_object('treatments', clinicd.admission_facts(k.clinic_id, k.admission_id)->'treatments'))::json
FROM (SELECT DISTINCT l.clinic_id, l.admission_id FROM ops.import_outcome o
      CROSS JOIN LATERAL (SELECT * FROM clinicd.treatment l WHERE l.clinic_id = o.clinic_id AND l.id = o.id OFFSET 0) l
      WHERE o.outcome = 'loaded') c
WHERE k.clinic_id = c.clinic_id AND k.admission_id = c.admission_id;

-- section check
SELECT count(*), sum(ops.canon(l.admission_id::text, l.treatment_type, l.treatment_name, l.description, l.dosage, l.frequency, l.route, l.saline_type,
        l.quantity, l.oxygen_flow_rate, l.oxygen_type, l.duration, ops.instant(l.administered_at), l.administered_by_id::text, l.notes))
FROM ops.import_map m JOIN clinicd.treatment l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'treatment' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.treatment l ON l.clinic_id = m.clinic_id AND l.id = m.id
WHERE m.import_id = $1 AND m.name = 'treatment' AND m.outcome = 'loaded' AND l.version > 1;

-- section undo
DELETE FROM clinicd.treatment l USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'treatment' AND m.outcome = 'loaded' AND l.clinic_id = m.clinic_id AND l.id = m.id;
