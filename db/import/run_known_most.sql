-- The newest row of a kind that an earlier import of this source brought.
SELECT m.legacy_id FROM ops.import_map m WHERE m.source_id = $1::int AND m.name = $2 ORDER BY m.legacy_id DESC LIMIT 1;
