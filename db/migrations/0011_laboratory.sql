-- 0011_laboratory.sql
-- migrate: kind=expand tx=yes
--
-- What the laboratory is asked for, and what it found. A prescription that is completed is locked, so the
-- results live here: an order for each of its tests.

-- section up

-- From which state an order goes to which, and what the move needs. The one place that says so.
CREATE FUNCTION clinicd.lab_moves() RETURNS TABLE (from_status text, to_status text, needs text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('pending', 'in_progress', 'nothing'),
           ('pending', 'completed', 'result'),
           ('pending', 'cancelled', 'note'),
           ('in_progress', 'completed', 'result'),
           ('in_progress', 'cancelled', 'note');
$$;

CREATE FUNCTION clinicd.lab_ways(status text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(m.to_status), '{}') FROM clinicd.lab_moves() m WHERE m.from_status = lab_ways.status;
$$;

-- An order. Its id is its own, as a test that was asked for, withdrawn and asked for again has two; whoever
-- speaks of the order of a test means the one that is not withdrawn. A result that is corrected is kept in
-- `corrections` with who, when and why, by the trigger alone.
CREATE TABLE clinicd.lab_order (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    prescription_id uuid NOT NULL,
    test_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    test_name text NOT NULL CHECK (length(test_name) BETWEEN 1 AND 200),
    test_type text NOT NULL CHECK (test_type IN ('blood', 'urine', 'xray', 'ultrasound', 'ecg', 'ct_scan', 'mri', 'other')),
    description text CHECK (length(description) <= 2000),
    test_on date,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'cancelled')),
    note text CHECK (length(note) <= 500),
    ordered_at timestamptz NOT NULL,
    started_at timestamptz,
    withdrawn_at timestamptz,
    result_text text CHECK (length(result_text) BETWEEN 1 AND 10000),
    result_values jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(result_values) = 'array'),
    result_at timestamptz,
    result_by_id uuid,
    result_by_name text CHECK (length(result_by_name) <= 310),
    correction_reason text CHECK (length(correction_reason) BETWEEN 1 AND 500),
    corrections jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(corrections) = 'array'),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, id),
    CONSTRAINT "lab_order__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "lab_order__test" FOREIGN KEY (clinic_id, test_id)
        REFERENCES clinicd.prescription_test (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "lab_order__completed-without-result" CHECK ((status = 'completed') = (result_at IS NOT NULL)),
    CONSTRAINT "lab_order__result-empty"
        CHECK (result_at IS NULL OR result_text IS NOT NULL OR jsonb_array_length(result_values) > 0),
    CONSTRAINT "lab_order__withdrawn-too-late" CHECK (withdrawn_at IS NULL OR status = 'pending')
);
CREATE UNIQUE INDEX lab_order_of_test ON clinicd.lab_order (clinic_id, prescription_id, test_id) WHERE withdrawn_at IS NULL;
CREATE INDEX lab_order_open ON clinicd.lab_order (clinic_id, ordered_at, id)
    WHERE withdrawn_at IS NULL AND status IN ('pending', 'in_progress');
CREATE INDEX lab_order_by_age ON clinicd.lab_order (clinic_id, ordered_at, id) WHERE withdrawn_at IS NULL;
CREATE INDEX lab_order_by_patient ON clinicd.lab_order (clinic_id, patient_id, ordered_at, id) WHERE withdrawn_at IS NULL;
SELECT clinicd.protect_table('clinicd.lab_order', 'patient_id');
CREATE POLICY completed ON clinicd.lab_order AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = lab_order.clinic_id AND p.id = prescription_id AND p.status = 'completed'));

-- An order moves as lab_moves() says, and a result that was given is only ever corrected.
CREATE FUNCTION clinicd.lab_order_moves() RETURNS trigger
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
CREATE TRIGGER lab_order_moves BEFORE UPDATE ON clinicd.lab_order
    FOR EACH ROW EXECUTE FUNCTION clinicd.lab_order_moves();

