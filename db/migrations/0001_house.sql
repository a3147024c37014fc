-- 0001_house.sql
-- migrate: kind=expand tx=yes
--
-- The house: clinics, their people, patients, the audit trail, and the walls between clinics.
-- Every table of a clinic has clinic_id first in its keys and is protected by protect_table();
-- constraint names are <table>__<api-code>.

-- section up

CREATE SCHEMA clinicd;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA clinicd;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA clinicd;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA clinicd;

REVOKE ALL ON SCHEMA clinicd FROM PUBLIC;
GRANT USAGE ON SCHEMA clinicd TO clinicd_app, clinicd_backup, clinicd_definer, clinicd_owner;
GRANT CREATE ON SCHEMA clinicd TO clinicd_owner, clinicd_definer;

-- Wall 2. The one policy that a clinic's table may have, and, where a row belongs to a patient, the
-- restrictive one that narrows a patient's token to that patient. Run by migrations only.
CREATE FUNCTION clinicd.protect_table(target regclass, patient_column text DEFAULT NULL,
                                      patient_policy_for text DEFAULT 'ALL')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    clinic CONSTANT text := $e$clinic_id = (SELECT NULLIF(current_setting('app.clinic_id', true), '')::bigint)$e$;
    patient CONSTANT text := format(
        $e$(SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR %I = (SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid)$e$,
        coalesce(patient_column, 'id'));
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY clinic ON %s USING (%s) WITH CHECK (%s)', target, clinic, clinic);
    IF patient_column IS NOT NULL THEN
        IF patient_policy_for = 'SELECT' THEN
            EXECUTE format('CREATE POLICY patient ON %s AS RESTRICTIVE FOR SELECT USING (%s)', target, patient);
        ELSE
            EXECUTE format('CREATE POLICY patient ON %s AS RESTRICTIVE USING (%s) WITH CHECK (%s)', target, patient, patient);
        END IF;
    END IF;
END $$;

-- What everybody may have cached and must now forget: opaque ids only.
-- lint: allow M1 reason="opaque ids of what changed, of all clinics"
CREATE TABLE clinicd.news (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('clinic', 'account', 'session', 'platform_account', 'platform_session')),
    key text NOT NULL CHECK (length(key) <= 40)
);

CREATE FUNCTION clinicd.announce(kind text, key text, at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO clinicd.news (at, kind, key) VALUES (at, kind, key);
    SELECT pg_notify('clinicd', kind || ' ' || key);
$$;

-- A clinic is the first row of itself: the same wall protects it.
CREATE SEQUENCE clinicd.clinic_number;

CREATE FUNCTION clinicd.clinic_allot_id() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT nextval('clinicd.clinic_number');
$$;
COMMENT ON FUNCTION clinicd.clinic_allot_id() IS 'tenant-safe: gives a number, reads no row';

-- lint: allow M2 reason="slugs are public, registration numbers are the platform's to give"
CREATE TABLE clinicd.clinic (
    clinic_id bigint PRIMARY KEY,
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) BETWEEN 3 AND 50),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    address text NOT NULL CHECK (length(address) <= 2000),
    city text NOT NULL CHECK (length(city) <= 100),
    state text NOT NULL CHECK (length(state) <= 100),
    zip_code text NOT NULL CHECK (length(zip_code) <= 20),
    phone_number text NOT NULL CHECK (length(phone_number) <= 32),
    email text NOT NULL CHECK (length(email) <= 254),
    website text CHECK (length(website) <= 200),
    registration_number text NOT NULL CHECK (length(registration_number) <= 100),
    gstin text CHECK (length(gstin) <= 15),
    timezone text NOT NULL DEFAULT 'Asia/Kolkata' CHECK (length(timezone) <= 64),
    language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'hi', 'mr')),
    status text NOT NULL DEFAULT 'trial'
        CHECK (status IN ('importing', 'active', 'trial', 'expired', 'suspended', 'inactive')),
    idle_minutes int CHECK (idle_minutes BETWEEN 5 AND 30),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "clinic__slug-taken" UNIQUE (slug),
    CONSTRAINT "clinic__registration-number-taken" UNIQUE (registration_number)
);
CREATE INDEX clinic_by_name ON clinicd.clinic (name_key, slug);
SELECT clinicd.protect_table('clinicd.clinic');

