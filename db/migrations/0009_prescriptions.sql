-- 0009_prescriptions.sql
-- migrate: kind=expand tx=yes
--
-- What a doctor prescribes: lines of medicines and tests, vital signs, notes. What is not pending is locked,
-- by triggers, for whoever writes. The advice to admit the patient is none of it and has a table of its own. A line that is taken off is kept (deleted_at), so numbers and positions
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
    CONSTRAINT "prescription__visit" FOREIGN KEY (clinic_id, visit_id, patient_id)
        REFERENCES clinicd.visit (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "prescription__completed-without-time" CHECK (status <> 'completed' OR completed_at IS NOT NULL),
    CONSTRAINT "prescription__cancelled-without-reason" CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)
        AND (status = 'cancelled') = (cancel_reason IS NOT NULL))
);
-- In the order of lists; counting reads it alone.
CREATE INDEX prescription_by_time ON clinicd.prescription (clinic_id, prescribed_at, id)
    INCLUDE (status, doctor_id, patient_id) WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_doctor ON clinicd.prescription (clinic_id, doctor_id, prescribed_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_patient ON clinicd.prescription (clinic_id, patient_id, prescribed_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX prescription_by_completion ON clinicd.prescription (clinic_id, completed_at) WHERE status = 'completed';
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

-- A doctor's advice to admit the patient. What is withdrawn is kept, and given anew in its place.
CREATE TABLE clinicd.admission_recommendation (
    clinic_id bigint NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    admission_type text NOT NULL CHECK (admission_type IN ('general', 'icu', 'emergency', 'day_care', 'isolation')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    recommended_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, prescription_id),
    CONSTRAINT "admission_recommendation__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT
);
CREATE INDEX admission_recommendation_by_time
    ON clinicd.admission_recommendation (clinic_id, recommended_at, prescription_id) WHERE withdrawn_at IS NULL;
SELECT clinicd.protect_table('clinicd.admission_recommendation', 'patient_id');

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
CREATE POLICY completed ON clinicd.admission_recommendation AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = admission_recommendation.clinic_id AND p.id = prescription_id AND p.status = 'completed'));

-- Few, so that counts leave theirs out quickly.
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX patient_hidden ON clinicd.patient (clinic_id, id) WHERE deleted_at IS NOT NULL;

-- Where a prescription may go from a state; the API names them.
CREATE FUNCTION clinicd.prescription_ways(status text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE status WHEN 'pending' THEN ARRAY['completed', 'cancelled']
                   WHEN 'completed' THEN ARRAY['pending', 'cancelled'] ELSE ARRAY[]::text[] END;

-- A prescription begins pending, is written while pending, and goes the ways above; what was completed comes back
-- on the day of its completion only. Whatever is not said here is refused.
CREATE FUNCTION clinicd.prescription_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
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
        code := CASE
            WHEN changed && fixed OR (NEW.status = OLD.status AND OLD.status <> 'pending') THEN 'prescription-locked'
            WHEN NEW.status = OLD.status THEN NULL
            WHEN NEW.status <> ALL (clinicd.prescription_ways(OLD.status)) THEN 'illegal-transition'
            WHEN NOT changed <@ steps THEN 'prescription-locked'
            WHEN NEW.status = 'completed' AND NOT clinicd.prescription_has_content(NEW.clinic_id, NEW.id)
                THEN 'prescription-empty'
            WHEN NEW.status = 'pending' AND NOT clinicd.is_same_day(NEW.clinic_id, OLD.completed_at, NEW.updated_at)
                THEN 'reopened-too-late'
        END;
        IF code IS NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a prescription that is not pending is locked'
        USING ERRCODE = '23514', CONSTRAINT = 'prescription__' || code;
END $$;

-- What hangs on a prescription is written while that is in a state that the trigger names: pending, and advice when
-- completed too. The prescription's row is held, so that nobody takes it on meanwhile; one that the writer cannot
-- see is none.
CREATE FUNCTION clinicd.prescription_part_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_open boolean := false;
BEGIN
    IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR NEW.prescription_id = OLD.prescription_id) THEN
        SELECT p.status = ANY (TG_ARGV) AND p.deleted_at IS NULL INTO is_open FROM clinicd.prescription p
        WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.prescription_id FOR NO KEY UPDATE;
        IF is_open THEN
            RETURN NEW;
        ELSIF is_open IS NULL THEN
            RAISE EXCEPTION 'there is no such prescription' USING ERRCODE = 'insufficient_privilege';
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

