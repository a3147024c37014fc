-- 0017_papers.sql
-- migrate: kind=expand tx=yes
--
-- What a completed document says, for ever: everything that is printed, as it stood when it was completed. The clinic
-- may move, the doctor leave, the patient marry: the paper stays.

-- section up

-- The clinic's wall clock at an instant, to the minute.
CREATE FUNCTION clinicd.local_minute(at timestamptz, timezone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_char(at AT TIME ZONE timezone, 'YYYY-MM-DD"T"HH24:MI');
$$;

-- How far that clock is from UTC, in minutes.
CREATE FUNCTION clinicd.local_offset(at timestamptz, timezone text) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (extract(epoch FROM (at AT TIME ZONE timezone) - (at AT TIME ZONE 'UTC')) / 60)::int;
$$;

-- Parts that every paper has: who issues it, for whom.
CREATE FUNCTION clinicd.paper_clinic(clinic bigint) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('name', c.name, 'address', c.address, 'city', c.city, 'state', c.state,
        'zip_code', c.zip_code, 'phone_number', c.phone_number, 'email', c.email, 'website', c.website,
        'registration_number', c.registration_number, 'timezone', c.timezone, 'language', c.language,
        'footer', c.document_footer,
        'logo', (SELECT json_build_object('file_id', l.file_id, 'size_bytes', l.size_bytes, 'sha256', l.sha256)
            FROM clinicd.logo l WHERE l.clinic_id = clinic AND l.file_id IS NOT NULL))
    FROM clinicd.clinic c WHERE c.clinic_id = clinic;
$$;

CREATE FUNCTION clinicd.paper_pharmacy(clinic bigint) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('name', f.name, 'address', f.address, 'phone_number', f.phone_number)
    FROM clinicd.pharmacy f WHERE f.clinic_id = clinic AND f.is_primary AND f.is_active;
$$;

-- Only this doctor, under the name that the record was written with.
CREATE FUNCTION clinicd.paper_doctor(clinic bigint, doctor uuid, name text) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('name', name, 'qualification', d.qualification, 'specialization', d.specialization,
        'license_number', d.license_number)
    FROM clinicd.doctor d WHERE d.clinic_id = clinic AND d.id = doctor;
$$;

CREATE FUNCTION clinicd.paper_patient(clinic bigint, patient uuid, today date) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('patient_number', o.patient_number, 'name', o.name, 'gender', o.gender,
        'date_of_birth', o.date_of_birth,
        'age_years', clinicd.age_on(today, o.date_of_birth, o.age_years, o.age_noted_on),
        'weight_grams', o.weight_grams, 'phone_number', o.phone_number, 'address', o.address, 'city', o.city,
        'state', o.state, 'zip_code', o.zip_code)
    FROM clinicd.patient o WHERE o.clinic_id = clinic AND o.id = patient;
$$;

-- The worst first.
CREATE FUNCTION clinicd.paper_allergies(clinic bigint, patient uuid) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(json_agg(json_build_object('substance', a.substance, 'reaction', a.reaction, 'severity', a.severity)
        ORDER BY array_position(ARRAY['severe', 'moderate', 'unknown', 'mild'], a.severity), a.substance_key, a.id), '[]')
    FROM clinicd.allergy a WHERE a.clinic_id = clinic AND a.patient_id = patient AND a.deleted_at IS NULL;
$$;

-- A prescription's facts as they are this moment.
CREATE FUNCTION clinicd.prescription_facts(clinic bigint, rx uuid) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('id', p.id, 'number', p.rx_number,
        'clinic', clinicd.paper_clinic(clinic), 'pharmacy', clinicd.paper_pharmacy(clinic),
        'doctor', clinicd.paper_doctor(clinic, p.doctor_id, p.doctor_name),
        'patient', clinicd.paper_patient(clinic, p.patient_id, (p.prescribed_at AT TIME ZONE c.timezone)::date),
        'allergies', clinicd.paper_allergies(clinic, p.patient_id),
        'prescribed_at', clinicd.instant_text(p.prescribed_at),
        'prescribed_local', clinicd.local_minute(p.prescribed_at, c.timezone),
        'utc_offset', clinicd.local_offset(p.prescribed_at, c.timezone),
        'follow_up_on', p.follow_up_on,
        'notes', (SELECT json_build_object('checkin_purpose', k.checkin_purpose, 'observations', k.observations,
                'diagnosis', k.diagnosis, 'treatment_plan', k.treatment_plan, 'notes', k.notes)
            FROM clinicd.prescription_notes k WHERE k.clinic_id = clinic AND k.prescription_id = rx),
        'vitals', (SELECT json_build_object('bp_systolic', v.bp_systolic, 'bp_diastolic', v.bp_diastolic,
                'bp_text', v.bp_text, 'pulse', v.pulse, 'pulse_text', v.pulse_text, 'temperature', v.temperature::text,
                'temperature_unit', v.temperature_unit, 'temperature_text', v.temperature_text, 'spo2', v.spo2,
                'spo2_text', v.spo2_text, 'sugar', v.sugar::text, 'sugar_unit', v.sugar_unit, 'sugar_text', v.sugar_text)
            FROM clinicd.prescription_vitals v WHERE v.clinic_id = clinic AND v.prescription_id = rx),
        'medicines', (SELECT coalesce(json_agg(json_build_object('medicine_name', m.medicine_name,
                'medicine_type', m.medicine_type, 'dosage', m.dosage, 'frequency_per_day', m.frequency_per_day,
                'duration', m.duration, 'quantity', m.quantity, 'schedule', m.schedule,
                'food_instruction', m.food_instruction, 'instructions', m.instructions) ORDER BY m.position), '[]')
            FROM clinicd.prescription_medicine m
            WHERE m.clinic_id = clinic AND m.prescription_id = rx AND m.deleted_at IS NULL),
        'tests', (SELECT coalesce(json_agg(json_build_object('test_name', t.test_name, 'test_type', t.test_type,
                'description', t.description, 'test_on', t.test_on) ORDER BY t.position), '[]')
            FROM clinicd.prescription_test t
            WHERE t.clinic_id = clinic AND t.prescription_id = rx AND t.deleted_at IS NULL))
    FROM clinicd.prescription p
    JOIN clinicd.clinic c ON c.clinic_id = clinic
    WHERE p.clinic_id = clinic AND p.id = rx;
$$;

-- Facts as they stood when the prescription stopped being pending.
CREATE TABLE clinicd.prescription_paper (
    clinic_id bigint NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    facts json NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, prescription_id),
    CONSTRAINT "prescription_paper__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.prescription_paper', 'patient_id');
CREATE POLICY completed ON clinicd.prescription_paper AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = prescription_paper.clinic_id AND p.id = prescription_id AND p.status = 'completed'));

