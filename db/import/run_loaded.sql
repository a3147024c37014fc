SELECT count(*), sum(m.canon) FROM ops.import_map m WHERE m.import_id = $1::bigint AND m.name = $2 AND m.outcome = 'loaded';
