-- The directory that every process keeps in memory: one clinic, or all; after each what else it was called.
-- kind: read
-- rows: many
SELECT e.clinic_id, coalesce(r.slug, e.slug) AS slug, e.name, e.status, e.timezone, e.country_code, e.idle_minutes,
    CASE WHEN r.slug IS NOT NULL THEN e.slug END AS now_called
FROM clinic_entries($only_clinic::bigint) e
LEFT JOIN LATERAL (SELECT NULL::text AS slug UNION ALL
    SELECT k.slug FROM clinic_redirects($only_clinic::bigint) k WHERE k.clinic_id = e.clinic_id) r ON true
ORDER BY e.clinic_id, r.slug NULLS FIRST