-- Kept when it is completed, or cancelled as a draft; gone when it is opened again. Nobody else writes here.
CREATE FUNCTION clinicd.prescription_freezes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'pending' THEN
        DELETE FROM clinicd.prescription_paper k WHERE k.clinic_id = NEW.clinic_id AND k.prescription_id = NEW.id;
    ELSE
        INSERT INTO clinicd.prescription_paper (clinic_id, prescription_id, patient_id, facts, created_at)
        VALUES (NEW.clinic_id, NEW.id, NEW.patient_id, clinicd.prescription_facts(NEW.clinic_id, NEW.id), NEW.updated_at)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.prescription_freezes() IS 'tenant-safe: a trigger; reads and writes rows of the prescription''s own clinic, returns none';
CREATE TRIGGER prescription_freezes AFTER UPDATE ON clinicd.prescription
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION clinicd.prescription_freezes();

INSERT INTO clinicd.prescription_paper (clinic_id, prescription_id, patient_id, facts, created_at)
SELECT p.clinic_id, p.id, p.patient_id, clinicd.prescription_facts(p.clinic_id, p.id), p.updated_at
FROM clinicd.prescription p WHERE p.status <> 'pending';

-- Everything that is printed of a prescription; the one place that says so. What is not pending is what was kept, and
-- the step that it took.
CREATE FUNCTION clinicd.prescription_printed(p clinicd.prescription) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('clinic_id', p.clinic_id, 'version', p.version, 'status', p.status,
        'changed_at', clinicd.instant_text(p.updated_at), 'cancel_reason', p.cancel_reason,
        'facts', CASE WHEN p.status = 'pending' THEN clinicd.prescription_facts(p.clinic_id, p.id)
            ELSE (SELECT k.facts FROM clinicd.prescription_paper k
                  WHERE k.clinic_id = p.clinic_id AND k.prescription_id = p.id) END);