-- A clinic as the API shows it. `status` is one column; a closed clinic's subscription is shown as
-- suspended.
CREATE FUNCTION clinicd.clinic_shown(c clinicd.clinic, doctors int, patients int, receptionists int)
RETURNS TABLE (slug text, version bigint, name text, address text, city text, state text, zip_code text,
    phone_number text, email text, website text, registration_number text, gstin text, timezone text,
    language text, subscription_status text, max_doctors int, max_patients int, max_receptionists int,
    is_active boolean, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT c.slug, c.version, c.name, c.address, c.city, c.state, c.zip_code, c.phone_number, c.email,
        c.website, c.registration_number, c.gstin, c.timezone, c.language,
        CASE WHEN c.status IN ('trial', 'active', 'expired') THEN c.status ELSE 'suspended' END,
        doctors, patients, receptionists, c.status IN ('trial', 'active', 'expired'), c.created_at, c.updated_at;
$$;

CREATE TABLE clinicd.pharmacy (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    address text NOT NULL CHECK (length(address) <= 2000),
    phone_number text CHECK (length(phone_number) <= 32),
    is_primary boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, id)
);
CREATE UNIQUE INDEX "pharmacy__primary-taken" ON clinicd.pharmacy (clinic_id) WHERE is_primary AND is_active;
SELECT clinicd.protect_table('clinicd.pharmacy');

-- Quotas are a constraint: whoever registers one more adds one to `used`. The row is also the lock
-- under which a registration looks for duplicates.
CREATE TABLE clinicd.quota (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    kind text NOT NULL CHECK (kind IN ('doctor', 'patient', 'receptionist')),
    used int NOT NULL DEFAULT 0 CHECK (used >= 0),
    allowed int NOT NULL CHECK (allowed >= 0),
    PRIMARY KEY (clinic_id, kind),
    CONSTRAINT "quota__quota-exceeded" CHECK (used <= allowed)
) WITH (fillfactor = 50);
SELECT clinicd.protect_table('clinicd.quota');

-- Human numbers: one row a clinic, kind and year; no gaps, as the insert that fails rolls it back.
CREATE TABLE clinicd.counter (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    kind text NOT NULL CHECK (length(kind) <= 40),
    period int NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (clinic_id, kind, period)
) WITH (fillfactor = 50);
SELECT clinicd.protect_table('clinicd.counter');

-- A name as it is looked for and sorted: lower case, without Latin diacritics and apostrophes, one
-- space where punctuation or space was. Other scripts stay as they are.
CREATE FUNCTION clinicd.name_fold(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(
    regexp_replace(lower(normalize(name, NFD)), U&'[\0300-\036f''\2018\2019]', '', 'g'),
    '[\s!-/:-@\[-`{-~]+', ' ', 'g'));

CREATE TABLE clinicd.patient (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    patient_number text COLLATE "C" NOT NULL CHECK (length(patient_number) <= 20),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.name_fold(name)) STORED,
    gender text CHECK (gender IN ('male', 'female', 'other')),
    date_of_birth date,
    age_years int CHECK (age_years BETWEEN 0 AND 150),
    age_noted_on date,
    weight_grams int CHECK (weight_grams BETWEEN 1 AND 699999),
    phone_number text CHECK (length(phone_number) <= 32),
    phone_key text COLLATE "C" CHECK (length(phone_key) <= 20),
    email text CHECK (length(email) <= 254),
    address text CHECK (length(address) <= 2000),
    city text CHECK (length(city) <= 100),
    state text CHECK (length(state) <= 100),
    zip_code text CHECK (length(zip_code) <= 20),
    blood_group text CHECK (blood_group IN ('A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')),
    emergency_contact_name text CHECK (length(emergency_contact_name) <= 100),
    emergency_contact_phone text CHECK (length(emergency_contact_phone) <= 32),
    identification_type text CHECK (length(identification_type) <= 40),
    identification_sealed text CHECK (length(identification_sealed) <= 400),
    status text NOT NULL DEFAULT 'registered'
        CHECK (status IN ('registered', 'in_diagnosis', 'treatment_started', 'discharged', 'deceased')),
    registered_on date NOT NULL,
    registered_by_id uuid,
    registered_by_name text,
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "patient__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "patient__number-taken" UNIQUE (clinic_id, patient_number),
    CONSTRAINT "patient__age-without-day" CHECK ((age_years IS NULL) = (age_noted_on IS NULL))
);
-- The age on a day: from the birth date, or from an age that was noted. Of timestamps without a time
-- zone: age() of dates is only stable, and a body less immutable than its function is never inlined.
CREATE FUNCTION clinicd.age_on(today date, date_of_birth date, age_years int, age_noted_on date) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN date_of_birth IS NOT NULL
            THEN date_part('year', age(today::timestamp, date_of_birth::timestamp))::int
       ELSE least(150, age_years + greatest(0, date_part('year', age(today::timestamp, age_noted_on::timestamp))::int)) END;

