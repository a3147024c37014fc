SELECT i.state FROM ops.import i WHERE i.id = $1::bigint;
