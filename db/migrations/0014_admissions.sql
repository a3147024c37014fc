-- 0014_admissions.sql
-- migrate: kind=expand tx=yes
--
-- Who lies in which bed, what is given to them there, and how it ends. What is over is locked, by triggers, for
-- whoever writes; what is corrected keeps what stood there before.

-- section up

-- The states of an admission, and where the patient stands with each. The one place that says so.
CREATE FUNCTION clinicd.admission_states() RETURNS TABLE (status text, is_active boolean, patient_status text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('admitted', true, 'treatment_started'), ('in_treatment', true, 'treatment_started'),
           ('improving', true, 'treatment_started'), ('stable', true, 'treatment_started'),
           ('ready_for_discharge', true, 'treatment_started'),
           ('discharged', false, 'discharged'), ('shifted', false, 'discharged'), ('deceased', false, 'deceased');
$$;

-- From which state an admission goes to which, and what the move needs. Nothing leads back from an end; which end
-- it was may be corrected, with a reason.
CREATE FUNCTION clinicd.admission_moves() RETURNS TABLE (from_status text, to_status text, needs text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.status, t.status,
        CASE WHEN NOT f.is_active THEN 'reason' WHEN t.is_active THEN 'nothing' ELSE 'summary' END
    FROM clinicd.admission_states() f JOIN clinicd.admission_states() t ON t.status <> f.status
    WHERE f.is_active OR NOT t.is_active;
$$;

-- Where somebody who is admitted may be moved without an end.
CREATE FUNCTION clinicd.admission_ways(status text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(m.to_status), '{}') FROM clinicd.admission_moves() m
    WHERE m.from_status = admission_ways.status AND m.needs = 'nothing';
$$;

-- What is said at an end: which members an outcome needs; one that stands here without a need may be there; one that
-- does not stand here has no place.
CREATE FUNCTION clinicd.admission_end_members() RETURNS TABLE (status text, member text, is_needed boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('discharged', 'final_diagnosis', true), ('discharged', 'discharge_notes', true),
           ('discharged', 'follow_up_on', false), ('discharged', 'follow_up_instructions', false),
           ('shifted', 'discharge_notes', true), ('shifted', 'final_diagnosis', false),
           ('shifted', 'follow_up_on', false), ('shifted', 'follow_up_instructions', false),
           ('deceased', 'final_diagnosis', true), ('deceased', 'discharge_notes', true);
$$;

-- What of each kind of treatment is written down, said in the same way.
CREATE FUNCTION clinicd.treatment_members() RETURNS TABLE (treatment_type text, member text, is_needed boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('medication', 'dosage', true), ('medication', 'route', true),
           ('medication', 'frequency', false), ('medication', 'duration', false),
           ('injection', 'dosage', true), ('injection', 'route', true),
           ('injection', 'frequency', false), ('injection', 'duration', false),
           ('saline', 'saline_type', true), ('saline', 'quantity', true), ('saline', 'duration', false),
           ('oxygen', 'oxygen_type', true), ('oxygen', 'oxygen_flow_rate', true), ('oxygen', 'duration', false),
           ('procedure', 'duration', false);
$$;

-- What is wrong with the members that are said of an end or of a treatment, for _flaws; NULL: nothing.
CREATE FUNCTION clinicd.admission_end_flaws(status text, said jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(jsonb_build_object('pointer', '#/' || a.member,
        'code', CASE WHEN m.member IS NULL THEN 'not-allowed' ELSE 'required' END,
        'detail', CASE WHEN m.member IS NULL THEN 'has no place with this outcome' ELSE 'is needed with this outcome' END)
        ORDER BY a.member)
    FROM (SELECT DISTINCT e.member FROM clinicd.admission_end_members() e) a
    LEFT JOIN clinicd.admission_end_members() m ON m.member = a.member AND m.status = admission_end_flaws.status
    WHERE CASE WHEN m.member IS NULL THEN said ->> a.member IS NOT NULL
               ELSE m.is_needed AND said ->> a.member IS NULL END;
$$;

CREATE FUNCTION clinicd.treatment_flaws(treatment_type text, said jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(jsonb_build_object('pointer', '#/' || a.member,
        'code', CASE WHEN m.member IS NULL THEN 'not-allowed' ELSE 'required' END,
        'detail', CASE WHEN m.member IS NULL THEN 'has no place with this type' ELSE 'is needed with this type' END)
        ORDER BY a.member)
    FROM (SELECT DISTINCT e.member FROM clinicd.treatment_members() e) a
    LEFT JOIN clinicd.treatment_members() m
        ON m.member = a.member AND m.treatment_type = treatment_flaws.treatment_type
    WHERE CASE WHEN m.member IS NULL THEN said ->> a.member IS NOT NULL
               ELSE m.is_needed AND said ->> a.member IS NULL END;
$$;

-- A room's or a bed's name as it is compared: "B 12" is "b12".
CREATE FUNCTION clinicd.place_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN lower(regexp_replace(name, '\s+', '', 'g'));

-- An admission. Who moves it, or corrects what is over, says who and why in moved_by_id, moved_by_name and
-- move_note: they go into the history and are empty again. `allergies` is what was known on admission.
CREATE TABLE clinicd.admission (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    admission_number text COLLATE "C" NOT NULL CHECK (length(admission_number) <= 20),
    patient_id uuid NOT NULL,
    doctor_id uuid NOT NULL,
    doctor_name text NOT NULL CHECK (length(doctor_name) <= 310),
    prescription_id uuid,
    admission_type text NOT NULL CHECK (admission_type IN ('general', 'icu', 'emergency', 'day_care', 'isolation')),
    room_number text NOT NULL CHECK (length(room_number) BETWEEN 1 AND 50),
    room_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.place_key(room_number)) STORED,
    bed_number text NOT NULL CHECK (length(bed_number) BETWEEN 1 AND 50),
    bed_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.place_key(bed_number)) STORED,
    reason_for_admission text NOT NULL CHECK (length(reason_for_admission) BETWEEN 1 AND 5000),
    medical_history text CHECK (length(medical_history) <= 10000),
    allergies text CHECK (length(allergies) <= 10000),
    status text NOT NULL DEFAULT 'admitted' CHECK (status IN ('admitted', 'in_treatment', 'improving', 'stable',
        'ready_for_discharge', 'discharged', 'shifted', 'deceased')),
    status_at timestamptz NOT NULL,
    admitted_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text GENERATED ALWAYS AS (CASE WHEN status IN ('discharged', 'shifted', 'deceased') THEN status END) STORED,
    ended_by_id uuid,
    ended_by_name text CHECK (length(ended_by_name) <= 310),
    discharge_notes text CHECK (length(discharge_notes) BETWEEN 1 AND 10000),
    final_diagnosis text CHECK (length(final_diagnosis) BETWEEN 1 AND 5000),
    follow_up_on date,
    follow_up_instructions text CHECK (length(follow_up_instructions) BETWEEN 1 AND 5000),
    moved_by_id uuid,
    moved_by_name text CHECK (length(moved_by_name) <= 310),
    move_note text CHECK (length(move_note) BETWEEN 1 AND 500),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "admission__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "admission__number-taken" UNIQUE (clinic_id, admission_number),
    CONSTRAINT "admission__of-patient" UNIQUE (clinic_id, id, patient_id),
    CONSTRAINT "admission__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "admission__doctor" FOREIGN KEY (clinic_id, doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "admission__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "admission__open-with-end"
        CHECK ((status IN ('discharged', 'shifted', 'deceased')) = (ended_at IS NOT NULL)),
    CONSTRAINT "admission__in-the-future" CHECK (admitted_at <= created_at),
    CONSTRAINT "admission__ends-before-it-begins" CHECK (ended_at >= admitted_at),
    CONSTRAINT "admission__bed-without-name" CHECK (room_key <> '' AND bed_key <> '')
);
CREATE UNIQUE INDEX "admission__already-admitted" ON clinicd.admission (clinic_id, patient_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX "admission__bed-occupied" ON clinicd.admission (clinic_id, room_key, bed_key) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX "admission__recommendation-closed" ON clinicd.admission (clinic_id, prescription_id)
    WHERE prescription_id IS NOT NULL;
CREATE INDEX admission_by_time ON clinicd.admission (clinic_id, admitted_at, id);
CREATE INDEX admission_by_patient ON clinicd.admission (clinic_id, patient_id, admitted_at, id);
CREATE INDEX admission_by_doctor ON clinicd.admission (clinic_id, doctor_id, admitted_at, id);
CREATE INDEX admission_by_end ON clinicd.admission (clinic_id, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX admission_current ON clinicd.admission (clinic_id, admitted_at, id) WHERE ended_at IS NULL;
SELECT clinicd.protect_table('clinicd.admission', 'patient_id');

-- What became of an admission, step by step; `number` is the admission's version at that step. A correction of what
-- is over is a step too: `was` is what stood there before. Only the triggers write it.
CREATE TABLE clinicd.admission_change (
    clinic_id bigint NOT NULL,
    admission_id uuid NOT NULL,
    number bigint NOT NULL,
    patient_id uuid NOT NULL,
    from_status text,
    to_status text NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid,
    by_name text CHECK (length(by_name) <= 310),
    note text CHECK (length(note) <= 500),
    was jsonb,
    PRIMARY KEY (clinic_id, admission_id, number),
    CONSTRAINT "admission_change__admission" FOREIGN KEY (clinic_id, admission_id, patient_id)
        REFERENCES clinicd.admission (clinic_id, id, patient_id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.admission_change', 'patient_id');

-- What was given or done. Who corrects an entry says who and why in corrected_by_id, corrected_by_name and
-- correction_reason: they go into treatment_correction and are empty again.
CREATE TABLE clinicd.treatment (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    admission_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    treatment_type text NOT NULL CHECK (treatment_type IN ('medication', 'injection', 'saline', 'oxygen', 'procedure',
        'monitoring', 'therapy', 'other')),
    treatment_name text NOT NULL CHECK (length(treatment_name) BETWEEN 1 AND 200),
    description text CHECK (length(description) <= 5000),
    dosage text CHECK (length(dosage) BETWEEN 1 AND 100),
    frequency text CHECK (length(frequency) BETWEEN 1 AND 100),
    route text CHECK (length(route) BETWEEN 1 AND 100),
    saline_type text CHECK (length(saline_type) BETWEEN 1 AND 100),
    quantity text CHECK (length(quantity) BETWEEN 1 AND 100),
    oxygen_flow_rate text CHECK (length(oxygen_flow_rate) BETWEEN 1 AND 100),
    oxygen_type text CHECK (length(oxygen_type) BETWEEN 1 AND 100),
    duration text CHECK (length(duration) BETWEEN 1 AND 100),
    administered_at timestamptz NOT NULL,
    administered_by_id uuid,
    administered_by_name text CHECK (length(administered_by_name) <= 310),
    notes text CHECK (length(notes) <= 5000),
    corrected_by_id uuid,
    corrected_by_name text CHECK (length(corrected_by_name) <= 310),
    correction_reason text CHECK (length(correction_reason) BETWEEN 1 AND 500),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "treatment__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "treatment__of-patient" UNIQUE (clinic_id, id, patient_id),
    CONSTRAINT "treatment__admission" FOREIGN KEY (clinic_id, admission_id, patient_id)
        REFERENCES clinicd.admission (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "treatment__in-the-future" CHECK (administered_at <= updated_at),
    CONSTRAINT "treatment__members" CHECK (clinicd.treatment_flaws(treatment_type, jsonb_build_object('dosage', dosage,
        'frequency', frequency, 'route', route, 'saline_type', saline_type, 'quantity', quantity,
        'oxygen_flow_rate', oxygen_flow_rate, 'oxygen_type', oxygen_type, 'duration', duration)) IS NULL)
);
CREATE INDEX treatment_by_time ON clinicd.treatment (clinic_id, admission_id, administered_at, id);
SELECT clinicd.protect_table('clinicd.treatment', 'patient_id');

-- What an entry said before it was corrected; `number` is the version that it then got. Only the trigger writes it.
CREATE TABLE clinicd.treatment_correction (
    clinic_id bigint NOT NULL,
    treatment_id uuid NOT NULL,
    number bigint NOT NULL,
    patient_id uuid NOT NULL,
    was jsonb NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    at timestamptz NOT NULL,
    by_id uuid,
    by_name text CHECK (length(by_name) <= 310),
    PRIMARY KEY (clinic_id, treatment_id, number),
    CONSTRAINT "treatment_correction__treatment" FOREIGN KEY (clinic_id, treatment_id, patient_id)
        REFERENCES clinicd.treatment (clinic_id, id, patient_id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.treatment_correction', 'patient_id');

-- The columns whose values two rows do not share, with the first one's values. What the database makes of a row by
-- itself is left to the caller.
CREATE FUNCTION clinicd.row_was(old_row jsonb, new_row jsonb, beside text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(o.key, o.value), '{}') FROM jsonb_each(old_row) o
    WHERE o.value <> new_row -> o.key AND o.key <> ALL (beside);
$$;

-- The patient's allergies in one text, the worst first; NULL: none is known.
CREATE FUNCTION clinicd.allergies_text(clinic bigint, whose uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(string_agg(a.substance || ' (' || concat_ws(': ', a.severity, a.reaction) || ')', '; '
        ORDER BY array_position(ARRAY['severe', 'moderate', 'unknown', 'mild'], a.severity), a.substance_key, a.id), 10000)
    FROM clinicd.allergy a WHERE a.clinic_id = clinic AND a.patient_id = whose AND a.deleted_at IS NULL;
$$;

-- What stays as it was written, whoever comes.
CREATE FUNCTION clinicd.row_is_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a row of % stays as it was written', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;

-- Who has died is not admitted and does not visit; nobody is admitted whose record was put away ('shown'). Holds the
-- patient, so that what is looked at here stays so.
CREATE FUNCTION clinicd.patient_is_alive() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who clinicd.patient;
BEGIN
    SELECT * INTO who FROM clinicd.patient p WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.patient_id FOR NO KEY UPDATE;
    IF who.status = 'deceased' THEN
        RAISE EXCEPTION 'the patient has died'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '__patient-deceased';
    ELSIF who.deleted_at IS NOT NULL AND TG_ARGV[0] = 'shown' THEN
        RAISE EXCEPTION 'there is no such patient' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

-- What a prescription of this patient says about an admission: 'open' advice, 'closed' when one has taken it up, NULL
-- for none. It holds the prescription, as whoever writes or withdraws advice does, and then sees what was committed
-- while it waited.
CREATE FUNCTION clinicd.admission_advice(clinic bigint, rx uuid, whose uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM clinicd.prescription p
    WHERE p.clinic_id = clinic AND p.id = rx AND p.patient_id = whose FOR NO KEY UPDATE;
    RETURN (SELECT CASE WHEN EXISTS (SELECT FROM clinicd.admission a WHERE a.clinic_id = clinic AND a.prescription_id = rx)
            THEN 'closed' ELSE 'open' END
        FROM clinicd.prescription p
        JOIN clinicd.admission_recommendation r ON r.clinic_id = clinic AND r.prescription_id = rx
        WHERE p.clinic_id = clinic AND p.id = rx AND p.patient_id = whose AND p.status <> 'cancelled'
          AND p.deleted_at IS NULL AND r.withdrawn_at IS NULL);
END $$;

-- An admission begins admitted and not over. One that links a prescription takes up its advice, which nobody has
-- withdrawn or taken up: the prescription is held first, as by whoever writes advice.
CREATE FUNCTION clinicd.admission_begins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM clinicd.patient p WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.patient_id) THEN
        RAISE EXCEPTION 'there is no such patient' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.status <> 'admitted' OR NEW.ended_at IS NOT NULL OR NEW.discharge_notes IS NOT NULL
       OR NEW.final_diagnosis IS NOT NULL OR NEW.follow_up_on IS NOT NULL OR NEW.follow_up_instructions IS NOT NULL THEN
        RAISE EXCEPTION 'an admission begins admitted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'admission__illegal-transition';
    END IF;
    IF NEW.prescription_id IS NOT NULL
       AND coalesce(clinicd.admission_advice(NEW.clinic_id, NEW.prescription_id, NEW.patient_id), '') <> 'open' THEN
        RAISE EXCEPTION 'the prescription advises no admission, or one that was taken up'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'admission__recommendation-closed';
    END IF;
    NEW.allergies := coalesce(NEW.allergies, clinicd.allergies_text(NEW.clinic_id, NEW.patient_id));
    NEW.admitted_at := date_trunc('milliseconds', NEW.admitted_at); -- as it is shown, so that it can be said again
    NEW.status_at := NEW.admitted_at;
    NEW.ended_by_id := NULL;
    NEW.ended_by_name := NULL;
    NEW.moved_by_id := NULL;
    NEW.moved_by_name := NULL;
    NEW.move_note := NULL;
    NEW.version := 1;
    RETURN NEW;
END $$;

-- An admission moves as admission_moves() says. While somebody is admitted nothing of the end stands there; what is
-- over is only corrected: what was said at the end, with a reason.
CREATE FUNCTION clinicd.admission_goes_on() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own CONSTANT text[] := ARRAY['version', 'updated_at', 'moved_by_id', 'moved_by_name', 'move_note', 'room_key',
        'bed_key', 'outcome'];
    summary CONSTANT text[] := ARRAY['status', 'discharge_notes', 'final_diagnosis', 'follow_up_on',
        'follow_up_instructions'];
    was CONSTANT jsonb := clinicd.row_was(to_jsonb(OLD), to_jsonb(NEW), own);
    is_over CONSTANT boolean := OLD.ended_at IS NOT NULL;
    needed text := 'nothing';
    code text;
BEGIN
    IF NEW.status <> OLD.status THEN
        SELECT m.needs INTO needed FROM clinicd.admission_moves() m
        WHERE m.from_status = OLD.status AND m.to_status = NEW.status;
    END IF;
    code := CASE
        WHEN is_over AND (was = '{}' OR NOT ARRAY(SELECT jsonb_object_keys(was)) <@ summary
            OR coalesce(btrim(NEW.move_note), '') = '') THEN 'admission-ended'
        WHEN needed IS NULL THEN 'illegal-transition'
        WHEN NOT is_over AND ARRAY(SELECT jsonb_object_keys(was))
            && ARRAY['status_at', 'ended_at', 'ended_by_id', 'ended_by_name'] THEN 'illegal-transition'
        WHEN NOT is_over AND needed <> 'summary' AND ARRAY(SELECT jsonb_object_keys(was)) && summary[2:]
            THEN 'illegal-transition'
        WHEN (is_over OR needed = 'summary') AND clinicd.admission_end_flaws(NEW.status, to_jsonb(NEW)) IS NOT NULL
            THEN 'end-incomplete'
        WHEN was ? 'follow_up_on' AND NEW.follow_up_on < (SELECT (NEW.updated_at AT TIME ZONE c.timezone)::date
            FROM clinicd.clinic c WHERE c.clinic_id = NEW.clinic_id) THEN 'follow-up-over'
    END;
    IF code IS NOT NULL THEN
        RAISE EXCEPTION 'an admission that is % does not take this', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'admission__' || code;
    END IF;
    NEW.version := OLD.version + 1;
    IF NEW.status <> OLD.status THEN
        NEW.status_at := NEW.updated_at;
    END IF;
    IF needed = 'summary' THEN
        NEW.ended_at := NEW.updated_at;
        NEW.ended_by_id := NEW.moved_by_id;
        NEW.ended_by_name := NEW.moved_by_name;
    END IF;
    IF NEW.status <> OLD.status OR is_over THEN
        INSERT INTO clinicd.admission_change (clinic_id, admission_id, number, patient_id, from_status, to_status, at,
            by_id, by_name, note, was)
        VALUES (NEW.clinic_id, NEW.id, NEW.version, NEW.patient_id, OLD.status, NEW.status, NEW.updated_at,
            NEW.moved_by_id, NEW.moved_by_name, NEW.move_note, CASE WHEN is_over THEN was END);
    END IF;
    NEW.moved_by_id := NULL;
    NEW.moved_by_name := NULL;
    NEW.move_note := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION clinicd.admission_goes_on() IS 'tenant-safe: a trigger; writes rows of the admission''s own clinic, returns none';

-- The beginning stands in the history, and advice that is taken up counts as advice no more.
CREATE FUNCTION clinicd.admission_is_noted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.admission_change (clinic_id, admission_id, number, patient_id, to_status, at, by_id, by_name)
    VALUES (NEW.clinic_id, NEW.id, NEW.version, NEW.patient_id, NEW.status, NEW.status_at, NEW.doctor_id, NEW.doctor_name);
    IF NEW.prescription_id IS NOT NULL THEN
        UPDATE clinicd.prescription_figure f SET recommended = f.recommended - 1
        FROM clinicd.prescription p
        WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.prescription_id
          AND f.clinic_id = NEW.clinic_id AND f.doctor_id = p.doctor_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.admission_is_noted() IS 'tenant-safe: a trigger; writes rows of the admission''s own clinic, returns none';

CREATE FUNCTION clinicd.admission_moves_patient() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM clinicd.patient_move(NEW.clinic_id, NEW.patient_id, s.patient_status, NEW.updated_at)
    FROM clinicd.admission_states() s WHERE s.status = NEW.status;
    RETURN NULL;
END $$;

CREATE TRIGGER admission_begins BEFORE INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_begins();
CREATE TRIGGER admission_of_the_living BEFORE INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.patient_is_alive('shown');
CREATE TRIGGER visit_of_the_living BEFORE INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.patient_is_alive();
CREATE TRIGGER admission_goes_on BEFORE UPDATE ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_goes_on();
CREATE TRIGGER admission_is_kept BEFORE DELETE ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();
CREATE TRIGGER admission_change_is_kept BEFORE UPDATE OR DELETE ON clinicd.admission_change
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();
CREATE TRIGGER admission_moves_patient AFTER INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_moves_patient();
CREATE TRIGGER admission_ends AFTER UPDATE ON clinicd.admission FOR EACH ROW
    WHEN (NEW.ended_at IS NOT NULL AND OLD.status <> NEW.status) EXECUTE FUNCTION clinicd.admission_moves_patient();
CREATE TRIGGER admission_z_is_noted AFTER INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_is_noted();

-- A record is not put away while its patient lies in a bed. A constraint: it looks when all is done, and again at
-- whoever was admitted meanwhile, as an admission holds the patient's row.
CREATE FUNCTION clinicd.patient_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM clinicd.admission a
               WHERE a.clinic_id = NEW.clinic_id AND a.patient_id = NEW.id AND a.ended_at IS NULL) THEN
        RAISE EXCEPTION 'the patient is admitted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'patient__patient-admitted';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER patient_stays AFTER UPDATE OF deleted_at ON clinicd.patient FOR EACH ROW
    WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION clinicd.patient_stays();

-- Who has died has no login any more, whoever wrote it down: it is closed and its sessions end.
CREATE FUNCTION clinicd.patient_login_ends() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    login uuid;
BEGIN
    UPDATE clinicd.account a SET is_active = false, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = NEW.updated_at
    WHERE a.clinic_id = NEW.clinic_id AND a.patient_id = NEW.id AND a.is_active RETURNING a.id INTO login;
    IF FOUND THEN
        UPDATE clinicd.session s SET revoked_at = NEW.updated_at, revoked_why = 'deactivated'
        WHERE s.clinic_id = NEW.clinic_id AND s.account_id = login AND s.revoked_at IS NULL;
        PERFORM clinicd.announce('account', login::text, NEW.updated_at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER patient_login_ends AFTER UPDATE ON clinicd.patient FOR EACH ROW
    WHEN (NEW.status = 'deceased' AND OLD.status <> 'deceased') EXECUTE FUNCTION clinicd.patient_login_ends();

-- A treatment is given while its patient is admitted, whom the row of the admission holds. What was written is
-- corrected with a reason, and what stood there is kept.
CREATE FUNCTION clinicd.treatment_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own CONSTANT text[] := ARRAY['version', 'updated_at', 'corrected_by_id', 'corrected_by_name', 'correction_reason'];
    stay clinicd.admission;
    code text;
BEGIN
    SELECT * INTO stay FROM clinicd.admission a
    WHERE a.clinic_id = NEW.clinic_id AND a.id = NEW.admission_id;
    code := CASE WHEN stay.ended_at IS NOT NULL THEN 'admission__admission-ended'
                 WHEN NEW.administered_at < stay.admitted_at THEN 'treatment__before-admission'
                 WHEN TG_OP = 'UPDATE' AND coalesce(btrim(NEW.correction_reason), '') = ''
                     THEN 'treatment__reason-missing' END;
    IF code IS NOT NULL THEN
        RAISE EXCEPTION 'the treatment is not written' USING ERRCODE = 'check_violation', CONSTRAINT = code;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.version := OLD.version + 1;
        INSERT INTO clinicd.treatment_correction (clinic_id, treatment_id, number, patient_id, was, reason, at, by_id,
            by_name)
        VALUES (NEW.clinic_id, NEW.id, NEW.version, NEW.patient_id, clinicd.row_was(to_jsonb(OLD), to_jsonb(NEW), own),
            NEW.correction_reason, NEW.updated_at, NEW.corrected_by_id, NEW.corrected_by_name);
    END IF;
    NEW.corrected_by_id := NULL;
    NEW.corrected_by_name := NULL;
    NEW.correction_reason := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION clinicd.treatment_guard() IS 'tenant-safe: a trigger; writes rows of the treatment''s own clinic, returns none';

-- The admission's version counts what is written of it. It goes first: whoever ends the admission meanwhile is
-- waited for, and the guard then sees the end.
CREATE FUNCTION clinicd.treatment_counts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE clinicd.admission a SET version = a.version + 1, updated_at = NEW.updated_at
    WHERE a.clinic_id = NEW.clinic_id AND a.id = NEW.admission_id AND a.patient_id = NEW.patient_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such admission' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER treatment_a_counts BEFORE INSERT OR UPDATE ON clinicd.treatment
    FOR EACH ROW EXECUTE FUNCTION clinicd.treatment_counts();
CREATE TRIGGER treatment_guard BEFORE INSERT OR UPDATE ON clinicd.treatment
    FOR EACH ROW EXECUTE FUNCTION clinicd.treatment_guard();
CREATE TRIGGER treatment_is_kept BEFORE DELETE ON clinicd.treatment
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();
CREATE TRIGGER treatment_correction_is_kept BEFORE UPDATE OR DELETE ON clinicd.treatment_correction
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();

-- Advice that an admission has taken up stays as it was. Fires behind prescription_part_guard, which holds the
-- prescription.
CREATE FUNCTION clinicd.recommendation_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM clinicd.admission a
               WHERE a.clinic_id = NEW.clinic_id AND a.prescription_id = NEW.prescription_id) THEN
        RAISE EXCEPTION 'the patient was admitted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'admission_recommendation__recommendation-closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recommendation_guard BEFORE INSERT OR UPDATE ON clinicd.admission_recommendation
    FOR EACH ROW EXECUTE FUNCTION clinicd.recommendation_guard();

-- As in 0012, but for advice that was taken up.
CREATE OR REPLACE FUNCTION clinicd.prescription_counted(p clinicd.prescription)
RETURNS TABLE (pending int, completed int, cancelled int, recommended int)
LANGUAGE sql STABLE AS $$
    SELECT (p.deleted_at IS NULL AND p.status = 'pending')::int,
        (p.deleted_at IS NULL AND p.status = 'completed')::int,
        (p.deleted_at IS NULL AND p.status = 'cancelled')::int,
        (p.deleted_at IS NULL AND p.status <> 'cancelled'
            AND EXISTS (SELECT FROM clinicd.admission_recommendation r
                WHERE r.clinic_id = p.clinic_id AND r.prescription_id = p.id AND r.withdrawn_at IS NULL)
            AND NOT EXISTS (SELECT FROM clinicd.admission a
                WHERE a.clinic_id = p.clinic_id AND a.prescription_id = p.id))::int;
$$;

-- The open admission of a patient, and who lies in a bed, as it is now: volatile, so they see what was committed
-- while the caller waited, for the patient's row or here for the bed's lock.
CREATE FUNCTION clinicd.admission_open_of(clinic bigint, whose uuid) RETURNS SETOF clinicd.admission
LANGUAGE plpgsql VOLATILE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT a.* FROM clinicd.admission a
        WHERE a.clinic_id = clinic AND a.patient_id = whose AND a.ended_at IS NULL;
END $$;

CREATE FUNCTION clinicd.admission_in_bed(clinic bigint, room text, bed text) RETURNS SETOF clinicd.admission
LANGUAGE plpgsql VOLATILE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'bed', clinic, clinicd.place_key(room),
        clinicd.place_key(bed)), 0));
    RETURN QUERY SELECT a.* FROM clinicd.admission a
        WHERE a.clinic_id = clinic AND a.room_key = clinicd.place_key(room) AND a.bed_key = clinicd.place_key(bed)
          AND a.ended_at IS NULL;
END $$;

-- Days in the clinic's calendar, from the day of admission to the day of the end, or today.
CREATE FUNCTION clinicd.admission_days(admitted_at timestamptz, ended_at timestamptz, at timestamptz, timezone text)
RETURNS int LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (coalesce(ended_at, at) AT TIME ZONE timezone)::date - (admitted_at AT TIME ZONE timezone)::date;
$$;

-- An admission as the API shows it; the one place that says so.
CREATE FUNCTION clinicd.admission_shown(a clinicd.admission, p clinicd.patient, at timestamptz, timezone text)
RETURNS TABLE (id uuid, version bigint, admission_number text, patient json, doctor json, prescription_id uuid,
    admission_type text, room_number text, bed_number text, reason_for_admission text, medical_history text,
    allergies text, patient_allergies json, status text, status_at timestamptz, admitted_at timestamptz,
    ended_at timestamptz, days_admitted int, outcome text, ended_by json, final_diagnosis text, discharge_notes text,
    follow_up_on date, follow_up_instructions text, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.version, a.admission_number,
        json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name),
        json_build_object('id', a.doctor_id, 'name', a.doctor_name), a.prescription_id, a.admission_type, a.room_number,
        a.bed_number, a.reason_for_admission, a.medical_history, a.allergies,
        (SELECT coalesce(json_agg(json_build_object('id', g.id, 'substance', g.substance, 'reaction', g.reaction,
                'severity', g.severity, 'noted_on', g.noted_on)
            ORDER BY array_position(ARRAY['severe', 'moderate', 'unknown', 'mild'], g.severity), g.substance_key, g.id), '[]')
         FROM clinicd.allergy g
         WHERE g.clinic_id = a.clinic_id AND g.patient_id = a.patient_id AND g.deleted_at IS NULL),
        a.status, a.status_at, a.admitted_at, a.ended_at,
        clinicd.admission_days(a.admitted_at, a.ended_at, at, timezone), a.outcome,
        CASE WHEN a.ended_by_id IS NOT NULL
             THEN json_build_object('id', a.ended_by_id, 'name', a.ended_by_name) END,
        a.final_diagnosis, a.discharge_notes, a.follow_up_on, a.follow_up_instructions, a.created_at, a.updated_at;
$$;

-- A treatment as the API shows it, with what it said before; the one place that says so. Volatile, so that it sees
-- the correction that its own statement made.
CREATE FUNCTION clinicd.treatment_corrections(clinic bigint, treatment uuid) RETURNS json
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('corrected_at', clinicd.instant_text(c.at),
            'corrected_by', CASE WHEN c.by_id IS NOT NULL THEN json_build_object('id', c.by_id, 'name', c.by_name) END,
            'reason', c.reason, 'was', c.was) ORDER BY c.number), '[]')
        FROM clinicd.treatment_correction c WHERE c.clinic_id = clinic AND c.treatment_id = treatment);
END $$;

CREATE FUNCTION clinicd.treatment_shown(t clinicd.treatment)
RETURNS TABLE (id uuid, version bigint, admission_id uuid, treatment_type text, treatment_name text, description text,
    dosage text, frequency text, route text, saline_type text, quantity text, oxygen_type text, oxygen_flow_rate text,
    duration text, administered_at timestamptz, administered_by json, notes text, corrections json,
    created_at timestamptz, updated_at timestamptz)
LANGUAGE sql VOLATILE AS $$
    SELECT t.id, t.version, t.admission_id, t.treatment_type, t.treatment_name, t.description, t.dosage, t.frequency,
        t.route, t.saline_type, t.quantity, t.oxygen_type, t.oxygen_flow_rate, t.duration, t.administered_at,
        CASE WHEN t.administered_by_id IS NOT NULL
             THEN json_build_object('id', t.administered_by_id, 'name', t.administered_by_name) END,
        t.notes, clinicd.treatment_corrections(t.clinic_id, t.id), t.created_at, t.updated_at;
$$;

-- As in 0012, and what was agreed on at the end of an admission.
CREATE OR REPLACE FUNCTION clinicd.record_next_steps(clinic bigint, whose uuid, today date) RETURNS TABLE (steps json)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object('kind', s.kind, 'id', s.id, 'on', s.day,
        'token_number', s.token_number, 'what', s.what) ORDER BY s.rank, s.day, s.id), '[]')
    FROM (
        SELECT * FROM (
            SELECT 1 AS rank, 'visit' AS kind, v.id, v.token_on AS day, v.token_number, v.purpose AS what
            FROM clinicd.visit v WHERE v.clinic_id = clinic AND v.patient_id = whose
              AND v.status IN ('checked_in', 'in_consultation')
            UNION ALL
            SELECT 2, 'test', t.test_id, t.test_on, NULL, t.test_name
            FROM clinicd.lab_order t WHERE t.clinic_id = clinic AND t.patient_id = whose
              AND t.withdrawn_at IS NULL AND t.status IN ('pending', 'in_progress')
            UNION ALL
            SELECT 3, 'follow_up', rx.id, rx.follow_up_on, NULL, rx.doctor_name
            FROM clinicd.prescription rx WHERE rx.clinic_id = clinic AND rx.patient_id = whose
              AND rx.status = 'completed' AND rx.follow_up_on >= today
            UNION ALL
            SELECT 3, 'admission_follow_up', a.id, a.follow_up_on, NULL, a.doctor_name
            FROM clinicd.admission a WHERE a.clinic_id = clinic AND a.patient_id = whose
              AND a.follow_up_on >= today) each_one
        ORDER BY 1, 4, 3 LIMIT 100) s;
$$;

-- Whose it is, its number and when it began nobody changes.
GRANT SELECT, INSERT ON clinicd.admission, clinicd.treatment TO clinicd_app;
GRANT UPDATE (admission_type, room_number, bed_number, reason_for_admission, medical_history, allergies, status,
    discharge_notes, final_diagnosis, follow_up_on, follow_up_instructions, moved_by_id, moved_by_name, move_note,
    version, updated_at) ON clinicd.admission TO clinicd_app;
GRANT UPDATE (treatment_type, treatment_name, description, dosage, frequency, route, saline_type, quantity,
    oxygen_flow_rate, oxygen_type, duration, administered_at, notes, corrected_by_id, corrected_by_name,
    correction_reason, version, updated_at) ON clinicd.treatment TO clinicd_app;
GRANT SELECT ON clinicd.admission_change, clinicd.treatment_correction TO clinicd_app;
GRANT SELECT ON clinicd.admission, clinicd.admission_change, clinicd.treatment, clinicd.treatment_correction
    TO clinicd_backup;
GRANT SELECT ON clinicd.admission TO clinicd_definer;
GRANT SELECT, INSERT ON clinicd.admission_change, clinicd.treatment_correction TO clinicd_definer;
ALTER FUNCTION clinicd.admission_goes_on() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.admission_is_noted() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.treatment_guard() OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.admission_goes_on(), clinicd.admission_is_noted(), clinicd.treatment_guard()
    FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 4 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'clinicd' AND c.relname IN ('admission', 'admission_change', 'treatment', 'treatment_correction')
      AND c.relrowsecurity AND c.relforcerowsecurity;
SELECT count(*) = 8 FROM pg_policies WHERE schemaname = 'clinicd'
    AND tablename IN ('admission', 'admission_change', 'treatment', 'treatment_correction');
SELECT count(*) = 16 FROM pg_trigger WHERE tgenabled = 'O' AND tgname IN ('admission_begins', 'admission_of_the_living',
    'visit_of_the_living', 'admission_goes_on', 'admission_moves_patient', 'admission_ends', 'admission_z_is_noted',
    'patient_stays', 'patient_login_ends', 'treatment_a_counts', 'treatment_guard', 'recommendation_guard',
    'admission_is_kept', 'admission_change_is_kept', 'treatment_is_kept', 'treatment_correction_is_kept');
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.admission_change', 'INSERT,UPDATE,DELETE')
    AND NOT has_table_privilege('clinicd_app', 'clinicd.treatment_correction', 'INSERT,UPDATE,DELETE');
SELECT count(*) = 0 FROM clinicd.prescription_figures() n
    FULL JOIN clinicd.prescription_figure f ON f.clinic_id = n.clinic_id AND f.doctor_id = n.doctor_id
    WHERE n.recommended IS DISTINCT FROM f.recommended;

-- section down loss=rows

DROP TRIGGER recommendation_guard ON clinicd.admission_recommendation;
DROP FUNCTION clinicd.recommendation_guard();
DROP TRIGGER patient_login_ends ON clinicd.patient;
DROP FUNCTION clinicd.patient_login_ends();
DROP TRIGGER patient_stays ON clinicd.patient;
DROP FUNCTION clinicd.patient_stays();
DROP TRIGGER visit_of_the_living ON clinicd.visit;
CREATE OR REPLACE FUNCTION clinicd.prescription_counted(p clinicd.prescription)
RETURNS TABLE (pending int, completed int, cancelled int, recommended int)
LANGUAGE sql STABLE AS $$
    SELECT (p.deleted_at IS NULL AND p.status = 'pending')::int,
        (p.deleted_at IS NULL AND p.status = 'completed')::int,
        (p.deleted_at IS NULL AND p.status = 'cancelled')::int,
        (p.deleted_at IS NULL AND p.status <> 'cancelled' AND EXISTS (SELECT FROM clinicd.admission_recommendation r
            WHERE r.clinic_id = p.clinic_id AND r.prescription_id = p.id AND r.withdrawn_at IS NULL))::int;
$$;
UPDATE clinicd.prescription_figure f SET recommended = n.recommended
    FROM clinicd.prescription_figures() n WHERE n.clinic_id = f.clinic_id AND n.doctor_id = f.doctor_id;
CREATE OR REPLACE FUNCTION clinicd.record_next_steps(clinic bigint, whose uuid, today date) RETURNS TABLE (steps json)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object('kind', s.kind, 'id', s.id, 'on', s.day,
        'token_number', s.token_number, 'what', s.what) ORDER BY s.rank, s.day, s.id), '[]')
    FROM (
        SELECT * FROM (
            SELECT 1 AS rank, 'visit' AS kind, v.id, v.token_on AS day, v.token_number, v.purpose AS what
            FROM clinicd.visit v WHERE v.clinic_id = clinic AND v.patient_id = whose
              AND v.status IN ('checked_in', 'in_consultation')
            UNION ALL
            SELECT 2, 'test', t.test_id, t.test_on, NULL, t.test_name
            FROM clinicd.lab_order t WHERE t.clinic_id = clinic AND t.patient_id = whose
              AND t.withdrawn_at IS NULL AND t.status IN ('pending', 'in_progress')
            UNION ALL
            SELECT 3, 'follow_up', rx.id, rx.follow_up_on, NULL, rx.doctor_name
            FROM clinicd.prescription rx WHERE rx.clinic_id = clinic AND rx.patient_id = whose
              AND rx.status = 'completed' AND rx.follow_up_on >= today) each_one
        ORDER BY 1, 4, 3 LIMIT 100) s;
$$;
DROP FUNCTION clinicd.treatment_shown(clinicd.treatment);
DROP FUNCTION clinicd.treatment_corrections(bigint, uuid);
DROP FUNCTION clinicd.admission_shown(clinicd.admission, clinicd.patient, timestamptz, text);
DROP FUNCTION clinicd.admission_days(timestamptz, timestamptz, timestamptz, text);
DROP FUNCTION clinicd.admission_in_bed(bigint, text, text);
DROP FUNCTION clinicd.admission_open_of(bigint, uuid);
DROP TABLE clinicd.treatment_correction;
DROP TABLE clinicd.treatment;
DROP TABLE clinicd.admission_change;
DROP TABLE clinicd.admission;
DROP FUNCTION clinicd.treatment_counts();
DROP FUNCTION clinicd.treatment_guard();
DROP FUNCTION clinicd.admission_moves_patient();
DROP FUNCTION clinicd.admission_is_noted();
DROP FUNCTION clinicd.admission_goes_on();
DROP FUNCTION clinicd.admission_begins();
DROP FUNCTION clinicd.admission_advice(bigint, uuid, uuid);
DROP FUNCTION clinicd.patient_is_alive();
DROP FUNCTION clinicd.row_is_kept();
DROP FUNCTION clinicd.allergies_text(bigint, uuid);
DROP FUNCTION clinicd.row_was(jsonb, jsonb, text[]);
DROP FUNCTION clinicd.place_key(text);
DROP FUNCTION clinicd.treatment_flaws(text, jsonb);
DROP FUNCTION clinicd.admission_end_flaws(text, jsonb);
DROP FUNCTION clinicd.treatment_members();
DROP FUNCTION clinicd.admission_end_members();
DROP FUNCTION clinicd.admission_ways(text);
DROP FUNCTION clinicd.admission_moves();
DROP FUNCTION clinicd.admission_states();
DELETE FROM clinicd.counter WHERE kind = 'admission';

-- section loss

SELECT count(*) FROM clinicd.admission;
