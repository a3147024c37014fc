-- One of this source that stopped on its way, and what it was told.
SELECT i.id, i.sha256, i.keeps_passwords, c.slug, i.has_files, i.choices = $2::jsonb
FROM ops.import i LEFT JOIN clinicd.clinic c ON c.clinic_id = i.home_clinic
WHERE i.source_id = $1::int AND i.state = 'loading';
