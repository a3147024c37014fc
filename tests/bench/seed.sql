-- The clinics of script/bench: `clinics` of them with `patients` each, and one more with `many`, which
-- is only searched. One receptionist a clinic, with a session whose access token is
-- 'ca_' || rpad('bench' || clinic || 'x', 43, 'A').
\i tests/bench/seed_patients.sql
\i tests/bench/seed_catalog.sql
\i tests/bench/seed_day.sql

INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, zip_code, phone_number, email,
    registration_number, status, created_at, updated_at)
SELECT n, overlay(md5('clinic ' || n) PLACING '7' FROM 13 FOR 1)::uuid, 'bench-' || n, 'Bench Clinic ' || n, n || ' Main Road',
    'Pune', 'Maharashtra', '411001', '+91 20 5550 0100', 'front@bench-' || n || '.example', 'BENCH-' || n, 'active', now(), now()
FROM generate_series(1, :clinics + 1) n;

INSERT INTO clinicd.quota (clinic_id, kind, used, allowed)
SELECT n, kind, 0, 2000000000 FROM generate_series(1, :clinics + 1) n, unnest(ARRAY['doctor', 'patient', 'receptionist']) kind;

INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, must_change_password, created_at, updated_at)
SELECT n, overlay(md5('account ' || n) PLACING '7' FROM 13 FOR 1)::uuid, 'reception', 'receptionist', 'Rita', 'Bench', false, now(), now()
FROM generate_series(1, :clinics + 1) n;

INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
    refresh_expires_at, ends_at, idle_seconds, last_seen_at, created_at)
SELECT n, overlay(md5('session ' || n) PLACING '7' FROM 13 FOR 1)::uuid, overlay(md5('account ' || n) PLACING '7' FROM 13 FOR 1)::uuid,
    encode(sha256(('ca_' || rpad('bench' || n || 'x', 43, 'A'))::bytea), 'hex'), far, encode(sha256(('family ' || n)::bytea), 'hex'),
    encode(sha256(('refresh ' || n)::bytea), 'hex'), far, far, 86400, now(), now()
FROM generate_series(1, :clinics + 1) n, LATERAL (SELECT now() + interval '1 day') t (far);

SELECT pg_temp.seed_patients(n, :patients) FROM generate_series(1, :clinics) n;
SELECT pg_temp.seed_patients(:clinics + 1, :many);
SELECT pg_temp.seed_catalog(:clinics + 1, :medicines);
SELECT pg_temp.seed_day(:clinics + 1, :visits, :many);

SELECT clinicd.audit_partitions_ensure(current_date);
