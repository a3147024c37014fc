-- Changes what the merge patch of a profile names.
-- kind: write
-- rows: optional
-- audit: entity=clinic id=_id before=_before after=row
-- faults: precondition-failed validation-failed
WITH old AS (
    SELECT c.id, c.version, c AS was FROM clinic c WHERE c.clinic_id = $clinic FOR UPDATE OF c
),
fault AS (
    SELECT 'timezone-unknown' AS detail
    WHERE $body::jsonb ? 'timezone'
        AND NOT EXISTS (SELECT 1 FROM pg_timezone_names z WHERE z.name = $body->>'timezone')
),
new AS (
    UPDATE clinic c SET
        slug = CASE WHEN $body ? 'slug' THEN $body->>'slug' ELSE c.slug END,
        name = CASE WHEN $body ? 'name' THEN $body->>'name' ELSE c.name END,
        address = CASE WHEN $body ? 'address' THEN $body->>'address' ELSE c.address END,
        city = CASE WHEN $body ? 'city' THEN $body->>'city' ELSE c.city END,
        state = CASE WHEN $body ? 'state' THEN $body->>'state' ELSE c.state END,
        zip_code = CASE WHEN $body ? 'zip_code' THEN $body->>'zip_code' ELSE c.zip_code END,
        phone_number = CASE WHEN $body ? 'phone_number' THEN $body->>'phone_number' ELSE c.phone_number END,
        email = CASE WHEN $body ? 'email' THEN $body->>'email' ELSE c.email END,
        website = CASE WHEN $body ? 'website' THEN $body->>'website' ELSE c.website END,
        registration_number = CASE WHEN $body ? 'registration_number'
            THEN $body->>'registration_number' ELSE c.registration_number END,
        gstin = CASE WHEN $body ? 'gstin' THEN $body->>'gstin' ELSE c.gstin END,
        timezone = CASE WHEN $body ? 'timezone' THEN $body->>'timezone' ELSE c.timezone END,
        language = CASE WHEN $body ? 'language' THEN $body->>'language' ELSE c.language END,
        version = c.version + 1, updated_at = $now
    FROM old
    WHERE c.clinic_id = $clinic AND c.version = $if_match AND NOT EXISTS (SELECT 1 FROM fault)
    RETURNING c.id, c AS c
)
SELECT s.*, k.max_files, k.max_bytes AS max_file_bytes, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed'
         WHEN fault.detail IS NOT NULL THEN 'validation-failed' END AS _fault,
    CASE WHEN old.version = $if_match THEN to_json(fault.detail) END AS _detail,
    to_json(b) AS _before,
    CASE WHEN new.id IS NOT NULL THEN announce('clinic', ($clinic)::text, $now)::text END AS _announced
FROM old
JOIN file_quota k ON k.clinic_id = $clinic
CROSS JOIN LATERAL (
    SELECT max(q.allowed) FILTER (WHERE q.kind = 'doctor') AS doctors,
           max(q.allowed) FILTER (WHERE q.kind = 'patient') AS patients,
           max(q.allowed) FILTER (WHERE q.kind = 'receptionist') AS receptionists
    FROM quota q WHERE q.clinic_id = $clinic) n
CROSS JOIN LATERAL clinic_shown(old.was, n.doctors, n.patients, n.receptionists) b
LEFT JOIN fault ON true
LEFT JOIN new ON true
LEFT JOIN LATERAL clinic_shown(new.c, n.doctors, n.patients, n.receptionists) s ON true
