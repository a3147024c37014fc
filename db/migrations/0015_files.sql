-- 0015_files.sql
-- migrate: kind=expand tx=yes
--
-- Files, the reports they belong to, and a clinic's logo.

-- section up

-- How a file's state moves. It waits for the scanner, if there is one; what fsck does not find, or finds changed, is
-- missing until it is there again. The one place that says so.
CREATE FUNCTION clinicd.file_moves() RETURNS TABLE (from_state text, to_state text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('pending', 'clean'), ('pending', 'infected'), ('clean', 'missing'), ('missing', 'clean');
$$;

-- What a file is and whose; its bytes are in the store, under its id. A logo belongs to no patient.
CREATE TABLE clinicd.file (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    patient_id uuid,
    kind text NOT NULL CHECK (kind IN ('medical_report', 'test_report', 'logo')),
    name text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 255) CHECK (name !~ '^\.|[[:cntrl:]/\\]'),
    media_type text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 1),
    sha256 text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    state text NOT NULL DEFAULT 'clean' CHECK (state IN ('pending', 'clean', 'infected', 'missing')),
    uploaded_at timestamptz NOT NULL,
    uploaded_by_id uuid,
    uploaded_by_name text CHECK (length(uploaded_by_name) <= 310),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "file__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "file__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "file__logo-of-patient" CHECK ((kind = 'logo') = (patient_id IS NULL)),
    CONSTRAINT "file__logo-not-painted" CHECK (kind <> 'logo' OR media_type = 'image/png')
);
-- For children that must be of the file's own patient and kind.
CREATE UNIQUE INDEX file_of_patient ON clinicd.file (clinic_id, id, patient_id, kind);
CREATE INDEX file_waiting ON clinicd.file (clinic_id, uploaded_at, id) WHERE state = 'pending' AND deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.file', 'patient_id');

-- What a file is never changes, and what was deleted stays so; a state moves as file_moves() says. What the
-- result of a test rests on stays: whoever links a file holds it, so one of the two waits and sees the other.
CREATE FUNCTION clinicd.file_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.clinic_id, NEW.id, NEW.patient_id, NEW.kind, NEW.name, NEW.media_type, NEW.size_bytes, NEW.sha256,
        NEW.uploaded_at, NEW.uploaded_by_id, NEW.uploaded_by_name, NEW.created_at)
       IS DISTINCT FROM (OLD.clinic_id, OLD.id, OLD.patient_id, OLD.kind, OLD.name, OLD.media_type, OLD.size_bytes,
        OLD.sha256, OLD.uploaded_at, OLD.uploaded_by_id, OLD.uploaded_by_name, OLD.created_at)
       OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at) THEN
        RAISE EXCEPTION 'what a file is never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'file__immutable';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (SELECT FROM clinicd.file_moves() m
        WHERE m.from_state = OLD.state AND m.to_state = NEW.state) THEN
        RAISE EXCEPTION 'a file that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'file__illegal-transition';
    END IF;
    IF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL AND EXISTS (SELECT FROM clinicd.lab_order o
        WHERE o.clinic_id = NEW.clinic_id AND o.report_file_id = NEW.id) THEN
        RAISE EXCEPTION 'the result of a test rests on this file'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'file__report-in-use';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER file_guard BEFORE UPDATE ON clinicd.file FOR EACH ROW EXECUTE FUNCTION clinicd.file_guard();

-- How much a clinic keeps, and may. What is deleted gives its place back, though its bytes stay until retention ends.
CREATE TABLE clinicd.file_quota (
    clinic_id bigint PRIMARY KEY REFERENCES clinicd.clinic ON DELETE RESTRICT,
    files bigint NOT NULL DEFAULT 0 CHECK (files >= 0),
    bytes bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    max_files bigint NOT NULL DEFAULT 100000 CHECK (max_files >= 0),
    max_bytes bigint NOT NULL DEFAULT 53687091200 CHECK (max_bytes >= 0),
    CONSTRAINT "file_quota__quota-exceeded" CHECK (files <= max_files AND bytes <= max_bytes)
) WITH (fillfactor = 50);
SELECT clinicd.protect_table('clinicd.file_quota');

