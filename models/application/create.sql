-- A clinic asks to be opened.
-- kind: write
-- rows: one
-- audit: entity=clinic_application id=id after=row
WITH new AS (
    INSERT INTO clinic_application (id, clinic, created_at, updated_at)
    VALUES ($id::uuid, $clinic_body::jsonb, $now, $now)
    RETURNING clinic_application AS a
)
SELECT s.* FROM new, LATERAL clinic_application_shown(new.a) s
