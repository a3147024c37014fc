-- What `clinicd doctor` asks a server, as one JSON object of facts (db/verify/rules.h says what they mean): a fact is
-- named as its check is, null is what this role may not see, and what does not apply is left away. $1: connections
-- that the service takes, by its settings.
WITH me AS (SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees),
s AS (SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS places),
d AS (SELECT *, pg_database_collation_actual_version(oid) AS now FROM pg_database WHERE datname = current_database()),
r AS (SELECT w.role, w.bypasses, r.rolname, r.rolcanlogin, r.rolbypassrls, concat_ws(', ',
        CASE WHEN r.rolname IS NULL THEN 'is not there' END,
        CASE WHEN r.rolsuper THEN 'is a superuser' END,
        CASE WHEN r.rolbypassrls AND NOT w.bypasses THEN 'passes walls' END,
        CASE WHEN NOT r.rolbypassrls AND w.bypasses THEN 'is behind the walls' END,
        CASE WHEN NOT r.rolcanlogin THEN 'cannot sign in' END,
        CASE WHEN NOT w.bypasses AND EXISTS (SELECT FROM pg_class k WHERE k.relowner = r.oid) THEN 'owns tables' END) AS wrong
    FROM (VALUES ('clinicd_app', false), ('clinicd_migrator', true), ('clinicd_backup', true)) AS w (role, bypasses)
    LEFT JOIN pg_roles r ON r.rolname = w.role),
idle AS (SELECT coalesce(string_agg(format('process %s (%s), %s s', a.pid, a.application_name,
        extract(epoch FROM clock_timestamp() - a.xact_start)::int), ', '), '') AS list
    FROM pg_stat_activity a WHERE a.xact_start < clock_timestamp() - interval '60 s' AND a.pid <> pg_backend_pid()
        AND a.datname = current_database()),
-- Of a standby nothing is known here: what it has not written is its own primary's business.
replica AS (SELECT count(*) AS n, coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(r.replay_lsn, '0/0'))), 0) AS behind,
        coalesce(string_agg(format('%s %s %s', coalesce(nullif(r.application_name, ''), r.pid::text), r.state,
            pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(r.replay_lsn, '0/0')))), ', '), 'none') AS list
    FROM pg_stat_replication r WHERE NOT pg_is_in_recovery() AND r.state <> 'backup'),
slot AS (SELECT coalesce(max(CASE WHEN l.wal_status IN ('unreserved', 'lost') THEN 1e15
            ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), l.restart_lsn) END), 0) AS kept,
        coalesce(string_agg(format('%s %s %s', l.slot_name, CASE WHEN l.active THEN 'active' ELSE 'without a reader' END,
            pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), l.restart_lsn))), ', '), 'none') AS list
    FROM pg_replication_slots l WHERE NOT pg_is_in_recovery()),
-- A schema or a database where everybody may make something.
public AS (SELECT coalesce(string_agg(n.nspname, ', '), '') AS list FROM pg_namespace n, aclexplode(n.nspacl) a
    WHERE a.grantee = 0 AND a.privilege_type = 'CREATE'),
month AS (SELECT coalesce(string_agg(m.name, ', '), '') AS list
    FROM (SELECT 'audit_' || to_char(now() + make_interval(months => i), 'YYYY_MM') AS name FROM generate_series(0, 1) i) AS m
    WHERE to_regclass('clinicd.' || m.name) IS NULL)
