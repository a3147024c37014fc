-- One of this source that stopped on its way, and whether it was told the same.
SELECT id, sha256, choices = $2::jsonb FROM ops.import WHERE source_id = $1::int AND state = 'loading';
