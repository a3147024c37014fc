-- 0007_visits.sql
-- migrate: kind=expand tx=yes
--
-- Who came, with which token, and what became of the visit.

-- section up

-- From which state a visit goes to which, and what a move needs: nothing, a note, or the reason of whoever
-- opens it again. The one place that says so.
CREATE FUNCTION clinicd.visit_moves() RETURNS TABLE (from_status text, to_status text, needs text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('checked_in', 'in_consultation', 'nothing'),
           ('checked_in', 'completed', 'nothing'),
           ('checked_in', 'cancelled', 'note'),
           ('checked_in', 'no_show', 'note'),
           ('in_consultation', 'completed', 'nothing'),
           ('in_consultation', 'cancelled', 'note'),
           ('completed', 'checked_in', 'reopening'),
           ('completed', 'in_consultation', 'reopening'),
           ('cancelled', 'checked_in', 'reopening'),
           ('no_show', 'checked_in', 'reopening');
$$;

-- A visit. The token is the next one of a series: the clinic's, or the doctor's whom token_doctor_id names.
-- status_at and the times of beginning and end are the triggers' business. Whoever changes the status says who
-- and why in moved_by_id, moved_by_name and move_note: they go into the history and are empty again.
CREATE TABLE clinicd.visit (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    token_on date NOT NULL,
    token_doctor_id uuid,
    token_number int NOT NULL CHECK (token_number > 0),
    doctor_id uuid,
    doctor_name text CHECK (length(doctor_name) <= 310),
    visit_type text NOT NULL DEFAULT 'routine' CHECK (visit_type IN ('routine', 'follow_up', 'emergency', 'admission')),
    purpose text CHECK (length(purpose) <= 200),
    priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'urgent', 'emergency')),
    status text NOT NULL DEFAULT 'checked_in'
        CHECK (status IN ('checked_in', 'in_consultation', 'completed', 'cancelled', 'no_show')),
    status_at timestamptz NOT NULL,
    notes text CHECK (length(notes) <= 2000),
    checked_in_at timestamptz NOT NULL,
    checked_in_by_id uuid,
    checked_in_by_name text CHECK (length(checked_in_by_name) <= 310),
    started_at timestamptz,
    ended_at timestamptz,
    moved_by_id uuid,
    moved_by_name text CHECK (length(moved_by_name) <= 310),
    move_note text CHECK (length(move_note) <= 500),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "visit__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "visit__token-taken" UNIQUE NULLS NOT DISTINCT (clinic_id, token_doctor_id, token_on, token_number),
    CONSTRAINT "visit__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "visit__doctor" FOREIGN KEY (clinic_id, doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "visit__token-doctor" FOREIGN KEY (clinic_id, token_doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "visit__doctor-without-name" CHECK ((doctor_id IS NULL) = (doctor_name IS NULL)),
    CONSTRAINT "visit__open-with-end" CHECK ((status IN ('checked_in', 'in_consultation')) = (ended_at IS NULL))
);
-- For children that must be of the visit's own patient.
CREATE UNIQUE INDEX visit_of_patient ON clinicd.visit (clinic_id, id, patient_id);
CREATE UNIQUE INDEX "visit__open-visit-exists" ON clinicd.visit (clinic_id, patient_id)
    WHERE status IN ('checked_in', 'in_consultation');
CREATE INDEX visit_by_patient ON clinicd.visit (clinic_id, patient_id, token_on, checked_in_at, id);
-- In the order of lists; counting by day and status reads this index alone (policies look at patient_id).
CREATE INDEX visit_by_day ON clinicd.visit (clinic_id, token_on, checked_in_at, id) INCLUDE (patient_id, status);
CREATE INDEX visit_by_doctor ON clinicd.visit (clinic_id, doctor_id, token_on, checked_in_at, id) INCLUDE (patient_id, status)
    WHERE doctor_id IS NOT NULL;
