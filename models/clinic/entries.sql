-- The directory that every process keeps in memory: one clinic, or all.
-- kind: read
-- rows: many
SELECT e.clinic_id, e.slug, e.name, e.status, e.timezone, e.country_code, e.idle_minutes
FROM clinic_entries($only_clinic::bigint) e
