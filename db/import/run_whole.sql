UPDATE ops.import SET state = 'whole', finished_at = now() WHERE id = $1::bigint AND state = 'loading';
