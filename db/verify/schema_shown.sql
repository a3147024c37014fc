-- The schema as it is now, as lines: kind, name, definition.

-- All tables.
SELECT CASE c.relkind WHEN 'p' THEN 'partitioned table' ELSE 'table' END, n.nspname || '.' || c.relname,
    concat_ws(', ', (SELECT count(*) || ' columns' FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT count(*) || ' indexes' FROM pg_index x WHERE x.indrelid = c.oid),
        CASE WHEN c.relforcerowsecurity THEN 'walls forced' WHEN c.relrowsecurity THEN 'walls' END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('clinicd', 'ops') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 2;

-- One of them, $1: "clinic" of the schema clinicd, or "ops.run". No line: there is no such.
WITH t AS (SELECT coalesce(to_regclass('clinicd.' || quote_ident($1)),
    to_regclass(quote_ident(split_part($1, '.', 1)) || '.' || quote_ident(split_part($1, '.', 2)))) AS oid)
SELECT kind, name, definition FROM t, LATERAL (
    SELECT 1 AS place, a.attnum::int AS n, 'column' AS kind, a.attname::text AS name, concat_ws(' ',
        format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        CASE WHEN a.attidentity <> '' THEN 'GENERATED AS IDENTITY' WHEN a.attgenerated <> ''
            THEN format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
            WHEN d.adbin IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END) AS definition
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT 2, 0, 'constraint', conname, pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE conrelid = t.oid
    UNION ALL SELECT 3, 0, 'index', x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid) FROM pg_index x WHERE x.indrelid = t.oid
    UNION ALL SELECT 4, 0, 'policy', polname, concat_ws(' ', CASE WHEN polpermissive THEN 'permissive' ELSE 'restrictive' END,
        'USING (' || pg_get_expr(polqual, polrelid) || ')', 'WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
        FROM pg_policy WHERE polrelid = t.oid
    UNION ALL SELECT 5, 0, 'trigger', tgname, pg_get_triggerdef(g.oid) FROM pg_trigger g WHERE tgrelid = t.oid AND NOT tgisinternal
    UNION ALL SELECT 6, 0, 'rights', a.grantee::regrole::text, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
        FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = t.oid AND a.grantee <> 0 GROUP BY a.grantee
    UNION ALL SELECT 7, 0, 'walls', c.relname::text, CASE WHEN c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity
        THEN 'not forced' ELSE 'none' END FROM pg_class c WHERE c.oid = t.oid) AS lines
ORDER BY place, n, name;
