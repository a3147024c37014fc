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
        'footer', c.document_footer)
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

GRANT SELECT ON clinicd.prescription_paper TO clinicd_app, clinicd_backup;
GRANT SELECT, INSERT, DELETE ON clinicd.prescription_paper TO clinicd_definer;
GRANT SELECT ON clinicd.clinic, clinicd.pharmacy, clinicd.doctor, clinicd.patient, clinicd.allergy,
    clinicd.prescription, clinicd.prescription_medicine, clinicd.prescription_test, clinicd.prescription_vitals,
    clinicd.prescription_notes TO clinicd_definer;
ALTER FUNCTION clinicd.prescription_freezes() OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.prescription_freezes() FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = 'clinicd.prescription_paper'::regclass;
SELECT count(*) = 3 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename = 'prescription_paper';
SELECT count(*) = 1 FROM pg_trigger WHERE tgname = 'prescription_freezes' AND tgenabled = 'O';
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.prescription_paper', 'INSERT,UPDATE,DELETE');
SELECT NOT EXISTS (SELECT FROM clinicd.prescription p
    LEFT JOIN clinicd.prescription_paper k ON k.clinic_id = p.clinic_id AND k.prescription_id = p.id
    WHERE (p.status = 'pending') = (k.prescription_id IS NOT NULL));

-- section down loss=rows

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
