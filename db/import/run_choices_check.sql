-- What the options name and nobody knows here.
SELECT '--clinic-map#/' || m.key, 'there is no clinic `' || m.value || '`' FROM jsonb_each_text($1::jsonb->'clinic_map') m
WHERE NOT EXISTS (SELECT FROM clinicd.clinic c WHERE c.slug = m.value)
UNION ALL
SELECT '--clinic-map#/' || max(m.key), '`' || m.value || '` stands here twice' FROM jsonb_each_text($1::jsonb->'clinic_map') m
GROUP BY m.value HAVING count(*) > 1
UNION ALL
SELECT '--null-clinic', 'there is no clinic `' || n.slug || '`' FROM (SELECT $1::jsonb->>'null_clinic' AS slug) n
WHERE n.slug NOT IN ('inherit', 'reject') AND NOT EXISTS (SELECT FROM clinicd.clinic c WHERE c.slug = n.slug)
UNION ALL
SELECT '--tz', '`' || z.name || '` is not a time zone that is known here' FROM (SELECT $1::jsonb->>'timezone' AS name) z
WHERE z.name IS NOT NULL AND NOT EXISTS (SELECT FROM pg_timezone_names k WHERE k.name = z.name)
ORDER BY 1;
