-- The files of each kind of report, and one sum of all.
SELECT k.name, count(*) AS files, sum(k.size_bytes) AS bytes, sum(ops.digest(k.sha256))::text AS digest
FROM ops.import_file k JOIN ops.import_table t ON t.import_id = k.import_id AND t.name = k.name
WHERE k.import_id = $1::bigint GROUP BY k.name, t.ordinal ORDER BY t.ordinal;
