-- One clinic with everything in it, for tests; seed.c fills in the @words@ and runs it as a superuser.
-- @mark@ and @digits@ stand in every text that a person typed, but for what the public directory shows of
-- a clinic: nobody else may ever see them.
-- A patient's own words carry the patient's mark, too: of one clinic, nobody may see another patient's.
-- Ids end in ten digits that say what they are: 1xx patients, 2xx accounts, 3xx sessions, 6xx visits,
-- 7xx prescriptions (71x their medicines, 72x their tests), 8xx templates (likewise), 51x admissions (52x their
-- treatments), 53x files (54x what they report), 4xx the rest.

INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, zip_code, phone_number, email,
    website, registration_number, gstin, status, opening_hours, departments, document_footer, created_at, updated_at)
VALUES (@clinic@, '@id@0000000001', '@slug@', 'Clinic of @slug@', '1 @mark@ Street', 'Sampleville', 'Samplestate', '400001',
    '+91 @digits@', 'front@@mark@.example', 'https://@mark@.example/', 'REG-@mark@', NULL, '@status@',
    '[{"day": "monday", "opens": "09:00", "closes": "18:00"}]', '["Ward @mark@"]', E'Footer @mark@\nline two',
    '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');

INSERT INTO clinicd.pharmacy (clinic_id, id, name, address, phone_number, is_primary, created_at, updated_at)
VALUES (@clinic@, '@id@0000000401', 'Pharmacy @mark@', '2 @mark@ Street', '+91 @digits@', true,
    '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');

-- The second of each is retired.
INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages, default_dosage,
    default_schedule, frequency_per_day, default_duration, food_instruction, description, is_active, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n)::uuid, 'Medicine @mark@', 'tablet', '{500 mg,Much @mark@}', '500 mg',
    'morning_night', 2, '5 days', 'after', 'About @mark@', n = 431, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM generate_series(431, 432) AS n;

INSERT INTO clinicd.catalog_test (clinic_id, id, test_name, test_type, category, description, is_active, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n)::uuid, 'Test @mark@', 'blood', 'Kind @mark@', 'About @mark@', n = 441,
    '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM generate_series(441, 442) AS n;

INSERT INTO clinicd.quota (clinic_id, kind, used, allowed)
VALUES (@clinic@, 'doctor', 1, 100), (@clinic@, 'patient', 3, 100000), (@clinic@, 'receptionist', 1, 100);

INSERT INTO clinicd.counter (clinic_id, kind, period, value) VALUES (@clinic@, 'patient', 2025, 3);

INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, gender, date_of_birth, phone_number, email, address,
    city, state, zip_code, emergency_contact_name, emergency_contact_phone, registered_on, registered_by_name,
    deleted_at, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n)::uuid, 'PT-2025-00' || n, 'Patient ' || word, 'female', '1980-02-03',
    '+91 @digits@' || n, word || '@@mark@.example', word || ' Lane', word || ' City', word || ' State', '400001',
    'Friend ' || word, '+91 @digits@' || n, '2025-03-04', 'reception@mark@',
    CASE n WHEN 103 THEN timestamptz '2025-06-01T00:00:00Z' END, '2025-03-04T00:00:00Z', '2025-03-04T00:00:00Z'
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word);

INSERT INTO clinicd.allergy (clinic_id, id, patient_id, substance, reaction, severity, noted_on, noted_by_id,
    noted_by_name, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 320)::uuid, ('@id@0000000' || n)::uuid, 'Pollen ' || word, 'Rash ' || word, 'mild',
    '2025-03-04', '@id@0000000202', 'doctor@mark@', '2025-03-04T00:00:00Z', '2025-03-04T00:00:00Z'
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word);

INSERT INTO clinicd.account (clinic_id, id, patient_id, username, role, first_name, last_name, email, mobile_number,
    password_hash, must_change_password, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n)::uuid, CASE role WHEN 'patient' THEN '@id@0000000101'::uuid END, who || '-@hex@', role,
    'First@mark@', 'Last@mark@', who || '@@mark@.example', '+91 @digits@', '@password_hash@', must_change,
    '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM (VALUES (201, 'admin', 'admin', false), (202, 'doctor', 'doctor', false), (203, 'receptionist', 'receptionist', false),
    (204, 'lab_tech', 'lab_tech', false), (205, 'patient', 'patient', false), (206, 'newcomer', 'admin', true),
    (207, 'late', 'admin', false)) AS a (n, who, role, must_change);

INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number, qualification, experience_years, office_hours)
VALUES (@clinic@, '@id@0000000202', 'Medicine @mark@', 'LIC-@mark@', 'MD @mark@', 7,
    '[{"day": "monday", "from": "09:00", "to": "13:00"}]');

-- Everybody has a session whose token seed_token() spells; the one of "late" is over.
INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
    refresh_expires_at, ends_at, idle_seconds, last_seen_at, client_address, user_agent, created_at)
SELECT @clinic@, ('@id@0000000' || n + 100)::uuid, ('@id@0000000' || n)::uuid,
    encode(sha256(('ca_' || rpad('@slug@-' || who, 43, 'A'))::bytea), 'hex'), t.ends,
    encode(sha256(('family @slug@ ' || who)::bytea), 'hex'), encode(sha256(('refresh @slug@ ' || who)::bytea), 'hex'),
    t.ends, t.ends, 315360000, '2026-01-01T00:00:00Z', '203.0.113.9', 'agent @mark@', '2026-01-01T00:00:00Z'
FROM (VALUES (201, 'admin'), (202, 'doctor'), (203, 'receptionist'), (204, 'lab_tech'), (205, 'patient'),
    (206, 'newcomer'), (207, 'late')) AS a (n, who),
    LATERAL (SELECT CASE who WHEN 'late' THEN timestamptz '2026-01-02T00:00:00Z' ELSE '2099-01-01T00:00:00Z' END) AS t (ends);

-- The first waits for the doctor, the others were seen. The day is one to come, so that nothing here is stale.
INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_doctor_id, token_number, doctor_id, doctor_name,
    purpose, notes, status_at, checked_in_at, checked_in_by_id, checked_in_by_name, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 500)::uuid, ('@id@0000000' || n)::uuid, '2099-01-05',
    CASE n WHEN 101 THEN '@id@0000000202'::uuid END, n - 100, CASE n WHEN 101 THEN '@id@0000000202'::uuid END, CASE n WHEN 101 THEN 'First@mark@ Last@mark@' END,
    'Cough ' || word, 'Told ' || word, t.at, t.at, '@id@0000000203', 'receptionist@mark@', t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word),
    (VALUES (timestamptz '2099-01-05T04:30:00Z')) AS t (at);
UPDATE clinicd.visit SET status = 'completed', moved_by_id = '@id@0000000202', moved_by_name = 'doctor@mark@',
    move_note = 'Seen @mark@', updated_at = '2099-01-05T05:00:00Z'
WHERE clinic_id = @clinic@ AND id <> '@id@0000000601';

-- The first is completed, the second and the hidden patient's are not; the patients are as they were.
INSERT INTO clinicd.counter (clinic_id, kind, period, value) VALUES (@clinic@, 'prescription', 2025, 3);
INSERT INTO clinicd.prescription (clinic_id, id, rx_number, patient_id, doctor_id, doctor_name, visit_id, prescribed_at,
    follow_up_on, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 600)::uuid, 'RX-2025-00' || n, ('@id@0000000' || n)::uuid, '@id@0000000202',
    'First@mark@ Last@mark@', CASE n WHEN 102 THEN '@id@0000000602'::uuid END, t.at, '2099-02-01', t.at, t.at
FROM generate_series(101, 103) AS n, (VALUES (timestamptz '2025-03-04T06:00:00Z')) AS t (at);
INSERT INTO clinicd.prescription_medicine (clinic_id, id, prescription_id, patient_id, position, catalog_id,
    medicine_name, medicine_type, dosage, frequency_per_day, duration, quantity, schedule, instructions, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 610)::uuid, ('@id@0000000' || n + 600)::uuid, ('@id@0000000' || n)::uuid, 1,
    '@id@0000000431', 'Medicine @mark@', 'tablet', '5 mg', 1, '3 days', 3, 'morning', 'Slowly ' || word, t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word),
    (VALUES (timestamptz '2025-03-04T06:00:00Z')) AS t (at);
INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, position, catalog_id, test_name,
    test_type, description, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 620)::uuid, ('@id@0000000' || n + 600)::uuid, ('@id@0000000' || n)::uuid, 1,
    '@id@0000000441', 'Test @mark@', 'blood', 'Fasting ' || word, t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word),
    (VALUES (timestamptz '2025-03-04T06:00:00Z')) AS t (at);