-- What is completed is ordered; what is opened again is not, if nobody has begun; what is cancelled is told to
-- the laboratory, with the reason.
CREATE FUNCTION clinicd.lab_orders_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'completed' THEN
        INSERT INTO clinicd.lab_order (clinic_id, id, prescription_id, test_id, patient_id, test_name, test_type,
            description, test_on, ordered_at, created_at, updated_at)
        SELECT t.clinic_id, clinicd.uuid_v7(NEW.completed_at), t.prescription_id, t.id, t.patient_id, t.test_name,
            t.test_type, t.description, t.test_on, NEW.completed_at, NEW.completed_at, NEW.completed_at
        FROM clinicd.prescription_test t
        WHERE t.clinic_id = NEW.clinic_id AND t.prescription_id = NEW.id AND t.deleted_at IS NULL;
        RETURN NULL;
    END IF;
    IF NEW.status = 'pending' THEN
        UPDATE clinicd.lab_order o SET withdrawn_at = NEW.updated_at, version = o.version + 1, updated_at = NEW.updated_at
        WHERE o.clinic_id = NEW.clinic_id AND o.prescription_id = NEW.id AND o.withdrawn_at IS NULL
          AND o.status = 'pending';
        PERFORM FROM clinicd.lab_order o
        WHERE o.clinic_id = NEW.clinic_id AND o.prescription_id = NEW.id AND o.withdrawn_at IS NULL;
        IF FOUND THEN
            RAISE EXCEPTION 'the laboratory has begun'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_order__laboratory-started';
        END IF;
    ELSE
        UPDATE clinicd.lab_order o SET status = 'cancelled', note = NEW.cancel_reason, version = o.version + 1,
            updated_at = NEW.updated_at
        WHERE o.clinic_id = NEW.clinic_id AND o.prescription_id = NEW.id AND o.withdrawn_at IS NULL
          AND o.status IN ('pending', 'in_progress');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.lab_orders_follow() IS 'tenant-safe: a trigger; writes rows of the prescription''s own clinic, returns none';
CREATE TRIGGER lab_orders_follow AFTER UPDATE ON clinicd.prescription
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION clinicd.lab_orders_follow();

-- An order as the API shows it; its address is the test's. Reads nothing.
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

-- A prescription shows what became of its tests.
CREATE OR REPLACE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.test_id, o.status, o.result_text, o.result_values, o.result_at,
        CASE WHEN o.result_by_id IS NOT NULL
             THEN json_build_object('id', o.result_by_id, 'name', o.result_by_name) END
    FROM clinicd.lab_order o
    WHERE o.clinic_id = clinic AND o.prescription_id = rx AND o.withdrawn_at IS NULL;
$$;

-- What the laboratory says of a prescription's tests; 0009 left the place open.
CREATE OR REPLACE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.test_id, o.status, o.result_text, o.result_values, o.result_at,
        CASE WHEN o.result_by_id IS NOT NULL
             THEN json_build_object('id', o.result_by_id, 'name', o.result_by_name) END
    FROM clinicd.lab_order o
    WHERE o.clinic_id = clinic AND o.prescription_id = rx AND o.withdrawn_at IS NULL;
$$;

-- What was asked for, when, and what was corrected may not change; and only the trigger above makes orders.
GRANT SELECT ON clinicd.lab_order TO clinicd_app, clinicd_backup;
GRANT UPDATE (status, note, result_text, result_values, result_at, result_by_id, result_by_name, correction_reason,
    version, updated_at) ON clinicd.lab_order TO clinicd_app;
GRANT SELECT, INSERT, UPDATE ON clinicd.lab_order TO clinicd_definer;
GRANT SELECT ON clinicd.prescription_test TO clinicd_definer;
ALTER FUNCTION clinicd.lab_orders_follow() OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.lab_orders_follow() FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = 'clinicd.lab_order'::regclass;
SELECT count(*) = 3 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename = 'lab_order';
SELECT count(*) = 2 FROM pg_trigger WHERE tgname IN ('lab_order_moves', 'lab_orders_follow') AND tgenabled = 'O';
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.lab_order', 'INSERT,DELETE');

-- section down loss=rows

CREATE OR REPLACE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::json WHERE false;
$$;
CREATE OR REPLACE FUNCTION clinicd.prescription_results(clinic bigint, rx uuid)
RETURNS TABLE (test_id uuid, status text, result text, result_values jsonb, result_at timestamptz, result_by json)
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT NULL::uuid, NULL, NULL, NULL::jsonb, NULL::timestamptz, NULL::json WHERE false;
$$;
DROP TRIGGER lab_orders_follow ON clinicd.prescription;
DROP FUNCTION clinicd.lab_orders_follow();
DROP FUNCTION clinicd.lab_order_shown(clinicd.lab_order, clinicd.prescription, clinicd.patient);
DROP TABLE clinicd.lab_order;
DROP FUNCTION clinicd.lab_order_moves();
DROP FUNCTION clinicd.lab_ways(text);
DROP FUNCTION clinicd.lab_moves();

-- section loss

SELECT count(*) FROM clinicd.lab_order;
