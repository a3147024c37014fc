-- One row of every table of a clinic, of a clinic that never is: `clinicd verify isolation` writes
-- them as the service's role and rolls them back. $1 is the clinic, $2 how its ids begin; the row
-- of another clinic has the same ids but for that. What a statement here does not write, triggers
-- do. A new table of a clinic needs its row here, or the check says that it proves nothing of it.
INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, zip_code, phone_number, email,
    registration_number, status, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000001')::uuid, 'verify-' || right($2, 2), 'A clinic that never is', '-', '-', '-', '-',
    '-', '-', 'VERIFY-' || right($2, 2), 'importing', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.quota (clinic_id, kind, used, allowed)
VALUES ($1::bigint, 'doctor', 0, 9), ($1, 'patient', 0, 9), ($1, 'receptionist', 0, 9);
INSERT INTO clinicd.counter (clinic_id, kind, period, value) VALUES ($1::bigint, 'patient', 2026, 1);
INSERT INTO clinicd.pharmacy (clinic_id, id, name, address, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000002')::uuid, 'Pharmacy', 'Street', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000003')::uuid, 'Medicine', 'tablet', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.catalog_test (clinic_id, id, test_name, test_type, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000004')::uuid, 'Test', 'blood', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000005')::uuid, 'PT-1', 'Nobody At All', '2026-01-01', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.allergy (clinic_id, id, patient_id, substance, severity, noted_on, noted_by_id, noted_by_name, created_at,
    updated_at)
VALUES ($1::bigint, ($2::text || '0000000006')::uuid, ($2 || '0000000005')::uuid, 'Pollen', 'mild', '2026-01-01',
    ($2 || '0000000007')::uuid, 'Nobody', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.account (clinic_id, id, patient_id, username, role, first_name, last_name, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000008')::uuid, ($2 || '0000000005')::uuid, 'patient', 'patient', 'Nobody', 'At All',
        '2026-01-01Z', '2026-01-01Z'),
    ($1, ($2 || '0000000007')::uuid, NULL, 'doctor', 'doctor', 'Nobody', 'At All', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number, qualification)
VALUES ($1::bigint, ($2::text || '0000000007')::uuid, 'Medicine', 'LIC-1', 'MD');
INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
    refresh_expires_at, ends_at, idle_seconds, last_seen_at, created_at)
SELECT $1::bigint, ($2::text || '0000000009')::uuid, ($2 || '0000000007')::uuid, h, t, h, h, t, t, 60, t, t
FROM (VALUES (encode(sha256(convert_to($2::text, 'UTF8')), 'hex'), timestamptz '2026-01-01Z')) AS v (h, t);
INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_doctor_id, token_number, doctor_id, doctor_name, purpose,
    status_at, checked_in_at, checked_in_by_id, checked_in_by_name, created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000010')::uuid, ($2 || '0000000005')::uuid, '2026-01-01', ($2 || '0000000007')::uuid, 1,
    ($2 || '0000000007')::uuid, 'Nobody', 'Cough', t, t, ($2 || '0000000007')::uuid, 'Nobody', t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
