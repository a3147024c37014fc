-- 0002_patient_search.sql
-- migrate: kind=expand tx=yes
--
-- Finding patients by a part of the name, the phone or the number, best match first, one typing
-- error forgiven. Under row security an index cannot serve LIKE or && (they are not leakproof), so
-- one definer function reads the indexes; it takes the clinic, and the patient of a patient's token,
-- from the transaction's settings only, and gives ids that the caller must still join.
--
-- A clinic's names are made of few words: patient_word says who has which, in the order of the
-- answer; name_word holds each word once, with what a typing error is found by.

-- section up

-- The words of a folded name.
CREATE FUNCTION clinicd.name_words(name_key text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT DISTINCT w FROM unnest(string_to_array(name_key, ' ')) w WHERE w <> '');

-- A word and everything that is left of it without one of its letters: words that are one insertion,
-- deletion, substitution or swap of neighbours apart have one of these in common.
CREATE FUNCTION clinicd.word_variants(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN word || ARRAY(SELECT DISTINCT overlay(word PLACING '' FROM i FOR 1)
                     FROM generate_series(1, length(word)) i);

-- What swapping two neighbours makes of a word.
CREATE FUNCTION clinicd.word_swaps(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT overlay(word PLACING substr(word, i + 1, 1) || substr(word, i, 1) FROM i FOR 2)
             FROM generate_series(1, length(word) - 1) i);

CREATE TABLE clinicd.name_word (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    word text COLLATE "C" NOT NULL,
    variants text[] COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.word_variants(word)) STORED,
    PRIMARY KEY (clinic_id, word)
);
CREATE INDEX name_word_by_part ON clinicd.name_word
    USING gin (clinic_id, word clinicd.gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX name_word_by_variant ON clinicd.name_word
    USING gin (clinic_id, variants) WITH (fastupdate = off);
SELECT clinicd.protect_table('clinicd.name_word');

CREATE TABLE clinicd.patient_word (
    clinic_id bigint NOT NULL,
    word text COLLATE "C" NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    patient_id uuid NOT NULL,
    PRIMARY KEY (clinic_id, word, name_key, patient_id),
    CONSTRAINT "patient_word__patient" FOREIGN KEY (clinic_id, patient_id)
        REFERENCES clinicd.patient (clinic_id, id) ON DELETE CASCADE
);
SELECT clinicd.protect_table('clinicd.patient_word', 'patient_id');

-- Keeps both true: words of patients who are not hidden.
CREATE FUNCTION clinicd.patient_words_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    words text[];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.deleted_at IS NULL THEN
        DELETE FROM clinicd.patient_word w
        WHERE w.clinic_id = OLD.clinic_id AND w.word = ANY (clinicd.name_words(OLD.name_key))
          AND w.name_key = OLD.name_key AND w.patient_id = OLD.id;
    END IF;
    IF NEW.deleted_at IS NULL THEN
        words := string_to_array(NEW.name_key, ' '); -- not name_words(): a function with a query inside is planned at every call
        INSERT INTO clinicd.patient_word (clinic_id, word, name_key, patient_id)
        SELECT DISTINCT NEW.clinic_id, n, NEW.name_key, NEW.id FROM unnest(words) n WHERE n <> '';
        INSERT INTO clinicd.name_word (clinic_id, word)
        SELECT DISTINCT NEW.clinic_id, n FROM unnest(words) n
        WHERE n <> '' AND NOT EXISTS (SELECT 1 FROM clinicd.name_word k WHERE k.clinic_id = NEW.clinic_id AND k.word = n)
        ORDER BY n
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.patient_words_keep() IS 'tenant-safe: a trigger; writes rows of the patient''s own clinic, returns none';

INSERT INTO clinicd.patient_word (clinic_id, word, name_key, patient_id)
SELECT p.clinic_id, n, p.name_key, p.id
FROM clinicd.patient p, unnest(clinicd.name_words(p.name_key)) n WHERE p.deleted_at IS NULL;
INSERT INTO clinicd.name_word (clinic_id, word) SELECT DISTINCT w.clinic_id, w.word FROM clinicd.patient_word w;

CREATE TRIGGER patient_words_insert AFTER INSERT ON clinicd.patient
    FOR EACH ROW EXECUTE FUNCTION clinicd.patient_words_keep();
CREATE TRIGGER patient_words_update AFTER UPDATE ON clinicd.patient
    FOR EACH ROW WHEN (OLD.name_key <> NEW.name_key OR (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL))
    EXECUTE FUNCTION clinicd.patient_words_keep();

-- Digits of a phone, or the end of a number, wherever they stand. What waits to be sorted in is read
-- by every search: kept short.
-- lint: allow L05 reason="no clinic had rows yet"
CREATE INDEX patient_by_digits ON clinicd.patient
    USING gin (clinic_id, (patient_number || ' ' || coalesce(phone_key, '')) clinicd.gin_trgm_ops)
    WITH (gin_pending_list_limit = 128)
    WHERE deleted_at IS NULL;

-- Is it one of the patients that the list's other filters leave?
CREATE FUNCTION clinicd.patient_passes(clinic bigint, patient uuid, only_status text, only_gender text,
    registered_from date, registered_to date, with_login boolean) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM clinicd.patient p
        WHERE p.clinic_id = clinic AND p.id = patient
          AND (only_status IS NULL OR p.status = only_status)
          AND (only_gender IS NULL OR p.gender = only_gender)
          AND (registered_from IS NULL OR p.registered_on >= registered_from)
          AND (registered_to IS NULL OR p.registered_on <= registered_to)
          AND (with_login IS NULL OR with_login = EXISTS (SELECT 1 FROM clinicd.account a
                WHERE a.clinic_id = clinic AND a.patient_id = patient AND a.is_active)));
