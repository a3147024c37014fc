-- Clinics that asked to be opened, the newest first.
-- kind: read
-- rows: many
-- audit: entity=clinic_application
-- sort: -created_at | a.created_at:timestamptz desc, a.id:uuid desc
SELECT s.*, {keys}
FROM clinic_application a, LATERAL clinic_application_shown(a) s
WHERE ($status::text IS NULL OR a.status = $status)
    AND {keyset}
{page}