CREATE INDEX visit_open ON clinicd.visit (clinic_id, token_on, checked_in_at, id)
    WHERE status IN ('checked_in', 'in_consultation');
SELECT clinicd.protect_table('clinicd.visit', 'patient_id');

-- What became of a visit, step by step; `number` is the visit's version at that step. Only the trigger writes it.
CREATE TABLE clinicd.visit_change (
    clinic_id bigint NOT NULL,
    visit_id uuid NOT NULL,
    number bigint NOT NULL,
    patient_id uuid NOT NULL,
    from_status text,
    to_status text NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid,
    by_name text CHECK (length(by_name) <= 310),
    note text CHECK (length(note) <= 500),
    PRIMARY KEY (clinic_id, visit_id, number),
    CONSTRAINT "visit_change__visit" FOREIGN KEY (clinic_id, visit_id, patient_id)
        REFERENCES clinicd.visit (clinic_id, id, patient_id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.visit_change', 'patient_id');

-- A visit begins checked in.
CREATE FUNCTION clinicd.visit_begins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status <> 'checked_in' THEN
        RAISE EXCEPTION 'a visit begins checked in, not %', NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit__illegal-transition';
    END IF;
    NEW.status_at := NEW.checked_in_at;
    RETURN NEW;
END $$;
CREATE TRIGGER visit_begins BEFORE INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_begins();

-- A visit moves as visit_moves() says. Who and why go into the history at once, in this row's own change, and are
-- taken out of the row: no later move can carry an old note.
CREATE FUNCTION clinicd.visit_moves_on() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    needed text;
BEGIN
    SELECT m.needs INTO needed FROM clinicd.visit_moves() m
    WHERE m.from_status = OLD.status AND m.to_status = NEW.status;
    IF needed IS NULL THEN
        RAISE EXCEPTION 'a visit that is % does not become %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit__illegal-transition';
    ELSIF needed <> 'nothing' AND coalesce(btrim(NEW.move_note), '') = '' THEN
        RAISE EXCEPTION 'a visit that is % becomes % with a note only', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit__note-missing';
    END IF;
    NEW.version := OLD.version + 1;
    NEW.status_at := NEW.updated_at;
    NEW.started_at := CASE NEW.status WHEN 'checked_in' THEN NULL
        WHEN 'in_consultation' THEN coalesce(OLD.started_at, NEW.updated_at) ELSE OLD.started_at END;
    NEW.ended_at := CASE WHEN NEW.status NOT IN ('checked_in', 'in_consultation') THEN NEW.updated_at END;
    INSERT INTO clinicd.visit_change (clinic_id, visit_id, number, patient_id, from_status, to_status, at, by_id,
        by_name, note)
    VALUES (NEW.clinic_id, NEW.id, NEW.version, NEW.patient_id, OLD.status, NEW.status, NEW.updated_at,
        NEW.moved_by_id, NEW.moved_by_name, NEW.move_note);
    NEW.moved_by_id := NULL;
    NEW.moved_by_name := NULL;
    NEW.move_note := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION clinicd.visit_moves_on() IS 'tenant-safe: a trigger; writes rows of the visit''s own clinic, returns none';
CREATE TRIGGER visit_moves_on BEFORE UPDATE ON clinicd.visit
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION clinicd.visit_moves_on();

CREATE FUNCTION clinicd.visit_is_noted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.visit_change (clinic_id, visit_id, number, patient_id, to_status, at, by_id, by_name)
    VALUES (NEW.clinic_id, NEW.id, NEW.version, NEW.patient_id, NEW.status, NEW.checked_in_at,
        NEW.checked_in_by_id, NEW.checked_in_by_name);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.visit_is_noted() IS 'tenant-safe: a trigger; writes rows of the visit''s own clinic, returns none';
CREATE TRIGGER visit_is_noted AFTER INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_is_noted();

-- From which status a patient goes to which by what happens; an administrator may set any.
CREATE FUNCTION clinicd.patient_moves() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('registered', 'in_diagnosis'), ('registered', 'treatment_started'),
           ('registered', 'discharged'), ('registered', 'deceased'),
           ('in_diagnosis', 'treatment_started'), ('in_diagnosis', 'discharged'), ('in_diagnosis', 'deceased'),
           ('treatment_started', 'discharged'), ('treatment_started', 'deceased'),
           ('discharged', 'in_diagnosis'), ('discharged', 'treatment_started'), ('discharged', 'deceased');
$$;

-- Moves a patient on, if that is a way on: who is treated already does not go back to diagnosis, who has died
-- goes nowhere. True: the status changed, and the version with it.
CREATE FUNCTION clinicd.patient_move(clinic bigint, patient uuid, to_state text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE clinicd.patient p SET status = to_state, version = p.version + 1, updated_at = patient_move.at
    FROM clinicd.patient_moves() m
    WHERE p.clinic_id = patient_move.clinic AND p.id = patient_move.patient
      AND m.from_status = p.status AND m.to_status = to_state;
    RETURN FOUND;
END $$;

-- A consultation is diagnosis; so is a new visit of somebody who was discharged.
CREATE FUNCTION clinicd.visit_moves_patient() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'in_consultation' OR EXISTS (SELECT 1 FROM clinicd.patient p
        WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.patient_id AND p.status = 'discharged') THEN
        PERFORM clinicd.patient_move(NEW.clinic_id, NEW.patient_id, 'in_diagnosis', NEW.status_at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER visit_comes AFTER INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_moves_patient();
CREATE TRIGGER visit_starts AFTER UPDATE ON clinicd.visit
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NEW.status = 'in_consultation')
    EXECUTE FUNCTION clinicd.visit_moves_patient();

-- The next token of a series on a day. The row is locked until the transaction ends, so a check-in that
-- fails leaves no gap: call it last.
CREATE FUNCTION clinicd.visit_token(clinic bigint, doctor uuid, today date) RETURNS int
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO clinicd.counter AS k (clinic_id, kind, period, value)
    VALUES (clinic, coalesce('token ' || replace(doctor::text, '-', ''), 'token'), to_char(today, 'YYYYMMDD')::int, 1)
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + 1
    RETURNING k.value::int;
$$;

-- The open visit of a patient as it is now: volatile, so it sees what was committed while the caller waited
-- for the patient's lock.
CREATE FUNCTION clinicd.visit_open_of(clinic bigint, patient uuid) RETURNS SETOF clinicd.visit
LANGUAGE plpgsql VOLATILE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT v.* FROM clinicd.visit v
        WHERE v.clinic_id = clinic AND v.patient_id = patient AND v.status IN ('checked_in', 'in_consultation');
END $$;

-- A visit as the API shows it; the one place that says so. Reads nothing.
CREATE FUNCTION clinicd.visit_shown(v clinicd.visit, p clinicd.patient)
RETURNS TABLE (id uuid, version bigint, patient json, token_number int, token_on date, doctor json, visit_type text,
    purpose text, priority text, status text, notes text, checked_in_at timestamptz, checked_in_by json,
    started_at timestamptz, ended_at timestamptz, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT v.id, v.version,
        json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name),
        v.token_number, v.token_on,
        CASE WHEN v.doctor_id IS NOT NULL THEN json_build_object('id', v.doctor_id, 'name', v.doctor_name) END,
        v.visit_type, v.purpose, v.priority, v.status, v.notes, v.checked_in_at,
        CASE WHEN v.checked_in_by_id IS NOT NULL
             THEN json_build_object('id', v.checked_in_by_id, 'name', v.checked_in_by_name) END,
        v.started_at, v.ended_at, v.created_at, v.updated_at;
$$;

-- Visits that nobody closed: of a clinic's day that is over, and nothing has happened for hours (a night's
-- work goes on after midnight). Of all clinics, for the job, which then closes each behind both walls.
CREATE FUNCTION clinicd.visit_stale(at timestamptz, wanted bigint) RETURNS TABLE (clinic_id bigint, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.clinic_id, v.id
    FROM clinicd.clinic c
    JOIN clinicd.visit v ON v.clinic_id = c.clinic_id
    WHERE v.status IN ('checked_in', 'in_consultation') AND c.status <> 'importing'
      AND v.token_on < (visit_stale.at AT TIME ZONE c.timezone)::date
      AND v.status_at < visit_stale.at - interval '6 hours'
    ORDER BY v.clinic_id, v.token_on, v.checked_in_at, v.id LIMIT wanted;
$$;
COMMENT ON FUNCTION clinicd.visit_stale(timestamptz, bigint)
    IS 'tenant-safe: ids only, for the job that closes what nobody closed';

-- What a visit is about may change; whose it is, and when it began, may not.
GRANT SELECT, INSERT ON clinicd.visit TO clinicd_app;
GRANT UPDATE (token_doctor_id, token_number, doctor_id, doctor_name, visit_type, purpose, priority, status, notes,
    moved_by_id, moved_by_name, move_note, version, updated_at) ON clinicd.visit TO clinicd_app;
GRANT SELECT ON clinicd.visit_change TO clinicd_app;
GRANT SELECT ON clinicd.visit, clinicd.visit_change TO clinicd_backup;
GRANT SELECT ON clinicd.visit TO clinicd_definer;
GRANT SELECT, INSERT ON clinicd.visit_change TO clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.visit_moves() TO clinicd_app, clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.visit_begins(), clinicd.visit_moves_patient(), clinicd.patient_moves(),
    clinicd.patient_move(bigint, uuid, text, timestamptz), clinicd.visit_token(bigint, uuid, date),
    clinicd.visit_open_of(bigint, uuid), clinicd.visit_shown(clinicd.visit, clinicd.patient),
    clinicd.visit_stale(timestamptz, bigint) TO clinicd_app;
ALTER FUNCTION clinicd.visit_moves_on() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.visit_is_noted() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.visit_stale(timestamptz, bigint) OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.visit_moves_on(), clinicd.visit_is_noted(),
    clinicd.visit_stale(timestamptz, bigint) FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 2 FROM pg_class c
    WHERE c.oid IN ('clinicd.visit'::regclass, 'clinicd.visit_change'::regclass) AND c.relrowsecurity AND c.relforcerowsecurity;
SELECT count(*) = 4 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename IN ('visit', 'visit_change');
SELECT count(*) = 5 FROM pg_trigger WHERE tgrelid = 'clinicd.visit'::regclass AND NOT tgisinternal
    AND tgname IN ('visit_begins', 'visit_moves_on', 'visit_is_noted', 'visit_comes', 'visit_starts');
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.visit_change', 'INSERT,UPDATE,DELETE');

-- section down loss=rows

DROP FUNCTION clinicd.visit_stale(timestamptz, bigint);
DROP FUNCTION clinicd.visit_shown(clinicd.visit, clinicd.patient);
DROP FUNCTION clinicd.visit_open_of(bigint, uuid);
DROP FUNCTION clinicd.visit_token(bigint, uuid, date);
DROP TABLE clinicd.visit_change;
DROP TABLE clinicd.visit;
DROP FUNCTION clinicd.visit_moves_patient();
DROP FUNCTION clinicd.visit_is_noted();
DROP FUNCTION clinicd.visit_moves_on();
DROP FUNCTION clinicd.visit_begins();
DROP FUNCTION clinicd.patient_move(bigint, uuid, text, timestamptz);
DROP FUNCTION clinicd.patient_moves();
DROP FUNCTION clinicd.visit_moves();
DELETE FROM clinicd.counter WHERE kind LIKE 'token%';

-- section loss

SELECT count(*) FROM clinicd.visit;
