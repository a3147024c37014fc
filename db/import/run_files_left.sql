-- Objects of an import that was taken back. What a row names is none.
SELECT k.name, k.legacy_id, k.clinic_id, k.id FROM ops.import_file k JOIN ops.import i ON i.id = k.import_id AND i.state = 'undone'
WHERE k.import_id = $1::bigint AND NOT EXISTS (SELECT FROM clinicd.file f WHERE f.clinic_id = k.clinic_id AND f.id = k.id)
ORDER BY k.name, k.legacy_id LIMIT 500;
