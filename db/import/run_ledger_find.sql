-- The report that an import left in its run; of several with the same text the last one.
WITH run AS MATERIALIZED (
    SELECT r.*, r.result::json AS said FROM ops.run r WHERE r.command = 'import' AND r.number IS NOT NULL
)
SELECT r.said->>'import', (r.said->'report')::text, r.said->>'report_sha256',
    to_char(r.started_at + r.duration_ms * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    r.db_role || ', ' || r.os_user, r.host, r.tool,
    encode(sha256(convert_to((r.said->'report')::text || E'\n', 'UTF8')), 'hex') = r.said->>'report_sha256'
FROM run r WHERE r.said->'report' IS NOT NULL AND (r.said->>'report_sha256' = $1 OR r.said->>'import' = $2)
ORDER BY r.number DESC LIMIT 1;
