-- 0016_share_links.sql
-- migrate: kind=expand tx=yes
--
-- Share links of prescriptions: whoever holds the token sees the paper for a while, without signing in. Only the
-- token's hash is kept.

-- section up

-- lint: allow M2 reason="whoever opens a link has its token and no clinic; only the hash is kept"
CREATE TABLE clinicd.share_link (
    clinic_id bigint NOT NULL,
    id uuid NOT NULL,
    prescription_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    token_hash text COLLATE "C" NOT NULL CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    expires_at timestamptz NOT NULL,
    most_views int CHECK (most_views BETWEEN 1 AND 1000),
    views int NOT NULL DEFAULT 0,
    last_viewed_at timestamptz,
    revoked_at timestamptz,
    created_by_id uuid NOT NULL,
    created_by_name text NOT NULL CHECK (length(created_by_name) <= 310),
    created_at timestamptz NOT NULL,
    CONSTRAINT "share_link__id-taken" PRIMARY KEY (clinic_id, id),
    CONSTRAINT "share_link__token" UNIQUE (token_hash),
    CONSTRAINT "share_link__prescription" FOREIGN KEY (clinic_id, prescription_id, patient_id)
        REFERENCES clinicd.prescription (clinic_id, id, patient_id) ON DELETE RESTRICT,
    CONSTRAINT "share_link__lives-too-long" CHECK (expires_at > created_at AND expires_at - created_at <= interval '720 hours'),
    CONSTRAINT "share_link__share-link-expired" CHECK (views BETWEEN 0 AND coalesce(most_views, views)),
    CONSTRAINT "share_link__viewed-without-time" CHECK ((views > 0) = (last_viewed_at IS NOT NULL))
);
CREATE INDEX share_link_by_prescription ON clinicd.share_link (clinic_id, prescription_id, created_at, id);
CREATE INDEX share_link_by_expiry ON clinicd.share_link (expires_at);
SELECT clinicd.protect_table('clinicd.share_link', 'patient_id');
CREATE POLICY completed ON clinicd.share_link AS RESTRICTIVE
    USING ((SELECT NULLIF(current_setting('app.patient_id', true), '')::uuid) IS NULL OR EXISTS (
        SELECT FROM clinicd.prescription p
        WHERE p.clinic_id = share_link.clinic_id AND p.id = prescription_id AND p.status = 'completed'));

