UPDATE ops.import_table t SET source_digest = $3::numeric WHERE t.import_id = $1::bigint AND t.name = $2;
