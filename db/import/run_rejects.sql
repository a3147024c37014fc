SELECT r.name, r.legacy_id, r.code, r.column_name FROM ops.import_reject r
JOIN ops.import_table t ON t.import_id = r.import_id AND t.name = r.name
WHERE r.import_id = $1::bigint ORDER BY t.ordinal, r.legacy_id LIMIT 1000;
