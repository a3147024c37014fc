-- What became of the file of a report of the chunk: kept ($2 is NULL), or why not.
UPDATE ops.import_report r SET code = $2::text, column_name = CASE WHEN $2 IS NOT NULL THEN 'report_file' END, file_name = $3, media_type = $4,
    size_bytes = $5::bigint, sha256 = $6, state = $7
WHERE r.n = $1::bigint;
