INSERT INTO ops.import_change AS c (import_id, name, code, rows)
SELECT $1::bigint, $2, 'changed-since-then', count(*) FROM ops.import_stage s
CROSS JOIN ops.import i
CROSS JOIN LATERAL (SELECT m.digest FROM ops.import_map m
    WHERE m.source_id = i.source_id AND m.name = $2 AND m.legacy_id = s.n OFFSET 0) m
WHERE i.id = $1::bigint AND m.digest <> ops.digest(s.line)
HAVING count(*) > 0
ON CONFLICT (import_id, name, code) DO UPDATE SET rows = c.rows + excluded.rows;

UPDATE ops.import_table t SET cursor = $3::bigint, seen_rows = t.seen_rows + s.n, seen_digest = t.seen_digest + s.digest,
    already = t.already + s.n - (SELECT count(*) FROM ops.import_outcome)
FROM (SELECT count(*) AS n, coalesce(sum(ops.digest(line)), 0) AS digest FROM ops.import_stage) s
WHERE t.import_id = $1::bigint AND t.name = $2;

INSERT INTO ops.import_map (source_id, name, legacy_id, import_id, outcome, clinic_id, id, digest, canon)
SELECT i.source_id, $2, o.n, i.id, o.outcome, o.clinic_id, o.id, ops.digest(s.line), o.canon
FROM ops.import i, ops.import_outcome o JOIN ops.import_stage s ON s.n = o.n
WHERE i.id = $1::bigint AND o.outcome <> 'rejected';

INSERT INTO ops.import_reject (import_id, name, legacy_id, code, column_name, digest)
SELECT $1::bigint, $2, o.n, o.code, o.column_name, ops.digest(s.line)
FROM ops.import_outcome o JOIN ops.import_stage s ON s.n = o.n WHERE o.outcome = 'rejected';

INSERT INTO ops.import_change AS c (import_id, name, code, rows)
SELECT $1::bigint, $2, k.code, count(*) FROM ops.import_outcome o, unnest(o.changes) k (code)
WHERE o.outcome <> 'rejected' GROUP BY k.code
ON CONFLICT (import_id, name, code) DO UPDATE SET rows = c.rows + excluded.rows;

-- What the reader cut says so at its end.
INSERT INTO ops.import_change AS c (import_id, name, code, rows)
SELECT i.id, $2, 'cut', count(*) FROM ops.import i, ops.import_outcome o JOIN ops.import_stage s ON s.n = o.n
WHERE i.id = $1::bigint AND i.choices->>'overlong' = 'cut' AND o.outcome <> 'rejected' AND s.line ~ '"cut":[1-9][0-9]*\}$'
GROUP BY i.id
ON CONFLICT (import_id, name, code) DO UPDATE SET rows = c.rows + excluded.rows;

TRUNCATE ops.import_stage, ops.import_outcome;

COMMIT;
