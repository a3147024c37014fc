-- 0009_prescriptions.sql
-- migrate: kind=expand tx=yes
--
-- What a doctor prescribes: lines of medicines and tests, vital signs, notes. What is not pending is locked,
-- by triggers, for whoever writes. A line that is taken off is kept (deleted_at), so numbers and positions
-- never come twice.

-- section up

CREATE TABLE clinicd.prescription (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    rx_number text COLLATE "C" NOT NULL CHECK (length(rx_number) <= 20),
    patient_id uuid NOT NULL,
    doctor_id uuid NOT NULL,
    doctor_name text NOT NULL CHECK (length(doctor_name) <= 310),
    visit_id uuid,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed', 'cancelled')),
    prescribed_at timestamptz NOT NULL,
    follow_up_on date,
    completed_at timestamptz,
    cancelled_at timestamptz,
    cancelled_by_id uuid,
    cancelled_by_name text CHECK (length(cancelled_by_name) <= 310),
    cancel_reason text CHECK (length(cancel_reason) BETWEEN 1 AND 500),
    recommended_at timestamptz,
    recommended_admission_type text
        CHECK (recommended_admission_type IN ('general', 'icu', 'emergency', 'day_care', 'isolation')),
    recommended_reason text CHECK (length(recommended_reason) BETWEEN 1 AND 2000),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "prescription__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "prescription__number-taken" UNIQUE (clinic_id, rx_number),
    CONSTRAINT "prescription__of-patient" UNIQUE (clinic_id, id, patient_id),
    CONSTRAINT "prescription__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "prescription__doctor" FOREIGN KEY (clinic_id, doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "prescription__visit" FOREIGN KEY (clinic_id, visit_id)
        REFERENCES clinicd.visit (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "prescription__completed-without-time" CHECK (status <> 'completed' OR completed_at IS NOT NULL),
    CONSTRAINT "prescription__cancelled-without-reason" CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)
        AND (status = 'cancelled') = (cancel_reason IS NOT NULL)),
    CONSTRAINT "prescription__recommended-without-reason" CHECK ((recommended_at IS NULL) = (recommended_reason IS NULL)
        AND (recommended_at IS NULL) = (recommended_admission_type IS NULL))
);
CREATE INDEX prescription_by_time ON clinicd.prescription (clinic_id, prescribed_at, id) WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_doctor ON clinicd.prescription (clinic_id, doctor_id, prescribed_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_patient ON clinicd.prescription (clinic_id, patient_id, prescribed_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_status ON clinicd.prescription (clinic_id, status, prescribed_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_completion ON clinicd.prescription (clinic_id, completed_at) WHERE status = 'completed';
CREATE INDEX prescription_by_recommendation ON clinicd.prescription (clinic_id, recommended_at, id)
    WHERE recommended_at IS NOT NULL AND status <> 'cancelled' AND deleted_at IS NULL;
CREATE INDEX prescription_by_visit ON clinicd.prescription (clinic_id, visit_id) WHERE visit_id IS NOT NULL;
SELECT clinicd.protect_table('clinicd.prescription', 'patient_id');

-- A line's name, type and dose are what the catalogue said when it was prescribed; catalog_id only remembers where from.
CREATE TABLE clinicd.prescription_medicine (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    position int NOT NULL,
    catalog_id uuid,
    medicine_name text NOT NULL CHECK (length(medicine_name) BETWEEN 1 AND 200),
    medicine_type text NOT NULL CHECK (medicine_type IN ('tablet', 'capsule', 'syrup', 'injection', 'ointment',
        'drops', 'soap', 'lotion', 'powder')),
    dosage text NOT NULL CHECK (length(dosage) BETWEEN 1 AND 100),
    frequency_per_day int NOT NULL CHECK (frequency_per_day BETWEEN 1 AND 24),
    duration text NOT NULL CHECK (length(duration) BETWEEN 1 AND 100),
    quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 9999),
    schedule text CHECK (schedule IN ('morning', 'afternoon', 'evening', 'night', 'morning_evening',
        'morning_night', 'afternoon_night', 'morning_afternoon_night', 'sos')),
    food_instruction text CHECK (food_instruction IN ('before', 'after', 'anytime')),
    instructions text CHECK (length(instructions) <= 2000),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "prescription_medicine__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "prescription_medicine__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "prescription_medicine__catalog" FOREIGN KEY (clinic_id, catalog_id)
        REFERENCES clinicd.catalog_medicine (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "prescription_medicine__too-many-lines" CHECK (position BETWEEN 1 AND 200)
);
CREATE UNIQUE INDEX prescription_medicine_by_prescription
    ON clinicd.prescription_medicine (clinic_id, prescription_id, position);
SELECT clinicd.protect_table('clinicd.prescription_medicine', 'patient_id');

CREATE TABLE clinicd.prescription_test (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    position int NOT NULL,
    catalog_id uuid,
    test_name text NOT NULL CHECK (length(test_name) BETWEEN 1 AND 200),
    test_type text NOT NULL CHECK (test_type IN ('blood', 'urine', 'xray', 'ultrasound', 'ecg', 'ct_scan', 'mri', 'other')),
    description text CHECK (length(description) <= 2000),
    test_on date,
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "prescription_test__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "prescription_test__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "prescription_test__catalog" FOREIGN KEY (clinic_id, catalog_id)
        REFERENCES clinicd.catalog_test (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "prescription_test__too-many-lines" CHECK (position BETWEEN 1 AND 200)
);
CREATE UNIQUE INDEX prescription_test_by_prescription
    ON clinicd.prescription_test (clinic_id, prescription_id, position);
SELECT clinicd.protect_table('clinicd.prescription_test', 'patient_id');

-- Numbers with units, and the text as it was typed (models/prescription/vitals.c reads it).
CREATE TABLE clinicd.prescription_vitals (
    clinic_id bigint NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    bp_systolic int CHECK (bp_systolic BETWEEN 40 AND 300),
    bp_diastolic int CHECK (bp_diastolic BETWEEN 20 AND 200),
    bp_text text CHECK (length(bp_text) <= 20),
    pulse int CHECK (pulse BETWEEN 20 AND 300),
    pulse_text text CHECK (length(pulse_text) <= 20),
    temperature numeric(4, 1),
    temperature_unit text CHECK (temperature_unit IN ('celsius', 'fahrenheit')),
    temperature_text text CHECK (length(temperature_text) <= 20),
    spo2 int CHECK (spo2 BETWEEN 30 AND 100),
    spo2_text text CHECK (length(spo2_text) <= 20),
    sugar numeric(5, 1),
    sugar_unit text CHECK (sugar_unit IN ('mg_dl', 'mmol_l')),
    sugar_text text CHECK (length(sugar_text) <= 20),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, prescription_id),
    CONSTRAINT "prescription_vitals__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CHECK ((bp_systolic IS NULL) = (bp_diastolic IS NULL) AND bp_systolic > bp_diastolic IS NOT FALSE),
    CHECK ((temperature IS NULL) = (temperature_unit IS NULL)
        AND CASE temperature_unit WHEN 'celsius' THEN temperature BETWEEN 25 AND 45
                                  WHEN 'fahrenheit' THEN temperature BETWEEN 77 AND 113 ELSE true END),
    CHECK ((sugar IS NULL) = (sugar_unit IS NULL)
        AND CASE sugar_unit WHEN 'mg_dl' THEN sugar BETWEEN 10 AND 1500
                            WHEN 'mmol_l' THEN sugar BETWEEN 0.5 AND 83 ELSE true END)
);
SELECT clinicd.protect_table('clinicd.prescription_vitals', 'patient_id');

CREATE TABLE clinicd.prescription_notes (
    clinic_id bigint NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    observations text NOT NULL CHECK (length(observations) BETWEEN 1 AND 10000),
    diagnosis text NOT NULL CHECK (length(diagnosis) BETWEEN 1 AND 10000),
    treatment_plan text NOT NULL CHECK (length(treatment_plan) BETWEEN 1 AND 10000),
    notes text CHECK (length(notes) <= 10000),
    checkin_purpose text CHECK (length(checkin_purpose) <= 255),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, prescription_id),
    CONSTRAINT "prescription_notes__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.prescription_notes', 'patient_id');

-- A patient's token sees what was completed, and nothing of a draft or of what was withdrawn.
CREATE POLICY completed ON clinicd.prescription AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR status = 'completed');
CREATE POLICY completed ON clinicd.prescription_medicine AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = prescription_medicine.clinic_id AND p.id = prescription_id AND p.status = 'completed'));
CREATE POLICY completed ON clinicd.prescription_test AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = prescription_test.clinic_id AND p.id = prescription_id AND p.status = 'completed'));
CREATE POLICY completed ON clinicd.prescription_vitals AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = prescription_vitals.clinic_id AND p.id = prescription_id AND p.status = 'completed'));
CREATE POLICY completed ON clinicd.prescription_notes AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = prescription_notes.clinic_id AND p.id = prescription_id AND p.status = 'completed'));

