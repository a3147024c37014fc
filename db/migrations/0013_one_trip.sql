-- 0013_one_trip.sql
-- migrate: kind=expand tx=yes
--
-- A keyed request that is one statement is one round trip: the statement keeps its own row, and the
-- answer is made of that row again when it is asked for.

-- section up

-- json and not jsonb: the row's own order and spelling, so that the same bytes come of it.
ALTER TABLE clinicd.idempotency ADD kept_row json;
ALTER TABLE clinicd.idempotency RENAME CONSTRAINT idempotency_pkey TO "idempotency__idempotency-key-in-use";

-- Whose turn it is with this key: a twin waits for the one before it to end (lock_timeout); then, or
-- when the key was answered long ago, everything up to the Sync is aborted with a code of our own.
-- A lock and no row: a statement that refuses must leave nothing behind, in a transaction that commits.
CREATE FUNCTION clinicd.idempotency_turn(clinic bigint, who text, hash text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', clinic, who, hash), 0));
    IF EXISTS (SELECT FROM clinicd.idempotency i
               WHERE i.clinic_id = clinic AND i.principal = who AND i.key_hash = hash) THEN
        RAISE EXCEPTION 'answered before' USING ERRCODE = 'CD001';
    END IF;
END $$;

-- The guard of a transaction of several trips: takes its turn as well, as the same key may come with
-- either kind of request.
CREATE OR REPLACE FUNCTION clinicd.idempotency_guard(clinic bigint, who text, hash text, op text, digest text, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM clinicd.idempotency_turn(clinic, who, hash);
    INSERT INTO clinicd.idempotency (clinic_id, principal, key_hash, operation, body_digest, created_at)
    VALUES (clinic, who, hash, op, digest, at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answered before' USING ERRCODE = 'CD001';
    END IF;
END $$;

GRANT EXECUTE ON FUNCTION clinicd.idempotency_turn(bigint, text, text) TO clinicd_app;
REASSIGN OWNED BY clinicd_migrator TO clinicd_owner;

-- section verify

SELECT count(*) = 1 FROM information_schema.columns WHERE table_schema = 'clinicd' AND table_name = 'idempotency'
    AND column_name = 'kept_row' AND data_type = 'json';
SELECT count(*) = 1 FROM pg_proc WHERE oid = 'clinicd.idempotency_turn(bigint, text, text)'::regprocedure AND NOT prosecdef;

-- section down loss=rows

CREATE OR REPLACE FUNCTION clinicd.idempotency_guard(clinic bigint, who text, hash text, op text, digest text, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO clinicd.idempotency (clinic_id, principal, key_hash, operation, body_digest, created_at)
    VALUES (clinic, who, hash, op, digest, at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answered before' USING ERRCODE = 'CD001';
    END IF;
END $$;
DROP FUNCTION clinicd.idempotency_turn(bigint, text, text);
ALTER TABLE clinicd.idempotency RENAME CONSTRAINT "idempotency__idempotency-key-in-use" TO idempotency_pkey;
ALTER TABLE clinicd.idempotency DROP COLUMN kept_row;

-- section loss

SELECT count(*) FROM clinicd.idempotency WHERE kept_row IS NOT NULL;