INSERT INTO clinicd.prescription_vitals (clinic_id, prescription_id, patient_id, pulse, pulse_text, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 600)::uuid, ('@id@0000000' || n)::uuid, 72, '72 ' || word, t.at, t.at
FROM (VALUES (101, 'own'), (102, 'other'), (103, 'hidden')) AS p (n, word),
    (VALUES (timestamptz '2025-03-04T06:00:00Z')) AS t (at);
INSERT INTO clinicd.prescription_notes (clinic_id, prescription_id, patient_id, observations, diagnosis, treatment_plan,
    created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 600)::uuid, ('@id@0000000' || n)::uuid, 'Seen ' || word, 'Cold ' || word,
    'Rest ' || word, t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word),
    (VALUES (timestamptz '2025-03-04T06:00:00Z')) AS t (at);
-- Advice counts in the version that is shown; here not yet, so that every record is of version 1.
INSERT INTO clinicd.admission_recommendation (clinic_id, prescription_id, patient_id, admission_type, reason,
    recommended_at, version, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 600)::uuid, ('@id@0000000' || n)::uuid, 'general', 'Weak ' || word, t.at, 0, t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word),
    (VALUES (timestamptz '2025-03-04T06:00:00Z')) AS t (at);
UPDATE clinicd.prescription SET status = 'completed', completed_at = '2025-03-04T06:30:00Z',
    updated_at = '2025-03-04T06:30:00Z'
WHERE clinic_id = @clinic@ AND id = '@id@0000000701';
-- One of each patient is over and the own patient lies in a bed again. The first two have a treatment that was
-- corrected, the last one as it was.
INSERT INTO clinicd.counter (clinic_id, kind, period, value) VALUES (@clinic@, 'admission', 2025, 4);
ALTER TABLE clinicd.admission DISABLE TRIGGER admission_of_the_living;
INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, doctor_name, prescription_id,
    admission_type, room_number, bed_number, reason_for_admission, medical_history, status_at, admitted_at, created_at,
    updated_at)
SELECT @clinic@, ('@id@0000000' || n + 410)::uuid, 'AD-2025-00' || n, ('@id@0000000' || n)::uuid, '@id@0000000202',
    'First@mark@ Last@mark@', CASE n WHEN 103 THEN '@id@0000000703'::uuid END, 'general', 'Room ' || word, 'Bed ' || n,
    'Weak ' || word, 'Before ' || word, t.at, t.at, t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word),
    (VALUES (timestamptz '2025-03-04T07:00:00Z')) AS t (at);
INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, treatment_type, treatment_name, description,
    saline_type, quantity, administered_at, administered_by_id, administered_by_name, notes, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 420)::uuid, ('@id@0000000' || n + 410)::uuid, ('@id@0000000' || n)::uuid, 'saline',
    'Medicine @mark@', 'About ' || word, 'D5W', '500 ml', t.at, '@id@0000000202', 'First@mark@ Last@mark@',
    'Slowly ' || word, t.at, t.at
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@')) AS p (n, word), (VALUES (timestamptz '2025-03-04T08:00:00Z')) AS t (at);
UPDATE clinicd.treatment SET description = 'More ' || description, correction_reason = 'Wrong ' || description,
    corrected_by_id = '@id@0000000202', corrected_by_name = 'First@mark@ Last@mark@', updated_at = '2025-03-04T09:00:00Z'
WHERE clinic_id = @clinic@;
UPDATE clinicd.admission SET status = 'discharged', final_diagnosis = 'Flu ' || word, discharge_notes = 'Well ' || word,
    follow_up_on = '2099-03-01', follow_up_instructions = 'Rest ' || word, moved_by_id = '@id@0000000202',
    moved_by_name = 'First@mark@ Last@mark@', updated_at = '2025-03-06T07:00:00Z'
FROM (VALUES (511, 'own-@mark@'), (512, 'other-@mark@'), (513, 'hidden-@mark@')) AS p (n, word)
WHERE clinic_id = @clinic@ AND id = ('@id@0000000' || n)::uuid;
INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, doctor_name, admission_type,
    room_number, bed_number, reason_for_admission, medical_history, status_at, admitted_at, created_at, updated_at)
