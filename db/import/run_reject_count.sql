SELECT count(*) FROM ops.import_reject r WHERE r.import_id = $1::bigint;
