-- Rows that may be one thing twice, which no index forbids: a person may have a namesake. One row a group: what is
-- the same, whose, how many, five of them. $1 is the clinic, null for all.

SELECT 'same name, same birth date', 'patient of ' || c.slug, count(*), to_json((array_agg(p.id ORDER BY p.id))[1:5])
FROM clinicd.patient p JOIN clinicd.clinic c ON c.clinic_id = p.clinic_id
WHERE ($1::bigint IS NULL OR p.clinic_id = $1) AND p.deleted_at IS NULL AND p.date_of_birth IS NOT NULL
GROUP BY c.slug, p.clinic_id, p.name_key, p.date_of_birth HAVING count(*) > 1
ORDER BY count(*) DESC, min(p.id::text) LIMIT 100;

SELECT 'same name, same phone', 'patient of ' || c.slug, count(*), to_json((array_agg(p.id ORDER BY p.id))[1:5])
FROM clinicd.patient p JOIN clinicd.clinic c ON c.clinic_id = p.clinic_id
WHERE ($1::bigint IS NULL OR p.clinic_id = $1) AND p.deleted_at IS NULL AND p.phone_key IS NOT NULL
GROUP BY c.slug, p.clinic_id, p.name_key, p.phone_key HAVING count(*) > 1
ORDER BY count(*) DESC, min(p.id::text) LIMIT 100;
