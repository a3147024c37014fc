-- The roles of a clinicd database; run once by a superuser (the embedded server does it itself,
-- `clinicd migrate roles` prints it for a server of your own). Idempotent. Passwords are not set
-- here: the embedded server uses peer authentication, elsewhere set your own.

-- Owns the tables; nobody signs in as it.
DO $$ BEGIN CREATE ROLE clinicd_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- Owns the few allow-listed definer functions that must see more than one clinic.
DO $$ BEGIN CREATE ROLE clinicd_definer NOLOGIN BYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- `clinicd migrate` and `clinicd import`; nothing else.
DO $$ BEGIN CREATE ROLE clinicd_migrator LOGIN BYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- Whoever migrates must be able to say which query of whom is in the way.
GRANT pg_read_all_stats TO clinicd_migrator;

-- The service: owns nothing, bypasses nothing.
DO $$ BEGIN CREATE ROLE clinicd_app LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- Backups: sees everything, changes nothing. A dump needs every table and sequence, also those that
-- come later.
DO $$ BEGIN CREATE ROLE clinicd_backup LOGIN BYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT pg_read_all_data TO clinicd_backup;

GRANT clinicd_owner, clinicd_definer TO clinicd_migrator;

ALTER ROLE clinicd_app SET default_transaction_isolation = 'read committed';
