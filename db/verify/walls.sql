-- For each table of a clinic: the statements that take its wall away and put it back, and whether the
-- service may read the table at all (else only the catalogue can tell that the wall is gone).
SELECT c.relname, format('ALTER TABLE clinicd.%I DISABLE ROW LEVEL SECURITY', c.relname),
    format('ALTER TABLE clinicd.%I ENABLE ROW LEVEL SECURITY', c.relname), has_table_privilege('clinicd_app', c.oid, 'SELECT')
FROM pg_class c JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = 'clinic_id' AND NOT k.attisdropped
WHERE c.relnamespace = 'clinicd'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1;
