-- 0012_figures.sql
-- migrate: kind=expand tx=yes
--
-- What the dashboards and a patient's history read.

-- section up

-- How many prescriptions a doctor has in each state, and how many advise an admission, so that nobody counts
-- years of them. A row a doctor: colleagues never wait for one another, and whoever moves a prescription locks
-- one row. Only the trigger writes it.
CREATE TABLE clinicd.prescription_figure (
    clinic_id bigint NOT NULL,
    doctor_id uuid NOT NULL,
    pending bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
    completed bigint NOT NULL DEFAULT 0 CHECK (completed >= 0),
    cancelled bigint NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    recommended bigint NOT NULL DEFAULT 0 CHECK (recommended >= 0),
    PRIMARY KEY (clinic_id, doctor_id),
    CONSTRAINT "prescription_figure__doctor" FOREIGN KEY (clinic_id, doctor_id)
        REFERENCES clinicd.doctor (clinic_id, id) ON DELETE RESTRICT
) WITH (fillfactor = 50);
SELECT clinicd.protect_table('clinicd.prescription_figure');

-- What one prescription adds to the figures; the one place that says so.
CREATE FUNCTION clinicd.prescription_counted(p clinicd.prescription)
RETURNS TABLE (pending int, completed int, cancelled int, recommended int)
LANGUAGE sql STABLE AS $$
    SELECT (p.deleted_at IS NULL AND p.status = 'pending')::int,
        (p.deleted_at IS NULL AND p.status = 'completed')::int,
        (p.deleted_at IS NULL AND p.status = 'cancelled')::int,
        (p.deleted_at IS NULL AND p.status <> 'cancelled' AND EXISTS (SELECT FROM clinicd.admission_recommendation r
            WHERE r.clinic_id = p.clinic_id AND r.prescription_id = p.id AND r.withdrawn_at IS NULL))::int;
$$;

-- Every figure as it must be.
CREATE FUNCTION clinicd.prescription_figures()
RETURNS TABLE (clinic_id bigint, doctor_id uuid, pending bigint, completed bigint, cancelled bigint, recommended bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.clinic_id, p.doctor_id, sum(c.pending), sum(c.completed), sum(c.cancelled), sum(c.recommended)
    FROM clinicd.prescription p CROSS JOIN LATERAL clinicd.prescription_counted(p) c GROUP BY p.clinic_id, p.doctor_id;
$$;

-- New ones by the statement: an import adds once, not row by row.
CREATE FUNCTION clinicd.prescription_counts_new() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.prescription_figure AS f (clinic_id, doctor_id, pending, completed, cancelled, recommended)
    SELECT n.clinic_id, n.doctor_id, sum(c.pending), sum(c.completed), sum(c.cancelled), sum(c.recommended)
    FROM made n CROSS JOIN LATERAL clinicd.prescription_counted(n) c
    GROUP BY n.clinic_id, n.doctor_id ORDER BY n.clinic_id, n.doctor_id
    ON CONFLICT (clinic_id, doctor_id) DO UPDATE SET pending = f.pending + excluded.pending,
        completed = f.completed + excluded.completed, cancelled = f.cancelled + excluded.cancelled,
        recommended = f.recommended + excluded.recommended;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.prescription_counts_new() IS 'tenant-safe: a trigger; counts rows where they belong, returns none';

-- The doctor of a prescription never changes (prescription_guard()).
CREATE FUNCTION clinicd.prescription_counts_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE clinicd.prescription_figure f
    SET pending = f.pending + n.pending - o.pending, completed = f.completed + n.completed - o.completed,
        cancelled = f.cancelled + n.cancelled - o.cancelled, recommended = f.recommended + n.recommended - o.recommended
    FROM clinicd.prescription_counted(OLD) o, clinicd.prescription_counted(NEW) n
    WHERE f.clinic_id = NEW.clinic_id AND f.doctor_id = NEW.doctor_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.prescription_counts_move() IS 'tenant-safe: a trigger; counts rows where they belong, returns none';

-- Advice is written while its prescription counts, and that is held meanwhile (prescription_part_guard()).
CREATE FUNCTION clinicd.recommendation_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE clinicd.prescription_figure f
    SET recommended = f.recommended + CASE WHEN NEW.withdrawn_at IS NULL THEN 1 ELSE -1 END
    FROM clinicd.prescription p
    WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.prescription_id
      AND f.clinic_id = NEW.clinic_id AND f.doctor_id = p.doctor_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.recommendation_counts() IS 'tenant-safe: a trigger; counts rows where they belong, returns none';

-- AFTER triggers fire in the order of their names: the figure is locked late and so shortly.
CREATE TRIGGER prescription_z_counts_new AFTER INSERT ON clinicd.prescription
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION clinicd.prescription_counts_new();
CREATE TRIGGER prescription_z_counts_move AFTER UPDATE ON clinicd.prescription FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL))
    EXECUTE FUNCTION clinicd.prescription_counts_move();
CREATE TRIGGER recommendation_counts_new AFTER INSERT ON clinicd.admission_recommendation FOR EACH ROW
    WHEN (NEW.withdrawn_at IS NULL) EXECUTE FUNCTION clinicd.recommendation_counts();