-- A patient as the API shows it; the one place that says so. Reads nothing: the caller's statement
-- stands behind both walls.
CREATE FUNCTION clinicd.patient_shown(p clinicd.patient, today date, login boolean)
RETURNS TABLE (id uuid, version bigint, patient_number text, name text, gender text, date_of_birth date,
    age_years int, weight_kg numeric, phone_number text, email text, address text, city text, state text,
    zip_code text, blood_group text, emergency_contact_name text, emergency_contact_phone text,
    identification_type text, "identification_number:sealed" text, status text, registered_on date,
    registered_by json, has_login boolean, deleted_at timestamptz, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT p.id, p.version, p.patient_number, p.name, p.gender, p.date_of_birth,
        clinicd.age_on(today, p.date_of_birth, p.age_years, p.age_noted_on),
        trim_scale(p.weight_grams / 1000.0), p.phone_number, p.email, p.address, p.city, p.state, p.zip_code,
        p.blood_group, p.emergency_contact_name, p.emergency_contact_phone, p.identification_type,
        p.identification_sealed, p.status, p.registered_on,
        CASE WHEN p.registered_by_id IS NOT NULL
             THEN json_build_object('id', p.registered_by_id, 'name', p.registered_by_name) END,
        login, p.deleted_at, p.created_at, p.updated_at;
$$;
CREATE INDEX patient_by_name ON clinicd.patient (clinic_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX patient_by_day ON clinicd.patient (clinic_id, registered_on, id) WHERE deleted_at IS NULL;
CREATE INDEX patient_by_phone ON clinicd.patient (clinic_id, phone_key) WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.patient', 'id');

-- Who signs in: staff, and patients (patient_id says which).
CREATE TABLE clinicd.account (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    patient_id uuid,
    username text NOT NULL CHECK (length(username) BETWEEN 3 AND 150),
    username_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(username)) STORED,
    role text NOT NULL CHECK (role IN ('admin', 'doctor', 'receptionist', 'lab_tech', 'patient')),
    first_name text NOT NULL CHECK (length(first_name) BETWEEN 1 AND 150),
    last_name text NOT NULL CHECK (length(last_name) <= 150),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(first_name || ' ' || last_name)) STORED,
    email text CHECK (length(email) <= 254),
    email_key text COLLATE "C" GENERATED ALWAYS AS (lower(email)) STORED,
    mobile_number text CHECK (length(mobile_number) <= 32),
    is_active boolean NOT NULL DEFAULT true,
    password_hash text CHECK (length(password_hash) <= 256),
    must_change_password boolean NOT NULL DEFAULT true,
    password_expires_at timestamptz,
    password_changed_at timestamptz,
    last_login_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "account__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "account__username-taken" UNIQUE (clinic_id, username_key),
    CONSTRAINT "account__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT,
    CONSTRAINT "account__patient-role" CHECK ((role = 'patient') = (patient_id IS NOT NULL))
);
CREATE INDEX account_by_name ON clinicd.account (clinic_id, name_key, id);
CREATE UNIQUE INDEX "account__email-taken" ON clinicd.account (clinic_id, email_key)
    WHERE email_key IS NOT NULL AND role <> 'patient';
