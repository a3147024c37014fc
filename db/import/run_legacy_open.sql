-- The session that reads a legacy database in PostgreSQL: of one moment, writing nothing. A row that a policy hides from
-- this role is a failure, not a row less.
SELECT set_config('default_transaction_read_only', 'on', false), set_config('row_security', 'off', false),
    set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false), set_config('extra_float_digits', '1', false),
    set_config('bytea_output', 'hex', false), set_config('client_encoding', 'UTF8', false),
    set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
    set_config('lock_timeout', '10s', false), set_config('cursor_tuple_fraction', '1', false), set_config('jit', 'off', false),
    set_config('client_min_messages', 'warning', false), set_config('application_name', 'clinicd import, reading', false);

BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT json_build_object('kind', 'postgresql', 'system_identifier', m.system_identifier, 'database', current_database(),
        'server_version', current_setting('server_version'), 'snapshot', m.snapshot, 'lsn', m.lsn),
    format('PostgreSQL %s, server %s, database %s, snapshot %s, at %s', current_setting('server_version'), m.system_identifier,
        current_database(), m.snapshot, m.lsn)
FROM (SELECT c.system_identifier::text, txid_current_snapshot()::text AS snapshot,
          CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn
      FROM pg_control_system() c) m;