$$;

-- An admission's facts as they are this moment, but for what is said of its end: that may be corrected, with a reason
-- and under another version, and so stands in its row.
CREATE FUNCTION clinicd.admission_facts(clinic bigint, admission uuid) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('id', a.id, 'number', a.admission_number,
        'clinic', clinicd.paper_clinic(clinic), 'pharmacy', NULL,
        'doctor', clinicd.paper_doctor(clinic, a.doctor_id, a.doctor_name),
        'patient', clinicd.paper_patient(clinic, a.patient_id, (a.admitted_at AT TIME ZONE c.timezone)::date),
        'allergies', clinicd.paper_allergies(clinic, a.patient_id),
        'allergies_said', NULLIF(a.allergies, clinicd.allergies_text(clinic, a.patient_id)),
        'admitted_local', clinicd.local_minute(a.admitted_at, c.timezone),
        'admitted_offset', clinicd.local_offset(a.admitted_at, c.timezone),
        'ended_local', clinicd.local_minute(a.ended_at, c.timezone),
        'ended_offset', clinicd.local_offset(a.ended_at, c.timezone),
        'days', clinicd.admission_days(a.admitted_at, a.ended_at, NULL, c.timezone),
        'admission_type', a.admission_type, 'room_number', a.room_number, 'bed_number', a.bed_number,
        'reason_for_admission', a.reason_for_admission, 'medical_history', a.medical_history,
        'treatments', (SELECT coalesce(json_agg(json_build_object('treatment_type', t.treatment_type,
                'treatment_name', t.treatment_name, 'description', t.description, 'dosage', t.dosage,
                'frequency', t.frequency, 'route', t.route, 'saline_type', t.saline_type, 'quantity', t.quantity,
                'oxygen_type', t.oxygen_type, 'oxygen_flow_rate', t.oxygen_flow_rate, 'duration', t.duration,
                'administered_local', clinicd.local_minute(t.administered_at, c.timezone),
                'administered_by', t.administered_by_name, 'notes', t.notes) ORDER BY t.administered_at, t.id), '[]')
            FROM clinicd.treatment t WHERE t.clinic_id = clinic AND t.admission_id = admission))
    FROM clinicd.admission a
    JOIN clinicd.clinic c ON c.clinic_id = clinic
    WHERE a.clinic_id = clinic AND a.id = admission;
$$;

