-- The platform's people: "boss", "newboss" (must change the password), "lateboss" (session over).
INSERT INTO clinicd.platform_account (id, username, password_hash, must_change_password, created_at, updated_at)
SELECT ('0190a000-0000-7000-8000-990000000' || n)::uuid, who, '@password_hash@', who = 'newboss',
    '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM (VALUES (201, 'boss'), (202, 'newboss'), (203, 'lateboss')) AS a (n, who);

INSERT INTO clinicd.platform_session (id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
    refresh_expires_at, ends_at, idle_seconds, last_seen_at, created_at)
SELECT ('0190a000-0000-7000-8000-990000000' || n + 100)::uuid, ('0190a000-0000-7000-8000-990000000' || n)::uuid,
    encode(sha256(('pa_' || rpad('platform-' || who, 43, 'A'))::bytea), 'hex'), t.ends,
    encode(sha256(('family ' || who)::bytea), 'hex'), encode(sha256(('refresh ' || who)::bytea), 'hex'),
    t.ends, t.ends, 315360000, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM (VALUES (201, 'boss'), (202, 'newboss'), (203, 'lateboss')) AS a (n, who),
    LATERAL (SELECT CASE who WHEN 'lateboss' THEN timestamptz '2026-01-02T00:00:00Z' ELSE '2099-01-01T00:00:00Z' END) AS t (ends);

-- An application that nobody has looked at yet.
INSERT INTO clinicd.clinic_application (id, clinic, created_at, updated_at)
VALUES ('0190a000-0000-7000-8000-990000000501', '{"name": "Hilltop Clinic", "slug": "hilltop-clinic",
    "address": "1 Hill Road", "city": "Sampleville", "state": "Samplestate", "zip_code": "400001",
    "phone_number": "+91-22-5550-0100", "email": "desk@hilltop.example", "registration_number": "REG-HILLTOP",
    "timezone": "Asia/Kolkata", "language": "en"}', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
