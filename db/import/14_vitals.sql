-- Vital signs: the text as it was typed, and a number where the text is one that can be.
-- import: table=vitals

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, w.clinic_id, w.id AS prescription_id, w.patient_id, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict, ops.tidy(s.r->>'bp') AS bp, ops.tidy(s.r->>'pulse') AS pulse,
        ops.tidy(s.r->>'temp') AS temp, ops.tidy(s.r->>'spo2') AS spo2, ops.tidy(s.r->>'sugar') AS sugar,
        coalesce(ops.moment(s.r->>'created_at'), w.prescribed_at) AS created
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'vitals') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'prescription', ops.ref(s.r, 'prescription_id')) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription w WHERE w.clinic_id = p.clinic_id AND w.id = p.id OFFSET 0) w ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    WHERE i.id = $1
),
number AS MATERIALIZED (
    SELECT s.*,
        CASE WHEN s.bp ~ '^[0-9]{2,3} */ *[0-9]{2,3}$' THEN split_part(s.bp, '/', 1)::int END AS upper,
        CASE WHEN s.bp ~ '^[0-9]{2,3} */ *[0-9]{2,3}$' THEN split_part(s.bp, '/', 2)::int END AS lower,
        CASE WHEN s.pulse ~ '^[0-9]{2,3}$' THEN s.pulse::int END AS beats,
        CASE WHEN s.temp ~ '^[0-9]{2,3}(\.[0-9])?$' THEN s.temp::numeric END AS degrees,
        CASE WHEN s.spo2 ~ '^[0-9]{2,3} ?%?$' THEN rtrim(s.spo2, ' %')::int END AS oxygen,
        CASE WHEN s.sugar ~ '^[0-9]{2,4}(\.[0-9])?$' THEN s.sugar::numeric END AS glucose
    FROM s
),
t AS MATERIALIZED (
    SELECT k.*, CASE WHEN k.prescription_id IS NULL THEN 'prescription-unknown'
        WHEN greatest(length(k.bp), length(k.pulse), length(k.temp), length(k.spo2), length(k.sugar)) > 20 THEN 'too-long'
        WHEN row_number() OVER (PARTITION BY k.clinic_id, k.prescription_id ORDER BY k.n) > 1
          OR EXISTS (SELECT FROM clinicd.prescription_vitals v
                 WHERE v.clinic_id = k.clinic_id AND v.prescription_id = k.prescription_id OFFSET 0)
        THEN 'second-of-its-kind' END AS code,
        k.upper BETWEEN 40 AND 300 AND k.lower BETWEEN 20 AND 200 AND k.upper > k.lower AS has_bp,
        CASE WHEN k.degrees BETWEEN 25 AND 45 THEN 'celsius' WHEN k.degrees BETWEEN 77 AND 113 THEN 'fahrenheit' END AS unit
    FROM number k
),
made AS (
    INSERT INTO clinicd.prescription_vitals (clinic_id, prescription_id, patient_id, bp_systolic, bp_diastolic, bp_text, pulse,
        pulse_text, temperature, temperature_unit, temperature_text, spo2, spo2_text, sugar, sugar_unit, sugar_text,
        created_at, updated_at)
    SELECT t.clinic_id, t.prescription_id, t.patient_id, CASE WHEN t.has_bp THEN t.upper END, CASE WHEN t.has_bp THEN t.lower END, t.bp,
        CASE WHEN t.beats BETWEEN 20 AND 300 THEN t.beats END, t.pulse, CASE WHEN t.unit IS NOT NULL THEN t.degrees END, t.unit, t.temp,
        CASE WHEN t.oxygen BETWEEN 30 AND 100 THEN t.oxygen END, t.spo2,
        CASE WHEN t.glucose BETWEEN 10 AND 1500 THEN t.glucose END, CASE WHEN t.glucose BETWEEN 10 AND 1500 THEN 'mg_dl' END, t.sugar,
        t.created, t.created
    FROM t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'too-long' THEN 'bp' ELSE 'prescription_id' END, t.clinic_id, t.prescription_id,
    ops.canon(t.bp, t.pulse, t.temp, t.spo2, t.sugar),
    array_remove(ARRAY[CASE WHEN t.is_homeless AND t.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN t.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN t.code IS NULL AND ((t.bp IS NOT NULL AND t.has_bp IS NOT TRUE)
            OR (t.pulse IS NOT NULL AND (t.beats BETWEEN 20 AND 300) IS NOT TRUE) OR (t.temp IS NOT NULL AND t.unit IS NULL)
            OR (t.spo2 IS NOT NULL AND (t.oxygen BETWEEN 30 AND 100) IS NOT TRUE)
            OR (t.sugar IS NOT NULL AND (t.glucose BETWEEN 10 AND 1500) IS NOT TRUE)) THEN 'kept-as-text' END], NULL)
FROM t;

-- What comes later than the paper stands on it, too.
UPDATE clinicd.prescription_paper k SET facts = (k.facts::jsonb
    || jsonb_build_object('vitals', clinicd.prescription_facts(k.clinic_id, k.prescription_id)->'vitals'))::json
FROM (SELECT o.clinic_id, o.id AS prescription_id FROM ops.import_outcome o WHERE o.outcome = 'loaded') c
WHERE k.clinic_id = c.clinic_id AND k.prescription_id = c.prescription_id;

-- section check
SELECT count(*), sum(ops.canon(v.bp_text, v.pulse_text, v.temperature_text, v.spo2_text, v.sugar_text))
FROM ops.import_map m JOIN clinicd.prescription_vitals v ON v.clinic_id = m.clinic_id AND v.prescription_id = m.id
WHERE m.import_id = $1 AND m.name = 'vitals' AND m.outcome = 'loaded';

-- section undo
DELETE FROM clinicd.prescription_vitals v USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'vitals' AND m.outcome = 'loaded' AND v.clinic_id = m.clinic_id AND v.prescription_id = m.id;
