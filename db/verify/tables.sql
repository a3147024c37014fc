-- Every table of a clinic, as the catalogue has it, with what to try on it as the service's role:
-- one row a table and probe. $1 is one clinic (own), $2 another, $3 and $4 how the ids of their rows
-- begin. A probe's statement may use $1, the table's own row as JSON; `context` is the clinic that
-- it runs in, or nothing. `wanted`: "rows" some; "none" no row, or a refusal; "refused" an error,
-- and before the unique index is asked: that would tell whether the row exists.
WITH t AS (
    SELECT c.oid, c.relname AS name, format('clinicd.%I', c.relname) AS rel,
        has_table_privilege('clinicd_app', c.oid, 'SELECT') AS may_select,
        has_table_privilege('clinicd_app', c.oid, 'INSERT') AS may_insert,
        -- some column that may be written: a refusal for another reason would prove nothing
        coalesce((SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
            AND NOT a.attisdropped AND a.attgenerated = '' AND has_column_privilege('clinicd_app', c.oid, a.attnum, 'UPDATE')
            ORDER BY a.attname = 'clinic_id' DESC, a.attnum LIMIT 1), 'clinic_id') AS writable,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
        -- a copy, whose id is new, needs others of these, so that no unique index refuses before the foreign key does
        (SELECT string_agg(DISTINCT format(CASE a.atttypid WHEN 'text'::regtype THEN '%L, left(gen_random_uuid()::text, 8),'
                ELSE '%L, 1000001,' END, a.attname), ' ')
            FROM pg_index x JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
            WHERE x.indrelid = c.oid AND x.indisunique AND a.atttypid IN ('text'::regtype, 'int'::regtype)
            AND a.attgenerated = '' AND NOT EXISTS (SELECT FROM pg_attribute i
                WHERE i.attrelid = c.oid AND i.attname = 'id' AND i.attnum = ANY (x.indkey))) AS fresh
    FROM pg_class c JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = 'clinic_id' AND NOT k.attisdropped
    WHERE c.relnamespace = 'clinicd'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
),
own AS (SELECT $1::bigint AS clinic, $2::bigint AS other, $3::text AS ids, $4::text AS other_ids),
-- columns that name a row of another table of a clinic
pointer AS (
    SELECT t.*, a.attname AS pointing, co.conname, has_column_privilege('clinicd_app', t.oid, a.attnum, 'UPDATE') AS may_point
    FROM t JOIN pg_constraint co ON co.conrelid = t.oid AND co.contype = 'f' JOIN t target ON target.oid = co.confrelid
    CROSS JOIN generate_subscripts(co.conkey, 1) i
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = co.conkey[i] AND a.atttypid = 'uuid'::regtype
    WHERE a.attname NOT IN ('clinic_id', 'patient_id') OR (a.attname = 'patient_id' AND cardinality(co.conkey) = 2)
),
-- columns whose row no two rows name (a report has its file to itself): a copy of the one names a copy of the other
sole AS (
    SELECT DISTINCT t.oid, a.attname AS naming, format('%L, md5($1::jsonb->>%1$L)::uuid,', a.attname) AS another,
        format('WITH copied AS (INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, (SELECT to_jsonb(o) '
            '|| jsonb_build_object(''id'', md5($1::jsonb->>%3$L)::uuid) FROM %1$s o WHERE o.id::text = $1::jsonb->>%3$L)))',
            target.rel, target.columns, a.attname) AS copied
    FROM t JOIN pg_constraint co ON co.conrelid = t.oid AND co.contype = 'f'
    JOIN t target ON target.oid = co.confrelid AND target.may_select AND target.may_insert
    CROSS JOIN generate_subscripts(co.conkey, 1) i
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = co.conkey[i] AND a.attname NOT IN ('id', 'clinic_id')
    JOIN pg_attribute b ON b.attrelid = target.oid AND b.attnum = co.confkey[i] AND b.attname = 'id'
    JOIN pg_index x ON x.indrelid = t.oid AND x.indisunique AND x.indpred IS NULL AND x.indnkeyatts = 2 AND a.attnum = ANY (x.indkey)
)
SELECT t.name, p.probe, p.context, p.statement, p.wanted,
    CASE WHEN may_select THEN format('SELECT to_jsonb(t) FROM %s t LIMIT 1', rel) END AS row_of_own
FROM t, own, LATERAL (VALUES
    (1, 'own select', clinic, format('SELECT FROM %s', rel), CASE WHEN may_select THEN 'rows' ELSE 'none' END),
    (2, 'select without a clinic', NULL, format('SELECT FROM %s', rel), 'none'),
    (3, 'update without a clinic', NULL, format('UPDATE %s SET %s = %2$s', rel, writable), 'none'),
    (4, 'delete without a clinic', NULL, format('DELETE FROM %s', rel), 'none'),
    (5, 'insert without a clinic', NULL,
        format('INSERT INTO %s (%s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1::jsonb)', rel, columns), 'refused'),
    (6, 'select of another', clinic, format('SELECT FROM %s WHERE clinic_id <> %s', rel, clinic), 'none'),
    (7, 'select from another', other, format('SELECT FROM %s WHERE clinic_id = %s', rel, clinic), 'none'),
    (8, 'update of another', clinic, format('UPDATE %s SET %s = %2$s WHERE clinic_id <> %3$s', rel, writable, clinic), 'none'),
    (9, 'delete of another', clinic, format('DELETE FROM %s WHERE clinic_id <> %s', rel, clinic), 'none'),
    (10, 'insert into another', clinic, format('INSERT INTO %s (%s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, '
        '$1::jsonb || ''{"clinic_id": %3$s}'')', rel, columns, other), 'refused'),
    (11, 'move to another', clinic, format('UPDATE %s SET clinic_id = %s WHERE clinic_id = %s', rel, other, clinic), 'refused')
) AS p (number, probe, context, statement, wanted)
UNION ALL
-- The other clinic's row has the same id but for how it begins: it is there, and out of reach.
SELECT name, 'foreign key ' || conname, clinic, CASE WHEN may_point
    THEN format('UPDATE %1$s SET %2$I = replace(%2$I::text, %3$L, %4$L)::uuid WHERE %2$I::text LIKE %3$L || ''%%''', rel,
        pointing, ids, other_ids)
    ELSE format('%7$s INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1::jsonb || jsonb_build_object('
        '''id'', gen_random_uuid(), %6$s %8$s %3$L, replace($1::jsonb->>%3$L, %4$L, %5$L)))', rel, columns, pointing, ids, other_ids,
        fresh, copied, another)
    END, 'refused', format('SELECT to_jsonb(t) FROM %s t WHERE %I IS NOT NULL LIMIT 1', rel, pointing)
FROM own, pointer LEFT JOIN sole ON sole.oid = pointer.oid AND naming <> pointing
WHERE may_select AND (may_point OR may_insert)
ORDER BY 1, 2;