CREATE TRIGGER recommendation_counts_move AFTER UPDATE ON clinicd.admission_recommendation FOR EACH ROW
    WHEN ((OLD.withdrawn_at IS NULL) <> (NEW.withdrawn_at IS NULL)) EXECUTE FUNCTION clinicd.recommendation_counts();

INSERT INTO clinicd.prescription_figure (clinic_id, doctor_id, pending, completed, cancelled, recommended)
SELECT * FROM clinicd.prescription_figures();

-- A clinic has few people and many patients' logins.
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX account_by_role ON clinicd.account (clinic_id, role) WHERE is_active AND role <> 'patient';
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX prescription_to_follow ON clinicd.prescription (clinic_id, patient_id, follow_up_on)
    WHERE status = 'completed' AND follow_up_on IS NOT NULL;
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX lab_order_by_result ON clinicd.lab_order (clinic_id, result_at) WHERE result_at IS NOT NULL;

-- How much there is in a patient's record, as the patient sees it.
CREATE FUNCTION clinicd.record_counts(clinic bigint, whose uuid) RETURNS TABLE (counts json)
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'visits', (SELECT count(*) FROM clinicd.visit v WHERE v.clinic_id = clinic AND v.patient_id = whose),
        'prescriptions', (SELECT count(*) FROM clinicd.prescription rx
            WHERE rx.clinic_id = clinic AND rx.patient_id = whose AND rx.status = 'completed' AND rx.deleted_at IS NULL),
        'open_tests', tests.open, 'completed_tests', tests.completed,
        'allergies', (SELECT count(*) FROM clinicd.allergy a
            WHERE a.clinic_id = clinic AND a.patient_id = whose AND a.deleted_at IS NULL))
    FROM (SELECT count(*) FILTER (WHERE t.status IN ('pending', 'in_progress')) AS open,
              count(*) FILTER (WHERE t.status = 'completed') AS completed
          FROM clinicd.lab_order t
          JOIN clinicd.prescription rx ON rx.clinic_id = clinic AND rx.id = t.prescription_id AND rx.status = 'completed'
          WHERE t.clinic_id = clinic AND t.patient_id = whose AND t.withdrawn_at IS NULL) tests;
$$;

-- What a patient waits for: the visit that is open, tests that are to be made, follow-ups from today on.
CREATE FUNCTION clinicd.record_next_steps(clinic bigint, whose uuid, today date) RETURNS TABLE (steps json)
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

GRANT SELECT ON clinicd.prescription_figure TO clinicd_app, clinicd_backup;
GRANT SELECT, INSERT, UPDATE ON clinicd.prescription_figure TO clinicd_definer;
GRANT SELECT ON clinicd.prescription, clinicd.admission_recommendation TO clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.prescription_counted(clinicd.prescription) TO clinicd_definer;
ALTER FUNCTION clinicd.prescription_counts_new() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.prescription_counts_move() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.recommendation_counts() OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.prescription_counts_new(), clinicd.prescription_counts_move(),
    clinicd.recommendation_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clinicd.record_counts(bigint, uuid), clinicd.record_next_steps(bigint, uuid, date)
    TO clinicd_app;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = 'clinicd.prescription_figure'::regclass;
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.prescription_figure', 'INSERT,UPDATE,DELETE');
SELECT count(*) = 4 FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
    WHERE g.tgrelid IN ('clinicd.prescription'::regclass, 'clinicd.admission_recommendation'::regclass)
      AND g.tgenabled = 'O'
      AND p.proname IN ('prescription_counts_new', 'prescription_counts_move', 'recommendation_counts');
SELECT count(*) = 0 FROM clinicd.prescription_figures() n
    FULL JOIN clinicd.prescription_figure f ON f.clinic_id = n.clinic_id AND f.doctor_id = n.doctor_id
    WHERE (n.pending, n.completed, n.cancelled, n.recommended)
        IS DISTINCT FROM (f.pending, f.completed, f.cancelled, f.recommended);

-- section down loss=none

DROP FUNCTION clinicd.record_next_steps(bigint, uuid, date);
DROP FUNCTION clinicd.record_counts(bigint, uuid);
DROP INDEX clinicd.lab_order_by_result;
DROP INDEX clinicd.prescription_to_follow;
DROP INDEX clinicd.account_by_role;
DROP TRIGGER recommendation_counts_move ON clinicd.admission_recommendation;
DROP TRIGGER recommendation_counts_new ON clinicd.admission_recommendation;
DROP TRIGGER prescription_z_counts_new ON clinicd.prescription;
DROP TRIGGER prescription_z_counts_move ON clinicd.prescription;
DROP FUNCTION clinicd.recommendation_counts();
DROP FUNCTION clinicd.prescription_counts_new();
DROP FUNCTION clinicd.prescription_counts_move();
DROP FUNCTION clinicd.prescription_figures();
DROP FUNCTION clinicd.prescription_counted(clinicd.prescription);
REVOKE SELECT ON clinicd.prescription, clinicd.admission_recommendation FROM clinicd_definer;
DROP TABLE clinicd.prescription_figure;
