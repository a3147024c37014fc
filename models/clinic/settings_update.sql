-- Changes what the merge patch of the settings names.
-- kind: write
-- rows: optional
-- audit: entity=clinic id=_id before=_before after=row
-- faults: precondition-failed validation-failed
WITH old AS (
    SELECT c.id, c.version, c.timezone, c.language, c.country_code, c.opening_hours, c.departments,
        c.document_footer, c.idle_minutes
    FROM clinic c WHERE c.clinic_id = $clinic FOR UPDATE OF c
),
fault AS (
    SELECT 'timezone-unknown' AS detail
    WHERE $body::jsonb ? 'timezone'
        AND NOT EXISTS (SELECT 1 FROM pg_timezone_names z WHERE z.name = $body->>'timezone')
),
new AS (
    UPDATE clinic c SET
        timezone = CASE WHEN $body ? 'timezone' THEN $body->>'timezone' ELSE c.timezone END,
        language = CASE WHEN $body ? 'language' THEN $body->>'language' ELSE c.language END,
        country_code = CASE WHEN $body ? 'country_code' THEN $body->>'country_code' ELSE c.country_code END,
        opening_hours = CASE WHEN $body ? 'opening_hours' THEN $body->'opening_hours' ELSE c.opening_hours END,
        departments = CASE WHEN $body ? 'departments' THEN $body->'departments' ELSE c.departments END,
        document_footer = CASE WHEN $body ? 'document_footer'
            THEN $body->>'document_footer' ELSE c.document_footer END,
        idle_minutes = CASE WHEN $body ? 'idle_minutes' THEN ($body->>'idle_minutes')::int ELSE c.idle_minutes END,
        version = c.version + 1, updated_at = $now
    FROM old
    WHERE c.clinic_id = $clinic AND c.version = $if_match AND NOT EXISTS (SELECT 1 FROM fault)
    RETURNING c.version, c.timezone, c.language, c.country_code, c.opening_hours, c.departments,
        c.document_footer, c.idle_minutes, c.updated_at
)
SELECT new.*, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed'
         WHEN fault.detail IS NOT NULL THEN 'validation-failed' END AS _fault,
    CASE WHEN old.version = $if_match THEN to_json(fault.detail) END AS _detail,
    to_json(old) AS _before,
    CASE WHEN new.version IS NOT NULL THEN announce('clinic', ($clinic)::text, $now)::text END AS _announced
FROM old
LEFT JOIN fault ON true
LEFT JOIN new ON true
