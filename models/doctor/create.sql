-- Makes a doctor: a place of the quota, the account, the profile; all of it or nothing.
-- kind: write
-- rows: one
-- audit: entity=doctor id=id after=row
-- keyed: yes
-- lock: doctor
WITH place AS (
    UPDATE quota q SET used = q.used + 1
    WHERE q.clinic_id = $clinic AND q.kind = 'doctor'
),
person AS (
    INSERT INTO account (clinic_id, id, username, role, first_name, last_name, email, mobile_number,
        password_hash, must_change_password, password_expires_at, password_changed_at, created_at, updated_at)
    SELECT $clinic, $id::uuid, $body::jsonb->>'username', 'doctor', $body->>'first_name', $body->>'last_name',
        $body->>'email', $body->>'mobile_number', $password_hash::text, true, $now + interval '72 hours',
        $now, $now, $now
    RETURNING account AS a, id
),
profile AS (
    INSERT INTO doctor (clinic_id, id, specialization, license_number, qualification, experience_years,
        consultation_fee, availability_status, office_hours)
    SELECT $clinic, person.id, $body->>'specialization', $body->>'license_number', $body->>'qualification',
        ($body->>'experience_years')::int, ($body->>'consultation_fee')::bigint, $body->>'availability_status',
        coalesce($body->'office_hours', '[]')
    FROM person
    RETURNING doctor AS d
)
SELECT s.*
FROM person CROSS JOIN profile
CROSS JOIN LATERAL doctor_shown(person.a, profile.d) s