CREATE UNIQUE INDEX "account__login-exists" ON clinicd.account (clinic_id, patient_id) WHERE patient_id IS NOT NULL;
SELECT clinicd.protect_table('clinicd.account', 'patient_id');

-- One row a sign-in; refreshing rotates its tokens in place. Only hashes are kept. Every refresh
-- token of a session carries the same family: who shows it with a secret that is no longer the
-- current one reuses an old token, however old.
CREATE TABLE clinicd.session (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    access_hash text COLLATE "C" NOT NULL CHECK (length(access_hash) = 64),
    access_expires_at timestamptz NOT NULL,
    family_hash text COLLATE "C" NOT NULL CHECK (length(family_hash) = 64),
    refresh_hash text COLLATE "C" NOT NULL CHECK (length(refresh_hash) = 64),
    refresh_expires_at timestamptz NOT NULL,
    previous_refresh_hash text COLLATE "C" CHECK (length(previous_refresh_hash) = 64),
    rotated_at timestamptz,
    ends_at timestamptz NOT NULL,
    idle_seconds int NOT NULL CHECK (idle_seconds > 0),
    last_seen_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_why text CHECK (length(revoked_why) <= 40),
    client_address text CHECK (length(client_address) <= 64),
    user_agent text CHECK (length(user_agent) <= 300),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, id),
    CONSTRAINT "session__access" UNIQUE (clinic_id, access_hash),
    CONSTRAINT "session__family" UNIQUE (clinic_id, family_hash),
    CONSTRAINT "session__account" FOREIGN KEY (clinic_id, account_id)
        REFERENCES clinicd.account (clinic_id, id) ON DELETE RESTRICT
);
CREATE INDEX session_by_access ON clinicd.session (access_hash);
CREATE INDEX session_by_account ON clinicd.session (clinic_id, account_id) WHERE revoked_at IS NULL;
SELECT clinicd.protect_table('clinicd.session');

-- Failed sign-ins, for names that exist and names that do not alike. key: "name:<sha256>" or
-- "address:<sha256>".
CREATE TABLE clinicd.login_failure (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    key text COLLATE "C" NOT NULL CHECK (length(key) <= 80),
    failures int NOT NULL,
    window_started_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    locked_until timestamptz,
    PRIMARY KEY (clinic_id, key)
);
SELECT clinicd.protect_table('clinicd.login_failure');

-- How long failures count together, and how long the next try then waits (NULL: not at all).
CREATE FUNCTION clinicd.login_window(key text) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN key LIKE 'name:%' THEN interval '1 hour' ELSE interval '1 minute' END;
$$;

CREATE FUNCTION clinicd.login_lock(key text, failures int, window_started_at timestamptz, at timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN key LIKE 'name:%' AND failures >= 5
            THEN at + make_interval(secs => least(power(2, least(failures - 5, 10)), 900))
        WHEN key LIKE 'address:%' AND failures >= 20 THEN window_started_at + interval '1 minute' END;
$$;

CREATE TABLE clinicd.idempotency (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    principal text COLLATE "C" NOT NULL CHECK (length(principal) <= 60),
    key_hash text COLLATE "C" NOT NULL CHECK (length(key_hash) = 64),
    operation text NOT NULL CHECK (length(operation) <= 80),
    body_digest text NOT NULL CHECK (length(body_digest) = 64),
    status int,
    headers text,
    body text,
    is_sealed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, principal, key_hash)
);
CREATE INDEX idempotency_by_age ON clinicd.idempotency (created_at);
SELECT clinicd.protect_table('clinicd.idempotency');