-- What a link is at a moment; what is not 'active' never is again.
CREATE FUNCTION clinicd.share_link_state(l clinicd.share_link, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN l.revoked_at IS NOT NULL THEN 'revoked'
            WHEN l.expires_at <= at THEN 'expired'
            WHEN l.views >= l.most_views THEN 'used_up'
            ELSE 'active' END;

-- A link begins fresh, to a prescription that is completed, whose row is held so that it stays so meanwhile. Then
-- it is only ever viewed, while it is active, and revoked, once.
CREATE FUNCTION clinicd.share_link_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rx_status text;
    code text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT p.status INTO rx_status FROM clinicd.prescription p
        WHERE p.clinic_id = NEW.clinic_id AND p.id = NEW.prescription_id AND p.deleted_at IS NULL FOR SHARE;
        IF rx_status IS NULL THEN
            RAISE EXCEPTION 'there is no such prescription' USING ERRCODE = 'insufficient_privilege';
        END IF;
        code := CASE WHEN rx_status <> 'completed' THEN 'not-completed'
                     WHEN NEW.views <> 0 OR NEW.revoked_at IS NOT NULL THEN 'fixed' END;
    ELSE
        code := CASE
            WHEN to_jsonb(NEW) - ARRAY['views', 'last_viewed_at', 'revoked_at']
                 <> to_jsonb(OLD) - ARRAY['views', 'last_viewed_at', 'revoked_at']
                OR NEW.views < OLD.views OR NEW.last_viewed_at < OLD.last_viewed_at
                OR (NEW.views = OLD.views AND NEW.last_viewed_at IS DISTINCT FROM OLD.last_viewed_at)
                OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN 'fixed'
            WHEN NEW.views > OLD.views AND clinicd.share_link_state(OLD, NEW.last_viewed_at) <> 'active'
                THEN 'share-link-expired' END;
    END IF;
    IF code IS NOT NULL THEN
        RAISE EXCEPTION 'a share link of what is completed is viewed and revoked, and nothing else'
            USING ERRCODE = '23514', CONSTRAINT = 'share_link__' || code;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER share_link_guard BEFORE INSERT OR UPDATE ON clinicd.share_link
    FOR EACH ROW EXECUTE FUNCTION clinicd.share_link_guard();

-- What is opened again or cancelled is shown no more, and by the same link never again: whoever has it was sent
-- another paper.
CREATE FUNCTION clinicd.share_links_end() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE clinicd.share_link l SET revoked_at = NEW.updated_at
    WHERE l.clinic_id = NEW.clinic_id AND l.prescription_id = NEW.id AND l.revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER share_links_end AFTER UPDATE ON clinicd.prescription
    FOR EACH ROW WHEN (OLD.status = 'completed' AND NEW.status <> 'completed') EXECUTE FUNCTION clinicd.share_links_end();

-- A link in a list, as the API shows it.
CREATE FUNCTION clinicd.share_link_shown(l clinicd.share_link, at timestamptz)
RETURNS TABLE (id uuid, state text, expires_at timestamptz, most_views int, views int, last_viewed_at timestamptz,
    revoked_at timestamptz, created_by json, created_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT l.id, clinicd.share_link_state(l, at), l.expires_at, l.most_views, l.views, l.last_viewed_at, l.revoked_at,
        json_build_object('id', l.created_by_id, 'name', l.created_by_name), l.created_at;
$$;

-- Whose link is it? The one look-up that has no clinic yet; all the rest happens in that clinic's context.
CREATE FUNCTION clinicd.share_link_place(hash text) RETURNS TABLE (clinic_id bigint, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.clinic_id, l.id FROM clinicd.share_link l WHERE l.token_hash = hash;
$$;
COMMENT ON FUNCTION clinicd.share_link_place(text)
    IS 'tenant-safe: answers to whoever holds the token, with the clinic and the link''s id only';

CREATE FUNCTION clinicd.share_link_purge(at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM clinicd.share_link l WHERE l.expires_at < share_link_purge.at - interval '90 days' RETURNING 1)
    SELECT count(*) FROM gone;
$$;
COMMENT ON FUNCTION clinicd.share_link_purge(timestamptz) IS 'tenant-safe: deletes what has expired, returns a number only';

REVOKE EXECUTE ON FUNCTION clinicd.share_link_place(text), clinicd.share_link_purge(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clinicd.share_link_place(text), clinicd.share_link_purge(timestamptz) TO clinicd_app;
GRANT SELECT, INSERT ON clinicd.share_link TO clinicd_app;
GRANT UPDATE (views, last_viewed_at, revoked_at) ON clinicd.share_link TO clinicd_app;
GRANT SELECT ON clinicd.share_link TO clinicd_backup;
GRANT SELECT, DELETE ON clinicd.share_link TO clinicd_definer;
ALTER FUNCTION clinicd.share_link_place(text) OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.share_link_purge(timestamptz) OWNER TO clinicd_definer;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = 'clinicd.share_link'::regclass;
SELECT count(*) = 3 FROM pg_policies WHERE schemaname = 'clinicd' AND tablename = 'share_link';
SELECT count(*) = 2 FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
    WHERE p.proname IN ('share_link_guard', 'share_links_end') AND g.tgenabled = 'O';
SELECT count(*) = 2 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.proname IN ('share_link_place', 'share_link_purge') AND p.prosecdef AND r.rolname = 'clinicd_definer'
      AND NOT has_function_privilege('public', p.oid, 'EXECUTE');
SELECT NOT has_table_privilege('clinicd_app', 'clinicd.share_link', 'DELETE')
    AND NOT has_column_privilege('clinicd_app', 'clinicd.share_link', 'token_hash', 'UPDATE');
SELECT count(*) = 0 FROM clinicd.share_link l
    JOIN clinicd.prescription p ON p.clinic_id = l.clinic_id AND p.id = l.prescription_id
    WHERE l.revoked_at IS NULL AND p.status <> 'completed';

-- section down loss=rows

DROP TRIGGER share_links_end ON clinicd.prescription;
DROP FUNCTION clinicd.share_links_end();
DROP FUNCTION clinicd.share_link_purge(timestamptz);
DROP FUNCTION clinicd.share_link_place(text);
DROP FUNCTION clinicd.share_link_shown(clinicd.share_link, timestamptz);
DROP TRIGGER share_link_guard ON clinicd.share_link;
DROP FUNCTION clinicd.share_link_guard();
DROP FUNCTION clinicd.share_link_state(clinicd.share_link, timestamptz);
DROP TABLE clinicd.share_link;

-- section loss

SELECT count(*) FROM clinicd.share_link;
