-- Visits, of the clinic of their patient. Tokens follow the order of arrival; what nobody closed is closed, as the
-- service closes what a day leaves open. When a visit ended is not known, so its end is its beginning.
-- import: table=patientvisit

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, p.clinic_id, p.id AS patient_id, c.timezone, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict, ops.moment(s.r->>'check_in_date') AS at, s.r->>'status' AS status,
        ops.tidy(s.r->>'purpose') AS purpose, ops.tidy(s.r->>'notes') AS notes,
        a.id AS by_id, btrim(a.first_name || ' ' || a.last_name) AS by_name
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'visit') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'patient', ops.ref(s.r, 'patient_id')) p ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    LEFT JOIN clinicd.clinic c ON c.clinic_id = p.clinic_id
    LEFT JOIN LATERAL ops.known(i.source_id, 'staff', ops.ref(s.r, 'checked_in_by_id')) u ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a
        WHERE a.clinic_id = u.clinic_id AND a.id = u.id AND a.clinic_id = p.clinic_id OFFSET 0) a ON true
    WHERE i.id = $1
),
u AS MATERIALIZED (
    SELECT s.*, (s.at AT TIME ZONE s.timezone)::date AS day, ops.row_id(s.identity, 'visit', s.n, s.at) AS id,
        CASE WHEN s.patient_id IS NULL THEN 'patient-unknown' WHEN s.at IS NULL THEN 'time-unreadable'
             WHEN length(s.purpose) > 200 OR length(s.notes) > 2000 THEN 'too-long' END AS code,
        CASE s.status WHEN 'checked_in' THEN 'no_show' WHEN 'in_consultation' THEN 'completed' WHEN 'cancelled' THEN 'cancelled'
            WHEN 'no_show' THEN 'no_show' ELSE 'completed' END AS new_status
    FROM s
),
series AS (
    INSERT INTO clinicd.counter AS k (clinic_id, kind, period, value)
    SELECT u.clinic_id, 'token', to_char(u.day, 'YYYYMMDD')::int, count(*) FROM u WHERE u.code IS NULL GROUP BY 1, 3
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + excluded.value
    RETURNING k.clinic_id, k.period, k.value
),
t AS MATERIALIZED (
    SELECT u.*, k.value - count(*) OVER (PARTITION BY u.clinic_id, u.day)
        + row_number() OVER (PARTITION BY u.clinic_id, u.day ORDER BY u.at, u.n) AS token
    FROM u JOIN series k ON k.clinic_id = u.clinic_id AND k.period = to_char(u.day, 'YYYYMMDD')::int
    WHERE u.code IS NULL
),
made AS (
    INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, purpose, status, status_at, notes,
        checked_in_at, checked_in_by_id, checked_in_by_name, ended_at, version, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.patient_id, t.day, t.token, t.purpose, t.new_status, t.at, t.notes, t.at, t.by_id, t.by_name,
        t.at, 2, t.at, t.at
    FROM t ORDER BY t.n
),
steps AS (
    INSERT INTO clinicd.visit_change (clinic_id, visit_id, number, patient_id, from_status, to_status, at, by_id, by_name, note)
    SELECT t.clinic_id, t.id, k.number, t.patient_id, k.from_status, k.to_status, t.at, k.by_id, k.by_name, k.note
    FROM t CROSS JOIN LATERAL (VALUES
        (1, NULL, 'checked_in', t.by_id, t.by_name, NULL),
        (2, 'checked_in', t.new_status, NULL, NULL, CASE WHEN t.status IN ('checked_in', 'in_consultation')
            THEN 'Closed by the import: nobody had closed it.' ELSE 'From the legacy records: when it ended is not known.' END))
        k (number, from_status, to_status, by_id, by_name, note)
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT u.n, CASE WHEN u.code IS NULL THEN 'loaded' ELSE 'rejected' END, u.code,
    CASE u.code WHEN 'patient-unknown' THEN 'patient_id' WHEN 'time-unreadable' THEN 'check_in_date' ELSE 'purpose' END,
    u.clinic_id, u.id, ops.canon(u.patient_id::text, ops.instant(u.at), u.purpose, u.notes, u.new_status, u.by_id::text),
    array_remove(ARRAY[CASE WHEN u.is_homeless AND u.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN u.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN u.code IS NULL AND u.status IN ('checked_in', 'in_consultation') THEN 'stale-visit-closed' END,
        CASE WHEN u.status NOT IN ('checked_in', 'in_consultation', 'completed', 'cancelled', 'no_show') THEN 'status-unknown' END], NULL)
FROM u;

-- section check
SELECT count(*), sum(ops.canon(v.patient_id::text, ops.instant(v.checked_in_at), v.purpose, v.notes, v.status, v.checked_in_by_id::text))
FROM ops.import_map m JOIN clinicd.visit v ON v.clinic_id = m.clinic_id AND v.id = m.id
WHERE m.import_id = $1 AND m.name = 'visit' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.visit v ON v.clinic_id = m.clinic_id AND v.id = m.id
WHERE m.import_id = $1 AND m.name = 'visit' AND m.outcome = 'loaded' AND v.version > 2;

-- section undo
DELETE FROM clinicd.visit_change h USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'visit' AND m.outcome = 'loaded' AND h.clinic_id = m.clinic_id AND h.visit_id = m.id;

DELETE FROM clinicd.visit v USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'visit' AND m.outcome = 'loaded' AND v.clinic_id = m.clinic_id AND v.id = m.id;
