-- Patients, with the numbers that they know. Whoever has no clinic has that of the receptionist, else the chosen one.
-- The plain default passwords stay where they are.
-- import: table=patient
-- leave: default_password

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, i.started_at, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        coalesce(c.clinic_id, CASE WHEN ops.ref(s.r, 'clinic_id') IS NULL THEN coalesce(u.clinic_id, i.home_clinic) END) AS clinic_id,
        CASE WHEN u.id IS NOT NULL THEN u.id END AS registrar, u.clinic_id AS registrar_clinic,
        ops.tidy(s.r->>'patient_id') AS number, ops.tidy(s.r->>'patient_name') AS name, ops.day(s.r->>'registration_date') AS registered,
        ops.tidy(s.r->>'phone_number') AS phone, ops.tidy(s.r->>'address') AS address, ops.ref(s.r, 'age') AS age,
        ops.day(s.r->>'date_of_birth') AS born, lower(ops.tidy(s.r->>'gender')) AS gender, s.r->>'status' AS status,
        CASE WHEN jsonb_typeof(s.r->'weight') = 'number' THEN (s.r->>'weight')::numeric END AS weight
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'patient') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) c ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'staff', ops.ref(s.r, 'registered_by_id')) u ON true
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, c.country_code,
        CASE WHEN s.clinic_id IS NULL THEN 'clinic-unknown' WHEN s.number IS NULL THEN 'number-missing'
             WHEN s.name IS NULL THEN 'name-missing' WHEN s.registered IS NULL THEN 'day-unreadable'
             WHEN length(s.number) > 20 OR length(s.name) > 100 OR length(s.phone) > 32 OR length(s.address) > 2000 THEN 'too-long'
             WHEN row_number() OVER (PARTITION BY s.clinic_id, s.number ORDER BY s.n) > 1
               OR EXISTS (SELECT FROM clinicd.patient p
                    WHERE p.clinic_id = s.clinic_id AND p.patient_number = s.number COLLATE "C" OFFSET 0)
             THEN 'number-taken' END AS code,
        ops.row_id(s.identity, 'patient', s.n, s.registered::timestamp AT TIME ZONE 'UTC') AS id,
        CASE WHEN s.born <= s.started_at::date THEN s.born END AS birth_date,
        CASE WHEN s.gender IN ('male', 'female', 'other') THEN s.gender END AS new_gender,
        CASE WHEN s.status IN ('registered', 'in_diagnosis', 'treatment_started', 'discharged', 'deceased') THEN s.status
             ELSE 'registered' END AS new_status,
        CASE WHEN s.age BETWEEN 0 AND 150 AND s.born IS NULL THEN s.age::int END AS age_years,
        CASE WHEN round(s.weight * 1000) BETWEEN 1 AND 699999 THEN round(s.weight * 1000)::int END AS grams,
        btrim(a.first_name || ' ' || a.last_name) AS registrar_name
    FROM s
    LEFT JOIN clinicd.clinic c ON c.clinic_id = s.clinic_id
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a
        WHERE a.clinic_id = s.registrar_clinic AND a.id = s.registrar AND a.clinic_id = s.clinic_id OFFSET 0) a ON true
),
made AS (
    INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, gender, date_of_birth, age_years, age_noted_on,
        weight_grams, phone_number, phone_key, address, status, registered_on, registered_by_id, registered_by_name,
        created_at, updated_at)
    SELECT t.clinic_id, t.id, t.number, t.name, t.new_gender, t.birth_date, t.age_years,
        CASE WHEN t.age_years IS NOT NULL THEN t.registered END, t.grams, t.phone, ops.phone_key(t.phone, t.country_code),
        t.address, t.new_status, t.registered, CASE WHEN t.registrar_name IS NOT NULL THEN t.registrar END, t.registrar_name,
        t.registered::timestamp AT TIME ZONE 'UTC', t.registered::timestamp AT TIME ZONE 'UTC'
    FROM t WHERE t.code IS NULL ORDER BY t.n
    RETURNING clinic_id, id, name_key
),
words AS MATERIALIZED ( -- as clinicd.patient_words_keep()
    SELECT DISTINCT m.clinic_id, w.word COLLATE "C" AS word, m.name_key, m.id
    FROM made m CROSS JOIN LATERAL unnest(string_to_array(m.name_key, ' ')) w (word) WHERE w.word <> ''
),
found_by AS (
    INSERT INTO clinicd.patient_word (clinic_id, word, name_key, patient_id)
    SELECT w.clinic_id, w.word, w.name_key, w.id FROM words w ORDER BY w.clinic_id, w.word, w.name_key
),
new_words AS (
    INSERT INTO clinicd.name_word (clinic_id, word)
    SELECT DISTINCT w.clinic_id, w.word FROM words w
    WHERE NOT EXISTS (SELECT FROM clinicd.name_word k WHERE k.clinic_id = w.clinic_id AND k.word = w.word OFFSET 0)
    ON CONFLICT DO NOTHING
),
places AS (
    INSERT INTO clinicd.quota AS q (clinic_id, kind, used, allowed)
    SELECT t.clinic_id, 'patient', count(*), count(*) FROM t WHERE t.code IS NULL GROUP BY t.clinic_id
    ON CONFLICT (clinic_id, kind) DO UPDATE SET used = q.used + excluded.used, allowed = greatest(q.allowed, q.used + excluded.used)
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.code IS NULL THEN 'loaded' ELSE 'rejected' END, t.code,
    CASE t.code WHEN 'clinic-unknown' THEN 'clinic_id' WHEN 'number-missing' THEN 'patient_id' WHEN 'number-taken' THEN 'patient_id'
        WHEN 'day-unreadable' THEN 'registration_date' WHEN 'name-missing' THEN 'patient_name'
        WHEN 'too-long' THEN CASE WHEN length(t.name) > 100 THEN 'patient_name' WHEN length(t.number) > 20 THEN 'patient_id'
            WHEN length(t.phone) > 32 THEN 'phone_number' ELSE 'address' END END,
    t.clinic_id, t.id,
    ops.canon(t.number, t.name, t.new_gender, t.birth_date::text, t.age_years::text, t.grams::text, t.phone, t.address,
        t.new_status, t.registered::text),
    array_remove(ARRAY[CASE WHEN t.is_homeless THEN 'clinic-given' END,
        CASE WHEN t.gender IS NOT NULL AND t.new_gender IS NULL THEN 'gender-unknown' END,
        CASE WHEN t.new_status IS DISTINCT FROM t.status THEN 'status-unknown' END,
        CASE WHEN t.age NOT BETWEEN 0 AND 150 OR (t.age IS NULL AND ops.tidy(t.r->>'age') IS NOT NULL) THEN 'age-impossible' END,
        CASE WHEN ops.tidy(t.r->>'date_of_birth') IS NOT NULL AND t.birth_date IS NULL THEN 'birth-date-impossible' END,
        CASE WHEN ops.tidy(t.r->>'weight') IS NOT NULL AND t.grams IS NULL THEN 'weight-impossible' END,
        CASE WHEN t.name <> t.r->>'patient_name' OR t.address <> t.r->>'address' OR t.phone <> t.r->>'phone_number' THEN 'blanks-trimmed' END], NULL)
FROM t;

-- section check
SELECT count(*), sum(ops.canon(p.patient_number, p.name, p.gender, p.date_of_birth::text, p.age_years::text,
    p.weight_grams::text, p.phone_number, p.address, p.status, p.registered_on::text))
FROM ops.import_map m JOIN clinicd.patient p ON p.clinic_id = m.clinic_id AND p.id = m.id
WHERE m.import_id = $1 AND m.name = 'patient' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.patient p ON p.clinic_id = m.clinic_id AND p.id = m.id
WHERE m.import_id = $1 AND m.name = 'patient' AND m.outcome = 'loaded' AND p.version > 1;

-- section undo
UPDATE clinicd.quota q SET used = q.used - gone.n
FROM (SELECT m.clinic_id, count(*) AS n FROM ops.import_map m
      WHERE m.import_id = $1 AND m.name = 'patient' AND m.outcome = 'loaded' GROUP BY m.clinic_id) gone
WHERE q.clinic_id = gone.clinic_id AND q.kind = 'patient';

DELETE FROM clinicd.patient p USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'patient' AND m.outcome = 'loaded' AND p.clinic_id = m.clinic_id AND p.id = m.id;