-- Facts as they stood when the admission ended.
CREATE TABLE clinicd.admission_paper (
    clinic_id bigint NOT NULL,
    admission_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    facts json NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, admission_id),
    CONSTRAINT "admission_paper__admission" FOREIGN KEY (clinic_id, admission_id, patient_id)
        REFERENCES clinicd.admission (clinic_id, id, patient_id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.admission_paper', 'patient_id');

-- Nothing leads back from an end: once, and nobody else writes here.
CREATE FUNCTION clinicd.admission_freezes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.admission_paper (clinic_id, admission_id, patient_id, facts, created_at)
    VALUES (NEW.clinic_id, NEW.id, NEW.patient_id, clinicd.admission_facts(NEW.clinic_id, NEW.id), NEW.updated_at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.admission_freezes() IS 'tenant-safe: a trigger; reads and writes rows of the admission''s own clinic, returns none';
CREATE TRIGGER admission_freezes AFTER UPDATE ON clinicd.admission
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION clinicd.admission_freezes();

INSERT INTO clinicd.admission_paper (clinic_id, admission_id, patient_id, facts, created_at)
SELECT a.clinic_id, a.id, a.patient_id, clinicd.admission_facts(a.clinic_id, a.id), a.updated_at
FROM clinicd.admission a WHERE a.ended_at IS NOT NULL;

-- Everything that is printed of an admission; the one place that says so.
CREATE FUNCTION clinicd.admission_printed(a clinicd.admission) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('clinic_id', a.clinic_id, 'version', a.version, 'status', a.status, 'outcome', a.outcome,
        'changed_at', clinicd.instant_text(a.updated_at), 'final_diagnosis', a.final_diagnosis,
        'discharge_notes', a.discharge_notes, 'follow_up_on', a.follow_up_on,
        'follow_up_instructions', a.follow_up_instructions,
        'facts', CASE WHEN a.ended_at IS NULL THEN clinicd.admission_facts(a.clinic_id, a.id)
            ELSE (SELECT k.facts FROM clinicd.admission_paper k
                  WHERE k.clinic_id = a.clinic_id AND k.admission_id = a.id) END);
$$;

GRANT SELECT ON clinicd.prescription_paper, clinicd.admission_paper TO clinicd_app, clinicd_backup;
GRANT SELECT, INSERT, DELETE ON clinicd.prescription_paper TO clinicd_definer;
GRANT SELECT, INSERT ON clinicd.admission_paper TO clinicd_definer;
GRANT SELECT ON clinicd.logo, clinicd.admission, clinicd.treatment, clinicd.clinic, clinicd.pharmacy, clinicd.doctor, clinicd.patient, clinicd.allergy,
    clinicd.prescription, clinicd.prescription_medicine, clinicd.prescription_test, clinicd.prescription_vitals,
    clinicd.prescription_notes TO clinicd_definer;
ALTER FUNCTION clinicd.prescription_freezes() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.admission_freezes() OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.prescription_freezes(), clinicd.admission_freezes() FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 2 FROM pg_class c WHERE c.oid IN ('clinicd.prescription_paper'::regclass, 'clinicd.admission_paper'::regclass)
    AND c.relrowsecurity AND c.relforcerowsecurity;
SELECT count(*) = 5 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename IN ('prescription_paper', 'admission_paper');
SELECT count(*) = 2 FROM pg_trigger WHERE tgname IN ('prescription_freezes', 'admission_freezes') AND tgenabled = 'O';
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.prescription_paper', 'INSERT,UPDATE,DELETE')
    AND NOT has_table_privilege('clinicd_app', 'clinicd.admission_paper', 'INSERT,UPDATE,DELETE');
SELECT NOT EXISTS (SELECT FROM clinicd.admission a
    LEFT JOIN clinicd.admission_paper k ON k.clinic_id = a.clinic_id AND k.admission_id = a.id
    WHERE (a.ended_at IS NULL) = (k.admission_id IS NOT NULL));
SELECT NOT EXISTS (SELECT FROM clinicd.prescription p
    LEFT JOIN clinicd.prescription_paper k ON k.clinic_id = p.clinic_id AND k.prescription_id = p.id
    WHERE (p.status = 'pending') = (k.prescription_id IS NOT NULL));

-- section down loss=rows

DROP FUNCTION clinicd.admission_printed(clinicd.admission);
DROP TRIGGER admission_freezes ON clinicd.admission;
DROP FUNCTION clinicd.admission_freezes();
DROP TABLE clinicd.admission_paper;
DROP FUNCTION clinicd.admission_facts(bigint, uuid);
DROP FUNCTION clinicd.prescription_printed(clinicd.prescription);
DROP TRIGGER prescription_freezes ON clinicd.prescription;
DROP FUNCTION clinicd.prescription_freezes();
DROP TABLE clinicd.prescription_paper;
DROP FUNCTION clinicd.prescription_facts(bigint, uuid);
DROP FUNCTION clinicd.paper_allergies(bigint, uuid);
DROP FUNCTION clinicd.paper_patient(bigint, uuid, date);
DROP FUNCTION clinicd.paper_doctor(bigint, uuid, text);
DROP FUNCTION clinicd.paper_pharmacy(bigint);
DROP FUNCTION clinicd.paper_clinic(bigint);
DROP FUNCTION clinicd.local_offset(timestamptz, text);
DROP FUNCTION clinicd.local_minute(timestamptz, text);

-- section loss

SELECT count(*) FROM clinicd.prescription_paper;
SELECT count(*) FROM clinicd.admission_paper;
