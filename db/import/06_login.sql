-- Patients' accounts: none has a usable password, as every default password stood beside it in plain text.
-- import: table=user
-- where: t.role = 'patient' AND NOT t.is_superuser
-- extra: (SELECT p.id FROM hospital_patient p WHERE p.user_id = t.id) AS patient_row
-- leave: password

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, i.choices->>'duplicates' = 'reject' AS takes_no_double, p.clinic_id, p.id AS patient_id, o.name, lower(ops.tidy(s.r->>'username')) AS username,
        lower(ops.tidy(s.r->>'email')) AS email,
        coalesce(ops.moment(s.r->>'created_at'), ops.moment(s.r->>'date_joined'), i.started_at) AS created
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'login') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'patient', ops.ref(s.r, 'patient_row')) p ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.patient o WHERE o.clinic_id = p.clinic_id AND o.id = p.id OFFSET 0) o ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.identity, 'login', s.n, s.created) AS id, s.patient_id IS NULL AS is_orphan,
        CASE WHEN s.patient_id IS NULL THEN NULL WHEN s.username IS NULL THEN 'name-missing'
             WHEN length(s.username) > 140 THEN 'too-long'
             WHEN EXISTS (SELECT FROM clinicd.account a WHERE a.clinic_id = s.clinic_id AND a.patient_id = s.patient_id OFFSET 0)
             THEN 'login-exists'
             WHEN s.takes_no_double AND (row_number() OVER (PARTITION BY s.clinic_id, s.username ORDER BY s.n) > 1
                 OR EXISTS (SELECT FROM clinicd.account a
                     WHERE a.clinic_id = s.clinic_id AND a.username_key = s.username COLLATE "C" OFFSET 0))
             THEN 'duplicate' END AS code,
        CASE WHEN length(s.username) < 3
               OR EXISTS (SELECT FROM clinicd.account a
                    WHERE a.clinic_id = s.clinic_id AND a.username_key = s.username COLLATE "C" OFFSET 0)
               OR row_number() OVER (PARTITION BY s.clinic_id, s.username ORDER BY s.n) > 1
             THEN s.username || '-' || s.n ELSE s.username END AS new_username,
        CASE WHEN s.email NOT LIKE '%@patient.local' AND length(s.email) <= 254 THEN s.email END AS new_email
    FROM s
),
made AS (
    INSERT INTO clinicd.account (clinic_id, id, patient_id, username, role, first_name, last_name, email, is_active,
        password_hash, must_change_password, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.patient_id, t.new_username, 'patient', t.name, '', t.new_email, t.r->>'is_active' <> '0',
        NULL, true, t.created, t.created
    FROM t WHERE t.code IS NULL AND NOT t.is_orphan
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.is_orphan THEN 'skipped' WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'login-exists' THEN 'id' ELSE 'username' END,
    t.clinic_id, CASE WHEN NOT t.is_orphan THEN t.id END, ops.canon(t.new_username, t.new_email, t.name),
    array_remove(ARRAY[CASE WHEN t.is_orphan THEN 'login-without-patient' ELSE 'password-to-reset' END,
        CASE WHEN NOT t.is_orphan AND t.email IS NOT NULL AND t.new_email IS NULL THEN 'made-up-email-left' END,
        CASE WHEN NOT t.is_orphan AND t.new_username <> t.username THEN 'username-changed' END], NULL)
FROM t;

-- section check
SELECT count(*), sum(ops.canon(a.username, a.email, a.first_name))
FROM ops.import_map m JOIN clinicd.account a ON a.clinic_id = m.clinic_id AND a.id = m.id
WHERE m.import_id = $1 AND m.name = 'login' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.account a ON a.clinic_id = m.clinic_id AND a.id = m.id
WHERE m.import_id = $1 AND m.name = 'login' AND m.outcome = 'loaded'
  AND (a.version > 1 OR EXISTS (SELECT FROM clinicd.session s WHERE s.clinic_id = a.clinic_id AND s.account_id = a.id));

-- section undo
DELETE FROM clinicd.account a USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'login' AND m.outcome = 'loaded' AND a.clinic_id = m.clinic_id AND a.id = m.id;