CREATE TRIGGER prescription_guard BEFORE UPDATE OR DELETE ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_guard();
CREATE TRIGGER prescription_a_guard AFTER INSERT ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_guard();
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_medicine
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_test
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_vitals
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_notes
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.admission_recommendation
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending', 'completed');

-- A UUID version 7, for rows that the database makes of its own: milliseconds, then 74 random bits.
CREATE FUNCTION clinicd.uuid_v7(at timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' ||
            substr(r.hex, 14, 19))::uuid
    FROM (SELECT replace(gen_random_uuid()::text, '-', '')) AS r (hex);
$$;

-- An instant inside JSON, as the API writes it.
CREATE FUNCTION clinicd.instant_text(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;

-- The lines of a body, filled from the catalogue where they do not speak. An entry's name and type are the entry's:
-- `is_other` says that the line has another idea of them.
CREATE FUNCTION clinicd.medicine_lines(clinic bigint, lines jsonb)
RETURNS TABLE (n bigint, id uuid, catalog_id uuid, is_unknown boolean, is_other boolean, medicine_name text,
    medicine_type text, dosage text, frequency_per_day int, duration text, quantity int, schedule text,
    food_instruction text, instructions text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.n, (l->>'id')::uuid, c.id, l->>'catalog_id' IS NOT NULL AND c.id IS NULL,
        clinicd.name_fold(l->>'medicine_name') <> c.name_key OR l->>'medicine_type' <> c.medicine_type,
        coalesce(c.medicine_name, l->>'medicine_name'), coalesce(c.medicine_type, l->>'medicine_type'),
        coalesce(l->>'dosage', c.default_dosage),
        coalesce((l->>'frequency_per_day')::int, NULLIF(c.frequency_per_day, 0)),
        coalesce(l->>'duration', c.default_duration), (l->>'quantity')::int,
        CASE WHEN l ? 'schedule' THEN l->>'schedule' ELSE c.default_schedule END,
        CASE WHEN l ? 'food_instruction' THEN l->>'food_instruction' ELSE c.food_instruction END,
        l->>'instructions'
    FROM jsonb_array_elements(coalesce(lines, '[]')) WITH ORDINALITY AS e (l, n)
    LEFT JOIN clinicd.catalog_medicine c ON c.clinic_id = clinic AND c.id = (l->>'catalog_id')::uuid AND c.is_active;
$$;

CREATE FUNCTION clinicd.test_lines(clinic bigint, lines jsonb)
RETURNS TABLE (n bigint, id uuid, catalog_id uuid, is_unknown boolean, is_other boolean, test_name text,
    test_type text, description text, test_on date)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.n, (l->>'id')::uuid, c.id, l->>'catalog_id' IS NOT NULL AND c.id IS NULL,
        clinicd.name_fold(l->>'test_name') <> c.name_key OR l->>'test_type' <> c.test_type,
        coalesce(c.test_name, l->>'test_name'), coalesce(c.test_type, l->>'test_type'),
        CASE WHEN l ? 'description' THEN l->>'description' ELSE c.description END, (l->>'test_on')::date
    FROM jsonb_array_elements(coalesce(lines, '[]')) WITH ORDINALITY AS e (l, n)
    LEFT JOIN clinicd.catalog_test c ON c.clinic_id = clinic AND c.id = (l->>'catalog_id')::uuid AND c.is_active;
$$;

-- What is wrong with the lines of a body, for _flaws; NULL: nothing. `is_alone`: the body is the line.
CREATE FUNCTION clinicd.line_flaws(clinic bigint, medicines jsonb, tests jsonb, is_alone boolean) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(jsonb_build_object('code', f.code, 'detail', f.detail, 'pointer',
        CASE WHEN is_alone THEN '#/' ELSE '#/' || f.list || '/' || f.n - 1 || '/' END || f.member)
        ORDER BY f.list, f.n, f.member)
    FROM (
        SELECT 'medicines' AS list, l.n, m.member, 'required' AS code, 'is needed' AS detail
        FROM clinicd.medicine_lines(clinic, medicines) l,
            LATERAL (VALUES ('medicine_name', l.medicine_name), ('medicine_type', l.medicine_type), ('dosage', l.dosage),
                ('frequency_per_day', l.frequency_per_day::text), ('duration', l.duration)) AS m (member, value)
        WHERE m.value IS NULL AND NOT l.is_unknown
        UNION ALL
        SELECT 'tests', l.n, m.member, 'required', 'is needed'
        FROM clinicd.test_lines(clinic, tests) l,
            LATERAL (VALUES ('test_name', l.test_name), ('test_type', l.test_type)) AS m (member, value)
        WHERE m.value IS NULL AND NOT l.is_unknown
        UNION ALL
        SELECT k.list, k.n, 'catalog_id', CASE WHEN k.is_unknown THEN 'not-found' ELSE 'mismatch' END,
            CASE WHEN k.is_unknown THEN 'is no entry of the catalogue' ELSE 'is an entry with another name or type' END
        FROM (SELECT 'medicines' AS list, n, is_unknown, is_other FROM clinicd.medicine_lines(clinic, medicines)
              UNION ALL
              SELECT 'tests', n, is_unknown, is_other FROM clinicd.test_lines(clinic, tests)) k
        WHERE k.is_unknown OR k.is_other
    ) f;
$$;

-- Writes lines that line_flaws() has nothing against, behind those that are there. The one way in: a body's, a
-- template's. Gives their number.
CREATE FUNCTION clinicd.prescription_lines_add(clinic bigint, rx uuid, patient uuid, medicines jsonb, tests jsonb,
    at timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    added bigint;
    more bigint;
BEGIN
    INSERT INTO clinicd.prescription_medicine (clinic_id, id, prescription_id, patient_id, position, catalog_id,
        medicine_name, medicine_type, dosage, frequency_per_day, duration, quantity, schedule, food_instruction,
        instructions, created_at, updated_at)
    SELECT clinic, coalesce(l.id, clinicd.uuid_v7(at)), rx, patient, before.n + l.n, l.catalog_id, l.medicine_name,
        l.medicine_type, l.dosage, l.frequency_per_day, l.duration, l.quantity, l.schedule, l.food_instruction,
        l.instructions, at, at
    FROM clinicd.medicine_lines(clinic, medicines) l, (
        SELECT coalesce(max(m.position), 0) AS n FROM clinicd.prescription_medicine m
        WHERE m.clinic_id = clinic AND m.prescription_id = rx) before;
    GET DIAGNOSTICS added = ROW_COUNT;
    INSERT INTO clinicd.prescription_test (clinic_id, id, prescription_id, patient_id, position, catalog_id,
        test_name, test_type, description, test_on, created_at, updated_at)
    SELECT clinic, coalesce(l.id, clinicd.uuid_v7(at)), rx, patient, before.n + l.n, l.catalog_id, l.test_name,
        l.test_type, l.description, l.test_on, at, at
    FROM clinicd.test_lines(clinic, tests) l, (
        SELECT coalesce(max(t.position), 0) AS n FROM clinicd.prescription_test t
        WHERE t.clinic_id = clinic AND t.prescription_id = rx) before;
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN added + more;
END $$;

-- What is not in the body is not noted. `vitals` has the members of the table (models/prescription/vitals.c).
CREATE FUNCTION clinicd.prescription_vitals_put(clinic bigint, rx uuid, patient uuid, vitals jsonb, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.prescription_vitals AS v (clinic_id, prescription_id, patient_id, bp_systolic, bp_diastolic,
        bp_text, pulse, pulse_text, temperature, temperature_unit, temperature_text, spo2, spo2_text, sugar,
        sugar_unit, sugar_text, created_at, updated_at)
    SELECT clinic, rx, patient, b.bp_systolic, b.bp_diastolic, b.bp_text, b.pulse, b.pulse_text, b.temperature,
        b.temperature_unit, b.temperature_text, b.spo2, b.spo2_text, b.sugar, b.sugar_unit, b.sugar_text, at, at
    FROM jsonb_populate_record(NULL::clinicd.prescription_vitals, vitals) b
    ON CONFLICT (clinic_id, prescription_id) DO UPDATE SET bp_systolic = excluded.bp_systolic,
        bp_diastolic = excluded.bp_diastolic, bp_text = excluded.bp_text, pulse = excluded.pulse,
        pulse_text = excluded.pulse_text, temperature = excluded.temperature,
        temperature_unit = excluded.temperature_unit, temperature_text = excluded.temperature_text,
        spo2 = excluded.spo2, spo2_text = excluded.spo2_text, sugar = excluded.sugar,
        sugar_unit = excluded.sugar_unit, sugar_text = excluded.sugar_text, updated_at = excluded.updated_at;
END $$;

-- Without a purpose it is the visit's: the linked one's, else the patient's latest.
CREATE FUNCTION clinicd.prescription_notes_put(clinic bigint, rx uuid, patient uuid, notes jsonb, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.prescription_notes AS k (clinic_id, prescription_id, patient_id, observations, diagnosis,
        treatment_plan, notes, checkin_purpose, created_at, updated_at)
    SELECT clinic, rx, patient, notes->>'observations', notes->>'diagnosis', notes->>'treatment_plan', notes->>'notes',
        coalesce(notes->>'checkin_purpose', (
            SELECT v.purpose FROM clinicd.visit v
            JOIN clinicd.prescription p ON p.clinic_id = clinic AND p.id = rx
            WHERE v.clinic_id = clinic AND v.patient_id = patient AND v.id = coalesce(p.visit_id, v.id)
            ORDER BY v.token_on DESC, v.checked_in_at DESC, v.id DESC LIMIT 1)), at, at
    ON CONFLICT (clinic_id, prescription_id) DO UPDATE SET observations = excluded.observations,
        diagnosis = excluded.diagnosis, treatment_plan = excluded.treatment_plan, notes = excluded.notes,
        checkin_purpose = excluded.checkin_purpose, updated_at = excluded.updated_at;
END $$;

-- A new prescription's parts, from the body that asks for it.
CREATE FUNCTION clinicd.prescription_fill(clinic bigint, rx uuid, patient uuid, body jsonb, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM clinicd.prescription_lines_add(clinic, rx, patient, body->'medicines', body->'tests', at);
    IF body ? 'vitals' THEN
        PERFORM clinicd.prescription_vitals_put(clinic, rx, patient, body->'vitals', at);
    END IF;
    IF body ? 'notes' THEN
        PERFORM clinicd.prescription_notes_put(clinic, rx, patient, body->'notes', at);
    END IF;
END $$;

-- Is it what lists show of an entry rather than a name: a name with its own dose in it, or an entry's name with that
-- entry's dose and type behind it?
CREATE FUNCTION clinicd.is_display_text(clinic bigint, name_key text, dosage text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (dosage ~ '[0-9].*[[:alpha:]]'
            AND strpos(replace(name_key, ' ', ''), replace(clinicd.name_fold(dosage), ' ', '')) > 1)
        OR EXISTS (SELECT FROM clinicd.catalog_medicine c,
                LATERAL (SELECT replace(substr(is_display_text.name_key, length(c.name_key) + 1), ' ', '') AS tail,
                    coalesce(replace(clinicd.name_fold(c.default_dosage), ' ', ''), '') AS dose) k
            WHERE c.clinic_id = clinic AND k.tail IN (k.dose, c.medicine_type, k.dose || c.medicine_type, c.medicine_type || k.dose)
              AND k.tail <> '' AND c.name_key = ANY (ARRAY(
                SELECT left(is_display_text.name_key, i - 1) FROM generate_series(2, length(is_display_text.name_key)) i
                WHERE substr(is_display_text.name_key, i, 1) = ' ')));
$$;

-- The catalogue learns from lines that do not come from it: the name, the type, and how it is taken. Not what an
-- administrator retired. What cannot be learned never hinders who prescribes.
CREATE FUNCTION clinicd.catalog_learns_medicines() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages,
        default_dosage, default_schedule, frequency_per_day, default_duration, food_instruction, created_at, updated_at)
    SELECT DISTINCT ON (l.clinic_id, k.name_key, l.medicine_type) l.clinic_id, clinicd.uuid_v7(l.updated_at),
        l.medicine_name, l.medicine_type, ARRAY[l.dosage], l.dosage, l.schedule, l.frequency_per_day, l.duration,
        l.food_instruction, l.updated_at, l.updated_at
    FROM written l, LATERAL (SELECT clinicd.name_fold(l.medicine_name) AS name_key) k
    WHERE l.catalog_id IS NULL AND l.deleted_at IS NULL AND k.name_key <> ''
      AND NOT EXISTS (SELECT FROM clinicd.catalog_medicine c
          WHERE c.clinic_id = l.clinic_id AND c.name_key = k.name_key AND c.medicine_type = l.medicine_type)
      AND NOT clinicd.is_display_text(l.clinic_id, k.name_key, l.dosage)
    ORDER BY l.clinic_id, k.name_key, l.medicine_type, l.position
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION clinicd.catalog_learns_tests() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.catalog_test (clinic_id, id, test_name, test_type, created_at, updated_at)
    SELECT DISTINCT ON (l.clinic_id, k.name_key, l.test_type) l.clinic_id, clinicd.uuid_v7(l.updated_at),
        l.test_name, l.test_type, l.updated_at, l.updated_at
    FROM written l, LATERAL (SELECT clinicd.name_fold(l.test_name) AS name_key) k
    WHERE l.catalog_id IS NULL AND l.deleted_at IS NULL AND k.name_key <> ''
      AND NOT EXISTS (SELECT FROM clinicd.catalog_test c
          WHERE c.clinic_id = l.clinic_id AND c.name_key = k.name_key AND c.test_type = l.test_type)
    ORDER BY l.clinic_id, k.name_key, l.test_type, l.position
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER catalog_learns_new AFTER INSERT ON clinicd.prescription_medicine
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clinicd.catalog_learns_medicines();
CREATE TRIGGER catalog_learns_change AFTER UPDATE ON clinicd.prescription_medicine
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clinicd.catalog_learns_medicines();
CREATE TRIGGER catalog_learns_new AFTER INSERT ON clinicd.prescription_test
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clinicd.catalog_learns_tests();
CREATE TRIGGER catalog_learns_change AFTER UPDATE ON clinicd.prescription_test
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clinicd.catalog_learns_tests();

-- What a prescription does to the visit and the patient. The visit is touched first, as whoever moves a visit does.
CREATE FUNCTION clinicd.prescription_moves_others() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'pending' THEN
        UPDATE clinicd.visit v SET status = 'in_consultation', moved_by_id = NEW.doctor_id,
            moved_by_name = NEW.doctor_name, updated_at = NEW.updated_at
        WHERE v.clinic_id = NEW.clinic_id AND v.id = NEW.visit_id AND v.status = 'checked_in';
        PERFORM clinicd.patient_move(NEW.clinic_id, NEW.patient_id, 'in_diagnosis', NEW.updated_at);
        RETURN NULL;
    END IF;
    UPDATE clinicd.visit v SET status = 'completed', moved_by_id = NEW.doctor_id,
        moved_by_name = NEW.doctor_name, updated_at = NEW.updated_at
    FROM clinicd.clinic c
    WHERE c.clinic_id = NEW.clinic_id AND v.clinic_id = NEW.clinic_id AND v.patient_id = NEW.patient_id
      AND v.status IN ('checked_in', 'in_consultation')
      AND CASE WHEN NEW.visit_id IS NOT NULL THEN v.id = NEW.visit_id
               ELSE v.token_on = (NEW.updated_at AT TIME ZONE c.timezone)::date END;
    IF EXISTS (SELECT FROM clinicd.prescription_medicine m
               WHERE m.clinic_id = NEW.clinic_id AND m.prescription_id = NEW.id AND m.deleted_at IS NULL) THEN
        PERFORM clinicd.patient_move(NEW.clinic_id, NEW.patient_id, 'treatment_started', NEW.updated_at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER prescription_begins AFTER INSERT ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_moves_others();
CREATE TRIGGER prescription_completes AFTER UPDATE ON clinicd.prescription
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NEW.status = 'completed')
    EXECUTE FUNCTION clinicd.prescription_moves_others();

-- What the laboratory says of a prescription's tests; it comes with the laboratory's tables.
CREATE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::json WHERE false;
$$;

-- A prescription as the API shows it, whole, as it is this moment: volatile, so that it sees what its own statement
-- wrote. The one place that says so. The row is the caller's, behind both walls; what hangs on it is found by its keys.
CREATE FUNCTION clinicd.prescription_shown(clinic bigint, rx uuid)
RETURNS TABLE (id uuid, version bigint, rx_number text, patient json, doctor json, visit_id uuid, status text,
    prescribed_at timestamptz, allergies json, medicines json, tests json, vitals json, notes json,
    admission_recommendation json, follow_up_on date, completed_at timestamptz, cancelled_at timestamptz,
    cancelled_by json, cancel_reason text, created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql VOLATILE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT p.id, p.version, p.rx_number,
        json_build_object('id', o.id, 'patient_number', o.patient_number, 'name', o.name),
        json_build_object('id', p.doctor_id, 'name', p.doctor_name),
        p.visit_id, p.status, p.prescribed_at,
        (SELECT coalesce(json_agg(json_build_object('id', a.id, 'substance', a.substance, 'reaction', a.reaction,
                'severity', a.severity, 'noted_on', a.noted_on)
            ORDER BY array_position(ARRAY['severe', 'moderate', 'unknown', 'mild'], a.severity), a.substance_key, a.id), '[]')
         FROM clinicd.allergy a
         WHERE a.clinic_id = p.clinic_id AND a.patient_id = p.patient_id AND a.deleted_at IS NULL),
        (SELECT coalesce(json_agg(json_build_object('id', m.id, 'catalog_id', m.catalog_id,
                'medicine_name', m.medicine_name, 'medicine_type', m.medicine_type, 'dosage', m.dosage,
                'frequency_per_day', m.frequency_per_day, 'duration', m.duration, 'quantity', m.quantity,
                'schedule', m.schedule, 'food_instruction', m.food_instruction, 'instructions', m.instructions)
            ORDER BY m.position), '[]')
         FROM clinicd.prescription_medicine m
         WHERE m.clinic_id = p.clinic_id AND m.prescription_id = p.id AND m.deleted_at IS NULL),
        (SELECT coalesce(json_agg(json_build_object('id', t.id, 'catalog_id', t.catalog_id, 'test_name', t.test_name,
                'test_type', t.test_type, 'description', t.description, 'test_on', t.test_on,
                'status', coalesce(r.status, 'pending'), 'result', r.result,
                'result_values', coalesce(r.result_values, '[]'), 'result_at', clinicd.instant_text(r.result_at),
                'result_by', r.result_by)
            ORDER BY t.position), '[]')
         FROM clinicd.prescription_test t
         LEFT JOIN clinicd.prescription_results(p.clinic_id, p.id) r ON r.test_id = t.id
         WHERE t.clinic_id = p.clinic_id AND t.prescription_id = p.id AND t.deleted_at IS NULL),
        (SELECT json_build_object('bp_systolic', v.bp_systolic, 'bp_diastolic', v.bp_diastolic, 'bp_text', v.bp_text,
                'pulse', v.pulse, 'pulse_text', v.pulse_text, 'temperature', v.temperature,
                'temperature_unit', v.temperature_unit, 'temperature_text', v.temperature_text, 'spo2', v.spo2,
                'spo2_text', v.spo2_text, 'sugar', v.sugar, 'sugar_unit', v.sugar_unit, 'sugar_text', v.sugar_text)
         FROM clinicd.prescription_vitals v WHERE v.clinic_id = p.clinic_id AND v.prescription_id = p.id),
        (SELECT json_build_object('observations', k.observations, 'diagnosis', k.diagnosis,
                'treatment_plan', k.treatment_plan, 'notes', k.notes, 'checkin_purpose', k.checkin_purpose)
         FROM clinicd.prescription_notes k WHERE k.clinic_id = p.clinic_id AND k.prescription_id = p.id),
        (SELECT json_build_object('admission_type', r.admission_type, 'reason', r.reason,
                'recommended_at', clinicd.instant_text(r.recommended_at))
         FROM clinicd.admission_recommendation r
         WHERE r.clinic_id = p.clinic_id AND r.prescription_id = p.id AND r.withdrawn_at IS NULL),
        p.follow_up_on, p.completed_at, p.cancelled_at,
        CASE WHEN p.cancelled_by_id IS NOT NULL
             THEN json_build_object('id', p.cancelled_by_id, 'name', p.cancelled_by_name) END,
        p.cancel_reason, p.created_at, p.updated_at
    FROM clinicd.prescription p
    JOIN clinicd.patient o ON o.clinic_id = p.clinic_id AND o.id = p.patient_id
    WHERE p.clinic_id = clinic AND p.id = rx;
END $$;

-- A prescription in a list.
CREATE FUNCTION clinicd.prescription_listed(p clinicd.prescription, o clinicd.patient)
RETURNS TABLE (id uuid, version bigint, rx_number text, patient json, doctor json, visit_id uuid, status text,
    prescribed_at timestamptz, follow_up_on date, completed_at timestamptz, medicines_count bigint, tests_count bigint,
    has_admission_recommendation boolean, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT p.id, p.version, p.rx_number,
        json_build_object('id', o.id, 'patient_number', o.patient_number, 'name', o.name),
        json_build_object('id', p.doctor_id, 'name', p.doctor_name), p.visit_id, p.status, p.prescribed_at,
        p.follow_up_on, p.completed_at,
        (SELECT count(*) FROM clinicd.prescription_medicine m
         WHERE m.clinic_id = p.clinic_id AND m.prescription_id = p.id AND m.deleted_at IS NULL),
        (SELECT count(*) FROM clinicd.prescription_test t
         WHERE t.clinic_id = p.clinic_id AND t.prescription_id = p.id AND t.deleted_at IS NULL),
        p.status <> 'cancelled' AND EXISTS (SELECT FROM clinicd.admission_recommendation r
            WHERE r.clinic_id = p.clinic_id AND r.prescription_id = p.id AND r.withdrawn_at IS NULL),
        p.created_at, p.updated_at;
$$;

-- Before a change, for the trail: as above, after whoever held the row before us is done.
CREATE FUNCTION clinicd.prescription_before(p clinicd.prescription) RETURNS json
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT to_json(s) FROM clinicd.prescription_shown(p.clinic_id, p.id) s);
END $$;

-- Why a doctor who finds it may not change it. `to_status`: the step that is asked for; NULL: its content.
CREATE FUNCTION clinicd.prescription_fault(p clinicd.prescription, author uuid, if_match bigint, to_status text DEFAULT NULL)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p.doctor_id IS DISTINCT FROM author THEN 'not-the-author'
            WHEN p.version <> if_match THEN 'precondition-failed'
            WHEN to_status IS NULL AND p.status <> 'pending' THEN 'prescription-locked'
            WHEN to_status <> ALL (clinicd.prescription_ways(p.status)) THEN 'illegal-transition' END;

-- Whose it is, who wrote it and when, nobody changes.
GRANT SELECT, INSERT ON clinicd.prescription, clinicd.prescription_medicine, clinicd.prescription_test,
    clinicd.prescription_vitals, clinicd.prescription_notes, clinicd.admission_recommendation TO clinicd_app;
GRANT UPDATE (status, follow_up_on, completed_at, cancelled_at, cancelled_by_id, cancelled_by_name, cancel_reason,
    deleted_at, version, updated_at) ON clinicd.prescription TO clinicd_app;
GRANT UPDATE (catalog_id, medicine_name, medicine_type, dosage, frequency_per_day, duration, quantity, schedule,
    food_instruction, instructions, deleted_at, version, updated_at) ON clinicd.prescription_medicine TO clinicd_app;
GRANT UPDATE (catalog_id, test_name, test_type, description, test_on, deleted_at, version, updated_at)
    ON clinicd.prescription_test TO clinicd_app;
GRANT UPDATE (bp_systolic, bp_diastolic, bp_text, pulse, pulse_text, temperature, temperature_unit, temperature_text,
    spo2, spo2_text, sugar, sugar_unit, sugar_text, updated_at) ON clinicd.prescription_vitals TO clinicd_app;
GRANT UPDATE (observations, diagnosis, treatment_plan, notes, checkin_purpose, updated_at)
    ON clinicd.prescription_notes TO clinicd_app;
GRANT UPDATE (admission_type, reason, recommended_at, withdrawn_at, updated_at)
    ON clinicd.admission_recommendation TO clinicd_app;
GRANT SELECT ON clinicd.prescription, clinicd.prescription_medicine, clinicd.prescription_test,
    clinicd.prescription_vitals, clinicd.prescription_notes, clinicd.admission_recommendation TO clinicd_backup;
GRANT EXECUTE ON FUNCTION clinicd.uuid_v7(timestamptz), clinicd.instant_text(timestamptz)
    TO clinicd_app, clinicd_definer;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 6 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'clinicd' AND c.relname ~ '^(prescription(_(medicine|test|vitals|notes))?|admission_recommendation)$' AND c.relforcerowsecurity;
SELECT count(*) = 18 FROM pg_policies WHERE schemaname = 'clinicd'
    AND tablename ~ '^(prescription(_(medicine|test|vitals|notes))?|admission_recommendation)$';
SELECT count(*) = 7 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE p.proname IN ('prescription_guard', 'prescription_part_guard') AND t.tgenabled = 'O';

-- section down loss=rows

DROP FUNCTION clinicd.prescription_fault(clinicd.prescription, uuid, bigint, text);
DROP FUNCTION clinicd.prescription_before(clinicd.prescription);
DROP FUNCTION clinicd.prescription_listed(clinicd.prescription, clinicd.patient);
DROP TABLE clinicd.admission_recommendation;
DROP TABLE clinicd.prescription_notes;
DROP TABLE clinicd.prescription_vitals;
DROP TABLE clinicd.prescription_test;
DROP TABLE clinicd.prescription_medicine;
DROP TABLE clinicd.prescription;
DROP FUNCTION clinicd.prescription_shown(bigint, uuid);
DROP FUNCTION clinicd.prescription_results(bigint, uuid);
DROP FUNCTION clinicd.prescription_moves_others();
DROP FUNCTION clinicd.catalog_learns_tests();
DROP FUNCTION clinicd.catalog_learns_medicines();
DROP FUNCTION clinicd.is_display_text(bigint, text, text);
DROP FUNCTION clinicd.prescription_fill(bigint, uuid, uuid, jsonb, timestamptz);
DROP FUNCTION clinicd.prescription_notes_put(bigint, uuid, uuid, jsonb, timestamptz);
DROP FUNCTION clinicd.prescription_vitals_put(bigint, uuid, uuid, jsonb, timestamptz);
DROP FUNCTION clinicd.prescription_lines_add(bigint, uuid, uuid, jsonb, jsonb, timestamptz);
DROP FUNCTION clinicd.line_flaws(bigint, jsonb, jsonb, boolean);
DROP FUNCTION clinicd.test_lines(bigint, jsonb);
DROP FUNCTION clinicd.medicine_lines(bigint, jsonb);
DROP FUNCTION clinicd.instant_text(timestamptz);
DROP FUNCTION clinicd.uuid_v7(timestamptz);
DROP FUNCTION clinicd.is_same_day(bigint, timestamptz, timestamptz);
DROP FUNCTION clinicd.prescription_has_content(bigint, uuid);
DROP FUNCTION clinicd.prescription_part_guard();
DROP FUNCTION clinicd.prescription_guard();
DROP FUNCTION clinicd.prescription_ways(text);
DROP INDEX clinicd.patient_hidden;

-- section loss

SELECT count(*) FROM clinicd.prescription;
