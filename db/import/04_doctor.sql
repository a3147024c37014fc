-- Doctors: a profile beside the account. A licence that is missing or stands twice gets a number that says so.
-- import: table=doctor

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.choices->>'duplicates' = 'reject' AS takes_no_double, u.clinic_id, u.id, ops.tidy(s.r->>'specialization') AS specialization,
        ops.tidy(s.r->>'license_number') AS license
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'doctor') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'staff', ops.ref(s.r, 'user_id')) u ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.id IS NULL THEN 'account-unknown' WHEN length(s.specialization) > 100 OR length(s.license) > 50
                     THEN 'too-long'
            WHEN s.takes_no_double AND s.license IS NOT NULL AND (row_number() OVER (PARTITION BY s.clinic_id,
                    upper(regexp_replace(s.license, '\s+', '', 'g')) ORDER BY s.n) > 1
                OR EXISTS (SELECT FROM clinicd.doctor d WHERE d.clinic_id = s.clinic_id
                    AND d.license_key = upper(regexp_replace(s.license, '\s+', '', 'g'))))
            THEN 'duplicate' END AS code,
        CASE WHEN s.license IS NULL OR row_number() OVER (PARTITION BY s.clinic_id,
                  upper(regexp_replace(s.license, '\s+', '', 'g')) ORDER BY s.n) > 1
               OR EXISTS (SELECT FROM clinicd.doctor d WHERE d.clinic_id = s.clinic_id
                  AND d.license_key = upper(regexp_replace(s.license, '\s+', '', 'g')))
             THEN 'UNKNOWN-' || s.n ELSE s.license END AS new_license
    FROM s
),
made AS (
    INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number)
    SELECT t.clinic_id, t.id, coalesce(t.specialization, 'General'), t.new_license FROM t WHERE t.code IS NULL
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'account-unknown' THEN 'user_id' ELSE 'license_number' END, t.clinic_id, t.id,
    ops.canon(coalesce(t.specialization, 'General'), t.new_license),
    array_remove(ARRAY[CASE WHEN t.new_license IS DISTINCT FROM t.license THEN 'license-unknown' END,
        CASE WHEN t.specialization IS NULL THEN 'specialization-assumed' END], NULL)
FROM t;

-- section check
SELECT count(*), sum(ops.canon(d.specialization, d.license_number))
FROM ops.import_map m JOIN clinicd.doctor d ON d.clinic_id = m.clinic_id AND d.id = m.id
WHERE m.import_id = $1 AND m.name = 'doctor' AND m.outcome = 'loaded';

-- section undo
DELETE FROM clinicd.prescription_figure f USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'doctor' AND m.outcome = 'loaded' AND f.clinic_id = m.clinic_id AND f.doctor_id = m.id;

DELETE FROM clinicd.doctor d USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'doctor' AND m.outcome = 'loaded' AND d.clinic_id = m.clinic_id AND d.id = m.id;
