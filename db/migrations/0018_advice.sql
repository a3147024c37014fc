-- 0018_advice.sql
-- migrate: kind=expand tx=yes
--
-- Advice to admit counts its changes: of two that are written under one version of a prescription the second is
-- refused. The prescription's own row and version stay as they are, and so does its paper.

-- section up

ALTER TABLE clinicd.admission_recommendation ADD version bigint NOT NULL DEFAULT 1;

CREATE FUNCTION clinicd.admission_recommendation_counts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER admission_recommendation_counts BEFORE UPDATE ON clinicd.admission_recommendation
    FOR EACH ROW EXECUTE FUNCTION clinicd.admission_recommendation_counts();

-- A prescription's version as it is shown: every change of its own, and of the advice beside it.
CREATE FUNCTION clinicd.prescription_version(p clinicd.prescription) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT p.version + coalesce((SELECT r.version FROM clinicd.admission_recommendation r
        WHERE r.clinic_id = p.clinic_id AND r.prescription_id = p.id), 0);
$$;

-- What shows a prescription stays as it is, but for how it tells the version.
DO $$
DECLARE
    shows regprocedure;
BEGIN
    FOREACH shows IN ARRAY ARRAY['clinicd.prescription_shown(bigint, uuid)',
        'clinicd.prescription_listed(clinicd.prescription, clinicd.patient)']::regprocedure[] LOOP
        EXECUTE replace(pg_get_functiondef(shows), 'SELECT p.id, p.version,', 'SELECT p.id, clinicd.prescription_version(p),');
    END LOOP;
END $$;

-- Volatile: whoever held the prescription before us may have written advice since our statement began.
CREATE OR REPLACE FUNCTION clinicd.prescription_fault(p clinicd.prescription, author uuid, if_match bigint, to_status text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN p.doctor_id IS DISTINCT FROM author THEN 'not-the-author'
                WHEN if_match IS NOT NULL AND clinicd.prescription_version(p) <> if_match THEN 'precondition-failed'
                WHEN to_status IS NULL AND p.status <> 'pending' THEN 'prescription-locked'
                WHEN to_status <> ALL (clinicd.prescription_ways(p.status)) THEN 'illegal-transition' END;
END $$;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 2 FROM pg_proc p WHERE p.pronamespace = 'clinicd'::regnamespace
    AND p.proname IN ('prescription_shown', 'prescription_listed')
    AND position('SELECT p.id, clinicd.prescription_version(p),' IN p.prosrc) > 0;
SELECT p.provolatile = 'v' FROM pg_proc p WHERE p.pronamespace = 'clinicd'::regnamespace AND p.proname = 'prescription_fault';
SELECT count(*) = 1 FROM pg_trigger WHERE tgname = 'admission_recommendation_counts' AND tgenabled = 'O';

-- section down loss=none

CREATE OR REPLACE FUNCTION clinicd.prescription_fault(p clinicd.prescription, author uuid, if_match bigint, to_status text DEFAULT NULL)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p.doctor_id IS DISTINCT FROM author THEN 'not-the-author'
            WHEN p.version <> if_match THEN 'precondition-failed'
            WHEN to_status IS NULL AND p.status <> 'pending' THEN 'prescription-locked'
            WHEN to_status <> ALL (clinicd.prescription_ways(p.status)) THEN 'illegal-transition' END;
DO $$
DECLARE
    shows regprocedure;
BEGIN
    FOREACH shows IN ARRAY ARRAY['clinicd.prescription_shown(bigint, uuid)',
        'clinicd.prescription_listed(clinicd.prescription, clinicd.patient)']::regprocedure[] LOOP
        EXECUTE replace(pg_get_functiondef(shows), 'SELECT p.id, clinicd.prescription_version(p),', 'SELECT p.id, p.version,');
    END LOOP;
END $$;
DROP FUNCTION clinicd.prescription_version(clinicd.prescription);
DROP TRIGGER admission_recommendation_counts ON clinicd.admission_recommendation;
DROP FUNCTION clinicd.admission_recommendation_counts();
ALTER TABLE clinicd.admission_recommendation DROP COLUMN version;
