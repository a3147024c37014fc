-- Whom we talk to, and as whom.
SELECT current_database(), current_setting('server_version'),
    (SELECT system_identifier::text FROM pg_control_system()), current_user,
    to_regclass('ops.migration') IS NOT NULL AND to_regclass('clinicd.audit') IS NOT NULL;
