INSERT INTO ops.import_table (import_id, name, ordinal, source_rows) VALUES ($1::bigint, $2, $3::int, $4::bigint) ON CONFLICT DO NOTHING;

SELECT t.cursor, t.is_done, t.seen_rows FROM ops.import_table t WHERE t.import_id = $1::bigint AND t.name = $2;
