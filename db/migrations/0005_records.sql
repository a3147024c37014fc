-- 0005_records.sql
-- migrate: kind=expand tx=yes
--
-- What hurts a patient, and who looked at a patient's record.

-- section up

CREATE TABLE clinicd.allergy (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    substance text NOT NULL CHECK (length(substance) BETWEEN 1 AND 200),
    substance_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(substance)) STORED,
    reaction text CHECK (length(reaction) <= 500),
    severity text NOT NULL CHECK (severity IN ('mild', 'moderate', 'severe', 'unknown')),
    noted_on date NOT NULL,
    noted_by_id uuid,
    noted_by_name text CHECK (length(noted_by_name) <= 310),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "allergy__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "allergy__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE RESTRICT
);
CREATE INDEX allergy_by_patient ON clinicd.allergy (clinic_id, patient_id, noted_on, id) WHERE deleted_at IS NULL;
SELECT clinicd.protect_table('clinicd.allergy', 'patient_id');

-- An allergy as the API shows it; the one place that says so.
CREATE FUNCTION clinicd.allergy_shown(a clinicd.allergy)
RETURNS TABLE (id uuid, version bigint, substance text, reaction text, severity text, noted_on date,
    noted_by json, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.version, a.substance, a.reaction, a.severity, a.noted_on,
        CASE WHEN a.noted_by_id IS NOT NULL
             THEN json_build_object('id', a.noted_by_id, 'name', a.noted_by_name) END,
        a.created_at, a.updated_at;
$$;

-- Lists name every patient that they showed. Written with the row at once: a list of what waits to be
-- sorted in would make now and then one reader wait for all (measured).
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX audit_by_shown ON clinicd.audit USING gin (patient_ids) WITH (fastupdate = off)
    WHERE patient_ids IS NOT NULL;

-- Who looked at this patient's record, newest first: at most `wanted` (NULL: all) before (after_at, after_id).
-- Under row security that index cannot serve (array operators are not leakproof), and a patient's token
-- sees no row of a list at all, as it names others too; so one definer function answers for one patient.
-- First the clinic's newest rows are read through: a patient whom every list shows has a page there at
-- once. Who is not often there is rare, so the indexes find all of it; MATERIALIZED, or the planner hopes
-- to meet a page of it on a walk through the whole trail.
CREATE FUNCTION clinicd.patient_access(whose uuid, after_at timestamptz, after_id uuid, wanted bigint)
RETURNS TABLE (at timestamptz, id uuid, actor_name text, actor_role text, client_address text,
    operation text, status int)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    newest CONSTANT int := 2000;
    clinic CONSTANT bigint := NULLIF(current_setting('app.clinic_id', true), '')::bigint;
    own CONSTANT uuid := NULLIF(current_setting('app.patient_id', true), '')::uuid;
    before_at timestamptz := coalesce(after_at, 'infinity');
    before_id uuid := after_id;
    since_at timestamptz;
    since_id uuid;
    got bigint := 0;
BEGIN
    IF own <> whose THEN
        RETURN;
    END IF;
    IF wanted IS NOT NULL THEN
        SELECT u.at, u.id INTO since_at, since_id FROM clinicd.audit u
        WHERE u.clinic_id = clinic AND (u.at, u.id) < (before_at, before_id)
        ORDER BY u.at DESC, u.id DESC OFFSET newest - 1 LIMIT 1;
        RETURN QUERY
        SELECT u.at, u.id, u.actor_name, u.actor_role, u.client_address, u.operation, u.status
        FROM (SELECT r.* FROM clinicd.audit r
              WHERE r.clinic_id = clinic AND (r.at, r.id) < (before_at, before_id)
              ORDER BY r.at DESC, r.id DESC LIMIT newest) u
        WHERE u.patient_id = whose OR u.patient_ids @> ARRAY[whose]
        ORDER BY u.at DESC, u.id DESC LIMIT wanted;
        GET DIAGNOSTICS got = ROW_COUNT;
        IF since_at IS NULL OR got = wanted THEN
            RETURN;
        END IF;
        before_at := since_at;
        before_id := since_id;
    END IF;
    RETURN QUERY
    WITH mine AS MATERIALIZED (
        SELECT u.* FROM clinicd.audit u
        WHERE u.clinic_id = clinic AND u.patient_id = whose AND (u.at, u.id) < (before_at, before_id)
        UNION ALL
        SELECT u.* FROM clinicd.audit u
        WHERE u.clinic_id = clinic AND u.patient_ids @> ARRAY[whose] AND u.patient_id IS DISTINCT FROM whose
          AND (u.at, u.id) < (before_at, before_id)
    )
    SELECT u.at, u.id, u.actor_name, u.actor_role, u.client_address, u.operation, u.status
    FROM mine u ORDER BY u.at DESC, u.id DESC LIMIT wanted - got;
END $$;
COMMENT ON FUNCTION clinicd.patient_access(uuid, timestamptz, uuid, bigint)
    IS 'tenant-safe: clinic and patient come from the settings that row level security uses; gives rows of the trail that name the one patient asked for';

GRANT SELECT, INSERT, UPDATE ON clinicd.allergy TO clinicd_app;
GRANT SELECT ON clinicd.allergy TO clinicd_backup;
GRANT EXECUTE ON FUNCTION clinicd.allergy_shown(clinicd.allergy),
    clinicd.patient_access(uuid, timestamptz, uuid, bigint) TO clinicd_app;
ALTER FUNCTION clinicd.patient_access(uuid, timestamptz, uuid, bigint) OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.patient_access(uuid, timestamptz, uuid, bigint) FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = 'clinicd.allergy'::regclass;
SELECT count(*) = 2 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename = 'allergy';
SELECT count(*) = 1 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.proname = 'patient_access' AND p.prosecdef AND r.rolname = 'clinicd_definer';

-- section down loss=rows

DROP FUNCTION clinicd.patient_access(uuid, timestamptz, uuid, bigint);
DROP INDEX clinicd.audit_by_shown;
DROP FUNCTION clinicd.allergy_shown(clinicd.allergy);
DROP TABLE clinicd.allergy;

-- section loss

SELECT count(*) FROM clinicd.allergy;
