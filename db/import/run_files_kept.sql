-- What the store holds of an import, behind $3, as it was written down and as the rows have it; how many that are.
SELECT k.legacy_id, k.clinic_id, k.id, k.size_bytes, k.sha256, f.size_bytes IS NOT DISTINCT FROM k.size_bytes
    AND f.sha256 IS NOT DISTINCT FROM k.sha256, count(*) OVER () AS n
FROM ops.import_file k LEFT JOIN clinicd.file f ON f.clinic_id = k.clinic_id AND f.id = k.id
WHERE k.import_id = $1::bigint AND k.name = $2 AND k.legacy_id > $3::bigint
ORDER BY k.legacy_id LIMIT 500;