-- The trail: who did what to which patient's record, when, with which result. Append-only, by month.
CREATE TABLE clinicd.audit (
    clinic_id bigint NOT NULL,
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_name text,
    actor_role text,
    client_address text,
    operation text NOT NULL,
    entity text,
    entity_id uuid,
    patient_id uuid,
    patient_ids uuid[],
    status int NOT NULL,
    request_id uuid,
    reason text,
    before jsonb,
    after jsonb,
    chain_number bigint,
    chain_hash bytea,
    PRIMARY KEY (clinic_id, at, id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_by_patient ON clinicd.audit (clinic_id, patient_id, at) WHERE patient_id IS NOT NULL;
SELECT clinicd.protect_table('clinicd.audit', 'patient_id', 'SELECT');
CREATE TABLE clinicd.audit_default PARTITION OF clinicd.audit DEFAULT;

CREATE FUNCTION clinicd.audit_is_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.chain_hash IS NULL AND NEW.chain_hash IS NOT NULL
       AND to_jsonb(OLD) - ARRAY['chain_number', 'chain_hash'] = to_jsonb(NEW) - ARRAY['chain_number', 'chain_hash'] THEN
        RETURN NEW; -- sealing the chain, once
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON clinicd.audit
    FOR EACH ROW EXECUTE FUNCTION clinicd.audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON clinicd.audit
    FOR EACH STATEMENT EXECUTE FUNCTION clinicd.audit_is_append_only();
CREATE TRIGGER audit_default_no_truncate BEFORE TRUNCATE ON clinicd.audit_default
    FOR EACH STATEMENT EXECUTE FUNCTION clinicd.audit_is_append_only();

-- Makes the partitions of this month and the next three; safe to call at any time, by anybody.
CREATE FUNCTION clinicd.audit_partitions_ensure(today date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first date := date_trunc('month', today)::date;
    name text;
BEGIN
    FOR i IN 0..3 LOOP
        name := 'audit_' || to_char(first + make_interval(months => i), 'YYYY_MM');
        IF to_regclass('clinicd.' || name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('clinicd.audit_partitions'));
            IF to_regclass('clinicd.' || name) IS NULL THEN
                EXECUTE format('CREATE TABLE clinicd.%I PARTITION OF clinicd.audit FOR VALUES FROM (%L) TO (%L)',
                    name, (first + make_interval(months => i))::date, (first + make_interval(months => i + 1))::date);
                EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON clinicd.%I FOR EACH STATEMENT EXECUTE FUNCTION clinicd.audit_is_append_only()',
                    name || '_no_truncate', name);
            END IF;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION clinicd.audit_partitions_ensure(date) IS 'tenant-safe: makes empty partitions, reads no row';

-- Audit rows of many reads at once, of several clinics: the one function that takes clinics as an
-- argument, and it can only insert.
CREATE FUNCTION clinicd.audit_append(rows jsonb) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH added AS (
        INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, actor_id, actor_name, actor_role,
            client_address, operation, entity, entity_id, patient_id, patient_ids, status, request_id)
        SELECT r.clinic_id, r.at, r.id, r.actor_kind, r.actor_id, r.actor_name, r.actor_role,
            r.client_address, r.operation, r.entity, r.entity_id, r.patient_id, r.patient_ids,
            r.status, r.request_id
        FROM jsonb_to_recordset(rows) AS r(clinic_id bigint, at timestamptz, id uuid, actor_kind text,
            actor_id uuid, actor_name text, actor_role text, client_address text, operation text,
            entity text, entity_id uuid, patient_id uuid, patient_ids uuid[], status int, request_id uuid)
        RETURNING 1)
    SELECT count(*)::int FROM added;
$$;
COMMENT ON FUNCTION clinicd.audit_append(jsonb) IS 'tenant-safe: inserts audit rows, returns their number only';

-- The platform's own people and trail: no clinic, so no clinic_id.
-- lint: allow M1 reason="the platform's own: no row of a clinic"
CREATE TABLE clinicd.platform_account (
    id uuid PRIMARY KEY,
    username text NOT NULL CHECK (length(username) BETWEEN 3 AND 150),
    username_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(username)) STORED,
    is_active boolean NOT NULL DEFAULT true,
    password_hash text NOT NULL CHECK (length(password_hash) <= 256),
    must_change_password boolean NOT NULL DEFAULT false,
    password_changed_at timestamptz,
    last_login_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "platform_account__username-taken" UNIQUE (username_key)
);

