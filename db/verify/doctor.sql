-- The server, the roles and the schema as `clinicd doctor` sees them: id, level (0 green, 1 amber,
-- 2 red), what was measured, what is wanted, what to do. $1: migrate, serve, import, restore or null;
-- $2: connections that the service takes, by its settings.
WITH s AS (
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS places),
-- The newest fixes of row-security holes, by release line; of a line that is not here nothing is known.
fixed (line, minor) AS (VALUES (15, 20), (16, 16), (17, 12), (18, 6)),
d AS (SELECT * FROM pg_database WHERE datname = current_database()),
r AS (SELECT w.role, w.bypasses, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcanlogin
    FROM (VALUES ('clinicd_app', false), ('clinicd_migrator', true), ('clinicd_backup', true)) AS w (role, bypasses)
    LEFT JOIN pg_roles r ON r.rolname = w.role),
c AS (
    SELECT 10 AS place, 'server.version' AS id, CASE WHEN s.number >= 150000 THEN 0 ELSE 2 END AS level, s.version AS measured,
        '15 or newer' AS wanted, 'move the database to PostgreSQL 15 or newer' AS fix FROM s
    UNION ALL SELECT 11, 'server.fixes', CASE WHEN s.number % 10000 >= f.minor THEN 0 ELSE 1 END, s.version,
        format('%s.%s or newer', f.line, f.minor), 'upgrade to it: older ones lack fixes of row security'
        FROM s JOIN fixed f ON f.line = s.number / 10000
    UNION ALL SELECT 12, 'server.primary', CASE WHEN pg_is_in_recovery() THEN 2 ELSE 0 END,
        CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END, 'primary', 'name the primary'
    UNION ALL SELECT 13, 'server.encoding', CASE WHEN pg_encoding_to_char(d.encoding) = 'UTF8' THEN 0 ELSE 2 END,
        pg_encoding_to_char(d.encoding)::text, 'UTF8', 'make the database with ENCODING ''UTF8''' FROM d
    UNION ALL SELECT 14, 'server.collation', CASE WHEN d.datcollversion IS NULL
            OR d.datcollversion = pg_database_collation_actual_version(d.oid) THEN 0 ELSE 2 END,
        coalesce(d.datcollversion, '-'), coalesce(pg_database_collation_actual_version(d.oid), '-'),
        'REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION' FROM d
    UNION ALL SELECT 15, 'server.timezone', CASE WHEN EXISTS (SELECT FROM pg_timezone_names WHERE name = 'Asia/Kolkata') THEN 0
        ELSE 2 END, current_setting('TimeZone'), 'zones are known', 'install tzdata on the server'
    UNION ALL SELECT 16, 'server.checksums', CASE current_setting('data_checksums') WHEN 'on' THEN 0 ELSE 1 END,
        current_setting('data_checksums'), 'on', 'pg_checksums --enable, with the server stopped'
    UNION ALL SELECT 17, 'server.fsync', CASE WHEN current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
        THEN 0 ELSE 2 END, format('%s, full_page_writes %s', current_setting('fsync'), current_setting('full_page_writes')),
        'on', 'set fsync and full_page_writes to on: a crash may lose the database'
    UNION ALL SELECT 18, 'server.synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'off' THEN 2 ELSE 0 END,
        current_setting('synchronous_commit'), 'not off', 'set synchronous_commit to on: a crash may lose what was answered'
    UNION ALL SELECT 19, 'server.wraparound', CASE WHEN age(d.datfrozenxid) > 1500000000 THEN 2
        WHEN age(d.datfrozenxid) > 500000000 THEN 1 ELSE 0 END, age(d.datfrozenxid)::text, 'below 500000000', 'VACUUM FREEZE'
        FROM d
    UNION ALL SELECT 20, 'server.connections', CASE WHEN s.places >= $2::int + 5 THEN 0 WHEN s.places >= $2 THEN 1 ELSE 2 END,
        s.places::text, format('%s and 5 to spare', $2), 'raise max_connections' FROM s
    UNION ALL SELECT 21, 'server.prepared', CASE WHEN count(*) = 0 THEN 0 ELSE 1 END, count(*)::text, '0',
        'commit or roll back what pg_prepared_xacts shows: it holds its locks' FROM pg_prepared_xacts
    UNION ALL SELECT 22, 'server.transactions', CASE WHEN count(*) = 0 THEN 0 WHEN $1::text = 'migrate' THEN 2 ELSE 1 END,
        coalesce(string_agg(format('process %s (%s), %s s', a.pid, a.application_name,
            extract(epoch FROM clock_timestamp() - a.xact_start)::int), ', '), 'none'), 'none over 60 s',
        'end it: migrations wait for it, and dead rows stay'
        FROM pg_stat_activity a WHERE a.xact_start < clock_timestamp() - interval '60 s' AND a.pid <> pg_backend_pid()
            AND a.datname = current_database()
    UNION ALL SELECT 30, 'role.' || r.role, CASE WHEN r.rolname IS NULL OR r.rolsuper OR r.rolbypassrls <> r.bypasses
            OR NOT r.rolcanlogin THEN 2 ELSE 0 END,
        CASE WHEN r.rolname IS NULL THEN 'not there' ELSE concat_ws(', ', CASE WHEN r.rolsuper THEN 'superuser' END,
            CASE WHEN r.rolbypassrls THEN 'passes walls' ELSE 'behind the walls' END,
            CASE WHEN NOT r.rolcanlogin THEN 'cannot sign in' END) END,
        CASE WHEN r.bypasses THEN 'passes walls' ELSE 'behind the walls' END, 'run what `clinicd migrate roles` prints' FROM r
    UNION ALL SELECT 40, 'schema.indexes', CASE WHEN count(*) = 0 THEN 0 ELSE 2 END,
        coalesce(string_agg(x.indexrelid::regclass::text, ', '), 'all valid'), 'all valid', '`clinicd migrate repair`'
        FROM pg_index x JOIN pg_class k ON k.oid = x.indexrelid
        WHERE NOT x.indisvalid AND k.relnamespace = to_regnamespace('clinicd')
    UNION ALL SELECT 41, 'schema.constraints', CASE WHEN count(*) = 0 THEN 0 ELSE 1 END,
        coalesce(string_agg(conname, ', '), 'all validated'), 'all validated', 'ALTER TABLE … VALIDATE CONSTRAINT'
        FROM pg_constraint WHERE NOT convalidated AND connamespace = to_regnamespace('clinicd'))
SELECT id, level, measured, wanted, fix FROM c ORDER BY place, id;

-- How much a backup and the largest table written anew would take, at the most.
SELECT pg_database_size(current_database()) + 2 * coalesce((SELECT max(pg_total_relation_size(oid)) FROM pg_class
    WHERE relnamespace = to_regnamespace('clinicd') AND relkind = 'r'), 0), current_setting('server_version_num')::int / 10000;
