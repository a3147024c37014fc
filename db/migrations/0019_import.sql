-- 0019_import.sql
-- migrate: kind=expand tx=yes
--
-- Where `clinicd import` keeps what it has done, and how history comes in: what is over is written as it ended,
-- by the importer alone. The tables are the operator's (schema ops); the service sees none of them.

-- section up

-- Is this the importer, writing what is over? Who signed in as the migrator and says so. The service cannot: nobody
-- becomes another session_user.
CREATE FUNCTION clinicd.is_history() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN SESSION_USER = 'clinicd_migrator' AND coalesce(current_setting('app.import', true), '') = 'on';

-- The triggers that keep the rules of the day stand aside for history: a visit that ended years ago neither begins
-- now nor tells the queue, and a line of a completed prescription is no change of it.
CREATE OR REPLACE TRIGGER visit_begins BEFORE INSERT ON clinicd.visit
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.visit_begins();
CREATE OR REPLACE TRIGGER visit_is_noted AFTER INSERT ON clinicd.visit
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.visit_is_noted();
CREATE OR REPLACE TRIGGER visit_comes AFTER INSERT ON clinicd.visit
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.visit_moves_patient();
CREATE OR REPLACE TRIGGER visit_z_tells_made AFTER INSERT ON clinicd.visit
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.visit_tells();
CREATE OR REPLACE TRIGGER prescription_a_guard AFTER INSERT ON clinicd.prescription
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_guard();
CREATE OR REPLACE TRIGGER prescription_begins AFTER INSERT ON clinicd.prescription
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_moves_others();
CREATE OR REPLACE TRIGGER prescription_guard BEFORE UPDATE OR DELETE ON clinicd.prescription
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_guard();
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_medicine
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_test
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_vitals
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_notes
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.admission_recommendation
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.prescription_part_guard('pending', 'completed');
CREATE OR REPLACE TRIGGER visit_of_the_living BEFORE INSERT ON clinicd.visit
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.patient_is_alive();
CREATE OR REPLACE TRIGGER admission_begins BEFORE INSERT ON clinicd.admission
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.admission_begins();
CREATE OR REPLACE TRIGGER admission_of_the_living BEFORE INSERT ON clinicd.admission
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.patient_is_alive('shown');
CREATE OR REPLACE TRIGGER admission_moves_patient AFTER INSERT ON clinicd.admission
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.admission_moves_patient();
CREATE OR REPLACE TRIGGER admission_z_is_noted AFTER INSERT ON clinicd.admission
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.admission_is_noted();
CREATE OR REPLACE TRIGGER admission_is_kept BEFORE DELETE ON clinicd.admission
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.row_is_kept();
CREATE OR REPLACE TRIGGER admission_change_is_kept BEFORE UPDATE OR DELETE ON clinicd.admission_change
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.row_is_kept();
CREATE OR REPLACE TRIGGER treatment_a_counts BEFORE INSERT OR UPDATE ON clinicd.treatment
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.treatment_counts();
CREATE OR REPLACE TRIGGER treatment_guard BEFORE INSERT OR UPDATE ON clinicd.treatment
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.treatment_guard();
CREATE OR REPLACE TRIGGER treatment_is_kept BEFORE DELETE ON clinicd.treatment
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.row_is_kept();
CREATE OR REPLACE TRIGGER report_guard BEFORE INSERT ON clinicd.report
    FOR EACH ROW WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.report_guard();
-- The catalogue came with its own rows: it learns nothing from what was prescribed long ago.
CREATE OR REPLACE TRIGGER catalog_learns_new AFTER INSERT ON clinicd.prescription_medicine
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT
    WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.catalog_learns_medicines();