SELECT @clinic@, '@id@0000000514', 'AD-2025-00104', '@id@0000000101', '@id@0000000202', 'First@mark@ Last@mark@', 'icu',
    'Room own-@mark@', 'Bed 104', 'Weaker own-@mark@', 'Before own-@mark@', t.at, t.at, t.at, t.at
FROM (VALUES (timestamptz '2025-03-07T07:00:00Z')) AS t (at);
INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, treatment_type, treatment_name, description,
    saline_type, quantity, administered_at, administered_by_id, administered_by_name, notes, created_at, updated_at)
SELECT @clinic@, '@id@0000000523', '@id@0000000514', '@id@0000000101', 'saline', 'Medicine @mark@', 'About own-@mark@',
    'D5W', '500 ml', t.at, '@id@0000000202', 'First@mark@ Last@mark@', 'Slowly own-@mark@', t.at, t.at
FROM (VALUES (timestamptz '2025-03-07T08:00:00Z')) AS t (at);
ALTER TABLE clinicd.admission ENABLE TRIGGER admission_of_the_living;
ALTER TABLE clinicd.admission DISABLE TRIGGER admission_goes_on;
UPDATE clinicd.admission SET version = 1 WHERE clinic_id = @clinic@;
ALTER TABLE clinicd.admission ENABLE TRIGGER admission_goes_on;
UPDATE clinicd.patient SET status = 'registered', version = 1, updated_at = created_at WHERE clinic_id = @clinic@;

-- The first is good for long; the others end with what they shared, which is no longer completed. seed: 'share-<slug>'.
ALTER TABLE clinicd.share_link DISABLE TRIGGER share_link_guard;
INSERT INTO clinicd.share_link (clinic_id, id, prescription_id, patient_id, token_hash, expires_at, revoked_at,
    created_by_id, created_by_name, created_at)
SELECT @clinic@, ('@id@0000000' || n + 450)::uuid, ('@id@0000000' || n + 600)::uuid, ('@id@0000000' || n)::uuid,
    encode(sha256(rpad('share-@slug@-' || n, 43, 'A')::bytea), 'hex'), '2099-01-20T00:00:00Z',
    CASE WHEN n <> 101 THEN timestamptz '2099-01-02T00:00:00Z' END, '@id@0000000202', 'First@mark@ ' || word,
    '2099-01-01T00:00:00Z'
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word);
ALTER TABLE clinicd.share_link ENABLE TRIGGER share_link_guard;

-- A medical report, which came with the admission, and a test report of each; a file's bytes are what its kind begins
-- with and its name (tests/harness/objects.h). The logo's, which everybody sees, are nobody's words.
INSERT INTO clinicd.file (clinic_id, id, patient_id, kind, name, media_type, size_bytes, sha256, uploaded_at, uploaded_by_id,
    uploaded_by_name, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n)::uuid, ('@id@0000000' || whose)::uuid, kind, name, media_type,
    octet_length(bytes), encode(sha256(bytes), 'hex'), t.at, '@id@0000000203',
    'First@mark@ Last@mark@', t.at, t.at
FROM (VALUES (531, 101, 'medical_report', 'own-@mark@.pdf', 'application/pdf'),
        (532, 102, 'medical_report', 'other-@mark@.pdf', 'application/pdf'),
        (533, 103, 'medical_report', 'hidden-@mark@.pdf', 'application/pdf'),
        (534, 101, 'test_report', 'test-own-@mark@.png', 'image/png'),
        (535, 102, 'test_report', 'test-other-@mark@.png', 'image/png'),
        (536, 103, 'test_report', 'test-hidden-@mark@.png', 'image/png'),
        (539, NULL, 'logo', 'logo.png', 'image/png')) AS f (n, whose, kind, name, media_type)
CROSS JOIN LATERAL (SELECT CASE media_type WHEN 'image/png' THEN '\x89504e470d0a1a0a'::bytea ELSE '%PDF-1.7 '::bytea END
    || convert_to(name, 'UTF8') AS bytes) AS b
CROSS JOIN (VALUES (timestamptz '2025-03-05T06:00:00Z')) AS t (at);
UPDATE clinicd.logo SET file_id = '@id@0000000539', version = 1, updated_at = '2025-03-05T06:00:00Z' WHERE clinic_id = @clinic@;
INSERT INTO clinicd.report (clinic_id, id, patient_id, kind, file_id, admission_id, report_type, description, test_id,
    test_type, test_on, notes, created_at)