-- lint: allow M1 reason="the platform's own: no row of a clinic"
CREATE TABLE clinicd.platform_session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES clinicd.platform_account ON DELETE RESTRICT,
    access_hash text COLLATE "C" NOT NULL UNIQUE CHECK (length(access_hash) = 64),
    access_expires_at timestamptz NOT NULL,
    family_hash text COLLATE "C" NOT NULL UNIQUE CHECK (length(family_hash) = 64),
    refresh_hash text COLLATE "C" NOT NULL CHECK (length(refresh_hash) = 64),
    refresh_expires_at timestamptz NOT NULL,
    previous_refresh_hash text COLLATE "C" CHECK (length(previous_refresh_hash) = 64),
    rotated_at timestamptz,
    ends_at timestamptz NOT NULL,
    idle_seconds int NOT NULL CHECK (idle_seconds > 0),
    last_seen_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_why text CHECK (length(revoked_why) <= 40),
    client_address text CHECK (length(client_address) <= 64),
    user_agent text CHECK (length(user_agent) <= 300),
    created_at timestamptz NOT NULL
);
CREATE INDEX platform_session_by_account ON clinicd.platform_session (account_id) WHERE revoked_at IS NULL;

-- lint: allow M1 reason="the platform's own: no row of a clinic"
CREATE TABLE clinicd.platform_login_failure (
    key text COLLATE "C" PRIMARY KEY CHECK (length(key) <= 80),
    failures int NOT NULL,
    window_started_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);

-- lint: allow M1 reason="the platform's own: no row of a clinic"
CREATE TABLE clinicd.platform_idempotency (
    principal text COLLATE "C" NOT NULL CHECK (length(principal) <= 60),
    key_hash text COLLATE "C" NOT NULL CHECK (length(key_hash) = 64),
    operation text NOT NULL CHECK (length(operation) <= 80),
    body_digest text NOT NULL CHECK (length(body_digest) = 64),
    status int,
    headers text,
    body text,
    is_sealed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key_hash)
);

-- lint: allow M1 reason="the platform's own: no row of a clinic"
CREATE TABLE clinicd.platform_audit (
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_name text,
    actor_role text,
    client_address text,
    operation text NOT NULL,
    entity text,
    entity_id uuid,
    status int NOT NULL,
    request_id uuid,
    reason text,
    before jsonb,
    after jsonb,
    chain_number bigint,
    chain_hash bytea,
    PRIMARY KEY (at, id)
);
CREATE TRIGGER platform_audit_append_only BEFORE UPDATE OR DELETE ON clinicd.platform_audit
    FOR EACH ROW EXECUTE FUNCTION clinicd.audit_is_append_only();
CREATE TRIGGER platform_audit_no_truncate BEFORE TRUNCATE ON clinicd.platform_audit
    FOR EACH STATEMENT EXECUTE FUNCTION clinicd.audit_is_append_only();

-- Look-ups that have no clinic yet.

-- Is this the access token of a session in some other clinic? (Then the answer is 404, not 401.)
CREATE FUNCTION clinicd.session_is_elsewhere(hash text, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM clinicd.session s
        WHERE s.access_hash = hash
          AND s.clinic_id IS DISTINCT FROM NULLIF(current_setting('app.clinic_id', true), '')::bigint
          AND s.revoked_at IS NULL AND s.access_expires_at > at
          AND s.ends_at > at AND s.last_seen_at + make_interval(secs => s.idle_seconds) > at);
$$;
COMMENT ON FUNCTION clinicd.session_is_elsewhere(text, timestamptz) IS 'tenant-safe: answers yes or no to whoever holds the token';

