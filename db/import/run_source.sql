WITH new AS (INSERT INTO ops.import_source (identity) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id)
SELECT id FROM new UNION ALL SELECT id FROM ops.import_source WHERE identity = $1 LIMIT 1;
