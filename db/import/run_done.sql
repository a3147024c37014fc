UPDATE ops.import_table t SET is_done = true WHERE t.import_id = $1::bigint AND t.name = $2;