CREATE OR REPLACE TRIGGER catalog_learns_new AFTER INSERT ON clinicd.prescription_test
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT
    WHEN (NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.catalog_learns_tests();

-- What the legacy program never asked for is not there, and nothing is made up: only what was imported may be without.
CREATE FUNCTION clinicd.row_is_no_history() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'only the importer writes history' USING ERRCODE = 'check_violation';
END $$;
ALTER TABLE clinicd.admission
    ADD is_imported boolean NOT NULL DEFAULT false,
    ALTER room_number DROP NOT NULL,
    ALTER room_key DROP NOT NULL,
    ALTER bed_number DROP NOT NULL,
    ALTER bed_key DROP NOT NULL,
    ALTER reason_for_admission DROP NOT NULL,
    ADD CONSTRAINT "admission__incomplete"
        CHECK (is_imported OR num_nulls(room_number, bed_number, reason_for_admission) = 0) NOT VALID;
ALTER TABLE clinicd.admission VALIDATE CONSTRAINT "admission__incomplete";
-- lint: allow L14 reason="both are small before anything was imported, and all of this file holds them but shortly"
ALTER TABLE clinicd.treatment
    ADD is_imported boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT "treatment__members",
    ADD CONSTRAINT "treatment__members" CHECK (is_imported OR clinicd.treatment_flaws(treatment_type,
        jsonb_build_object('dosage', dosage, 'frequency', frequency, 'route', route, 'saline_type', saline_type,
        'quantity', quantity, 'oxygen_flow_rate', oxygen_flow_rate, 'oxygen_type', oxygen_type,
        'duration', duration)) IS NULL) NOT VALID;
ALTER TABLE clinicd.treatment VALIDATE CONSTRAINT "treatment__members";
CREATE TRIGGER admission_is_no_history BEFORE INSERT ON clinicd.admission
    FOR EACH ROW WHEN (NEW.is_imported AND NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.row_is_no_history();
CREATE TRIGGER treatment_is_no_history BEFORE INSERT ON clinicd.treatment
    FOR EACH ROW WHEN (NEW.is_imported AND NOT clinicd.is_history()) EXECUTE FUNCTION clinicd.row_is_no_history();

-- A legacy database, whichever copy of it: known by when it was first set up.
CREATE TABLE ops.import_source (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity text NOT NULL UNIQUE
);

CREATE TABLE ops.import (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id int NOT NULL REFERENCES ops.import_source,
    sha256 text NOT NULL,
    generation int NOT NULL,
    state text NOT NULL DEFAULT 'loading' CHECK (state IN ('loading', 'whole', 'undone')),
    home_clinic bigint, -- of rows that have no clinic and inherit none
    keeps_passwords boolean NOT NULL,
    has_files boolean NOT NULL DEFAULT false, -- reports come, too
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    started_by text NOT NULL DEFAULT SESSION_USER,
    tool text NOT NULL
);
-- lint: allow M2 reason="the operator's: a legacy database is of many clinics, or of none"
CREATE UNIQUE INDEX import_one_at_a_time ON ops.import (source_id) WHERE state = 'loading';

-- A clinic is closed while rows come in, and then becomes what it was, or what it was before the move.
CREATE TABLE ops.import_clinic (
    import_id bigint NOT NULL REFERENCES ops.import,
    clinic_id bigint NOT NULL,
    is_new boolean NOT NULL,
    next_status text NOT NULL,
    PRIMARY KEY (import_id, clinic_id)
);

-- How far each kind of row has come: `cursor` is the last legacy id, in the same transaction as the rows.
CREATE TABLE ops.import_table (
    import_id bigint NOT NULL REFERENCES ops.import,
    name text COLLATE "C" NOT NULL,
    ordinal int NOT NULL,
    source_rows bigint NOT NULL,
    source_digest numeric, -- of all rows, read a second time when all were loaded
    seen_rows bigint NOT NULL DEFAULT 0,
    seen_digest numeric NOT NULL DEFAULT 0,
    already bigint NOT NULL DEFAULT 0, -- known from an earlier import
    cursor bigint NOT NULL DEFAULT -9223372036854775808,
    is_done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (import_id, name)
);

-- What became of a legacy row; once it stands here it is never read again. `digest` is of the row as it was read,
-- `canon` of the same in the words of the new tables.
CREATE TABLE ops.import_map (
    source_id int NOT NULL,
    name text COLLATE "C" NOT NULL,
    legacy_id bigint NOT NULL,
    import_id bigint NOT NULL REFERENCES ops.import,
    outcome text NOT NULL CHECK (outcome IN ('loaded', 'merged', 'skipped')),
    clinic_id bigint,
    id uuid,
    digest bigint NOT NULL,
    canon bigint,
    PRIMARY KEY (source_id, name, legacy_id)
);
CREATE INDEX import_map_by_import ON ops.import_map (import_id, name);

-- Which rows could not come, and why; no values.
CREATE TABLE ops.import_reject (
    import_id bigint NOT NULL REFERENCES ops.import,
    name text COLLATE "C" NOT NULL,
    legacy_id bigint NOT NULL,
    code text NOT NULL,
    column_name text,
    digest bigint NOT NULL,
    PRIMARY KEY (import_id, name, legacy_id)
);

-- How many rows each cleaning changed.
CREATE TABLE ops.import_change (
    import_id bigint NOT NULL REFERENCES ops.import,
    name text COLLATE "C" NOT NULL,
    code text NOT NULL,
    rows bigint NOT NULL,
    PRIMARY KEY (import_id, name, code)
);

-- A chunk as it came, and what became of it. Empty between transactions.
CREATE UNLOGGED TABLE ops.import_stage (n bigint PRIMARY KEY, line text NOT NULL);
CREATE UNLOGGED TABLE ops.import_outcome (
    n bigint PRIMARY KEY,
    outcome text NOT NULL,
    code text,
    column_name text,
    clinic_id bigint,
    id uuid,
    canon bigint,
    changes text[]
);

-- Where the file of a report goes in the store, written down before its bytes do: whatever ends the importer, nothing
-- of it lies there unknown. What it is, when it is there and its row is.
CREATE TABLE ops.import_file (
    import_id bigint NOT NULL REFERENCES ops.import,
    name text COLLATE "C" NOT NULL,
    legacy_id bigint NOT NULL,
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    size_bytes bigint,
    sha256 text COLLATE "C",
    PRIMARY KEY (import_id, name, legacy_id)
);

-- The reports of a chunk, in our words; then what became of their files. Empty between chunks.
CREATE UNLOGGED TABLE ops.import_report (
    n bigint PRIMARY KEY,
    clinic_id bigint,
    patient_id uuid,
    id uuid,
    kind text NOT NULL,
    file_id uuid,
    report_type text,
    description text,
    test_type text,
    test_on date,
    notes text,
    uploaded_at timestamptz,
    uploaded_by_id uuid,
    uploaded_by_name text,
    code text,
    column_name text,
    changes text[],
    file_name text,
    media_type text,
    size_bytes bigint,
    sha256 text,
    state text
);

-- 56 bits of the SHA-256 of a text: few enough to be added up.
CREATE FUNCTION ops.digest(line text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || left(encode(sha256(convert_to(line, 'UTF8')), 'hex'), 14))::bit(56)::bigint;

-- Values in one text that is the same wherever it is made.
CREATE FUNCTION ops.canon(VARIADIC parts text[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ops.digest(array_to_string(parts, U&'\001F', U&'\001E'));

CREATE FUNCTION ops.instant(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Blanks around a text are nobody's meaning; nothing is NULL.
CREATE FUNCTION ops.tidy(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULLIF(btrim(value, E' \t\r\n'), '');

-- The legacy id in a member, NULL when there is none (or something that is no number).
CREATE FUNCTION ops.ref(line jsonb, member text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(line -> member) = 'number' AND line ->> member ~ '^-?[0-9]{1,18}$'
            THEN (line ->> member)::bigint END;

-- A day as it was stored; NULL when there is no such day.
CREATE FUNCTION ops.day(value text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
             AND substr(value, 9, 2)::int <= date_part('day', make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, 1)
                 + interval '1 month' - interval '1 day')
            THEN make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, substr(value, 9, 2)::int) END;

-- An instant as it was stored: UTC, with or without a fraction.
CREATE FUNCTION ops.moment(value text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^[0-9-]{10}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?$' AND ops.day(value) IS NOT NULL
            THEN (ops.day(value) + substr(value, 12)::time) AT TIME ZONE 'UTC' END;

-- The id of a legacy row: of its own time, and the same in every run.
CREATE FUNCTION ops.row_id(source int, kind text, n bigint, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT overlay(overlay(lpad(to_hex(greatest(0, floor(extract(epoch FROM at) * 1000))::bigint), 12, '0')
            || substr(h.hex, 1, 20) PLACING '7' FROM 13 FOR 1)
            PLACING substr('89ab', 1 + get_byte(h.bytes, 31) % 4, 1) FROM 17 FOR 1)::uuid
        FROM (SELECT s.bytes, encode(s.bytes, 'hex') AS hex
              FROM (SELECT sha256(convert_to(i.identity || ' ' || kind || ' ' || n, 'UTF8')) AS bytes
                    FROM ops.import_source i WHERE i.id = source) s) h);

-- As models/patient/phone.c: "+" and digits.
CREATE FUNCTION ops.phone_key(typed text, country text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT CASE WHEN rest = '' OR (abroad AND left(rest, 1) = '0') OR length(whole) > 15 THEN NULL ELSE '+' || whole END
        FROM (SELECT rest, abroad, CASE WHEN abroad THEN rest ELSE country || rest END AS whole
              FROM (SELECT CASE WHEN plus THEN digits
                                WHEN left(digits, 2) = '00' THEN substr(digits, 3)
                                ELSE ltrim(digits, '0') END AS rest,
                        plus OR left(digits, 2) = '00'
                            OR (left(digits, 1) <> '0' AND length(digits) = length(country) + 10 AND digits ^@ country) AS abroad
                    FROM (SELECT regexp_replace(typed, '[^0-9]', '', 'g') AS digits,
                              typed ~ '^[^0-9]*\+' AS plus) d) r) k);

-- Lists showed "name dose (type)", and that was saved as a name, again and again. What is taken off says the same as
-- the row's own dose and type; a dose that differs stays, for nobody knows which one was meant.
CREATE FUNCTION ops.medicine_name(name text, dosage text, kind text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_name text := name;
    cut text;
    tail text;
BEGIN
    WHILE now_name ~* '\S\s*[-–]?\s*\((tablet|capsule|syrup|injection|ointment|drops|soap|lotion|powder)\)$' LOOP
        cut := btrim(regexp_replace(now_name, '\s*[-–]?\s*\([a-z]+\)$', '', 'i'));
        tail := substring(cut FROM '\s[-–]?\s*([0-9]+(\.[0-9]+)?\s*(mg|mcg|g|ml|iu|%))$');
        IF tail IS NOT NULL AND (dosage IS NULL OR lower(replace(tail, ' ', '')) IN
               (lower(replace(dosage, ' ', '')), lower(replace(dosage, ' ', '')) || lower(substring(tail FROM '[a-z%]+$')))) THEN
            cut := btrim(left(cut, length(cut) - length(tail)), ' -–');
        END IF;
        EXIT WHEN cut = '' OR cut = now_name;
        now_name := cut;
    END LOOP;
    RETURN now_name;
END $$;

-- Words of the legacy lists in ours; NULL: not among them.
CREATE FUNCTION ops.medicine_type(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower(ops.tidy(value)) IN ('tablet', 'capsule', 'syrup', 'injection', 'ointment', 'drops', 'soap',
    'lotion', 'powder') THEN lower(ops.tidy(value)) END;

CREATE FUNCTION ops.schedule(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IN ('morning', 'afternoon', 'evening', 'night', 'morning_evening', 'morning_night',
    'afternoon_night', 'morning_afternoon_night', 'sos') THEN value END;

CREATE FUNCTION ops.food(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE value WHEN 'before' THEN 'before' WHEN 'before_food' THEN 'before' WHEN 'after' THEN 'after'
    WHEN 'after_food' THEN 'after' WHEN 'anytime' THEN 'anytime' WHEN 'with_food' THEN 'anytime' END;

-- The March lists said lab, imaging, diagnostic: what it is, its name tells, or it is something else.
CREATE FUNCTION ops.test_type(value text, name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IN ('blood', 'urine', 'xray', 'ultrasound', 'ecg', 'ct_scan', 'mri', 'other') THEN value
    WHEN name ~* '\mx[- ]?ray\M' THEN 'xray' WHEN name ~* '\m(ultrasound|usg|sonograph|echo)' THEN 'ultrasound'
    WHEN name ~* '\m(ecg|ekg|electrocardio)' THEN 'ecg' WHEN name ~* '\mct\M' THEN 'ct_scan' WHEN name ~* '\mmri\M' THEN 'mri'
    WHEN name ~* '\murine' THEN 'urine' WHEN name ~* '\m(blood|cbc|hba1c|lipid|liver|kidney|thyroid|sugar)' THEN 'blood'
    ELSE 'other' END;

-- How often a day: a number, "every 4-6 hours", a schedule; NULL when nothing says it.
CREATE FUNCTION ops.times_a_day(number bigint, words text, schedule text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN number BETWEEN 1 AND 24 THEN number::int
    WHEN words ~ '^[1-9][0-9]?$' AND words::int <= 24 THEN words::int
    WHEN words ~* 'every\s+[0-9]{1,2}' THEN greatest(1, 24 / greatest(1, substring(lower(words) FROM 'every\s+([0-9]{1,2})')::int))
    WHEN words ~* '^once' THEN 1 WHEN words ~* '^twice' THEN 2 WHEN words ~* '^thrice' THEN 3
    WHEN coalesce(ops.schedule(words), schedule) = 'sos' THEN 1
    WHEN coalesce(ops.schedule(words), schedule) IS NOT NULL
        THEN cardinality(string_to_array(coalesce(ops.schedule(words), schedule), '_')) END;

-- Rows of the chunk of which nothing is known yet. OFFSET 0: a line is read once, not once a member.
CREATE FUNCTION ops.staged(import bigint, kind text) RETURNS TABLE (n bigint, r jsonb)
LANGUAGE sql STABLE ROWS 4000 AS $$
    SELECT s.n, s.line::jsonb FROM ops.import_stage s
    WHERE NOT EXISTS (SELECT FROM ops.import i JOIN ops.import_map m ON m.source_id = i.source_id
                      WHERE i.id = import AND m.name = kind AND m.legacy_id = s.n)
    OFFSET 0;
$$;

-- What reads a legacy row is the importer's alone, as its tables are.
REVOKE EXECUTE ON FUNCTION ops.digest(text), ops.canon(text[]), ops.instant(timestamptz), ops.tidy(text), ops.ref(jsonb, text),
    ops.day(text), ops.moment(text), ops.row_id(int, text, bigint, timestamptz), ops.phone_key(text, text),
    ops.medicine_name(text, text, text), ops.medicine_type(text), ops.schedule(text), ops.food(text), ops.test_type(text, text),
    ops.times_a_day(bigint, text, text), ops.staged(bigint, text) FROM PUBLIC;
GRANT SELECT ON ops.import_source, ops.import, ops.import_clinic, ops.import_table, ops.import_map, ops.import_reject,
    ops.import_change, ops.import_file, ops.import_stage, ops.import_report, ops.import_outcome TO clinicd_backup;

-- section verify

SELECT NOT has_table_privilege('clinicd_app', 'ops.import_map', 'SELECT,INSERT,UPDATE,DELETE');
SELECT count(*) = 27 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'clinicd' AND pg_get_triggerdef(t.oid) LIKE '%is_history()%';
SELECT NOT clinicd.is_history();
SELECT count(*) = 0 FROM pg_proc p WHERE p.pronamespace = 'ops'::regnamespace AND has_function_privilege('clinicd_app', p.oid, 'EXECUTE');

-- section down loss=rows

CREATE OR REPLACE TRIGGER visit_begins BEFORE INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_begins();
CREATE OR REPLACE TRIGGER visit_is_noted AFTER INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_is_noted();
CREATE OR REPLACE TRIGGER visit_comes AFTER INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_moves_patient();
CREATE OR REPLACE TRIGGER visit_z_tells_made AFTER INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.visit_tells();
CREATE OR REPLACE TRIGGER prescription_a_guard AFTER INSERT ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_guard();
CREATE OR REPLACE TRIGGER prescription_begins AFTER INSERT ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_moves_others();
CREATE OR REPLACE TRIGGER prescription_guard BEFORE UPDATE OR DELETE ON clinicd.prescription
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_guard();
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_medicine
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_test
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_vitals
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.prescription_notes
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending');
CREATE OR REPLACE TRIGGER prescription_part_guard BEFORE INSERT OR UPDATE OR DELETE ON clinicd.admission_recommendation
    FOR EACH ROW EXECUTE FUNCTION clinicd.prescription_part_guard('pending', 'completed');
CREATE OR REPLACE TRIGGER catalog_learns_new AFTER INSERT ON clinicd.prescription_medicine
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clinicd.catalog_learns_medicines();
CREATE OR REPLACE TRIGGER catalog_learns_new AFTER INSERT ON clinicd.prescription_test
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clinicd.catalog_learns_tests();
CREATE OR REPLACE TRIGGER visit_of_the_living BEFORE INSERT ON clinicd.visit
    FOR EACH ROW EXECUTE FUNCTION clinicd.patient_is_alive();
CREATE OR REPLACE TRIGGER admission_begins BEFORE INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_begins();
CREATE OR REPLACE TRIGGER admission_of_the_living BEFORE INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.patient_is_alive('shown');
CREATE OR REPLACE TRIGGER admission_moves_patient AFTER INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_moves_patient();
CREATE OR REPLACE TRIGGER admission_z_is_noted AFTER INSERT ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_is_noted();
CREATE OR REPLACE TRIGGER admission_is_kept BEFORE DELETE ON clinicd.admission
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();
CREATE OR REPLACE TRIGGER admission_change_is_kept BEFORE UPDATE OR DELETE ON clinicd.admission_change
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();
CREATE OR REPLACE TRIGGER treatment_a_counts BEFORE INSERT OR UPDATE ON clinicd.treatment
    FOR EACH ROW EXECUTE FUNCTION clinicd.treatment_counts();
CREATE OR REPLACE TRIGGER treatment_guard BEFORE INSERT OR UPDATE ON clinicd.treatment
    FOR EACH ROW EXECUTE FUNCTION clinicd.treatment_guard();
CREATE OR REPLACE TRIGGER treatment_is_kept BEFORE DELETE ON clinicd.treatment
    FOR EACH ROW EXECUTE FUNCTION clinicd.row_is_kept();
CREATE OR REPLACE TRIGGER report_guard BEFORE INSERT ON clinicd.report
    FOR EACH ROW EXECUTE FUNCTION clinicd.report_guard();
DROP TRIGGER treatment_is_no_history ON clinicd.treatment;
DROP TRIGGER admission_is_no_history ON clinicd.admission;
DROP FUNCTION clinicd.row_is_no_history();
-- Refused while anything imported is incomplete: take that import back first.
ALTER TABLE clinicd.treatment
    DROP CONSTRAINT "treatment__members",
    DROP COLUMN is_imported,
    ADD CONSTRAINT "treatment__members" CHECK (clinicd.treatment_flaws(treatment_type, jsonb_build_object('dosage', dosage,
        'frequency', frequency, 'route', route, 'saline_type', saline_type, 'quantity', quantity,
        'oxygen_flow_rate', oxygen_flow_rate, 'oxygen_type', oxygen_type, 'duration', duration)) IS NULL);
ALTER TABLE clinicd.admission
    DROP CONSTRAINT "admission__incomplete",
    DROP COLUMN is_imported,
    ALTER room_number SET NOT NULL,
    ALTER room_key SET NOT NULL,
    ALTER bed_number SET NOT NULL,
    ALTER bed_key SET NOT NULL,
    ALTER reason_for_admission SET NOT NULL;
DROP FUNCTION clinicd.is_history();
DROP TABLE ops.import_outcome;
DROP TABLE ops.import_report;
DROP TABLE ops.import_stage;
DROP TABLE ops.import_file;
DROP TABLE ops.import_change;
DROP TABLE ops.import_reject;
DROP TABLE ops.import_map;
DROP TABLE ops.import_table;
DROP TABLE ops.import_clinic;
DROP TABLE ops.import;
DROP FUNCTION ops.row_id(int, text, bigint, timestamptz);
DROP TABLE ops.import_source;
DROP FUNCTION ops.staged(bigint, text);
DROP FUNCTION ops.times_a_day(bigint, text, text);
DROP FUNCTION ops.test_type(text, text);
DROP FUNCTION ops.food(text);
DROP FUNCTION ops.schedule(text);
DROP FUNCTION ops.medicine_type(text);
DROP FUNCTION ops.medicine_name(text, text, text);
DROP FUNCTION ops.phone_key(text, text);
DROP FUNCTION ops.moment(text);
DROP FUNCTION ops.day(text);
DROP FUNCTION ops.ref(jsonb, text);
DROP FUNCTION ops.tidy(text);
DROP FUNCTION ops.instant(timestamptz);
DROP FUNCTION ops.canon(text[]);
DROP FUNCTION ops.digest(text);

-- section loss

SELECT count(*) FROM ops.import_map;
