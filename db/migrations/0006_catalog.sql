-- 0006_catalog.sql
-- migrate: kind=expand tx=yes
--
-- What a clinic prescribes from: medicines and tests. Entries are retired, never deleted. One active entry a
-- name and type; whoever learns names from what was prescribed inserts with ON CONFLICT DO NOTHING.

-- section up

CREATE TABLE clinicd.catalog_medicine (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    medicine_name text NOT NULL CHECK (length(medicine_name) BETWEEN 1 AND 200),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.name_fold(medicine_name)) STORED,
    medicine_type text NOT NULL CHECK (medicine_type IN ('tablet', 'capsule', 'syrup', 'injection', 'ointment', 'drops',
        'soap', 'lotion', 'powder')),
    common_dosages text[] NOT NULL DEFAULT '{}'
        CHECK (cardinality(common_dosages) <= 20 AND length(array_to_string(common_dosages, '')) <= 2000),
    default_dosage text CHECK (length(default_dosage) BETWEEN 1 AND 100),
    default_schedule text CHECK (default_schedule IN ('morning', 'afternoon', 'evening', 'night', 'morning_evening',
        'morning_night', 'afternoon_night', 'morning_afternoon_night', 'sos')),
    frequency_per_day int CHECK (frequency_per_day BETWEEN 1 AND 24),
    default_duration text CHECK (length(default_duration) BETWEEN 1 AND 100),
    food_instruction text CHECK (food_instruction IN ('before', 'after', 'anytime')),
    description text CHECK (length(description) <= 2000),
    is_active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "catalog_medicine__id-taken" PRIMARY KEY (clinic_id, id)
);
CREATE UNIQUE INDEX "catalog_medicine__name-taken" ON clinicd.catalog_medicine (clinic_id, name_key, medicine_type) WHERE is_active;
CREATE INDEX catalog_medicine_by_name ON clinicd.catalog_medicine (clinic_id, name_key, id);
SELECT clinicd.protect_table('clinicd.catalog_medicine');

CREATE TABLE clinicd.catalog_test (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    id uuid NOT NULL,
    test_name text NOT NULL CHECK (length(test_name) BETWEEN 1 AND 200),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (clinicd.name_fold(test_name)) STORED,
    test_type text NOT NULL CHECK (test_type IN ('blood', 'urine', 'xray', 'ultrasound', 'ecg', 'ct_scan', 'mri', 'other')),
    category text CHECK (length(category) BETWEEN 1 AND 100),
    description text CHECK (length(description) <= 2000),
    is_active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT "catalog_test__id-taken" PRIMARY KEY (clinic_id, id)
);
CREATE UNIQUE INDEX "catalog_test__name-taken" ON clinicd.catalog_test (clinic_id, name_key, test_type) WHERE is_active;
CREATE INDEX catalog_test_by_name ON clinicd.catalog_test (clinic_id, name_key, id);
SELECT clinicd.protect_table('clinicd.catalog_test');