-- Only this trigger counts, and it comes after the others: the row is locked late and so shortly.
CREATE FUNCTION clinicd.file_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n CONSTANT int := CASE WHEN NEW.deleted_at IS NULL THEN 1 ELSE -1 END;
BEGIN
    UPDATE clinicd.file_quota q SET files = q.files + n, bytes = q.bytes + n * NEW.size_bytes
    WHERE q.clinic_id = NEW.clinic_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.file_counts() IS 'tenant-safe: a trigger; counts a row where it belongs, returns none';
CREATE TRIGGER file_z_counts_new AFTER INSERT ON clinicd.file
    FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION clinicd.file_counts();
CREATE TRIGGER file_z_counts_deleted AFTER UPDATE ON clinicd.file
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION clinicd.file_counts();

-- A clinic's logo, or that it has none. It is public, and a patient's token sees no file without a patient: what
-- is shown stands here, copied by the trigger.
CREATE TABLE clinicd.logo (
    clinic_id bigint PRIMARY KEY REFERENCES clinicd.clinic ON DELETE RESTRICT,
    file_id uuid,
    size_bytes bigint,
    sha256 text COLLATE "C",
    version bigint NOT NULL DEFAULT 0,
    updated_at timestamptz,
    CONSTRAINT "logo__file" FOREIGN KEY (clinic_id, file_id) REFERENCES clinicd.file (clinic_id, id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.logo');

CREATE FUNCTION clinicd.logo_copies() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT f.size_bytes, f.sha256 INTO NEW.size_bytes, NEW.sha256 FROM clinicd.file f
    WHERE f.clinic_id = NEW.clinic_id AND f.id = NEW.file_id AND f.kind = 'logo' AND f.deleted_at IS NULL;
    IF NEW.file_id IS NOT NULL AND NOT FOUND THEN
        RAISE EXCEPTION 'this file is no logo' USING ERRCODE = 'check_violation', CONSTRAINT = 'logo__not-a-logo';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER logo_copies BEFORE INSERT OR UPDATE ON clinicd.logo FOR EACH ROW EXECUTE FUNCTION clinicd.logo_copies();

-- Every clinic has both rows from its beginning, so that there is one to lock.
CREATE FUNCTION clinicd.clinic_keeps_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.file_quota (clinic_id) VALUES (NEW.clinic_id);
    INSERT INTO clinicd.logo (clinic_id) VALUES (NEW.clinic_id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.clinic_keeps_files() IS 'tenant-safe: a trigger; makes empty rows of the new clinic, returns none';
CREATE TRIGGER clinic_keeps_files AFTER INSERT ON clinicd.clinic
    FOR EACH ROW EXECUTE FUNCTION clinicd.clinic_keeps_files();
INSERT INTO clinicd.file_quota (clinic_id) SELECT c.clinic_id FROM clinicd.clinic c;
INSERT INTO clinicd.logo (clinic_id) SELECT c.clinic_id FROM clinicd.clinic c;

-- A medical or a test report: what is said about a file of the patient. It never changes; it goes with its file.
-- test_id names the test that it answers; the prescription is that test's.
-- lint: allow L05 reason="no clinic had rows yet"
CREATE UNIQUE INDEX prescription_test_of_patient ON clinicd.prescription_test (clinic_id, id, patient_id);
CREATE TABLE clinicd.report (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('medical_report', 'test_report')),
    file_id uuid NOT NULL,
    admission_id uuid,
    test_id uuid,
    report_type text CHECK (length(report_type) BETWEEN 1 AND 50),
    description text CHECK (length(description) <= 2000),
    test_type text CHECK (length(test_type) BETWEEN 1 AND 100),
    test_on date,
    notes text CHECK (length(notes) <= 2000),
    created_at timestamptz NOT NULL,
    CONSTRAINT "report__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "report__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "report__file" FOREIGN KEY (clinic_id, file_id, patient_id, kind)
        REFERENCES clinicd.file (clinic_id, id, patient_id, kind) ON DELETE RESTRICT,
    CONSTRAINT "report__admission" FOREIGN KEY (clinic_id, admission_id, patient_id)
        REFERENCES clinicd.admission (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "report__test" FOREIGN KEY (clinic_id, test_id, patient_id)
        REFERENCES clinicd.prescription_test (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "report__members-of-kind" CHECK (CASE kind
        WHEN 'medical_report' THEN report_type IS NOT NULL AND num_nonnulls(test_type, test_on, notes, test_id) = 0
        ELSE test_type IS NOT NULL AND num_nonnulls(report_type, description, admission_id) = 0 END)
);
CREATE UNIQUE INDEX "report__file-taken" ON clinicd.report (clinic_id, file_id);
CREATE UNIQUE INDEX report_of_patient ON clinicd.report (clinic_id, file_id, patient_id);
CREATE INDEX report_by_patient ON clinicd.report (clinic_id, patient_id, created_at, id);
CREATE INDEX report_by_admission ON clinicd.report (clinic_id, admission_id, created_at, id) WHERE admission_id IS NOT NULL;
SELECT clinicd.protect_table('clinicd.report', 'patient_id');

-- Nobody reports on a test of tomorrow, by the clinic's day.
CREATE FUNCTION clinicd.report_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.test_on > (SELECT (NEW.created_at AT TIME ZONE c.timezone)::date FROM clinicd.clinic c
                      WHERE c.clinic_id = NEW.clinic_id) THEN
        RAISE EXCEPTION 'a test of tomorrow has no report yet'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'report__validation-failed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER report_guard BEFORE INSERT ON clinicd.report FOR EACH ROW EXECUTE FUNCTION clinicd.report_guard();

-- A report as the API shows it; it counts the versions of its file. Reads nothing.
CREATE FUNCTION clinicd.report_shown(r clinicd.report, f clinicd.file, t clinicd.prescription_test)
RETURNS TABLE (id uuid, version bigint, kind text, report_type text, description text, admission_id uuid, test_type text,
    test_on date, notes text, prescription_id uuid, test_id uuid, file json, uploaded_at timestamptz, uploaded_by json,
    created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT r.id, f.version, r.kind, r.report_type, r.description, r.admission_id, r.test_type, r.test_on, r.notes,
        t.prescription_id, t.id,
        json_build_object('id', f.id, 'name', f.name, 'media_type', f.media_type, 'size_bytes', f.size_bytes,
            'sha256', f.sha256, 'state', f.state),
        f.uploaded_at, CASE WHEN f.uploaded_by_id IS NOT NULL
             THEN json_build_object('id', f.uploaded_by_id, 'name', f.uploaded_by_name) END,
        r.created_at, f.updated_at;
$$;

-- The result of a test may be a report of it: a test report of the same patient, that names no other test.
ALTER TABLE clinicd.lab_order ADD report_file_id uuid;
-- lint: allow L03 reason="no clinic had rows yet"
ALTER TABLE clinicd.lab_order
    ADD CONSTRAINT "lab_order__report" FOREIGN KEY (clinic_id, report_file_id, patient_id)
        REFERENCES clinicd.report (clinic_id, file_id, patient_id) ON DELETE RESTRICT,
    DROP CONSTRAINT "lab_order__result-empty",
    ADD CONSTRAINT "lab_order__result-empty" CHECK (result_at IS NULL OR result_text IS NOT NULL
        OR jsonb_array_length(result_values) > 0 OR report_file_id IS NOT NULL);
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX lab_order_by_report ON clinicd.lab_order (clinic_id, report_file_id) WHERE report_file_id IS NOT NULL;

CREATE FUNCTION clinicd.lab_order_links() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM clinicd.report r
    JOIN clinicd.file f ON f.clinic_id = r.clinic_id AND f.id = r.file_id AND f.deleted_at IS NULL AND f.state <> 'infected'
    WHERE r.clinic_id = NEW.clinic_id AND r.file_id = NEW.report_file_id AND r.kind = 'test_report'
      AND coalesce(r.test_id, NEW.test_id) = NEW.test_id
    FOR SHARE OF f;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this is no report of that test'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__validation-failed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lab_order_links AFTER UPDATE ON clinicd.lab_order FOR EACH ROW
    WHEN (NEW.report_file_id IS NOT NULL AND NEW.report_file_id IS DISTINCT FROM OLD.report_file_id)
    EXECUTE FUNCTION clinicd.lab_order_links();

-- What is corrected keeps the file that it rested on, too.
CREATE OR REPLACE FUNCTION clinicd.lab_order_moves() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    needed text := 'nothing';
BEGIN
    IF NEW.status <> OLD.status THEN
        SELECT m.needs INTO needed FROM clinicd.lab_moves() m
        WHERE m.from_status = OLD.status AND m.to_status = NEW.status;
        IF needed IS NULL THEN
            RAISE EXCEPTION 'a test that is % does not become %', OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__illegal-transition';
        ELSIF needed = 'note' AND coalesce(btrim(NEW.note), '') = '' THEN
            RAISE EXCEPTION 'a test becomes % with a note only', NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__note-missing';
        END IF;
        NEW.started_at := CASE WHEN NEW.status = 'in_progress' THEN NEW.updated_at ELSE OLD.started_at END;
    END IF;
    IF OLD.result_at IS NOT NULL
       AND (NEW.result_text, NEW.result_values, NEW.report_file_id, NEW.result_at, NEW.result_by_id, NEW.result_by_name)
           IS DISTINCT FROM (OLD.result_text, OLD.result_values, OLD.report_file_id, OLD.result_at, OLD.result_by_id,
               OLD.result_by_name) THEN
        IF NEW.correction_reason IS NULL THEN
            RAISE EXCEPTION 'a result is corrected with a reason only'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__reason-missing';
        END IF;
        NEW.corrections := OLD.corrections || jsonb_build_object(
            'result', OLD.result_text, 'result_values', OLD.result_values,
            'report_file_id', OLD.report_file_id,
            'result_at', clinicd.instant_text(OLD.result_at),
            'result_by', CASE WHEN OLD.result_by_id IS NOT NULL
                THEN jsonb_build_object('id', OLD.result_by_id, 'name', OLD.result_by_name) END,
            'corrected_at', clinicd.instant_text(NEW.result_at), 'reason', NEW.correction_reason);
    END IF;
    NEW.correction_reason := NULL;
    RETURN NEW;
END $$;

DROP FUNCTION clinicd.lab_order_shown(clinicd.lab_order, clinicd.prescription, clinicd.patient);
CREATE FUNCTION clinicd.lab_order_shown(o clinicd.lab_order, rx clinicd.prescription, p clinicd.patient)
RETURNS TABLE (id uuid, version bigint, prescription json, patient json, doctor json, test_name text, test_type text,
    description text, test_on date, status text, note text, ordered_at timestamptz, started_at timestamptz,
    result text, result_values jsonb, result_at timestamptz, result_by json, report_file_id uuid, corrections jsonb, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT o.test_id, o.version, json_build_object('id', rx.id, 'rx_number', rx.rx_number),
        json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name),
        json_build_object('id', rx.doctor_id, 'name', rx.doctor_name),
        o.test_name, o.test_type, o.description, o.test_on, o.status, o.note, o.ordered_at, o.started_at,
        o.result_text, o.result_values, o.result_at,
        CASE WHEN o.result_by_id IS NOT NULL
             THEN json_build_object('id', o.result_by_id, 'name', o.result_by_name) END,
        o.report_file_id, o.corrections, o.updated_at;
$$;

DROP FUNCTION clinicd.prescription_results(bigint, uuid);
CREATE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json,
    report_file_id uuid)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.test_id, o.status, o.result_text, o.result_values, o.result_at,
        CASE WHEN o.result_by_id IS NOT NULL
             THEN json_build_object('id', o.result_by_id, 'name', o.result_by_name) END, o.report_file_id
    FROM clinicd.lab_order o
    WHERE o.clinic_id = clinic AND o.prescription_id = rx AND o.withdrawn_at IS NULL;
$$;

CREATE OR REPLACE FUNCTION clinicd.prescription_shown(clinic bigint, rx uuid)
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
                'result_by', r.result_by, 'report_file_id', r.report_file_id)
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

CREATE OR REPLACE FUNCTION clinicd.record_counts(clinic bigint, whose uuid) RETURNS TABLE (counts json)
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'visits', (SELECT count(*) FROM clinicd.visit v WHERE v.clinic_id = clinic AND v.patient_id = whose),
        'prescriptions', (SELECT count(*) FROM clinicd.prescription rx
            WHERE rx.clinic_id = clinic AND rx.patient_id = whose AND rx.status = 'completed' AND rx.deleted_at IS NULL),
        'open_tests', tests.open, 'completed_tests', tests.completed,
        'reports', (SELECT count(*) FROM clinicd.report r
            JOIN clinicd.file f ON f.clinic_id = clinic AND f.id = r.file_id AND f.deleted_at IS NULL
            WHERE r.clinic_id = clinic AND r.patient_id = whose),
        'allergies', (SELECT count(*) FROM clinicd.allergy a
            WHERE a.clinic_id = clinic AND a.patient_id = whose AND a.deleted_at IS NULL))
    FROM (SELECT count(*) FILTER (WHERE t.status IN ('pending', 'in_progress')) AS open,
              count(*) FILTER (WHERE t.status = 'completed') AS completed
          FROM clinicd.lab_order t
          JOIN clinicd.prescription rx ON rx.clinic_id = clinic AND rx.id = t.prescription_id AND rx.status = 'completed'
          WHERE t.clinic_id = clinic AND t.patient_id = whose AND t.withdrawn_at IS NULL) tests;
$$;

-- For the housekeeping, which then works in each clinic behind both walls: files that wait for the scanner.
CREATE FUNCTION clinicd.file_pending(wanted bigint) RETURNS TABLE (clinic_id bigint, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.clinic_id, f.id FROM clinicd.file f
    WHERE f.state = 'pending' AND f.deleted_at IS NULL
    ORDER BY f.uploaded_at, f.clinic_id, f.id LIMIT wanted;
$$;
COMMENT ON FUNCTION clinicd.file_pending(bigint) IS 'tenant-safe: ids only, for the job that has files scanned';

-- What a clinic keeps is said by the triggers; what a file is may not change, only what became of it.
GRANT SELECT, INSERT ON clinicd.file, clinicd.report TO clinicd_app;
GRANT UPDATE (state, deleted_at, version, updated_at) ON clinicd.file TO clinicd_app;
GRANT SELECT, UPDATE (max_files, max_bytes) ON clinicd.file_quota TO clinicd_app;
GRANT SELECT, UPDATE (file_id, version, updated_at) ON clinicd.logo TO clinicd_app;
GRANT UPDATE (report_file_id) ON clinicd.lab_order TO clinicd_app;
GRANT SELECT ON clinicd.file, clinicd.report, clinicd.file_quota, clinicd.logo TO clinicd_backup;
GRANT SELECT, INSERT, UPDATE ON clinicd.file_quota TO clinicd_definer;
GRANT SELECT, INSERT ON clinicd.logo TO clinicd_definer;
GRANT SELECT ON clinicd.file TO clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.file_pending(bigint) TO clinicd_app;
ALTER FUNCTION clinicd.file_counts() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.clinic_keeps_files() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.file_pending(bigint) OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.file_counts(), clinicd.clinic_keeps_files(), clinicd.file_pending(bigint) FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 4 FROM pg_class c
    WHERE c.oid IN ('clinicd.file'::regclass, 'clinicd.report'::regclass, 'clinicd.file_quota'::regclass,
        'clinicd.logo'::regclass) AND c.relrowsecurity AND c.relforcerowsecurity;
SELECT count(*) = 6 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename IN ('file', 'report', 'file_quota', 'logo');
SELECT count(*) = 7 FROM pg_trigger WHERE tgenabled = 'O' AND tgname IN ('file_guard', 'file_z_counts_new',
    'file_z_counts_deleted', 'logo_copies', 'clinic_keeps_files', 'report_guard', 'lab_order_links');
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.file', 'UPDATE,DELETE')
    AND NOT has_table_privilege('clinicd_app', 'clinicd.report', 'UPDATE,DELETE')
    AND NOT has_table_privilege('clinicd_app', 'clinicd.file_quota', 'INSERT,UPDATE,DELETE');
SELECT count(*) = 0 FROM clinicd.clinic c
    LEFT JOIN clinicd.file_quota q ON q.clinic_id = c.clinic_id
    LEFT JOIN (SELECT f.clinic_id, count(*) AS files, sum(f.size_bytes) AS bytes FROM clinicd.file f
               WHERE f.deleted_at IS NULL GROUP BY f.clinic_id) n ON n.clinic_id = c.clinic_id
    WHERE (q.files, q.bytes) IS DISTINCT FROM (coalesce(n.files, 0), coalesce(n.bytes, 0)::bigint);

-- section down loss=rows

DROP FUNCTION clinicd.file_pending(bigint);
CREATE OR REPLACE FUNCTION clinicd.record_counts(clinic bigint, whose uuid) RETURNS TABLE (counts json)
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'visits', (SELECT count(*) FROM clinicd.visit v WHERE v.clinic_id = clinic AND v.patient_id = whose),
        'prescriptions', (SELECT count(*) FROM clinicd.prescription rx
            WHERE rx.clinic_id = clinic AND rx.patient_id = whose AND rx.status = 'completed' AND rx.deleted_at IS NULL),
        'open_tests', tests.open, 'completed_tests', tests.completed,
        'allergies', (SELECT count(*) FROM clinicd.allergy a
            WHERE a.clinic_id = clinic AND a.patient_id = whose AND a.deleted_at IS NULL))
    FROM (SELECT count(*) FILTER (WHERE t.status IN ('pending', 'in_progress')) AS open,
              count(*) FILTER (WHERE t.status = 'completed') AS completed
          FROM clinicd.lab_order t
          JOIN clinicd.prescription rx ON rx.clinic_id = clinic AND rx.id = t.prescription_id AND rx.status = 'completed'
          WHERE t.clinic_id = clinic AND t.patient_id = whose AND t.withdrawn_at IS NULL) tests;
$$;
DROP FUNCTION clinicd.prescription_results(bigint, uuid);
CREATE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.test_id, o.status, o.result_text, o.result_values, o.result_at,
        CASE WHEN o.result_by_id IS NOT NULL
             THEN json_build_object('id', o.result_by_id, 'name', o.result_by_name) END
    FROM clinicd.lab_order o
    WHERE o.clinic_id = clinic AND o.prescription_id = rx AND o.withdrawn_at IS NULL;
$$;
CREATE OR REPLACE FUNCTION clinicd.prescription_shown(clinic bigint, rx uuid)
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
DROP FUNCTION clinicd.lab_order_shown(clinicd.lab_order, clinicd.prescription, clinicd.patient);
DROP TRIGGER lab_order_links ON clinicd.lab_order;
DROP FUNCTION clinicd.lab_order_links();
-- A result that was a report alone says so, now that the report goes.
ALTER TABLE clinicd.lab_order DISABLE TRIGGER lab_order_moves;
UPDATE clinicd.lab_order o SET result_text = 'See the report.'
    WHERE o.report_file_id IS NOT NULL AND o.result_text IS NULL AND jsonb_array_length(o.result_values) = 0;
ALTER TABLE clinicd.lab_order ENABLE TRIGGER lab_order_moves;
ALTER TABLE clinicd.lab_order
    DROP CONSTRAINT "lab_order__result-empty",
    ADD CONSTRAINT "lab_order__result-empty"
        CHECK (result_at IS NULL OR result_text IS NOT NULL OR jsonb_array_length(result_values) > 0),
    DROP COLUMN report_file_id;
CREATE OR REPLACE FUNCTION clinicd.lab_order_moves() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    needed text := 'nothing';
BEGIN
    IF NEW.status <> OLD.status THEN
        SELECT m.needs INTO needed FROM clinicd.lab_moves() m
        WHERE m.from_status = OLD.status AND m.to_status = NEW.status;
        IF needed IS NULL THEN
            RAISE EXCEPTION 'a test that is % does not become %', OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__illegal-transition';
        ELSIF needed = 'note' AND coalesce(btrim(NEW.note), '') = '' THEN
            RAISE EXCEPTION 'a test becomes % with a note only', NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__note-missing';
        END IF;
        NEW.started_at := CASE WHEN NEW.status = 'in_progress' THEN NEW.updated_at ELSE OLD.started_at END;
    END IF;
    IF OLD.result_at IS NOT NULL
       AND (NEW.result_text, NEW.result_values, NEW.result_at, NEW.result_by_id, NEW.result_by_name)
           IS DISTINCT FROM (OLD.result_text, OLD.result_values, OLD.result_at, OLD.result_by_id, OLD.result_by_name) THEN
        IF NEW.correction_reason IS NULL THEN
            RAISE EXCEPTION 'a result is corrected with a reason only'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__reason-missing';
        END IF;
        NEW.corrections := OLD.corrections || jsonb_build_object(
            'result', OLD.result_text, 'result_values', OLD.result_values,
            'result_at', clinicd.instant_text(OLD.result_at),
            'result_by', CASE WHEN OLD.result_by_id IS NOT NULL
                THEN jsonb_build_object('id', OLD.result_by_id, 'name', OLD.result_by_name) END,
            'corrected_at', clinicd.instant_text(NEW.result_at), 'reason', NEW.correction_reason);
    END IF;
    NEW.correction_reason := NULL;
    RETURN NEW;
END $$;
CREATE FUNCTION clinicd.lab_order_shown(o clinicd.lab_order, rx clinicd.prescription, p clinicd.patient)
RETURNS TABLE (id uuid, version bigint, prescription json, patient json, doctor json, test_name text, test_type text,
    description text, test_on date, status text, note text, ordered_at timestamptz, started_at timestamptz,
    result text, result_values jsonb, result_at timestamptz, result_by json, corrections jsonb, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT o.test_id, o.version, json_build_object('id', rx.id, 'rx_number', rx.rx_number),
        json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name),
        json_build_object('id', rx.doctor_id, 'name', rx.doctor_name),
        o.test_name, o.test_type, o.description, o.test_on, o.status, o.note, o.ordered_at, o.started_at,
        o.result_text, o.result_values, o.result_at,
        CASE WHEN o.result_by_id IS NOT NULL
             THEN json_build_object('id', o.result_by_id, 'name', o.result_by_name) END,
        o.corrections, o.updated_at;
$$;
DROP FUNCTION clinicd.report_shown(clinicd.report, clinicd.file, clinicd.prescription_test);
DROP TABLE clinicd.report;
DROP FUNCTION clinicd.report_guard();
DROP INDEX clinicd.prescription_test_of_patient;
DROP TRIGGER clinic_keeps_files ON clinicd.clinic;
DROP FUNCTION clinicd.clinic_keeps_files();
DROP TABLE clinicd.logo;
DROP FUNCTION clinicd.logo_copies();
DROP TABLE clinicd.file_quota;
DROP TABLE clinicd.file;
DROP FUNCTION clinicd.file_counts();
DROP FUNCTION clinicd.file_guard();
DROP FUNCTION clinicd.file_moves();

-- section loss

SELECT count(*) FROM clinicd.file;
