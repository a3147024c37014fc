-- What became of each kind of row, and whether it adds up.
SELECT t.name, t.source_rows, coalesce(o.loaded, 0) AS loaded, coalesce(o.merged, 0) AS merged, coalesce(o.skipped, 0) AS skipped,
    coalesce(r.rejected, 0) AS rejected, t.already,
    t.source_rows = t.seen_rows AND t.seen_digest IS NOT DISTINCT FROM t.source_digest AND t.seen_rows =
        coalesce(o.loaded, 0) + coalesce(o.merged, 0) + coalesce(o.skipped, 0) + coalesce(r.rejected, 0) + t.already AS is_whole,
    t.seen_digest::text AS digest
FROM ops.import_table t
LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE m.outcome = 'loaded') AS loaded, count(*) FILTER (WHERE m.outcome = 'merged') AS merged,
        count(*) FILTER (WHERE m.outcome = 'skipped') AS skipped
    FROM ops.import_map m WHERE m.import_id = t.import_id AND m.name = t.name) o ON true
LEFT JOIN LATERAL (SELECT count(*) AS rejected FROM ops.import_reject j WHERE j.import_id = t.import_id AND j.name = t.name) r ON true
WHERE t.import_id = $1::bigint ORDER BY t.ordinal;
