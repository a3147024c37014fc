-- Registers a patient: a place of the quota, the next number of the year, the record; nothing of it
-- when somebody has the phone already and nobody confirmed that this is another person. A record sent
-- twice is its own twin: then the id speaks (id-taken), not the phone. With $login_hash it gets a login too.
-- kind: write
-- rows: one
-- audit: entity=patient id=id patient=id after=row
-- keyed: yes
-- lock: patient
-- faults: duplicate-phone validation-failed
WITH day AS (
    SELECT ($now AT TIME ZONE $timezone::text)::date AS today
),
same AS MATERIALIZED ( -- by itself: ordered here, the plan would walk all names to save the sort
    SELECT p.id, p.patient_number, p.name, p.name_key,
        age_on(day.today, p.date_of_birth, p.age_years, p.age_noted_on) AS age_years
    FROM patient p, day
    WHERE p.clinic_id = $clinic AND p.phone_key = $phone_key::text AND p.deleted_at IS NULL
        AND NOT coalesce(($body::jsonb->>'confirm_duplicate')::boolean, false)
        AND NOT EXISTS (SELECT 1 FROM patient sent WHERE sent.clinic_id = $clinic AND sent.id = $id::uuid)
),
twin AS (
    SELECT s.id, s.patient_number, s.name, s.age_years FROM same s ORDER BY s.name_key, s.id LIMIT 10
),
fault AS (
    SELECT CASE WHEN ($body->>'date_of_birth')::date > day.today THEN 'validation-failed'
                WHEN EXISTS (SELECT 1 FROM twin) THEN 'duplicate-phone' END AS code
    FROM day
),
place AS (
    UPDATE quota q SET used = q.used + 1
    WHERE q.clinic_id = $clinic AND q.kind = 'patient' AND (SELECT fault.code IS NULL FROM fault)
    RETURNING q.kind
),
number AS (
    INSERT INTO counter AS k (clinic_id, kind, period, value)
    SELECT $clinic, place.kind, extract(year FROM day.today)::int, 1 FROM place, day
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + 1
    RETURNING k.period, k.value::text AS digits
),
new AS (
    INSERT INTO patient (clinic_id, id, patient_number, name, gender, date_of_birth, age_years, age_noted_on,
        weight_grams, phone_number, phone_key, email, address, city, state, zip_code, blood_group,
        emergency_contact_name, emergency_contact_phone, identification_type, identification_sealed,
        registered_on, registered_by_id, registered_by_name, created_at, updated_at)
    SELECT $clinic, $id,
        'PT-' || number.period || '-' || lpad(number.digits, greatest(5, length(number.digits)), '0'),
        $body->>'name', $body->>'gender', ($body->>'date_of_birth')::date,
        age.years, CASE WHEN age.years IS NOT NULL THEN day.today END,
        round(($body->>'weight_kg')::numeric * 1000)::int,
        $body->>'phone_number', $phone_key, $body->>'email', $body->>'address', $body->>'city',
        $body->>'state', $body->>'zip_code', $body->>'blood_group', $body->>'emergency_contact_name',
        $body->>'emergency_contact_phone', $body->>'identification_type', $identification_sealed::text,
        day.today, $actor_id, $actor_name, $now, $now
    FROM number, day, LATERAL (
        SELECT CASE WHEN $body->>'date_of_birth' IS NULL THEN ($body->>'age_years')::int END AS years) age
    RETURNING patient AS p
),
login AS (
    INSERT INTO account (clinic_id, id, patient_id, username, role, first_name, last_name, password_hash,
        must_change_password, password_expires_at, password_changed_at, created_at, updated_at)
    SELECT $clinic, $login_id::uuid, (new.p).id, lower((new.p).patient_number), 'patient', (new.p).name, '',
        $login_hash::text, true, $now + interval '72 hours', $now, $now, $now
    FROM new WHERE $login_hash IS NOT NULL
    RETURNING username
)
SELECT s.*, login.username AS _username, fault.code AS _fault,
    CASE fault.code
        WHEN 'validation-failed' THEN '"birth-date-in-future"'::json
        WHEN 'duplicate-phone' THEN (SELECT json_agg(twin) FROM twin)
    END AS _detail
FROM fault CROSS JOIN day
LEFT JOIN new ON true
LEFT JOIN login ON true
LEFT JOIN LATERAL patient_shown(new.p, day.today, login.username IS NOT NULL) s ON true
