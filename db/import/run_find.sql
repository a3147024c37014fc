-- One of this source that stopped on its way, and what was chosen for it.
SELECT i.id, i.sha256, i.keeps_passwords, c.slug, i.has_files
FROM ops.import i LEFT JOIN clinicd.clinic c ON c.clinic_id = i.home_clinic
WHERE i.source_id = $1::int AND i.state = 'loading';