INSERT INTO clinicd.prescription (clinic_id, id, rx_number, patient_id, doctor_id, doctor_name, visit_id, prescribed_at,
    created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000011')::uuid, 'RX-1', ($2 || '0000000005')::uuid, ($2 || '0000000007')::uuid, 'Nobody',
    ($2 || '0000000010')::uuid, t, t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
INSERT INTO clinicd.prescription_medicine (clinic_id, id, prescription_id, patient_id, position, catalog_id, medicine_name,
    medicine_type, dosage, frequency_per_day, duration, quantity, schedule, created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000012')::uuid, ($2 || '0000000011')::uuid, ($2 || '0000000005')::uuid, 1,
    ($2 || '0000000003')::uuid, 'Medicine', 'tablet', '5 mg', 1, '3 days', 3, 'morning', t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, position, catalog_id, test_name, test_type,
    created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000013')::uuid, ($2 || '0000000011')::uuid, ($2 || '0000000005')::uuid, 1,
    ($2 || '0000000004')::uuid, 'Test', 'blood', t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
INSERT INTO clinicd.prescription_vitals (clinic_id, prescription_id, patient_id, pulse, pulse_text, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000011')::uuid, ($2 || '0000000005')::uuid, 72, '72', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.prescription_notes (clinic_id, prescription_id, patient_id, observations, diagnosis,
    treatment_plan, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000011')::uuid, ($2 || '0000000005')::uuid, 'Seen', 'Cold', 'Rest', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.admission_recommendation (clinic_id, prescription_id, patient_id, admission_type, reason, recommended_at,
    created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000011')::uuid, ($2 || '0000000005')::uuid, 'general', 'Weak', t, t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
UPDATE clinicd.prescription SET status = 'completed', completed_at = '2026-01-01Z', updated_at = '2026-01-01Z'
WHERE clinic_id = $1::bigint AND id = ($2::text || '0000000011')::uuid;
-- The advice is taken up: an admission, with a treatment that is corrected, that ends.
INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, doctor_name, prescription_id,
    admission_type, room_number, bed_number, reason_for_admission, status_at, admitted_at, created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000018')::uuid, 'AD-1', ($2 || '0000000005')::uuid, ($2 || '0000000007')::uuid, 'Nobody',
    ($2 || '0000000011')::uuid, 'general', '1', 'A', 'Weak', t, t, t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, treatment_type, treatment_name, administered_at,
    created_at, updated_at)
SELECT $1::bigint, ($2::text || '0000000019')::uuid, ($2 || '0000000018')::uuid, ($2 || '0000000005')::uuid, 'other', 'Rest', t, t, t
FROM (VALUES (timestamptz '2026-01-01Z')) AS v (t);
UPDATE clinicd.treatment SET treatment_name = 'Sleep', correction_reason = 'Misread', updated_at = '2026-01-01Z'
WHERE clinic_id = $1::bigint AND id = ($2::text || '0000000019')::uuid;
UPDATE clinicd.admission SET status = 'discharged', final_diagnosis = 'Cold', discharge_notes = 'Well', updated_at = '2026-01-01Z'
WHERE clinic_id = $1::bigint AND id = ($2::text || '0000000018')::uuid;
-- A file of each kind; a medical report comes with the admission, the result of the test rests on the other.
INSERT INTO clinicd.file (clinic_id, id, patient_id, kind, name, media_type, size_bytes, sha256, uploaded_at, created_at, updated_at)
SELECT $1::bigint, ($2::text || n)::uuid, CASE WHEN kind <> 'logo' THEN ($2 || '0000000005')::uuid END, kind, kind || '.png',
    'image/png', 1, encode(sha256('-'), 'hex'), t, t, t
FROM (VALUES ('0000000020', 'medical_report'), ('0000000021', 'test_report'), ('0000000022', 'logo')) AS f (n, kind),
    (VALUES (timestamptz '2026-01-01Z')) AS v (t);
UPDATE clinicd.logo SET file_id = ($2::text || '0000000022')::uuid, version = 1, updated_at = '2026-01-01Z'
WHERE clinic_id = $1::bigint;
INSERT INTO clinicd.report (clinic_id, id, patient_id, kind, file_id, admission_id, report_type, test_id, test_type, created_at)
VALUES ($1::bigint, ($2::text || '0000000023')::uuid, ($2 || '0000000005')::uuid, 'medical_report', ($2 || '0000000020')::uuid,
        ($2 || '0000000018')::uuid, 'X-Ray', NULL, NULL, '2026-01-01Z'),
    ($1, ($2 || '0000000024')::uuid, ($2 || '0000000005')::uuid, 'test_report', ($2 || '0000000021')::uuid,
        NULL, NULL, ($2 || '0000000013')::uuid, 'Blood', '2026-01-01Z');
UPDATE clinicd.lab_order SET report_file_id = ($2::text || '0000000021')::uuid
WHERE clinic_id = $1::bigint AND test_id = ($2 || '0000000013')::uuid;
INSERT INTO clinicd.share_link (clinic_id, id, prescription_id, patient_id, token_hash, expires_at, created_by_id,
    created_by_name, created_at)
VALUES ($1::bigint, ($2::text || '0000000025')::uuid, ($2 || '0000000011')::uuid, ($2 || '0000000005')::uuid,
    encode(sha256(convert_to($2, 'UTF8')), 'hex'), '2026-01-02Z', ($2 || '0000000007')::uuid, 'Nobody', '2026-01-01Z');
INSERT INTO clinicd.template (clinic_id, id, doctor_id, doctor_name, name, visibility, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000014')::uuid, ($2 || '0000000007')::uuid, 'Nobody', 'Template', 'clinic',
    '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.template_medicine (clinic_id, id, template_id, position, catalog_id, medicine_name, medicine_type, dosage,
    frequency_per_day, duration, quantity, schedule, created_at, updated_at)
VALUES ($1::bigint, ($2::text || '0000000015')::uuid, ($2 || '0000000014')::uuid, 1, ($2 || '0000000003')::uuid, 'Medicine',
    'tablet', '5 mg', 1, '3 days', 3, 'morning', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.template_test (clinic_id, id, template_id, position, catalog_id, test_name, test_type, created_at,
    updated_at)
VALUES ($1::bigint, ($2::text || '0000000016')::uuid, ($2 || '0000000014')::uuid, 1, ($2 || '0000000004')::uuid, 'Test',
    'blood', '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.login_failure (clinic_id, key, failures, window_started_at, last_at)
VALUES ($1::bigint, 'name:nobody', 1, '2026-01-01Z', '2026-01-01Z');
INSERT INTO clinicd.idempotency (clinic_id, principal, key_hash, operation, body_digest, status, headers, body, created_at)
VALUES ($1::bigint, 'account:nobody', encode(sha256(convert_to($2::text, 'UTF8')), 'hex'), 'patients_create', encode(sha256('-'), 'hex'), 201,
    '{}', '{}', '2026-01-01Z');
INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, actor_name, operation, status)
VALUES ($1::bigint, '2026-01-01Z', ($2::text || '0000000017')::uuid, 'system', 'clinicd', 'verify isolation', 200);