-- The directory that every process keeps in memory.
CREATE FUNCTION clinicd.clinic_entries(only_clinic bigint) RETURNS TABLE (
    clinic_id bigint, slug text, name text, status text, timezone text, idle_minutes int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.clinic_id, c.slug, c.name, c.status, c.timezone, c.idle_minutes
    FROM clinicd.clinic c WHERE only_clinic IS NULL OR c.clinic_id = only_clinic;
$$;
COMMENT ON FUNCTION clinicd.clinic_entries(bigint) IS 'tenant-safe: slugs, names and states, which the public directory shows too';

-- The public directory: clinics that are open, in the order of their names.
CREATE FUNCTION clinicd.clinic_directory(q text, only_city text, after_name text, after_slug text, wanted bigint)
RETURNS TABLE (slug text, name text, city text, state text, name_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.slug, c.name, c.city, c.state, c.name_key FROM clinicd.clinic c
    WHERE c.status IN ('trial', 'active')
      AND (q IS NULL OR position(lower(q) IN c.name_key) > 0)
      AND (only_city IS NULL OR lower(c.city) = lower(only_city))
      AND (c.name_key, c.slug) > (coalesce(after_name, '') COLLATE "C", coalesce(after_slug, ''))
    ORDER BY c.name_key, c.slug LIMIT wanted;
$$;
COMMENT ON FUNCTION clinicd.clinic_directory(text, text, text, text, bigint)
    IS 'tenant-safe: the four members of open clinics that are public';

-- Every clinic, for the platform''s people.
CREATE FUNCTION clinicd.clinic_all(q text, only_city text, only_status text, after_name text, after_slug text,
    wanted bigint)
RETURNS TABLE (slug text, version bigint, name text, address text, city text, state text, zip_code text,
    phone_number text, email text, website text, registration_number text, gstin text, timezone text,
    language text, subscription_status text, max_doctors int, max_patients int, max_receptionists int,
    is_active boolean, created_at timestamptz, updated_at timestamptz, name_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.*, c.name_key FROM clinicd.clinic c
    CROSS JOIN LATERAL (
        SELECT max(q.allowed) FILTER (WHERE q.kind = 'doctor') AS doctors,
               max(q.allowed) FILTER (WHERE q.kind = 'patient') AS patients,
               max(q.allowed) FILTER (WHERE q.kind = 'receptionist') AS receptionists
        FROM clinicd.quota q WHERE q.clinic_id = c.clinic_id) n
    CROSS JOIN LATERAL clinicd.clinic_shown(c, n.doctors, n.patients, n.receptionists) s
    WHERE c.status <> 'importing'
      AND (q IS NULL OR position(lower(q) IN c.name_key) > 0)
      AND (only_city IS NULL OR lower(c.city) = lower(only_city))
      AND (only_status IS NULL OR s.subscription_status = only_status)
      AND (c.name_key, c.slug) > (coalesce(after_name, '') COLLATE "C", coalesce(after_slug, ''))
    ORDER BY c.name_key, c.slug LIMIT wanted;
$$;
COMMENT ON FUNCTION clinicd.clinic_all(text, text, text, text, text, bigint)
    IS 'tenant-safe: profiles of clinics without anything of their patients; asked with the permission clinic.list only';

-- The Idempotency-Key''s guard: the first row wins; a twin waits for it (lock_timeout) and then
-- aborts everything up to the Sync with a code of our own.
CREATE FUNCTION clinicd.idempotency_guard(clinic bigint, who text, hash text, op text, digest text, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.idempotency (clinic_id, principal, key_hash, operation, body_digest, created_at)
    VALUES (clinic, who, hash, op, digest, at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answered before' USING ERRCODE = 'CD001';
    END IF;
END $$;

CREATE FUNCTION clinicd.platform_idempotency_guard(who text, hash text, op text, digest text, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.platform_idempotency (principal, key_hash, operation, body_digest, created_at)
    VALUES (who, hash, op, digest, at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answered before' USING ERRCODE = 'CD001';
    END IF;
END $$;

-- Housekeeping: what has served its time. Called by the service now and then.
CREATE FUNCTION clinicd.purge_expired(at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH i AS (DELETE FROM clinicd.idempotency WHERE created_at < at - interval '24 hours' RETURNING 1),
         p AS (DELETE FROM clinicd.platform_idempotency WHERE created_at < at - interval '24 hours' RETURNING 1),
         n AS (DELETE FROM clinicd.news WHERE news.at < purge_expired.at - interval '1 hour' RETURNING 1),
         f AS (DELETE FROM clinicd.login_failure WHERE last_at < at - interval '24 hours' RETURNING 1),
         g AS (DELETE FROM clinicd.platform_login_failure WHERE last_at < at - interval '24 hours' RETURNING 1)
    SELECT (SELECT count(*) FROM i) + (SELECT count(*) FROM p) + (SELECT count(*) FROM n)
         + (SELECT count(*) FROM f) + (SELECT count(*) FROM g);
$$;
COMMENT ON FUNCTION clinicd.purge_expired(timestamptz) IS 'tenant-safe: deletes what has expired, returns a number only';

-- New functions are everybody's; those that see more than their caller must not be. (Default
-- privileges of a schema cannot take away what PUBLIC has by birth.)
DO $$
DECLARE
    definer regprocedure;
BEGIN
    FOR definer IN SELECT oid FROM pg_proc WHERE pronamespace = 'clinicd'::regnamespace AND prosecdef LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', definer);
    END LOOP;
END $$;

-- Who may. The service owns nothing and deletes nothing.
GRANT SELECT, INSERT, UPDATE ON clinicd.clinic, clinicd.pharmacy, clinicd.quota, clinicd.counter, clinicd.patient,
    clinicd.account, clinicd.session, clinicd.login_failure, clinicd.idempotency,
    clinicd.platform_account, clinicd.platform_session, clinicd.platform_login_failure,
    clinicd.platform_idempotency TO clinicd_app;
GRANT SELECT, INSERT ON clinicd.audit, clinicd.platform_audit, clinicd.news TO clinicd_app;
GRANT EXECUTE ON FUNCTION clinicd.name_fold(text), clinicd.age_on(date, date, int, date),
    clinicd.patient_shown(clinicd.patient, date, boolean),
    clinicd.clinic_shown(clinicd.clinic, int, int, int) TO clinicd_app, clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.clinic_directory(text, text, text, text, bigint),
    clinicd.clinic_all(text, text, text, text, text, bigint) TO clinicd_app;
GRANT SELECT ON clinicd.quota TO clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.announce(text, text, timestamptz), clinicd.clinic_allot_id(),
    clinicd.audit_partitions_ensure(date), clinicd.audit_append(jsonb),
    clinicd.session_is_elsewhere(text, timestamptz), clinicd.clinic_entries(bigint),
    clinicd.login_window(text), clinicd.login_lock(text, int, timestamptz, timestamptz),
    clinicd.idempotency_guard(bigint, text, text, text, text, timestamptz),
    clinicd.platform_idempotency_guard(text, text, text, text, timestamptz),
    clinicd.purge_expired(timestamptz) TO clinicd_app;

GRANT SELECT ON ALL TABLES IN SCHEMA clinicd TO clinicd_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA clinicd TO clinicd_backup;
GRANT INSERT, SELECT ON clinicd.audit TO clinicd_definer;
GRANT SELECT ON clinicd.session, clinicd.clinic TO clinicd_definer;
GRANT SELECT, DELETE ON clinicd.idempotency, clinicd.platform_idempotency, clinicd.news,
    clinicd.login_failure, clinicd.platform_login_failure TO clinicd_definer;
GRANT USAGE ON SEQUENCE clinicd.clinic_number TO clinicd_definer;

ALTER FUNCTION clinicd.clinic_allot_id() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.audit_append(jsonb) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.session_is_elsewhere(text, timestamptz) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.clinic_entries(bigint) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.clinic_directory(text, text, text, text, bigint) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.clinic_all(text, text, text, text, text, bigint) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.purge_expired(timestamptz) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.audit_partitions_ensure(date) OWNER TO clinicd_owner;

-- What the migrator made belongs to the owner, as which nobody signs in: the partitions' function is his.
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'clinic_id'
    WHERE n.nspname = 'clinicd' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity);
SELECT count(*) >= 10 FROM pg_policies WHERE schemaname = 'clinicd' AND policyname = 'clinic';
SELECT NOT rolbypassrls AND NOT rolsuper FROM pg_roles WHERE rolname = 'clinicd_app';

-- section down loss=rows

DROP SCHEMA clinicd CASCADE;

-- section loss

SELECT count(*) FROM clinicd.clinic;
SELECT count(*) FROM clinicd.patient;
SELECT count(*) FROM clinicd.account;
SELECT count(*) FROM clinicd.audit;
SELECT count(*) FROM clinicd.platform_account;
SELECT count(*) FROM clinicd.platform_audit;
