-- 0008_queue.sql
-- migrate: kind=expand tx=yes
--
-- What listeners hear: numbered events of a clinic.

-- section up

-- One row for every change of a visit, as the visit was then; nothing that names the patient to people.
-- `number` has no gaps and is given in the order of the commits: the counter's row is held until then.
CREATE TABLE clinicd.event (
    clinic_id bigint NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('checked_in', 'status', 'changed')),
    visit_id uuid NOT NULL,
    visit_version bigint NOT NULL,
    patient_id uuid NOT NULL,
    doctor_id uuid,
    doctor_name text,
    token_number int NOT NULL,
    token_on date NOT NULL,
    visit_type text NOT NULL,
    priority text NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (clinic_id, number),
    CONSTRAINT "event__visit" FOREIGN KEY (clinic_id, visit_id, patient_id)
        REFERENCES clinicd.visit (clinic_id, id, patient_id) ON DELETE RESTRICT
);
CREATE INDEX event_by_age ON clinicd.event (at);
SELECT clinicd.protect_table('clinicd.event', 'patient_id');

-- lint: allow L03 reason="no clinic had rows yet"
ALTER TABLE clinicd.news DROP CONSTRAINT news_kind_check,
    ADD CONSTRAINT news_kind_check CHECK
        (kind IN ('clinic', 'account', 'session', 'platform_account', 'platform_session', 'queue'));

-- An event is written by this alone: the service may read events, but neither make nor change one.
CREATE FUNCTION clinicd.visit_tells() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    what CONSTANT text := CASE WHEN TG_OP = 'INSERT' THEN 'checked_in'
                               WHEN OLD.status IS DISTINCT FROM NEW.status THEN 'status' ELSE 'changed' END;
    next bigint;
BEGIN
    INSERT INTO clinicd.counter AS c (clinic_id, kind, period, value) VALUES (NEW.clinic_id, 'event', 0, 1)
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = c.value + 1
    RETURNING c.value INTO next;
    INSERT INTO clinicd.event (clinic_id, number, at, kind, visit_id, visit_version, patient_id, doctor_id,
        doctor_name, token_number, token_on, visit_type, priority, status)
    VALUES (NEW.clinic_id, next, NEW.updated_at, what, NEW.id, NEW.version, NEW.patient_id, NEW.doctor_id,
        NEW.doctor_name, NEW.token_number, NEW.token_on, NEW.visit_type, NEW.priority, NEW.status);
    PERFORM clinicd.announce('queue', NEW.clinic_id::text, NEW.updated_at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.visit_tells() IS 'tenant-safe: a trigger; writes about the row that it is fired by, into that row''s clinic';

-- AFTER triggers fire in the order of their names: the counter is locked last and so most shortly.
CREATE TRIGGER visit_z_tells_made AFTER INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_tells();
CREATE TRIGGER visit_z_tells_changed AFTER UPDATE ON clinicd.visit
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION clinicd.visit_tells();

-- Two days are enough to come back to; whoever was away longer reads the queue again.
CREATE FUNCTION clinicd.event_purge(at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM clinicd.event e WHERE e.at < event_purge.at - interval '48 hours' RETURNING 1)
    SELECT count(*) FROM gone;
$$;
COMMENT ON FUNCTION clinicd.event_purge(timestamptz) IS 'tenant-safe: deletes what has expired, returns a number only';

REVOKE EXECUTE ON FUNCTION clinicd.visit_tells(), clinicd.event_purge(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clinicd.event_purge(timestamptz) TO clinicd_app;
GRANT EXECUTE ON FUNCTION clinicd.announce(text, text, timestamptz) TO clinicd_definer;
GRANT SELECT ON clinicd.event TO clinicd_app, clinicd_backup;
GRANT SELECT, INSERT, DELETE ON clinicd.event TO clinicd_definer;
GRANT SELECT, INSERT, UPDATE ON clinicd.counter TO clinicd_definer;
GRANT INSERT ON clinicd.news TO clinicd_definer;
ALTER FUNCTION clinicd.visit_tells() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.event_purge(timestamptz) OWNER TO clinicd_definer;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = 'clinicd.event'::regclass;
SELECT count(*) = 2 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename = 'event';
SELECT count(*) = 2 FROM pg_trigger g WHERE g.tgrelid = 'clinicd.visit'::regclass
    AND g.tgfoid = 'clinicd.visit_tells()'::regprocedure AND g.tgenabled = 'O';
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.event', 'INSERT,UPDATE,DELETE');
SELECT count(*) = 2 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.proname IN ('visit_tells', 'event_purge') AND p.prosecdef AND r.rolname = 'clinicd_definer'
      AND NOT has_function_privilege('public', p.oid, 'EXECUTE');

-- section down loss=rows

DROP TRIGGER visit_z_tells_made ON clinicd.visit;
DROP TRIGGER visit_z_tells_changed ON clinicd.visit;
DROP FUNCTION clinicd.visit_tells();
DROP FUNCTION clinicd.event_purge(timestamptz);
DROP TABLE clinicd.event;
DELETE FROM clinicd.counter WHERE kind = 'event';
DELETE FROM clinicd.news WHERE kind = 'queue';
ALTER TABLE clinicd.news DROP CONSTRAINT news_kind_check,
    ADD CONSTRAINT news_kind_check CHECK
        (kind IN ('clinic', 'account', 'session', 'platform_account', 'platform_session'));

-- section loss

SELECT count(*) FROM clinicd.event;
