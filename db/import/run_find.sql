-- One of this source that stopped on its way.
SELECT id, sha256, has_files FROM ops.import WHERE source_id = $1::int AND state = 'loading';
