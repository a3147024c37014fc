-- 0004_people.sql
-- migrate: kind=expand tx=yes
--
-- The clinic's people: doctors' profiles, and reset tokens that an administrator hands over.

-- section up

-- One token an account, of which only the SHA-256 is kept; a new one takes the old one's place.
-- lint: allow L03 reason="no clinic had rows yet"
ALTER TABLE clinicd.account
    ADD COLUMN reset_hash text COLLATE "C" CHECK (length(reset_hash) = 64),
    ADD COLUMN reset_expires_at timestamptz,
    ADD CONSTRAINT "account__reset-without-end" CHECK ((reset_hash IS NULL) = (reset_expires_at IS NULL));
-- lint: allow L05 reason="no clinic had rows yet"
CREATE UNIQUE INDEX account_by_reset ON clinicd.account (clinic_id, reset_hash) WHERE reset_hash IS NOT NULL;

-- What a doctor is beyond an account; the id is the account's, and so is the version.
CREATE TABLE clinicd.doctor (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    specialization text NOT NULL CHECK (length(specialization) BETWEEN 1 AND 100),
    license_number text NOT NULL CHECK (length(license_number) BETWEEN 1 AND 50),
    license_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (upper(regexp_replace(license_number, '\s+', '', 'g'))) STORED,
    qualification text CHECK (length(qualification) <= 200),
    experience_years int CHECK (experience_years BETWEEN 0 AND 80),
    consultation_fee bigint CHECK (consultation_fee BETWEEN 0 AND 1000000000),
    availability_status text NOT NULL DEFAULT 'available'
        CHECK (availability_status IN ('available', 'on_leave', 'offline')),
    office_hours jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(office_hours) = 'array'),
    PRIMARY KEY (clinic_id, id),
    CONSTRAINT "doctor__license-taken" UNIQUE (clinic_id, license_key),
    CONSTRAINT "doctor__account" FOREIGN KEY (clinic_id, id)
        REFERENCES clinicd.account (clinic_id, id) ON DELETE RESTRICT
);
SELECT clinicd.protect_table('clinicd.doctor');

-- Somebody of the staff as the API shows it.
CREATE FUNCTION clinicd.account_shown(a clinicd.account)
RETURNS TABLE (id uuid, version bigint, username text, role text, first_name text, last_name text, email text,
    mobile_number text, is_active boolean, must_change_password boolean, last_login_at timestamptz,
    created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.version, a.username, a.role, a.first_name, a.last_name, a.email, a.mobile_number, a.is_active,
        a.must_change_password, a.last_login_at, a.created_at, a.updated_at;
$$;

-- A doctor as the API shows it.
CREATE FUNCTION clinicd.doctor_shown(a clinicd.account, d clinicd.doctor)
RETURNS TABLE (id uuid, version bigint, "account.id" uuid, "account.username" text, "account.role" text,
    "account.first_name" text, "account.last_name" text, "account.email" text, "account.mobile_number" text,
    "account.is_active" boolean, "account.must_change_password" boolean, "account.last_login_at" timestamptz,
    specialization text, license_number text, qualification text, experience_years int, consultation_fee bigint,
    availability_status text, office_hours jsonb, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.version, a.id, a.username, a.role, a.first_name, a.last_name, a.email, a.mobile_number,
        a.is_active, a.must_change_password, a.last_login_at, d.specialization, d.license_number, d.qualification,
        d.experience_years, d.consultation_fee, d.availability_status, d.office_hours, a.created_at, a.updated_at;
$$;

-- The doctors of the clinic, or one of them, also for a patient's token, which sees no account but its own.
CREATE FUNCTION clinicd.doctors_seen(only_id uuid)
RETURNS TABLE (id uuid, version bigint, "account.id" uuid, "account.username" text, "account.role" text,
    "account.first_name" text, "account.last_name" text, "account.email" text, "account.mobile_number" text,
    "account.is_active" boolean, "account.must_change_password" boolean, "account.last_login_at" timestamptz,
    specialization text, license_number text, qualification text, experience_years int, consultation_fee bigint,
    availability_status text, office_hours jsonb, created_at timestamptz, updated_at timestamptz, _name_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.*, a.name_key
    FROM clinicd.account a
    JOIN clinicd.doctor d ON d.clinic_id = a.clinic_id AND d.id = a.id
    CROSS JOIN LATERAL clinicd.doctor_shown(a, d) s
    WHERE a.clinic_id = NULLIF(current_setting('app.clinic_id', true), '')::bigint
      AND (only_id IS NULL OR a.id = only_id);
$$;
COMMENT ON FUNCTION clinicd.doctors_seen(uuid)
    IS 'tenant-safe: doctors of the clinic in the context; what a patient may not see of them, x-hide takes away';

GRANT SELECT, INSERT, UPDATE ON clinicd.doctor TO clinicd_app;
GRANT SELECT ON clinicd.doctor TO clinicd_backup;
GRANT EXECUTE ON FUNCTION clinicd.account_shown(clinicd.account),
    clinicd.doctor_shown(clinicd.account, clinicd.doctor) TO clinicd_app, clinicd_definer;
GRANT SELECT ON clinicd.doctor TO clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.doctors_seen(uuid) TO clinicd_app;
ALTER FUNCTION clinicd.doctors_seen(uuid) OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.doctors_seen(uuid) FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'clinicd.doctor'::regclass;
SELECT count(*) = 1 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename = 'doctor' AND policyname = 'clinic';
SELECT count(*) = 2 FROM pg_attribute
    WHERE attrelid = 'clinicd.account'::regclass AND attname IN ('reset_hash', 'reset_expires_at');

-- section down loss=rows

DROP FUNCTION clinicd.doctors_seen(uuid);
DROP FUNCTION clinicd.doctor_shown(clinicd.account, clinicd.doctor);
DROP FUNCTION clinicd.account_shown(clinicd.account);
DROP TABLE clinicd.doctor;
DROP INDEX clinicd.account_by_reset;
ALTER TABLE clinicd.account DROP CONSTRAINT "account__reset-without-end",
    DROP COLUMN reset_hash, DROP COLUMN reset_expires_at;

-- section loss

SELECT count(*) FROM clinicd.doctor;
SELECT count(*) FROM clinicd.account WHERE reset_hash IS NOT NULL;
