SELECT c.name, c.code, c.rows FROM ops.import_change c JOIN ops.import_table t ON t.import_id = c.import_id AND t.name = c.name
WHERE c.import_id = $1::bigint ORDER BY t.ordinal, c.code;
