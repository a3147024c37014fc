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
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    description text CHECK (length(description) <= 2000),
    keyword text CHECK (length(keyword) <= 100),
    search_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.name_fold(
        name || ' ' || coalesce(keyword, '') || ' ' || coalesce(description, ''))) STORED,
    visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'clinic')),
    is_active boolean NOT NULL DEFAULT true,
    medicines_n int NOT NULL DEFAULT 0 CHECK (medicines_n >= 0),
    tests_n int NOT NULL DEFAULT 0 CHECK (tests_n >= 0),
    last_position int NOT NULL DEFAULT 0, -- of its lines; only grows
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "template__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "template__doctor" FOREIGN KEY (clinic_id, doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "template__too-many-lines" CHECK (medicines_n <= 100 AND tests_n <= 100)
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
    CONSTRAINT "template_medicine__template" FOREIGN KEY (clinic_id, template_id)
        REFERENCES clinicd.template (clinic_id, id) ON DELETE RESTRICT
);
CREATE INDEX template_medicine_by_template ON clinicd.template_medicine (clinic_id, template_id, position, id)
    WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.template_medicine');

CREATE TABLE clinicd.template_test (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    template_id uuid NOT NULL,
    position int NOT NULL,
    test_name text NOT NULL CHECK (length(test_name) BETWEEN 1 AND 200),
    test_type text NOT NULL CHECK (test_type IN ('blood', 'urine', 'xray', 'ultrasound', 'ecg', 'ct_scan', 'mri', 'other')),
    description text CHECK (length(description) <= 2000),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "template_test__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "template_test__template" FOREIGN KEY (clinic_id, template_id)
        REFERENCES clinicd.template (clinic_id, id) ON DELETE RESTRICT
);
CREATE INDEX template_test_by_template ON clinicd.template_test (clinic_id, template_id, position, id)
    WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.template_test');

GRANT SELECT, INSERT, UPDATE ON clinicd.template, clinicd.template_medicine, clinicd.template_test TO clinicd_app;
GRANT SELECT ON clinicd.template, clinicd.template_medicine, clinicd.template_test TO clinicd_backup;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 3 FROM pg_class c WHERE c.relrowsecurity AND c.relforcerowsecurity
    AND c.oid IN ('clinicd.template'::regclass, 'clinicd.template_medicine'::regclass, 'clinicd.template_test'::regclass);
SELECT count(*) = 3 FROM pg_policies WHERE schemaname = 'clinicd'
    AND tablename IN ('template', 'template_medicine', 'template_test') AND policyname = 'clinic';

-- section down loss=rows

DROP TABLE clinicd.template_test;
DROP TABLE clinicd.template_medicine;
DROP TABLE clinicd.template;

-- section loss

SELECT count(*) FROM clinicd.template;