SELECT (jsonb_build_object(
    'server.primary', CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
    'server.encoding', pg_encoding_to_char(d.encoding),
    'server.collation', CASE WHEN d.datcollversion IS NULL OR d.datcollversion = d.now THEN ''
        ELSE format('made with %s, now %s', d.datcollversion, d.now) END,
    'server.collation.shown', coalesce(d.now, 'without a version'),
    'server.checksums', current_setting('data_checksums'),
    'server.fsync', current_setting('fsync'),
    'server.full_page_writes', current_setting('full_page_writes'),
    'server.synchronous_commit', current_setting('synchronous_commit'),
    'server.wraparound', age(d.datfrozenxid),
    'server.connections', s.places - $1::int,
    'server.connections.shown', format('%s for clients, %s of them the service''s', s.places, $1))
    || jsonb_build_object(
    'server.prepared', (SELECT coalesce(string_agg(gid, ', '), '') FROM pg_prepared_xacts),
    'server.transactions', CASE WHEN me.sees THEN idle.list END,
    'server.statements', coalesce(current_setting('pg_stat_statements.track_utility', true), 'not installed'),
    'wal.archive', current_setting('archive_mode'),
    'wal.replicas', CASE WHEN me.sees THEN replica.behind END,
    'wal.replicas.shown', replica.list,
    'wal.slots', slot.kept,
    'wal.slots.shown', slot.list,
    'role.public', public.list,
    'schema.indexes', (SELECT coalesce(string_agg(x.indexrelid::regclass::text, ', '), '')
        FROM pg_index x JOIN pg_class k ON k.oid = x.indexrelid
        WHERE NOT x.indisvalid AND k.relnamespace = to_regnamespace('clinicd')),
    'schema.constraints', (SELECT coalesce(string_agg(conname, ', '), '') FROM pg_constraint
        WHERE NOT convalidated AND connamespace = to_regnamespace('clinicd')))
    || (SELECT jsonb_object_agg('role.' || r.role, r.wrong) || jsonb_object_agg('role.' || r.role || '.shown',
        CASE WHEN r.wrong <> '' THEN r.wrong WHEN r.bypasses THEN 'passes walls' ELSE 'behind the walls' END) FROM r)
    || CASE WHEN current_setting('archive_mode') = 'off' THEN '{}' ELSE (SELECT jsonb_build_object('wal.archiver',
        CASE WHEN a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
            THEN format('%s failed, last %s', a.failed_count, a.last_failed_wal) ELSE '' END,
        'wal.archiver.shown', CASE WHEN a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
            THEN format('%s failed, last %s', a.failed_count, a.last_failed_wal) ELSE format('%s archived', a.archived_count) END)
        FROM pg_stat_archiver a) END
    || CASE WHEN (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('clinicd.audit')) < 2 THEN '{}' -- never served
        ELSE jsonb_build_object('schema.partitions', month.list) END)::text,
    replica.n + (current_setting('archive_mode') <> 'off')::int,
    (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
    to_regclass('ops.backup') IS NOT NULL,
    to_regclass('clinicd.clinic') IS NOT NULL AND (SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user)
FROM me, s, d, idle, replica, slot, public, month;

-- How much a backup and the largest table written anew would take, at the most; and how large all is now.
SELECT pg_database_size(current_database()) + 2 * coalesce((SELECT max(pg_total_relation_size(oid)) FROM pg_class
    WHERE relnamespace = to_regnamespace('clinicd') AND relkind = 'r'), 0), pg_database_size(current_database());

-- The server's clock, in microseconds.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

-- What there is to lose, for a role that sees all of it: clinics, patients by the quotas' own count, whether there are
-- files. Of the tables only the first migration's are asked: the others may be pending.
SELECT count(*), (SELECT coalesce(sum(used), 0) FROM clinicd.quota WHERE kind = 'patient'),
    coalesce(pg_relation_size(to_regclass('clinicd.file')), 0) FROM clinicd.clinic;

-- The newest backup that was proven: its age and restore in milliseconds.
SELECT (extract(epoch FROM clock_timestamp() - made_at) * 1000)::bigint, restore_ms
FROM ops.backup WHERE verified_at IS NOT NULL ORDER BY made_at DESC LIMIT 1;

-- Fails where no zones are installed. Reading pg_timezone_names would read every file of them.
SELECT now() AT TIME ZONE 'Asia/Kolkata';
