-- Who we are to the database: the service refuses to start as anybody who could see past the walls.
-- kind: read
-- rows: one
SELECT current_user::text AS role,
       (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication) AS is_powerful,
       EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) AS is_owner,
       current_setting('server_version_num')::int AS server,
       coalesce((SELECT max(m.version) FROM ops.migration m), 0) AS schema_version
FROM pg_roles r WHERE r.rolname = current_user
