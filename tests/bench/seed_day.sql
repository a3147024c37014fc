-- Three years of a busy clinic, for measuring: pg_temp.seed_day(clinic, n) makes n visits up to now, of its patients
-- (seed_patients.sql comes before), with ten doctors, three prescriptions for four visits, a test for every third of
-- them, an admission for every fiftieth, and forty people who wait. Patient 1 comes often. Made without triggers; what those keep is filled in at the
-- end. Sessions of an administrator, a doctor and patient 1 have tokens 'ca_' || rpad('bench' || clinic || role || 'x', 43, 'A').

CREATE FUNCTION pg_temp.seed_id(what text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT overlay(md5(what) PLACING '7' FROM 13 FOR 1)::uuid;
$$;

CREATE FUNCTION pg_temp.seed_staff(clinic bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clinicd.account (clinic_id, id, patient_id, username, role, first_name, last_name, must_change_password,
        created_at, updated_at)
    SELECT clinic, pg_temp.seed_id(clinic || role || n), CASE role WHEN 'patient' THEN pg_temp.seed_id(clinic || ' 1') END,
        role || n, role, initcap(role), n::text, false, now(), now()
    FROM (VALUES ('admin', 1), ('patient', 1)) a (role, n)
    UNION ALL SELECT clinic, pg_temp.seed_id(clinic || 'doctor' || n), NULL, 'doctor' || n, 'doctor', 'Doctor', n::text,
        false, now(), now() FROM generate_series(0, 9) n;
    INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number)
    SELECT clinic, pg_temp.seed_id(clinic || 'doctor' || n), 'Medicine', 'LIC-' || n FROM generate_series(0, 9) n;
    INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, access_expires_at, family_hash, refresh_hash,
        refresh_expires_at, ends_at, idle_seconds, last_seen_at, created_at)
    SELECT clinic, pg_temp.seed_id('session' || clinic || role), pg_temp.seed_id(clinic || role || n),
        encode(sha256(('ca_' || rpad('bench' || clinic || role || 'x', 43, 'A'))::bytea), 'hex'), far,
        encode(sha256(('family' || clinic || role)::bytea), 'hex'), encode(sha256(('refresh' || clinic || role)::bytea), 'hex'),
        far, far, 86400, now(), now()
    FROM (VALUES ('admin', 1), ('patient', 1), ('doctor', 3)) a (role, n), LATERAL (SELECT now() + interval '1 day') t (far);
$$;

