-- Who works in a clinic. The platform's people stay outside, whatever clinic or role is stored with them. A hash that
-- the service can check is kept, and its owner must choose a new password; any other account waits for a reset.
-- import: table=user
-- where: t.role <> 'patient' OR t.is_superuser

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, i.started_at, i.choices->>'duplicates' = 'reject' AS takes_no_double,
        coalesce(c.clinic_id, CASE WHEN ops.ref(s.r, 'clinic_id') IS NULL THEN i.home_clinic END) AS clinic_id,
        ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        ops.tidy(s.r->>'username') AS username, s.r->>'role' AS role, lower(ops.tidy(s.r->>'email')) AS email,
        coalesce(ops.tidy(s.r->>'first_name'), ops.tidy(s.r->>'last_name'), ops.tidy(s.r->>'username')) AS first_name,
        CASE WHEN ops.tidy(s.r->>'first_name') IS NULL THEN '' ELSE coalesce(ops.tidy(s.r->>'last_name'), '') END AS last_name,
        coalesce(ops.moment(s.r->>'created_at'), ops.moment(s.r->>'date_joined'), i.started_at) AS created,
        i.keeps_passwords AND s.r->>'password' ~ '^pbkdf2_sha256\$([1-9][0-9]{3,5}|1[0-9]{6}|2000000)\$[A-Za-z0-9]{1,40}\$[A-Za-z0-9+/]{43}=$' AS has_hash,
        s.r->>'is_superuser' = '1' OR s.r->>'role' = 'super_admin' AS is_platform
    FROM ops.import i
    CROSS JOIN ops.staged($1, 'staff') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) c ON true
    WHERE i.id = $1
),
u AS MATERIALIZED (
    SELECT s.*, ops.row_id(s.source_id, 'staff', s.n, s.created) AS id,
        CASE WHEN s.is_platform THEN NULL WHEN s.clinic_id IS NULL THEN 'clinic-unknown'
             WHEN s.username IS NULL THEN 'name-missing' WHEN length(s.username) > 140 THEN 'too-long'
             WHEN s.role NOT IN ('admin', 'doctor', 'receptionist', 'lab_tech') THEN 'role-unknown'
             WHEN s.takes_no_double AND (row_number() OVER (PARTITION BY s.clinic_id, lower(s.username), s.is_platform ORDER BY s.n) > 1
                 OR EXISTS (SELECT FROM clinicd.account a WHERE a.clinic_id = s.clinic_id AND a.username_key = lower(s.username)))
             THEN 'duplicate' END AS code
    FROM s
),
t AS MATERIALIZED (
    SELECT u.*,
        CASE WHEN length(u.username) < 3
               OR row_number() OVER (PARTITION BY u.clinic_id, lower(u.username) ORDER BY u.n) > 1
               OR EXISTS (SELECT FROM clinicd.account a WHERE a.clinic_id = u.clinic_id AND a.username_key = lower(u.username))
             THEN u.username || '-' || u.n ELSE u.username END AS new_username,
        CASE WHEN length(u.email) <= 254 AND row_number() OVER (PARTITION BY u.clinic_id, u.email ORDER BY u.n) = 1
               AND NOT EXISTS (SELECT FROM clinicd.account a
                   WHERE a.clinic_id = u.clinic_id AND a.email_key = u.email AND a.role <> 'patient')
             THEN u.email END AS new_email
    FROM u WHERE u.code IS NULL AND NOT u.is_platform
),
made AS (
    INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, email, mobile_number, is_active,
        password_hash, must_change_password, last_login_at, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.new_username, t.role, left(t.first_name, 150), left(t.last_name, 150), t.new_email,
        left(ops.tidy(t.r->>'mobile_number'), 32), t.r->>'is_active' <> '0', CASE WHEN t.has_hash THEN t.r->>'password' END,
        true, ops.moment(t.r->>'last_login'), t.created, t.created
    FROM t
),
places AS ( -- whoever is there has a place, though the quota said fewer
    INSERT INTO clinicd.quota AS q (clinic_id, kind, used, allowed)
    SELECT t.clinic_id, t.role, count(*), count(*) FROM t
    WHERE t.role IN ('doctor', 'receptionist') AND t.r->>'is_active' <> '0' GROUP BY t.clinic_id, t.role
    ON CONFLICT (clinic_id, kind) DO UPDATE SET used = q.used + excluded.used, allowed = greatest(q.allowed, q.used + excluded.used)
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT u.n, CASE WHEN u.is_platform THEN 'skipped' WHEN u.code IS NULL THEN 'loaded' ELSE 'rejected' END, u.code,
    CASE u.code WHEN 'clinic-unknown' THEN 'clinic_id' WHEN 'role-unknown' THEN 'role' ELSE 'username' END,
    CASE WHEN t.n IS NOT NULL THEN u.clinic_id END, CASE WHEN t.n IS NOT NULL THEN u.id END,
    ops.canon(t.new_username, t.role, t.new_email, left(t.first_name, 150)),
    array_remove(ARRAY[CASE WHEN u.is_platform THEN 'platform-user' END,
        CASE WHEN t.new_username <> u.username THEN 'username-changed' END,
        CASE WHEN t.n IS NOT NULL AND (length(t.first_name) > 150 OR length(t.last_name) > 150 OR length(ops.tidy(t.r->>'mobile_number')) > 32)
             THEN 'cut' END,
        CASE WHEN t.n IS NOT NULL AND t.email IS NOT NULL AND t.new_email IS NULL THEN 'email-left' END,
        CASE WHEN t.n IS NOT NULL AND u.is_homeless THEN 'clinic-given' END,
        CASE WHEN t.n IS NOT NULL THEN CASE WHEN t.has_hash THEN 'password-to-renew' ELSE 'password-to-reset' END END], NULL)
FROM u LEFT JOIN t ON t.n = u.n;

-- section check
SELECT count(*), sum(ops.canon(a.username, a.role, a.email, a.first_name))
FROM ops.import_map m JOIN clinicd.account a ON a.clinic_id = m.clinic_id AND a.id = m.id
WHERE m.import_id = $1 AND m.name = 'staff' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.account a ON a.clinic_id = m.clinic_id AND a.id = m.id
WHERE m.import_id = $1 AND m.name = 'staff' AND m.outcome = 'loaded'
  AND (a.version > 1 OR EXISTS (SELECT FROM clinicd.session s WHERE s.clinic_id = a.clinic_id AND s.account_id = a.id));

-- section undo
UPDATE clinicd.quota q SET used = q.used - gone.n
FROM (SELECT a.clinic_id, a.role, count(*) AS n FROM ops.import_map m
      JOIN clinicd.account a ON a.clinic_id = m.clinic_id AND a.id = m.id
      WHERE m.import_id = $1 AND m.name = 'staff' AND m.outcome = 'loaded' AND a.role IN ('doctor', 'receptionist') AND a.is_active
      GROUP BY a.clinic_id, a.role) gone
WHERE q.clinic_id = gone.clinic_id AND q.kind = gone.role;

DELETE FROM clinicd.account a USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'staff' AND m.outcome = 'loaded' AND a.clinic_id = m.clinic_id AND a.id = m.id;
