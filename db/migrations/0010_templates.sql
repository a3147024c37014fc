-- 0010_templates.sql
-- migrate: kind=expand tx=yes
--
-- What a doctor prescribes often. A template belongs to one doctor; colleagues may read it when it is
-- visible in the clinic. Its version counts its lines' changes, so its ETag is the one that matters.

-- section up

CREATE TABLE clinicd.template (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    doctor_id uuid NOT NULL,
    doctor_name text NOT NULL CHECK (length(doctor_name) <= 310),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    description text CHECK (length(description) <= 2000),
    keyword text CHECK (length(keyword) <= 100),
    search_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.name_fold(
        name || ' ' || coalesce(keyword, '') || ' ' || coalesce(description, ''))) STORED,
    visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'clinic')),
    is_active boolean NOT NULL DEFAULT true,
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "template__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "template__doctor" FOREIGN KEY (clinic_id, doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX "template__name-taken" ON clinicd.template (clinic_id, doctor_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX template_by_name ON clinicd.template (clinic_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX template_by_age ON clinicd.template (clinic_id, created_at, id) WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.template');

CREATE TABLE clinicd.template_medicine (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    template_id uuid NOT NULL,
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
    CONSTRAINT "template_medicine__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "template_medicine__catalog" FOREIGN KEY (clinic_id, catalog_id)
        REFERENCES clinicd.catalog_medicine (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "template_medicine__template" FOREIGN KEY (clinic_id, template_id)
        REFERENCES clinicd.template (clinic_id, id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX template_medicine_by_template ON clinicd.template_medicine (clinic_id, template_id, position)
    WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.template_medicine');

CREATE TABLE clinicd.template_test (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    template_id uuid NOT NULL,
    position int NOT NULL,
    catalog_id uuid,
    test_name text NOT NULL CHECK (length(test_name) BETWEEN 1 AND 200),
    test_type text NOT NULL CHECK (test_type IN ('blood', 'urine', 'xray', 'ultrasound', 'ecg', 'ct_scan', 'mri', 'other')),
    description text CHECK (length(description) <= 2000),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "template_test__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "template_test__catalog" FOREIGN KEY (clinic_id, catalog_id)
        REFERENCES clinicd.catalog_test (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "template_test__template" FOREIGN KEY (clinic_id, template_id)
        REFERENCES clinicd.template (clinic_id, id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX template_test_by_template ON clinicd.template_test (clinic_id, template_id, position)
    WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.template_test');

-- Whether a doctor finds a template.
CREATE FUNCTION clinicd.template_is_seen(t clinicd.template, doctor uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN t.deleted_at IS NULL AND (t.doctor_id = doctor OR t.visibility = 'clinic');

-- Why a doctor who finds it may not change it.
CREATE FUNCTION clinicd.template_fault(t clinicd.template, doctor uuid, if_match bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN t.doctor_id IS DISTINCT FROM doctor THEN 'not-the-author'
            WHEN t.version <> if_match THEN 'precondition-failed' END;

-- Writes lines that line_flaws() has nothing against, behind those that are there. The template's row is held.
CREATE FUNCTION clinicd.template_lines_add(clinic bigint, whole uuid, medicines jsonb, tests jsonb, at timestamptz)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most CONSTANT int := 100;
    medicines_n bigint;
    tests_n bigint;
BEGIN
    INSERT INTO clinicd.template_medicine (clinic_id, id, template_id, position, catalog_id, medicine_name,
        medicine_type, dosage, frequency_per_day, duration, quantity, schedule, food_instruction, instructions,
        created_at, updated_at)
    SELECT clinic, coalesce(l.id, clinicd.uuid_v7(at)), whole, before.n + l.n, l.catalog_id, l.medicine_name,
        l.medicine_type, l.dosage, l.frequency_per_day, l.duration, l.quantity, l.schedule, l.food_instruction,
        l.instructions, at, at
    FROM clinicd.medicine_lines(clinic, medicines) l, (
        SELECT coalesce(max(m.position), 0) AS n FROM clinicd.template_medicine m
        WHERE m.clinic_id = clinic AND m.template_id = whole AND m.deleted_at IS NULL) before;
    INSERT INTO clinicd.template_test (clinic_id, id, template_id, position, catalog_id, test_name, test_type,
        description, created_at, updated_at)
    SELECT clinic, coalesce(l.id, clinicd.uuid_v7(at)), whole, before.n + l.n, l.catalog_id, l.test_name,
        l.test_type, l.description, at, at
    FROM clinicd.test_lines(clinic, tests) l, (
        SELECT coalesce(max(t.position), 0) AS n FROM clinicd.template_test t
        WHERE t.clinic_id = clinic AND t.template_id = whole AND t.deleted_at IS NULL) before;
    SELECT count(*) INTO medicines_n FROM clinicd.template_medicine m
    WHERE m.clinic_id = clinic AND m.template_id = whole AND m.deleted_at IS NULL;
    SELECT count(*) INTO tests_n FROM clinicd.template_test t
    WHERE t.clinic_id = clinic AND t.template_id = whole AND t.deleted_at IS NULL;
    IF greatest(medicines_n, tests_n) > most THEN
        RAISE EXCEPTION 'a template has at most % medicines and as many tests', most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'template__too-many-lines';
    END IF;
    RETURN medicines_n + tests_n;
END $$;

-- A template as the API shows it, whole, as it is this moment: volatile, so that it sees what its own statement
-- wrote. The row is the caller's, behind both walls; its lines are found by its keys.
CREATE FUNCTION clinicd.template_shown(clinic bigint, whole uuid)
RETURNS TABLE (id uuid, version bigint, name text, description text, keyword text, visibility text, is_active boolean,
    doctor json, medicines json, tests json, created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql VOLATILE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT t.id, t.version, t.name, t.description, t.keyword, t.visibility, t.is_active,
        json_build_object('id', t.doctor_id, 'name', t.doctor_name),
        (SELECT coalesce(json_agg(json_build_object('id', m.id, 'catalog_id', m.catalog_id,
                'medicine_name', m.medicine_name, 'medicine_type', m.medicine_type, 'dosage', m.dosage,
                'frequency_per_day', m.frequency_per_day, 'duration', m.duration, 'quantity', m.quantity,
                'schedule', m.schedule, 'food_instruction', m.food_instruction, 'instructions', m.instructions)
            ORDER BY m.position), '[]')
         FROM clinicd.template_medicine m
         WHERE m.clinic_id = t.clinic_id AND m.template_id = t.id AND m.deleted_at IS NULL),
        (SELECT coalesce(json_agg(json_build_object('id', e.id, 'catalog_id', e.catalog_id, 'test_name', e.test_name,
                'test_type', e.test_type, 'description', e.description) ORDER BY e.position), '[]')
         FROM clinicd.template_test e
         WHERE e.clinic_id = t.clinic_id AND e.template_id = t.id AND e.deleted_at IS NULL),
        t.created_at, t.updated_at
    FROM clinicd.template t WHERE t.clinic_id = clinic AND t.id = whole;
END $$;

-- Before a change, for the trail: as above, after whoever held the row before us is done.
CREATE FUNCTION clinicd.template_before(t clinicd.template) RETURNS json
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT to_json(s) FROM clinicd.template_shown(t.clinic_id, t.id) s);
END $$;

-- A template's lines as lines of a body. An entry of the catalogue that was retired, or is another medicine by now,
-- no longer speaks for them. `except_for`: a prescription whose lines are not repeated; NULL: all of them.
CREATE FUNCTION clinicd.template_medicines(clinic bigint, whole uuid, except_for uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('catalog_id', c.id, 'medicine_name', m.medicine_name,
        'medicine_type', m.medicine_type, 'dosage', m.dosage, 'frequency_per_day', m.frequency_per_day,
        'duration', m.duration, 'quantity', m.quantity, 'schedule', m.schedule,
        'food_instruction', m.food_instruction, 'instructions', m.instructions) ORDER BY m.position), '[]')
    FROM clinicd.template_medicine m
    LEFT JOIN clinicd.catalog_medicine c ON c.clinic_id = m.clinic_id AND c.id = m.catalog_id AND c.is_active
        AND c.name_key = clinicd.name_fold(m.medicine_name) AND c.medicine_type = m.medicine_type
    WHERE m.clinic_id = clinic AND m.template_id = whole AND m.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM clinicd.prescription_medicine l
          WHERE l.clinic_id = clinic AND l.prescription_id = except_for AND l.deleted_at IS NULL
            AND clinicd.name_fold(l.medicine_name) = clinicd.name_fold(m.medicine_name)
            AND l.medicine_type = m.medicine_type);
$$;

CREATE FUNCTION clinicd.template_tests(clinic bigint, whole uuid, except_for uuid, today date) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('catalog_id', c.id, 'test_name', e.test_name,
        'test_type', e.test_type, 'description', e.description, 'test_on', today) ORDER BY e.position), '[]')
    FROM clinicd.template_test e
    LEFT JOIN clinicd.catalog_test c ON c.clinic_id = e.clinic_id AND c.id = e.catalog_id AND c.is_active
        AND c.name_key = clinicd.name_fold(e.test_name) AND c.test_type = e.test_type
    WHERE e.clinic_id = clinic AND e.template_id = whole AND e.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM clinicd.prescription_test l
          WHERE l.clinic_id = clinic AND l.prescription_id = except_for AND l.deleted_at IS NULL
            AND clinicd.name_fold(l.test_name) = clinicd.name_fold(e.test_name) AND l.test_type = e.test_type);
$$;

-- A prescription's lines as lines of a body; NULL where there is none. The catalogue speaks for them as above.
CREATE FUNCTION clinicd.prescription_lines(clinic bigint, rx uuid) RETURNS TABLE (medicines jsonb, tests jsonb)
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT jsonb_agg(jsonb_build_object('catalog_id', c.id, 'medicine_name', m.medicine_name,
                'medicine_type', m.medicine_type, 'dosage', m.dosage, 'frequency_per_day', m.frequency_per_day,
                'duration', m.duration, 'quantity', m.quantity, 'schedule', m.schedule,
                'food_instruction', m.food_instruction, 'instructions', m.instructions) ORDER BY m.position)
            FROM clinicd.prescription_medicine m
            LEFT JOIN clinicd.catalog_medicine c ON c.clinic_id = m.clinic_id AND c.id = m.catalog_id AND c.is_active
                AND c.name_key = clinicd.name_fold(m.medicine_name) AND c.medicine_type = m.medicine_type
            WHERE m.clinic_id = clinic AND m.prescription_id = rx AND m.deleted_at IS NULL),
        (SELECT jsonb_agg(jsonb_build_object('catalog_id', c.id, 'test_name', e.test_name, 'test_type', e.test_type,
                'description', e.description) ORDER BY e.position)
            FROM clinicd.prescription_test e
            LEFT JOIN clinicd.catalog_test c ON c.clinic_id = e.clinic_id AND c.id = e.catalog_id AND c.is_active
                AND c.name_key = clinicd.name_fold(e.test_name) AND c.test_type = e.test_type
            WHERE e.clinic_id = clinic AND e.prescription_id = rx AND e.deleted_at IS NULL);
$$;

-- What stands in a list behind as many items as `before` has.
CREATE FUNCTION clinicd.json_tail(list json, before json) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(json_agg(e.item ORDER BY e.n), '[]')
    FROM json_array_elements(list) WITH ORDINALITY AS e (item, n) WHERE e.n > json_array_length(before);
$$;

GRANT SELECT, INSERT, UPDATE ON clinicd.template, clinicd.template_medicine, clinicd.template_test TO clinicd_app;
GRANT SELECT ON clinicd.template, clinicd.template_medicine, clinicd.template_test TO clinicd_backup;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 3 FROM pg_class c WHERE c.relrowsecurity AND c.relforcerowsecurity
    AND c.oid IN ('clinicd.template'::regclass, 'clinicd.template_medicine'::regclass, 'clinicd.template_test'::regclass);
SELECT count(*) = 3 FROM pg_policies WHERE schemaname = 'clinicd'
    AND tablename IN ('template', 'template_medicine', 'template_test') AND policyname = 'clinic';

-- section down loss=rows

DROP FUNCTION clinicd.json_tail(json, json);
DROP FUNCTION clinicd.prescription_lines(bigint, uuid);
DROP FUNCTION clinicd.template_tests(bigint, uuid, uuid, date);
DROP FUNCTION clinicd.template_medicines(bigint, uuid, uuid);
DROP FUNCTION clinicd.template_before(clinicd.template);
DROP FUNCTION clinicd.template_shown(bigint, uuid);
DROP FUNCTION clinicd.template_lines_add(bigint, uuid, jsonb, jsonb, timestamptz);
DROP FUNCTION clinicd.template_fault(clinicd.template, uuid, bigint);
DROP FUNCTION clinicd.template_is_seen(clinicd.template, uuid);
DROP TABLE clinicd.template_test;
DROP TABLE clinicd.template_medicine;
DROP TABLE clinicd.template;

-- section loss

SELECT count(*) FROM clinicd.template;
