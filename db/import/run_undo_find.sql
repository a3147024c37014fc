SELECT i.state, EXISTS (SELECT FROM ops.import_file k WHERE k.import_id = i.id) FROM ops.import i WHERE i.id = $1::bigint;