$$;

-- Ranks: 0 the number or the phone itself · 1 the name, phone or number begins so · 2 words of the
-- name begin so, in any order · 3 parts of the name, digits of phone or number · 4 one typing error.
-- Gives at most `wanted` (NULL: all) behind (after_rank, after_name, after_id) in that very order.
-- Each rank is a query that stops early; a later rank is asked only when the earlier ones did not
-- fill the page. Plans are generic and must not remember that a clinic was small once: no seqscan.
CREATE FUNCTION clinicd.patient_search(q text, phone text, only_status text, only_gender text,
    registered_from date, registered_to date, with_login boolean,
    after_rank int, after_name text, after_id uuid, wanted bigint)
RETURNS TABLE (rank int, name_key text, patient_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_sort = on AS $$
#variable_conflict use_column
DECLARE
    clinic CONSTANT bigint := NULLIF(current_setting('app.clinic_id', true), '')::bigint;
    own CONSTANT uuid := NULLIF(current_setting('app.patient_id', true), '')::uuid;
    is_filtered CONSTANT boolean := num_nonnulls(only_status, only_gender, registered_from, registered_to, with_login) > 0;
    typed CONSTANT text := clinicd.name_fold(q);
    number CONSTANT text := upper(btrim(q));
    digits CONSTANT text := regexp_replace(q, '[^0-9]', '', 'g');
    is_number CONSTANT boolean := number ~ '^[A-Z]{2,4}[0-9]*-[0-9-]*$' AND EXISTS (
        SELECT 1 FROM clinicd.patient p WHERE p.clinic_id = clinic AND p.patient_number >= number
          AND p.patient_number < number || 'z');
    is_digits CONSTANT boolean := length(digits) >= 3 AND q ~ '^[0-9 ()+.-]+$';
    words text[];        -- of q, the longest first: it is the rarest, as a rule
    begins text[];       -- ' name' LIKE ALL: each is the beginning of a word
    inside text[];       --  name  LIKE ALL: each is somewhere
    last_name text;
    last_id uuid;
    given bigint;
    got bigint := 0;
BEGIN
    words := ARRAY(SELECT w FROM unnest(clinicd.name_words(typed)) w ORDER BY length(w) DESC, w LIMIT 8);
    begins := ARRAY(SELECT '% ' || w || '%' FROM unnest(words) w);
    inside := ARRAY(SELECT '%' || w || '%' FROM unnest(words) w);
    IF clinic IS NULL THEN
        RETURN;
    END IF;

    IF is_number THEN
        RETURN QUERY
        SELECT h.rank, h.name_key, h.id
        FROM (SELECT CASE WHEN p.patient_number = number THEN 0 ELSE 1 END AS rank, p.name_key, p.id
              FROM clinicd.patient p
              WHERE p.clinic_id = clinic AND p.deleted_at IS NULL
                AND p.patient_number >= number AND p.patient_number < number || 'z') h
        WHERE (own IS NULL OR h.id = own)
          AND (after_rank IS NULL OR (h.rank, h.name_key, h.id) > (after_rank, after_name COLLATE "C", after_id))
          AND (NOT is_filtered OR clinicd.patient_passes(clinic, h.id, only_status, only_gender, registered_from, registered_to, with_login))
        ORDER BY 1, 2, 3 LIMIT wanted;
        RETURN;
    END IF;
    IF is_digits THEN
        RETURN QUERY
        SELECT h.rank, h.name_key, h.id
        FROM (SELECT CASE WHEN p.phone_key = phone THEN 0 WHEN p.phone_key ^@ phone THEN 1 ELSE 3 END AS rank,
                     p.name_key, p.id
              FROM clinicd.patient p
              WHERE p.clinic_id = clinic AND p.deleted_at IS NULL
                AND (p.patient_number || ' ' || coalesce(p.phone_key, '') LIKE '%' || digits || '%'
                     OR (p.phone_key >= phone AND p.phone_key < phone || 'z'))
              UNION ALL
              SELECT 2, w.name_key, w.patient_id
              FROM clinicd.patient_word w
              JOIN clinicd.patient p ON p.clinic_id = clinic AND p.id = w.patient_id
              WHERE w.clinic_id = clinic AND w.word >= words[1] AND w.word < words[1] || U&'\+10FFFD'
                AND ' ' || w.name_key LIKE ALL (begins)
                AND NOT coalesce(p.phone_key ^@ phone, false)
                AND p.patient_number || ' ' || coalesce(p.phone_key, '') NOT LIKE '%' || digits || '%') h
        WHERE (own IS NULL OR h.id = own)
          AND (after_rank IS NULL OR (h.rank, h.name_key, h.id) > (after_rank, after_name COLLATE "C", after_id))
          AND (NOT is_filtered OR clinicd.patient_passes(clinic, h.id, only_status, only_gender, registered_from, registered_to, with_login))
        ORDER BY 1, 2, 3 LIMIT wanted;
        RETURN;
    END IF;
    IF cardinality(words) = 0 THEN
        RETURN;
    END IF;

    FOR tier IN greatest(coalesce(after_rank, 1), 1) .. 4 LOOP
        last_name := CASE WHEN tier = after_rank THEN after_name ELSE '' END;
        last_id := CASE WHEN tier = after_rank THEN after_id ELSE '00000000-0000-0000-0000-000000000000' END;
        IF tier = 1 THEN
            RETURN QUERY
            SELECT 1, p.name_key, p.id FROM clinicd.patient p
            WHERE p.clinic_id = clinic AND p.deleted_at IS NULL
              AND (p.name_key, p.id) > (greatest(last_name, typed) COLLATE "C", last_id)
              AND p.name_key < typed || U&'\+10FFFD'
              AND (own IS NULL OR p.id = own)
              AND (NOT is_filtered OR clinicd.patient_passes(clinic, p.id, only_status, only_gender, registered_from, registered_to, with_login))
            ORDER BY p.name_key, p.id LIMIT wanted - got;
        ELSE
            RETURN QUERY
            WITH entry AS MATERIALIZED ( -- words of the clinic to begin with, and what else must be there
                SELECT k.word, begins AS must FROM clinicd.name_word k
                WHERE tier = 2 AND k.clinic_id = clinic
                  AND k.word >= words[1] AND k.word < words[1] || U&'\+10FFFD'
                UNION ALL
                SELECT k.word, inside FROM clinicd.name_word k
                WHERE tier = 3 AND k.clinic_id = clinic AND k.word LIKE inside[1]
                UNION ALL
                SELECT k.word, ARRAY(SELECT i FROM unnest(inside) i WHERE i <> '%' || t || '%')
                FROM unnest(words) t
                JOIN clinicd.name_word k ON k.clinic_id = clinic AND k.variants && clinicd.word_variants(t)
                WHERE tier = 4 AND length(t) >= 3
                  AND (clinicd.levenshtein_less_equal(k.word, t, 1) <= 1 OR k.word = ANY (clinicd.word_swaps(t)))
            )
            SELECT DISTINCT tier, m.name_key, m.patient_id
            FROM entry e CROSS JOIN LATERAL (
                SELECT w.name_key, w.patient_id FROM clinicd.patient_word w
                WHERE w.clinic_id = clinic AND w.word = e.word
                  AND (w.name_key, w.patient_id) > (last_name COLLATE "C", last_id)
                  AND ' ' || w.name_key LIKE ALL (e.must)
                  AND NOT w.name_key ^@ typed
                  AND (tier <= 2 OR NOT ' ' || w.name_key LIKE ALL (begins))
                  AND (tier <= 3 OR NOT w.name_key LIKE ALL (inside))
                  AND (own IS NULL OR w.patient_id = own)
                  AND (NOT is_filtered OR clinicd.patient_passes(clinic, w.patient_id, only_status, only_gender, registered_from, registered_to, with_login))
                ORDER BY w.name_key, w.patient_id LIMIT wanted - got
            ) m
            ORDER BY m.name_key, m.patient_id LIMIT wanted - got;
        END IF;
        GET DIAGNOSTICS given = ROW_COUNT;
        got := got + given;
        EXIT WHEN got >= wanted;
    END LOOP;
END $$;
COMMENT ON FUNCTION clinicd.patient_search(text, text, text, text, date, date, boolean, int, text, uuid, bigint)
    IS 'tenant-safe: clinic and patient come from the settings that row level security uses; gives names and ids of that clinic';

GRANT SELECT ON clinicd.patient, clinicd.account TO clinicd_definer;
GRANT SELECT, INSERT ON clinicd.name_word TO clinicd_definer;
GRANT SELECT, INSERT, DELETE ON clinicd.patient_word TO clinicd_definer;
GRANT SELECT ON clinicd.name_word, clinicd.patient_word TO clinicd_backup;
GRANT EXECUTE ON FUNCTION clinicd.name_words(text), clinicd.word_variants(text), clinicd.word_swaps(text),
    clinicd.patient_passes(bigint, uuid, text, text, date, date, boolean) TO clinicd_definer;
GRANT EXECUTE ON FUNCTION clinicd.patient_search(text, text, text, text, date, date, boolean, int, text, uuid, bigint)
    TO clinicd_app;
ALTER FUNCTION clinicd.patient_words_keep() OWNER TO clinicd_definer;
ALTER FUNCTION clinicd.patient_search(text, text, text, text, date, date, boolean, int, text, uuid, bigint)
    OWNER TO clinicd_definer;

REVOKE EXECUTE ON FUNCTION clinicd.patient_words_keep(),
    clinicd.patient_search(text, text, text, text, date, date, boolean, int, text, uuid, bigint) FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 2 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'clinicd' AND c.relname IN ('name_word', 'patient_word') AND c.relforcerowsecurity;
SELECT count(*) = 1 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.proname = 'patient_search' AND p.prosecdef AND r.rolname = 'clinicd_definer';

-- section down loss=none

DROP TRIGGER patient_words_update ON clinicd.patient;
DROP TRIGGER patient_words_insert ON clinicd.patient;
DROP FUNCTION clinicd.patient_search(text, text, text, text, date, date, boolean, int, text, uuid, bigint);
DROP FUNCTION clinicd.patient_passes(bigint, uuid, text, text, date, date, boolean);
DROP FUNCTION clinicd.patient_words_keep();
DROP INDEX clinicd.patient_by_digits;
DROP TABLE clinicd.patient_word;
DROP TABLE clinicd.name_word;
DROP FUNCTION clinicd.word_swaps(text);
DROP FUNCTION clinicd.word_variants(text);
DROP FUNCTION clinicd.name_words(text);
