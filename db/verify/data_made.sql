-- Statements made of the catalogue, for the migrator: each counts rows, of the clinic $1 or of all
-- when that is null, and names five of them.
WITH t AS (
    SELECT c.oid, c.relname, format('clinicd.%I', c.relname) AS rel, (SELECT format('x.%I::text', a.attname)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'clinic_id'
        ORDER BY a.attname = 'id' DESC, a.attname LIKE '%_id' DESC, a.attnum LIMIT 1) AS name_of_row,
        EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'clinic_id' AND NOT a.attisdropped) AS is_clinics
    FROM pg_class c
    WHERE c.relnamespace = 'clinicd'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
)
-- A validated key can be broken all the same: by a restore without its triggers, or by a broken disk.
SELECT 'foreign key ' || k.conname, t.relname, format(
    'SELECT count(*), to_json((array_agg(%s))[1:5]) FROM %s x WHERE %s AND %s AND NOT EXISTS (SELECT FROM %s y WHERE %s)',
    t.name_of_row, t.rel,
    CASE WHEN t.is_clinics THEN '($1::bigint IS NULL OR x.clinic_id = $1)' ELSE '$1::bigint IS NULL' END,
    string_agg(format('x.%I IS NOT NULL', a.attname), ' AND '), k.confrelid::regclass,
    string_agg(format('y.%I = x.%I', b.attname, a.attname), ' AND '))
FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
CROSS JOIN generate_subscripts(k.conkey, 1) i
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i]
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[i]
GROUP BY k.oid, k.conname, t.relname, t.rel, t.name_of_row, t.is_clinics
UNION ALL
-- What has no key to its clinic: the trail.
SELECT 'orphan', t.relname, format('SELECT count(*), to_json((array_agg(%s))[1:5]) FROM %s x '
    'WHERE ($1::bigint IS NULL OR x.clinic_id = $1) AND NOT EXISTS (SELECT FROM clinicd.clinic y WHERE y.clinic_id = x.clinic_id)',
    t.name_of_row, t.rel)
FROM t WHERE t.is_clinics AND t.relname <> 'clinic' AND NOT EXISTS (SELECT FROM pg_constraint k
    WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.confrelid = 'clinicd.clinic'::regclass)
ORDER BY 1, 2;