-- An entry as the API shows it; the one place that says so.
CREATE FUNCTION clinicd.catalog_medicine_shown(m clinicd.catalog_medicine)
RETURNS TABLE (id uuid, version bigint, medicine_name text, medicine_type text, common_dosages json,
    default_dosage text, default_schedule text, frequency_per_day int, default_duration text,
    food_instruction text, description text, is_active boolean, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT m.id, m.version, m.medicine_name, m.medicine_type, to_json(m.common_dosages), m.default_dosage,
        m.default_schedule, m.frequency_per_day, m.default_duration, m.food_instruction, m.description,
        m.is_active, m.created_at, m.updated_at;
$$;
CREATE FUNCTION clinicd.catalog_test_shown(t clinicd.catalog_test)
RETURNS TABLE (id uuid, version bigint, test_name text, test_type text, category text, description text,
    is_active boolean, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT t.id, t.version, t.test_name, t.test_type, t.category, t.description, t.is_active, t.created_at, t.updated_at;
$$;

-- What an entry is found by, best first, in the order of the answer: 1 the beginning of its name, 2 each of its
-- words. Only the first letters: a key of an index has a limit.
CREATE TABLE clinicd.catalog_word (
    clinic_id bigint NOT NULL REFERENCES clinicd.clinic ON DELETE RESTRICT,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('medicine', 'test')),
    is_active boolean NOT NULL,
    rank int NOT NULL CHECK (rank IN (1, 2)),
    word text COLLATE "C" NOT NULL CHECK (length(word) BETWEEN 1 AND 40),
    name_key text COLLATE "C" NOT NULL,
    entry_id uuid NOT NULL,
    entry_type text NOT NULL,
    PRIMARY KEY (clinic_id, kind, is_active, rank, word, name_key, entry_id) INCLUDE (entry_type)
);
SELECT clinicd.protect_table('clinicd.catalog_word');

CREATE FUNCTION clinicd.catalog_words_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry_kind CONSTANT text := TG_ARGV[0];
    type_now text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM clinicd.catalog_word w
        WHERE w.clinic_id = OLD.clinic_id AND w.kind = entry_kind AND w.is_active = OLD.is_active AND w.rank IN (1, 2)
          AND w.word IN (SELECT left(n, 40) FROM unnest(string_to_array(OLD.name_key, ' ') || OLD.name_key) n)
          AND w.name_key = OLD.name_key AND w.entry_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF entry_kind = 'medicine' THEN
            type_now := NEW.medicine_type;
        ELSE
            type_now := NEW.test_type;
        END IF;
        INSERT INTO clinicd.catalog_word (clinic_id, kind, is_active, rank, word, name_key, entry_id, entry_type)
        SELECT NEW.clinic_id, entry_kind, NEW.is_active, k.rank, k.word, NEW.name_key, NEW.id, type_now
        FROM (SELECT 1, left(NEW.name_key, 40)
              UNION ALL
              SELECT DISTINCT 2, left(n, 40) FROM unnest(string_to_array(NEW.name_key, ' ')) n) k (rank, word)
        WHERE k.word <> '';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION clinicd.catalog_words_keep() IS 'tenant-safe: a trigger; writes rows of the entry''s own clinic, returns none';

-- Type-ahead: first whose name begins with `q`, then those of whose words each of q's words begins one, in any
-- order. At most `wanted` (NULL: all) behind (after_rank, after_name, after_id) in that very order. Its caller's
-- rights: text is compared by what row security lets an index serve (>= and <). Each rank is a query of its
-- own; the second is asked only when the first did not fill the page. Who has a word is
-- gathered and sorted; of a word that many have ("mg") some names are walked in order first, which fills the page
-- unless more is asked for that few have.
CREATE FUNCTION clinicd.catalog_search(clinic bigint, entry_kind text, q text, only_type text, active boolean,
    after_rank int, after_name text, after_id uuid, wanted bigint)
RETURNS TABLE (rank int, name_key text, entry_id uuid)
LANGUAGE plpgsql STABLE ROWS 50
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_sort = on AS $$
#variable_conflict use_column
DECLARE
    beyond CONSTANT text := U&'\+10FFFD';
    typed CONSTANT text := clinicd.name_fold(q);
    words CONSTANT text[] := ARRAY(SELECT w FROM unnest(string_to_array(typed, ' ')) w ORDER BY length(w) DESC, w LIMIT 8);
    few CONSTANT int := 1000;
    begins CONSTANT text[] := ARRAY(SELECT '% ' || w || '%' FROM unnest(words) w);
    others CONSTANT text[] := CASE WHEN length(words[1]) <= 40 THEN begins[2:] ELSE begins END; -- than the one looked up
    last_name text := '';
    last_id uuid := '00000000-0000-0000-0000-000000000000';
    end_name text;
    end_id uuid;
    got bigint := 0;
    given bigint;
    is_common boolean;
BEGIN
    IF typed = '' THEN
        RETURN;
    END IF;
    IF coalesce(after_rank, 1) = 1 THEN
        RETURN QUERY
        SELECT 1, w.name_key, w.entry_id FROM clinicd.catalog_word w
        WHERE w.clinic_id = clinic AND w.kind = entry_kind AND w.is_active = active AND w.rank = 1
          AND w.word >= greatest(left(typed, 40), left(after_name, 40)) COLLATE "C" AND w.word < left(typed, 40) || beyond
          AND (after_id IS NULL OR (w.name_key, w.entry_id) > (after_name COLLATE "C", after_id))
          AND w.name_key ^@ typed
          AND (only_type IS NULL OR w.entry_type = only_type)
        ORDER BY w.word, w.name_key, w.entry_id LIMIT wanted;
        GET DIAGNOSTICS got = ROW_COUNT;
    ELSE
        last_name := after_name;
        last_id := after_id;
    END IF;
    IF got >= wanted THEN
        RETURN;
    END IF;
    SELECT count(*) > few INTO is_common FROM (
        SELECT 1 FROM clinicd.catalog_word w
        WHERE w.clinic_id = clinic AND w.kind = entry_kind AND w.is_active = active AND w.rank = 2
          AND w.word >= left(words[1], 40) COLLATE "C" AND w.word < left(words[1], 40) || beyond LIMIT few + 1) h;
    IF is_common THEN
        SELECT w.name_key, w.entry_id INTO end_name, end_id FROM clinicd.catalog_word w
        WHERE w.clinic_id = clinic AND w.kind = entry_kind AND w.is_active = active AND w.rank = 1
          AND w.word >= left(last_name, 40) COLLATE "C" AND (w.name_key, w.entry_id) > (last_name COLLATE "C", last_id)
        ORDER BY w.word, w.name_key, w.entry_id OFFSET few - 1 LIMIT 1;
        end_name := coalesce(end_name, beyond);
        RETURN QUERY
        SELECT 2, w.name_key, w.entry_id FROM clinicd.catalog_word w
        WHERE w.clinic_id = clinic AND w.kind = entry_kind AND w.is_active = active AND w.rank = 1
          AND w.word >= left(last_name, 40) COLLATE "C" AND w.word <= left(end_name, 40) COLLATE "C"
          AND (w.name_key, w.entry_id) > (last_name COLLATE "C", last_id)
          AND (end_id IS NULL OR (w.name_key, w.entry_id) <= (end_name COLLATE "C", end_id))
          AND ' ' || w.name_key LIKE ALL (begins) AND NOT w.name_key ^@ typed
          AND (only_type IS NULL OR w.entry_type = only_type)
        ORDER BY w.word, w.name_key, w.entry_id LIMIT wanted - got;
        GET DIAGNOSTICS given = ROW_COUNT;
        got := got + given;
        IF end_id IS NULL OR got >= wanted THEN
            RETURN;
        END IF;
        last_name := end_name;
        last_id := end_id;
    END IF;
    RETURN QUERY
    SELECT DISTINCT 2, w.name_key, w.entry_id FROM clinicd.catalog_word w
    WHERE w.clinic_id = clinic AND w.kind = entry_kind AND w.is_active = active AND w.rank = 2
      AND w.word >= left(words[1], 40) COLLATE "C" AND w.word < left(words[1], 40) || beyond
      AND (w.name_key, w.entry_id) > (last_name COLLATE "C", last_id)
      AND ' ' || w.name_key LIKE ALL (others) AND NOT w.name_key ^@ typed
      AND (only_type IS NULL OR w.entry_type = only_type)
    ORDER BY w.name_key, w.entry_id LIMIT wanted - got;
END $$;

CREATE TRIGGER catalog_words_insert AFTER INSERT OR DELETE ON clinicd.catalog_medicine
    FOR EACH ROW EXECUTE FUNCTION clinicd.catalog_words_keep('medicine');
CREATE TRIGGER catalog_words_update AFTER UPDATE ON clinicd.catalog_medicine FOR EACH ROW
    WHEN (OLD.name_key <> NEW.name_key OR OLD.is_active <> NEW.is_active OR OLD.medicine_type <> NEW.medicine_type)
    EXECUTE FUNCTION clinicd.catalog_words_keep('medicine');
CREATE TRIGGER catalog_words_insert AFTER INSERT OR DELETE ON clinicd.catalog_test
    FOR EACH ROW EXECUTE FUNCTION clinicd.catalog_words_keep('test');
CREATE TRIGGER catalog_words_update AFTER UPDATE ON clinicd.catalog_test FOR EACH ROW
    WHEN (OLD.name_key <> NEW.name_key OR OLD.is_active <> NEW.is_active OR OLD.test_type <> NEW.test_type)
    EXECUTE FUNCTION clinicd.catalog_words_keep('test');

GRANT SELECT, INSERT, UPDATE ON clinicd.catalog_medicine, clinicd.catalog_test TO clinicd_app;
GRANT SELECT ON clinicd.catalog_word TO clinicd_app;
GRANT SELECT, INSERT, DELETE ON clinicd.catalog_word TO clinicd_definer;
GRANT SELECT ON clinicd.catalog_medicine, clinicd.catalog_test, clinicd.catalog_word TO clinicd_backup;
GRANT EXECUTE ON FUNCTION clinicd.catalog_medicine_shown(clinicd.catalog_medicine),
    clinicd.catalog_test_shown(clinicd.catalog_test),
    clinicd.catalog_search(bigint, text, text, text, boolean, int, text, uuid, bigint) TO clinicd_app;
ALTER FUNCTION clinicd.catalog_words_keep() OWNER TO clinicd_definer;
REVOKE EXECUTE ON FUNCTION clinicd.catalog_words_keep() FROM PUBLIC;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 3 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'clinicd' AND c.relname LIKE 'catalog_%' AND c.relkind = 'r' AND c.relforcerowsecurity;
SELECT count(*) = 4 FROM pg_trigger g WHERE g.tgfoid = 'clinicd.catalog_words_keep()'::regprocedure;

-- section down loss=rows

DROP FUNCTION clinicd.catalog_test_shown(clinicd.catalog_test);
DROP FUNCTION clinicd.catalog_medicine_shown(clinicd.catalog_medicine);
DROP TABLE clinicd.catalog_test;
DROP TABLE clinicd.catalog_medicine;
DROP TABLE clinicd.catalog_word;
DROP FUNCTION clinicd.catalog_search(bigint, text, text, text, boolean, int, text, uuid, bigint);
DROP FUNCTION clinicd.catalog_words_keep();

-- section loss

SELECT count(*) FROM clinicd.catalog_medicine;
SELECT count(*) FROM clinicd.catalog_test;
