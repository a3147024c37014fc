-- Opens a clinic: its row, its quotas, its first administrator, perhaps its pharmacy. Runs when the
-- transaction has entered the number that clinic_allot gave.
-- kind: write
-- rows: one
-- audit: entity=clinic id=_id after=row
-- faults: validation-failed
WITH fault AS (
    SELECT 'timezone-unknown' AS detail
    WHERE NOT EXISTS (SELECT 1 FROM pg_timezone_names z WHERE z.name = $body::jsonb->>'timezone')
),
new AS (
    INSERT INTO clinic (clinic_id, id, slug, name, address, city, state, zip_code, phone_number, email,
        website, registration_number, gstin, timezone, language, status, created_at, updated_at)
    SELECT $clinic, $id::uuid, $body->>'slug', $body->>'name', $body->>'address', $body->>'city',
        $body->>'state', $body->>'zip_code', $body->>'phone_number', $body->>'email', $body->>'website',
        $body->>'registration_number', $body->>'gstin', $body->>'timezone', $body->>'language',
        CASE WHEN ($body->>'is_active')::boolean THEN $body->>'subscription_status' ELSE 'inactive' END,
        $now, $now
    WHERE NOT EXISTS (SELECT 1 FROM fault)
    RETURNING clinic AS c, id
),
places AS (
    INSERT INTO quota (clinic_id, kind, allowed)
    SELECT $clinic, kind, ($body->>member)::int
    FROM new, (VALUES ('doctor', 'max_doctors'), ('patient', 'max_patients'),
                      ('receptionist', 'max_receptionists')) k (kind, member)
),
admin AS (
    INSERT INTO account (clinic_id, id, username, role, first_name, last_name, email, password_hash,
        must_change_password, password_expires_at, password_changed_at, created_at, updated_at)
    SELECT $clinic, $admin_id::uuid, $admin_username::text, 'admin',
        coalesce($body->'admin'->>'first_name', 'Clinic'), coalesce($body->'admin'->>'last_name', 'Administrator'),
        coalesce($body->'admin'->>'email', $body->>'email'), $password_hash::text,
        true, $now + interval '72 hours', $now, $now, $now
    FROM new
),
shop AS (
    INSERT INTO pharmacy (clinic_id, id, name, address, phone_number, is_primary, created_at, updated_at)
    SELECT $clinic, $pharmacy_id::uuid, $body->'pharmacy'->>'name', $body->'pharmacy'->>'address',
        $body->'pharmacy'->>'phone_number', true, $now, $now
    FROM new WHERE $body ? 'pharmacy'
)
SELECT s.*, new.id AS _id, CASE WHEN fault.detail IS NOT NULL THEN 'validation-failed' END AS _fault,
    to_json(fault.detail) AS _detail,
    CASE WHEN fault.detail IS NULL THEN announce('clinic', ($clinic)::text, $now)::text END AS _announced
FROM (VALUES (1)) one (row)
LEFT JOIN fault ON true
LEFT JOIN new ON true
LEFT JOIN LATERAL clinic_shown(new.c, ($body->>'max_doctors')::int, ($body->>'max_patients')::int,
    ($body->>'max_receptionists')::int) s ON true
