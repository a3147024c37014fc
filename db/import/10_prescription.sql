-- Prescriptions in the state they ended in, with the visit of the same patient and day, the newest of them. One whose
-- doctor is not known is not carried over: nobody may be made its author.
-- import: table=prescription

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, p.clinic_id, p.id AS patient_id, c.timezone, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict, ops.moment(s.r->>'prescription_date') AS at, s.r->>'status' AS status,
        a.id AS doctor_id, coalesce(NULLIF(btrim(a.first_name || ' ' || a.last_name), ''), a.username) AS doctor_name
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'prescription') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'patient', ops.ref(s.r, 'patient_id')) p ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    LEFT JOIN clinicd.clinic c ON c.clinic_id = p.clinic_id
    LEFT JOIN LATERAL ops.known(i.source_id, 'doctor', ops.ref(s.r, 'doctor_id')) d ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a
        WHERE a.clinic_id = d.clinic_id AND a.id = d.id AND a.clinic_id = p.clinic_id OFFSET 0) a ON true
    WHERE i.id = $1
),
u AS MATERIALIZED (
    SELECT s.*, (s.at AT TIME ZONE s.timezone)::date AS day, ops.row_id(s.identity, 'prescription', s.n, s.at) AS id,
        CASE WHEN s.patient_id IS NULL THEN 'patient-unknown' WHEN s.doctor_id IS NULL THEN 'doctor-unknown'
             WHEN s.at IS NULL THEN 'time-unreadable' WHEN s.status NOT IN ('pending', 'completed', 'cancelled') THEN 'status-unknown'
             WHEN length(s.r->>'admission_reason') > 2000 THEN 'too-long' END AS code
    FROM s
),
series AS (
    INSERT INTO clinicd.counter AS k (clinic_id, kind, period, value)
    SELECT u.clinic_id, 'prescription', extract(year FROM u.day)::int, count(*) FROM u WHERE u.code IS NULL GROUP BY 1, 3
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + excluded.value
    RETURNING k.clinic_id, k.period, k.value
),
numbered AS MATERIALIZED (
    SELECT u.*, k.period, (k.value - count(*) OVER (PARTITION BY u.clinic_id, k.period)
        + row_number() OVER (PARTITION BY u.clinic_id, k.period ORDER BY u.n))::text AS digits
    FROM u JOIN series k ON k.clinic_id = u.clinic_id AND k.period = extract(year FROM u.day)::int
    WHERE u.code IS NULL
),
t AS MATERIALIZED (
    SELECT n.*, (SELECT v.id FROM clinicd.visit v
                 WHERE v.clinic_id = n.clinic_id AND v.patient_id = n.patient_id AND v.token_on = n.day
                 ORDER BY v.checked_in_at DESC, v.id DESC LIMIT 1) AS visit_id
    FROM numbered n
),
made AS (
    INSERT INTO clinicd.prescription (clinic_id, id, rx_number, patient_id, doctor_id, doctor_name, visit_id, status,
        prescribed_at, completed_at, cancelled_at, cancel_reason, created_at, updated_at)
    SELECT t.clinic_id, t.id, 'RX-' || t.period || '-' || lpad(t.digits, greatest(5, length(t.digits)), '0'), t.patient_id,
        t.doctor_id, t.doctor_name, t.visit_id, t.status, t.at, CASE WHEN t.status = 'completed' THEN t.at END,
        CASE WHEN t.status = 'cancelled' THEN t.at END,
        CASE WHEN t.status = 'cancelled' THEN 'Cancelled in the legacy records, which keep no reason.' END, t.at, t.at
    FROM t ORDER BY t.n
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT u.n, CASE WHEN u.code IS NULL THEN 'loaded' ELSE 'rejected' END, u.code,
    CASE u.code WHEN 'patient-unknown' THEN 'patient_id' WHEN 'doctor-unknown' THEN 'doctor_id' WHEN 'status-unknown' THEN 'status'
        WHEN 'too-long' THEN 'admission_reason' ELSE 'prescription_date' END,
    u.clinic_id, u.id, ops.canon(u.patient_id::text, u.doctor_id::text, ops.instant(u.at), u.status),
    array_remove(ARRAY[CASE WHEN u.is_homeless AND u.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN u.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN u.code IS NULL AND t.visit_id IS NULL THEN 'no-visit-that-day' END,
        CASE WHEN u.code IS NULL AND u.r->>'admission_recommended' = '1' AND ops.tidy(u.r->>'admission_reason') IS NULL
             THEN 'advice-without-reason' END], NULL)
FROM u LEFT JOIN t ON t.n = u.n;

-- A statement of its own: the prescription is there by then, and counted without it.
WITH made AS (
    INSERT INTO clinicd.admission_recommendation (clinic_id, prescription_id, patient_id, admission_type, reason, recommended_at,
        created_at, updated_at)
    SELECT p.clinic_id, p.id, p.patient_id, 'general', coalesce(ops.tidy(s.r->>'admission_reason'), 'No reason was recorded.'),
        p.prescribed_at, p.prescribed_at, p.prescribed_at
    FROM ops.staged($1, 'prescription') s
    JOIN ops.import_outcome o ON o.n = s.n AND o.outcome = 'loaded'
    CROSS JOIN LATERAL (SELECT * FROM clinicd.prescription p WHERE p.clinic_id = o.clinic_id AND p.id = o.id OFFSET 0) p
    WHERE p.status <> 'cancelled' AND s.r->>'admission_recommended' = '1'
    RETURNING clinic_id, prescription_id
)
UPDATE clinicd.prescription_figure f SET recommended = f.recommended + n.made
FROM (SELECT p.clinic_id, p.doctor_id, count(*) AS made FROM made m
      CROSS JOIN LATERAL (SELECT * FROM clinicd.prescription p WHERE p.clinic_id = m.clinic_id AND p.id = m.prescription_id OFFSET 0) p
      GROUP BY p.clinic_id, p.doctor_id) n
WHERE f.clinic_id = n.clinic_id AND f.doctor_id = n.doctor_id;

-- section check
SELECT count(*), sum(ops.canon(p.patient_id::text, p.doctor_id::text, ops.instant(p.prescribed_at), p.status))
FROM ops.import_map m JOIN clinicd.prescription p ON p.clinic_id = m.clinic_id AND p.id = m.id
WHERE m.import_id = $1 AND m.name = 'prescription' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.prescription p ON p.clinic_id = m.clinic_id AND p.id = m.id
WHERE m.import_id = $1 AND m.name = 'prescription' AND m.outcome = 'loaded' AND p.version > 1;

-- section undo
DELETE FROM clinicd.admission_recommendation r USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'prescription' AND m.outcome = 'loaded' AND r.clinic_id = m.clinic_id AND r.prescription_id = m.id;

DELETE FROM clinicd.prescription p USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'prescription' AND m.outcome = 'loaded' AND p.clinic_id = m.clinic_id AND p.id = m.id;
