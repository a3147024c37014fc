-- The legacy tables on the search path, as the copy gets them: each with the statements that make, read, fill, index and
-- count it. Values are written as the legacy program wrote them into its file: 0 and 1, days, instants in UTC without a
-- fraction of nothing. Rows come in the order of their ids, so that the same rows make the same copy.
SELECT t.relname,
    'CREATE TABLE ' || t.place || ' (' || string_agg(a.place || CASE WHEN a.attname = 'id' THEN ' integer PRIMARY KEY'
        WHEN a.is_whole OR a.is_truth THEN ' integer' WHEN a.is_number THEN ' real' ELSE ' text' END, ', ' ORDER BY a.attnum) || ')' AS make,
    format('DECLARE legacy NO SCROLL CURSOR FOR SELECT %s FROM %s ORDER BY id', string_agg(CASE
        WHEN a.is_truth THEN format('%I::int', a.attname)
        WHEN a.is_instant THEN format('CASE WHEN isfinite(%1$I) THEN replace(to_char(%1$I, ''YYYY-MM-DD HH24:MI:SS.US''), ''.000000'', '''')'
            ' ELSE %1$I::text END', a.attname)
        ELSE format('%I::text', a.attname) END, ', ' ORDER BY a.attnum), t.oid::regclass) AS read,
    'INSERT INTO ' || t.place || ' VALUES (' || string_agg('?', ', ') || ')' AS fill,
    string_agg('CREATE INDEX "by ' || replace(t.relname || ' ' || a.attname, '"', '""') || '" ON ' || t.place || ' (' || a.place || ')', '; '
        ORDER BY a.attnum) FILTER (WHERE a.is_whole AND a.attname LIKE '%\_id') AS index,
    format('SELECT count(*) FROM %s', t.oid::regclass) AS count, coalesce(bool_or(a.attname = 'id' AND a.is_whole AND a.attnotnull), false) AS has_id
FROM (SELECT c.oid, c.relname, '"' || replace(c.relname, '"', '""') || '"' AS place FROM pg_class c
      WHERE c.relkind IN ('r', 'p', 'f') AND pg_table_is_visible(c.oid)
        AND (c.relname LIKE 'hospital\_%' OR c.relname = 'django_migrations')
        AND c.relname NOT IN ('hospital_user_groups', 'hospital_user_user_permissions')) t
JOIN LATERAL (SELECT k.attname, k.attnum, k.attnotnull, '"' || replace(k.attname, '"', '""') || '"' AS place,
        k.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AS is_whole, k.atttypid = 'bool'::regtype AS is_truth,
        k.atttypid IN ('float4'::regtype, 'float8'::regtype, 'numeric'::regtype) AS is_number,
        k.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype) AS is_instant
    FROM pg_attribute k WHERE k.attrelid = t.oid AND k.attnum > 0 AND NOT k.attisdropped) a ON true
GROUP BY t.oid, t.relname, t.place
ORDER BY t.relname COLLATE "C";
