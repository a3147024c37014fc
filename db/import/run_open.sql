-- The session of an importer: what it writes is history (clinicd.is_history()).
SELECT set_config('row_security', 'off', false), set_config('lock_timeout', '10s', false),
    set_config('statement_timeout', '30min', false), set_config('idle_in_transaction_session_timeout', '5min', false),
    set_config('search_path', 'clinicd, pg_temp', false), set_config('TimeZone', 'UTC', false),
    set_config('client_min_messages', 'warning', false), set_config('app.import', 'on', false), set_config('jit', 'off', false),
    set_config('work_mem', '64MB', false), set_config('application_name', 'clinicd import', false),
    SESSION_USER = 'clinicd_migrator' AND to_regclass('ops.import') IS NOT NULL,
    SESSION_USER;
