-- Of rows with the times at which they were made: how many are known, and how many of those by another time. A loaded
-- row's id says when it was made (ops.row_id()).
SELECT count(*), count(*) FILTER (WHERE m.id <> ops.row_id(o.identity, $2, s.n, s.made))
FROM ops.import_source o
CROSS JOIN (SELECT r.n, CASE WHEN $2 = 'patient' THEN ops.day(r.at)::timestamp AT TIME ZONE 'UTC' ELSE ops.moment(r.at) END AS made
            FROM jsonb_to_recordset($3::jsonb) r (n bigint, at text)) s
JOIN ops.import_map m ON m.source_id = o.id AND m.name = $2 AND m.legacy_id = s.n
WHERE o.id = $1::int AND s.made IS NOT NULL AND m.outcome = 'loaded' AND m.id IS NOT NULL;
