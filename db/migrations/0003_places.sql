-- 0003_places.sql
-- migrate: kind=expand tx=yes
--
-- Places: applications of clinics to be, a clinic's own settings, the platform's figures.

-- section up

-- A clinic that asks to be opened: `clinic` is the body that POST /clinics would get. Nobody's
-- tenant, so no clinic_id; only the platform reads it.
-- lint: allow M1 reason="the platform's own: no row of a clinic"
CREATE TABLE clinicd.clinic_application (
    id uuid PRIMARY KEY,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    clinic jsonb NOT NULL CHECK (octet_length(clinic::text) <= 32768),
    opened_slug text CHECK (length(opened_slug) <= 50),
    reason text CHECK (length(reason) <= 500),
    decided_by_id uuid,
    decided_by_name text,
    decided_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "clinic_application__undecided" CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE INDEX clinic_application_by_age ON clinicd.clinic_application (created_at, id);

-- An application as the API shows it; the one place that says so.
CREATE FUNCTION clinicd.clinic_application_shown(a clinicd.clinic_application)
RETURNS TABLE (id uuid, version bigint, status text, clinic jsonb, opened_slug text, reason text,
    decided_by json, decided_at timestamptz, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.version, a.status, a.clinic, a.opened_slug, a.reason,
        CASE WHEN a.decided_by_id IS NOT NULL
             THEN json_build_object('id', a.decided_by_id, 'name', a.decided_by_name) END,
        a.decided_at, a.created_at, a.updated_at;
$$;

-- A clinic's settings: columns of the clinic, because every process needs some of them, and one
-- version serves both.
-- lint: allow L03 reason="no clinic had rows yet"
ALTER TABLE clinicd.clinic
    ADD country_code text NOT NULL DEFAULT '91' CHECK (country_code ~ '^[1-9][0-9]{0,2}$'),
    ADD opening_hours jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(opening_hours) = 'array'),
    ADD departments jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(departments) = 'array'),
    ADD document_footer text CHECK (length(document_footer) <= 1000);

-- A name sent again is the API's own code, as with patients and accounts.
-- lint: allow L14 reason="no clinic had rows yet"
ALTER TABLE clinicd.pharmacy RENAME CONSTRAINT pharmacy_pkey TO "pharmacy__id-taken";

-- The directory of every process also says of which country a phone number is.
DROP FUNCTION clinicd.clinic_entries(bigint);
CREATE FUNCTION clinicd.clinic_entries(only_clinic bigint) RETURNS TABLE (
    clinic_id bigint, slug text, name text, status text, timezone text, idle_minutes int, country_code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.clinic_id, c.slug, c.name, c.status, c.timezone, c.idle_minutes, c.country_code
    FROM clinicd.clinic c WHERE only_clinic IS NULL OR c.clinic_id = only_clinic;
$$;
COMMENT ON FUNCTION clinicd.clinic_entries(bigint) IS 'tenant-safe: slugs, names and states, which the public directory shows too';

-- The platform's figures: the one look across all clinics at people and patients.
CREATE FUNCTION clinicd.platform_counts() RETURNS TABLE (clinics json, users json, patients bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT
        (SELECT json_build_object(
            'trial', count(*) FILTER (WHERE c.status = 'trial'),
            'active', count(*) FILTER (WHERE c.status = 'active'),
            'expired', count(*) FILTER (WHERE c.status = 'expired'),
            'suspended', count(*) FILTER (WHERE c.status = 'suspended'),
            'inactive', count(*) FILTER (WHERE c.status = 'inactive'))
         FROM clinicd.clinic c),
        (SELECT json_build_object(
            'admin', count(*) FILTER (WHERE a.role = 'admin'),
            'doctor', count(*) FILTER (WHERE a.role = 'doctor'),
            'receptionist', count(*) FILTER (WHERE a.role = 'receptionist'),
            'lab_tech', count(*) FILTER (WHERE a.role = 'lab_tech'),
            'patient', count(*) FILTER (WHERE a.role = 'patient'))
         FROM clinicd.account a WHERE a.is_active),
        (SELECT count(*) FROM clinicd.patient p WHERE p.deleted_at IS NULL);
$$;
COMMENT ON FUNCTION clinicd.platform_counts() IS 'tenant-safe: numbers over all clinics, nothing of any one';

REVOKE EXECUTE ON FUNCTION clinicd.clinic_entries(bigint), clinicd.platform_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clinicd.clinic_entries(bigint), clinicd.platform_counts(),
    clinicd.clinic_application_shown(clinicd.clinic_application) TO clinicd_app;
GRANT SELECT, INSERT, UPDATE ON clinicd.clinic_application TO clinicd_app;
GRANT SELECT ON clinicd.clinic_application TO clinicd_backup;
ALTER FUNCTION clinicd.clinic_entries(bigint) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.platform_counts() OWNER TO clinicd_definer;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 2 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.proname IN ('clinic_entries', 'platform_counts') AND p.prosecdef AND r.rolname = 'clinicd_definer'
      AND NOT has_function_privilege('public', p.oid, 'EXECUTE');
SELECT count(*) = 4 FROM information_schema.columns WHERE table_schema = 'clinicd' AND table_name = 'clinic'
    AND column_name IN ('country_code', 'opening_hours', 'departments', 'document_footer');

-- section down loss=rows

DROP FUNCTION clinicd.platform_counts();
DROP FUNCTION clinicd.clinic_entries(bigint);
CREATE FUNCTION clinicd.clinic_entries(only_clinic bigint) RETURNS TABLE (
    clinic_id bigint, slug text, name text, status text, timezone text, idle_minutes int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.clinic_id, c.slug, c.name, c.status, c.timezone, c.idle_minutes
    FROM clinicd.clinic c WHERE only_clinic IS NULL OR c.clinic_id = only_clinic;
$$;
COMMENT ON FUNCTION clinicd.clinic_entries(bigint) IS 'tenant-safe: slugs, names and states, which the public directory shows too';
REVOKE EXECUTE ON FUNCTION clinicd.clinic_entries(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clinicd.clinic_entries(bigint) TO clinicd_app;
ALTER FUNCTION clinicd.clinic_entries(bigint) OWNER TO clinicd_definer;
ALTER TABLE clinicd.pharmacy RENAME CONSTRAINT "pharmacy__id-taken" TO pharmacy_pkey;
ALTER TABLE clinicd.clinic DROP country_code, DROP opening_hours, DROP departments, DROP document_footer;
DROP FUNCTION clinicd.clinic_application_shown(clinicd.clinic_application);
DROP TABLE clinicd.clinic_application;

-- section loss

SELECT count(*) FROM clinicd.clinic_application;
SELECT count(*) FROM clinicd.clinic WHERE country_code <> '91' OR opening_hours <> '[]' OR departments <> '[]'
    OR document_footer IS NOT NULL;
