INSERT INTO ops.import (source_id, sha256, generation, home_clinic, keeps_passwords, tool, choices)
SELECT $1::int, $2, $3::int, (SELECT c.clinic_id FROM clinicd.clinic c WHERE c.slug = $4), $5::boolean, $6, $7::jsonb
WHERE $4::text IS NULL OR EXISTS (SELECT FROM clinicd.clinic c WHERE c.slug = $4)
RETURNING id;