-- Where a prescription may go from a state; the API names them.
CREATE FUNCTION clinicd.prescription_ways(status text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE status WHEN 'pending' THEN ARRAY['completed', 'cancelled']
                   WHEN 'completed' THEN ARRAY['pending', 'cancelled'] ELSE ARRAY[]::text[] END;

-- A prescription begins pending, is written while pending, and goes the ways above. What is completed only
-- takes the advice to admit the patient, which is no part of what was prescribed, and comes back on the day that
-- it was completed only. Whatever is not said here is refused.
CREATE FUNCTION clinicd.prescription_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    advice CONSTANT text[] := ARRAY['recommended_at', 'recommended_admission_type', 'recommended_reason'];
    steps CONSTANT text[] := ARRAY['status', 'completed_at', 'cancelled_at', 'cancelled_by_id', 'cancelled_by_name',
        'cancel_reason'];
    fixed CONSTANT text[] := ARRAY['clinic_id', 'id', 'rx_number', 'patient_id', 'doctor_id', 'doctor_name',
        'prescribed_at', 'created_at'];
    changed text[]; -- columns
    code text := 'prescription-locked';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status = 'pending' AND NEW.completed_at IS NULL AND NEW.deleted_at IS NULL THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND OLD.deleted_at IS NULL THEN
        changed := ARRAY(SELECT n.key FROM jsonb_each(to_jsonb(NEW)) n WHERE n.value <> to_jsonb(OLD) -> n.key
                         AND n.key NOT IN ('version', 'updated_at'));
        IF changed && fixed THEN
            NULL;
        ELSIF NEW.status <> OLD.status THEN
            code := CASE
                WHEN NEW.status <> ALL (clinicd.prescription_ways(OLD.status)) THEN 'illegal-transition'
                WHEN NOT changed <@ steps THEN 'prescription-locked'
                WHEN NEW.status = 'completed' AND NOT clinicd.prescription_has_content(NEW.clinic_id, NEW.id)
                    THEN 'prescription-empty'
                WHEN NEW.status = 'pending' AND NOT clinicd.is_same_day(NEW.clinic_id, OLD.completed_at, NEW.updated_at)
                    THEN 'reopened-too-late'
            END;
        ELSIF OLD.status = 'pending' OR (OLD.status = 'completed' AND changed && advice AND changed <@ advice) THEN
            code := NULL;
        END IF;
        IF code IS NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a prescription that is not pending is locked'
        USING ERRCODE = '23514', CONSTRAINT = 'prescription__' || code;
END $$;

-- What hangs on a prescription is written while that is pending. The prescription's row is held, so that
-- nobody completes it meanwhile.
CREATE FUNCTION clinicd.prescription_part_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR NEW.prescription_id = OLD.prescription_id) THEN
        PERFORM FROM clinicd.prescription p
        WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.prescription_id AND p.status = 'pending' AND p.deleted_at IS NULL
        FOR NO KEY UPDATE;
        IF FOUND THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a prescription that is not pending is locked'
        USING ERRCODE = '23514', CONSTRAINT = 'prescription__prescription-locked';
