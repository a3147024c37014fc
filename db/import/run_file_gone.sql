DELETE FROM ops.import_file k WHERE k.import_id = $1::bigint AND k.name = $2 AND k.legacy_id = $3::bigint;