CREATE FUNCTION pg_temp.seed_visits(clinic bigint, visits bigint, patients bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clinicd.visit (clinic_id, id, patient_id, token_on, token_number, doctor_id, doctor_name, purpose, status,
        status_at, checked_in_at, ended_at, created_at, updated_at)
    SELECT clinic, pg_temp.seed_id(clinic || 'visit' || n), pg_temp.seed_id(clinic || ' ' || p.i),
        (at AT TIME ZONE 'Asia/Kolkata')::date, n, pg_temp.seed_id(clinic || 'doctor' || n % 10), 'Doctor ' || n % 10,
        'Fever', s.status, at, at, CASE WHEN s.status NOT IN ('checked_in', 'in_consultation') THEN at END, at, at
    FROM generate_series(1, visits) n,
        LATERAL (SELECT now() - (visits - n) * interval '3 years' / visits) t (at),
        LATERAL (SELECT CASE WHEN n % 700 = 0 AND n <= visits - 50 THEN 1 ELSE 1 + n * 7919 % patients END) p (i),
        LATERAL (SELECT CASE WHEN n > visits - 40 THEN 'checked_in' WHEN n > visits - 50 THEN 'in_consultation'
            WHEN n % 20 = 0 THEN 'cancelled' WHEN n % 33 = 0 THEN 'no_show' ELSE 'completed' END) s (status);
$$;

CREATE FUNCTION pg_temp.seed_prescriptions(clinic bigint, visits bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clinicd.prescription (clinic_id, id, rx_number, patient_id, doctor_id, doctor_name, visit_id, status,
        prescribed_at, completed_at, cancelled_at, cancel_reason, created_at, updated_at)
    SELECT clinic, pg_temp.seed_id(clinic || 'rx' || v.token_number), 'RX-B-' || v.token_number, v.patient_id, v.doctor_id,
        v.doctor_name, v.id, s.status, v.checked_in_at, CASE WHEN s.status <> 'pending' THEN v.checked_in_at END,
        CASE s.status WHEN 'cancelled' THEN v.checked_in_at END, CASE s.status WHEN 'cancelled' THEN 'Mistaken' END,
        v.checked_in_at, v.checked_in_at
    FROM clinicd.visit v
    CROSS JOIN LATERAL (SELECT CASE WHEN v.token_number > visits - 400 THEN 'pending' WHEN v.token_number % 51 = 0
        THEN 'cancelled' ELSE 'completed' END) s (status)
    WHERE v.clinic_id = clinic AND v.token_number % 4 > 0 AND v.status <> 'checked_in';
    INSERT INTO clinicd.admission_recommendation (clinic_id, prescription_id, patient_id, admission_type, reason,
        recommended_at, created_at, updated_at)
    SELECT clinic, x.id, x.patient_id, 'general', 'Must rest', x.created_at, x.created_at, x.created_at
    FROM clinicd.prescription x
    JOIN clinicd.visit v ON v.clinic_id = clinic AND v.id = x.visit_id AND v.token_number % 103 = 0
    WHERE x.clinic_id = clinic;
    INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, position, test_name, test_type,
        created_at, updated_at)
    SELECT clinic, pg_temp.seed_id('test' || x.id), x.id, x.patient_id, 1, 'Complete blood count', 'blood', x.created_at,
        x.updated_at
    FROM clinicd.prescription x JOIN clinicd.visit v ON v.clinic_id = clinic AND v.id = x.visit_id
    WHERE x.clinic_id = clinic AND v.token_number % 3 = 0;
    INSERT INTO clinicd.prescription_medicine (clinic_id, id, prescription_id, patient_id, position, medicine_name,
        medicine_type, dosage, frequency_per_day, duration, quantity, created_at, updated_at)
    SELECT clinic, pg_temp.seed_id('medicine' || x.id), x.id, x.patient_id, 1, 'Paracetamol', 'tablet', '500 mg', 3,
        '3 days', 9, x.created_at, x.updated_at
    FROM clinicd.prescription x WHERE x.clinic_id = clinic;
    INSERT INTO clinicd.lab_order (clinic_id, id, prescription_id, test_id, patient_id, test_name, test_type, status,
        ordered_at, result_text, result_at, created_at, updated_at)
    SELECT clinic, pg_temp.seed_id('order' || t.id), t.prescription_id, t.id, t.patient_id, t.test_name, t.test_type,
        s.status, x.completed_at, CASE s.status WHEN 'completed' THEN 'Fine' END,
        CASE s.status WHEN 'completed' THEN x.completed_at END, t.created_at, t.updated_at
    FROM clinicd.prescription_test t
    JOIN clinicd.prescription x ON x.clinic_id = clinic AND x.id = t.prescription_id
    CROSS JOIN LATERAL (SELECT CASE WHEN x.completed_at > now() - interval '3 days' THEN 'pending' ELSE 'completed' END) s (status)
    WHERE t.clinic_id = clinic AND x.status = 'completed';
    INSERT INTO clinicd.prescription_figure (clinic_id, doctor_id, pending, completed, cancelled, recommended)
    SELECT * FROM clinicd.prescription_figures() f WHERE f.clinic_id = clinic;
$$;

-- Three days each, the newest forty still in their beds.
CREATE FUNCTION pg_temp.seed_admissions(clinic bigint, visits bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, doctor_name, admission_type,
        room_number, bed_number, reason_for_admission, status, status_at, admitted_at, ended_at, final_diagnosis,
        discharge_notes, created_at, updated_at)
    SELECT clinic, pg_temp.seed_id('admission' || v.id), 'AD-B-' || v.token_number, v.patient_id, v.doctor_id, v.doctor_name,
        (ARRAY['general', 'icu', 'emergency', 'day_care', 'isolation'])[1 + v.token_number / 50 % 5], 'R' || v.token_number % 9,
        'B' || v.token_number, 'Fever', s.status, v.checked_in_at, v.checked_in_at,
        CASE s.status WHEN 'discharged' THEN least(now(), v.checked_in_at + interval '3 days') END, s.said, s.said,
        v.checked_in_at, v.checked_in_at
    FROM clinicd.visit v
    CROSS JOIN LATERAL (SELECT CASE WHEN v.token_number > visits - 2000 THEN 'stable' ELSE 'discharged' END) l (status)
    CROSS JOIN LATERAL (SELECT l.status, CASE l.status WHEN 'discharged' THEN 'Well' END) s (status, said)
    WHERE v.clinic_id = clinic AND v.token_number % 50 = 0
    ON CONFLICT DO NOTHING;
    INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, treatment_type, treatment_name, administered_at,
        created_at, updated_at)
    SELECT clinic, pg_temp.seed_id('treatment' || n || a.id), a.id, a.patient_id, 'monitoring', 'Temperature', a.admitted_at,
        a.admitted_at, a.admitted_at
    FROM clinicd.admission a, generate_series(1, 5) n WHERE a.clinic_id = clinic;
$$;

CREATE FUNCTION pg_temp.seed_day(clinic bigint, visits bigint, patients bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    PERFORM pg_temp.seed_staff(clinic);
    PERFORM pg_temp.seed_visits(clinic, visits, patients);
    PERFORM pg_temp.seed_prescriptions(clinic, visits);
    PERFORM pg_temp.seed_admissions(clinic, visits);
    PERFORM set_config('session_replication_role', 'origin', true);
END $$;