END $$;

CREATE FUNCTION clinicd.prescription_has_content(clinic bigint, rx uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM clinicd.prescription_medicine m
                   WHERE m.clinic_id = clinic AND m.prescription_id = rx AND m.deleted_at IS NULL)
        OR EXISTS (SELECT FROM clinicd.prescription_test t
                   WHERE t.clinic_id = clinic AND t.prescription_id = rx AND t.deleted_at IS NULL)
        OR EXISTS (SELECT FROM clinicd.prescription_notes n WHERE n.clinic_id = clinic AND n.prescription_id = rx);
$$;

CREATE FUNCTION clinicd.is_same_day(clinic bigint, one timestamptz, other timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (one AT TIME ZONE c.timezone)::date = (other AT TIME ZONE c.timezone)::date
    FROM clinicd.clinic c WHERE c.clinic_id = clinic;
$$;

CREATE TRIGGER prescription_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_guard();
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_medicine
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard();
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_test
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard();
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_vitals
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard();
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_notes
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard();

GRANT SELECT, INSERT, UPDATE ON clinicd.prescription, clinicd.prescription_medicine, clinicd.prescription_test,
    clinicd.prescription_vitals, clinicd.prescription_notes TO clinicd_app;
GRANT SELECT ON clinicd.prescription, clinicd.prescription_medicine, clinicd.prescription_test,
    clinicd.prescription_vitals, clinicd.prescription_notes TO clinicd_backup;
GRANT EXECUTE ON FUNCTION clinicd.prescription_ways(text), clinicd.prescription_has_content(bigint, uuid),
    clinicd.is_same_day(bigint, timestamptz, timestamptz) TO clinicd_app;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 5 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'clinicd' AND c.relname ~ '^prescription(_(medicine|test|vitals|notes))?$' AND c.relforcerowsecurity;
SELECT count(*) = 15 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename ~ '^prescription';
SELECT count(*) = 5 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE p.proname IN ('prescription_guard', 'prescription_part_guard') AND t.tgenabled = 'O';

-- section down loss=rows

DROP TABLE clinicd.prescription_notes;
DROP TABLE clinicd.prescription_vitals;
DROP TABLE clinicd.prescription_test;
DROP TABLE clinicd.prescription_medicine;
DROP TABLE clinicd.prescription;
DROP FUNCTION clinicd.prescription_guard();
DROP FUNCTION clinicd.prescription_part_guard();
DROP FUNCTION clinicd.prescription_has_content(bigint, uuid);
DROP FUNCTION clinicd.is_same_day(bigint, timestamptz, timestamptz);
DROP FUNCTION clinicd.prescription_ways(text);

-- section loss

SELECT count(*) FROM clinicd.prescription;
