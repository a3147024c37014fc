-- What was loaded later hangs on what was loaded before.
SELECT i.state, (SELECT min(m.import_id) FROM ops.import_map m WHERE m.source_id = i.source_id AND m.import_id > i.id),
    EXISTS (SELECT FROM ops.import_file k WHERE k.import_id = i.id)
FROM ops.import i WHERE i.id = $1::bigint;
