-- The clinic's settings.
-- kind: read
-- rows: optional
-- audit: entity=clinic id=_id
SELECT c.version, c.timezone, c.language, c.country_code, c.opening_hours, c.departments, c.document_footer,
    c.idle_minutes, c.updated_at, c.id AS _id
FROM clinic c
WHERE c.clinic_id = $clinic
