UPDATE ops.import SET has_files = true WHERE id = $1::bigint;