SELECT @clinic@, ('@id@0000000' || n + 440)::uuid, ('@id@0000000' || n)::uuid, 'medical_report', ('@id@0000000' || n + 430)::uuid,
    CASE WHEN n < 103 THEN ('@id@0000000' || n + 410)::uuid END, 'X-Ray ' || word, 'Taken of ' || word, NULL, NULL,
    NULL::date, NULL, timestamptz '2025-03-05T06:00:00Z'
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word)
UNION ALL
SELECT @clinic@, ('@id@0000000' || n + 443)::uuid, ('@id@0000000' || n)::uuid, 'test_report', ('@id@0000000' || n + 433)::uuid,
    NULL, NULL, NULL, ('@id@0000000' || n + 620)::uuid, 'Blood ' || word, '2025-03-04', 'Seen in ' || word,
    timestamptz '2025-03-05T06:00:00Z'
FROM (VALUES (101, 'own-@mark@'), (102, 'other-@mark@'), (103, 'hidden-@mark@')) AS p (n, word);

-- Nothing was recorded yet, but what a result would rest on is there, so that its key is tried.
UPDATE clinicd.lab_order SET report_file_id = '@id@0000000534' WHERE clinic_id = @clinic@ AND test_id = '@id@0000000721';

INSERT INTO clinicd.template (clinic_id, id, doctor_id, doctor_name, name, description, keyword, visibility, created_at,
    updated_at)
SELECT @clinic@, ('@id@0000000' || n)::uuid, '@id@0000000202', 'First@mark@ Last@mark@', 'Template ' || n || ' @mark@',
    'For @mark@', 'key@mark@', seen_by, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM (VALUES (801, 'private'), (802, 'clinic')) AS t (n, seen_by);
INSERT INTO clinicd.template_medicine (clinic_id, id, template_id, position, catalog_id, medicine_name, medicine_type,
    dosage, frequency_per_day, duration, quantity, schedule, instructions, created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 10)::uuid, ('@id@0000000' || n)::uuid, n - 800, '@id@0000000431', 'Medicine @mark@',
    'tablet', '5 mg', 1, '3 days', 3, 'morning', 'Slowly @mark@', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM generate_series(801, 802) AS n;
INSERT INTO clinicd.template_test (clinic_id, id, template_id, position, catalog_id, test_name, test_type, description,
    created_at, updated_at)
SELECT @clinic@, ('@id@0000000' || n + 20)::uuid, ('@id@0000000' || n)::uuid, n - 800, '@id@0000000441', 'Test @mark@',
    'blood', 'Fasting @mark@', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
FROM generate_series(801, 802) AS n;

-- Of times to come, so that housekeeping has nothing to do here.
INSERT INTO clinicd.login_failure (clinic_id, key, failures, window_started_at, last_at)
VALUES (@clinic@, 'name:' || encode(sha256('@mark@'), 'hex'), 1, '2099-01-01T00:00:00Z', '2099-01-01T00:00:00Z');

INSERT INTO clinicd.idempotency (clinic_id, principal, key_hash, operation, body_digest, status, headers, body, created_at)
VALUES (@clinic@, 'account:@id@0000000203', encode(sha256('key-@slug@'), 'hex'), 'patients_create',
    encode(sha256('digest'), 'hex'), 201, '{}', '{"name": "@mark@"}', '2099-01-01T00:00:00Z');

INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, actor_id, actor_name, actor_role, client_address, operation,
    entity, entity_id, patient_id, patient_ids, status, request_id, reason, before, after)
SELECT @clinic@, ('2026-01-0' || n || 'T00:00:00Z')::timestamptz, ('@id@000000041' || n)::uuid, 'account', '@id@0000000203'::uuid, 'receptionist@mark@',
    'receptionist', '203.0.113.9', 'patients_update', 'patient', ('@id@000000010' || n)::uuid, ('@id@000000010' || n)::uuid,
    NULL, 200, '@id@0000000499'::uuid, 'Reason @mark@', '{"name": "Old @mark@"}'::jsonb, '{"name": "New @mark@"}'::jsonb
FROM generate_series(1, 2) AS n;
