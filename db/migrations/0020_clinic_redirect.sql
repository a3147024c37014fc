-- 0020_clinic_redirect.sql
-- migrate: kind=expand tx=yes
--
-- Addresses of the legacy program go on working: a clinic whose slug could not stay (`old_town`) is found by it, too.
-- And what an import was told is kept: one that stopped goes on only as it began, and its rules look here.

-- section up

ALTER TABLE ops.import ADD choices jsonb NOT NULL DEFAULT '{}';

-- No slug of a clinic here can look like one of these.
CREATE TABLE ops.clinic_redirect (
    slug text COLLATE "C" PRIMARY KEY
        CONSTRAINT "clinic_redirect__is_no_slug" CHECK (slug ~ '^[A-Za-z0-9_-]{1,64}$' AND slug !~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE CASCADE,
    import_id bigint NOT NULL REFERENCES ops.import
);

CREATE FUNCTION clinicd.clinic_redirects(only_clinic bigint) RETURNS TABLE (clinic_id bigint, slug text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.clinic_id, r.slug FROM ops.clinic_redirect r WHERE only_clinic IS NULL OR r.clinic_id = only_clinic;
$$;
COMMENT ON FUNCTION clinicd.clinic_redirects(bigint) IS 'tenant-safe: former slugs, which lead to what the public directory shows';

REVOKE EXECUTE ON FUNCTION clinicd.clinic_redirects(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clinicd.clinic_redirects(bigint) TO clinicd_app;
GRANT USAGE ON SCHEMA ops TO clinicd_definer;
GRANT SELECT ON ops.clinic_redirect TO clinicd_definer, clinicd_backup;
ALTER FUNCTION clinicd.clinic_redirects(bigint) OWNER TO clinicd_definer;

-- section verify

SELECT count(*) = 1 FROM information_schema.columns
    WHERE table_schema = 'ops' AND table_name = 'import' AND column_name = 'choices' AND is_nullable = 'NO';
SELECT NOT has_table_privilege('clinicd_app', 'ops.clinic_redirect', 'SELECT,INSERT,UPDATE,DELETE');
SELECT count(*) = 1 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.proname = 'clinic_redirects' AND p.prosecdef AND r.rolname = 'clinicd_definer'
      AND NOT has_function_privilege('public', p.oid, 'EXECUTE');

-- section down loss=rows

DROP FUNCTION clinicd.clinic_redirects(bigint);
DROP TABLE ops.clinic_redirect;
REVOKE USAGE ON SCHEMA ops FROM clinicd_definer;
ALTER TABLE ops.import DROP COLUMN choices;

-- section loss

SELECT count(*) FROM ops.import i WHERE i.choices <> '{}';
