#include "db/migrate/schema.h"

#include <stddef.h>

static const char migration[] = "CREATE TABLE IF NOT EXISTS ops.migration ("
                                "    version int PRIMARY KEY CHECK (version > 0),"
                                "    name text NOT NULL,"
                                "    kind text NOT NULL,"
                                "    sha256 text NOT NULL,"
                                "    text text NOT NULL,"
                                "    applied_at timestamptz NOT NULL,"
                                "    duration_ms bigint NOT NULL,"
                                "    applied_by text NOT NULL,"
                                "    tool text NOT NULL,"
                                "    prev_hash text NOT NULL,"
                                "    hash text NOT NULL"
                                ")";

static const char migration_costs[] = "ALTER TABLE ops.migration"
                                      "    ADD COLUMN IF NOT EXISTS lock_wait_ms bigint,"
                                      "    ADD COLUMN IF NOT EXISTS lock_hold_ms bigint,"
                                      "    ADD COLUMN IF NOT EXISTS rows_touched bigint,"
                                      "    ADD COLUMN IF NOT EXISTS retries int";

/* A file without transaction that is under way: `step` of `steps` statements are done. */
static const char migration_step[] = "CREATE TABLE IF NOT EXISTS ops.migration_step ("
                                     "    version int PRIMARY KEY,"
                                     "    sha256 text NOT NULL,"
                                     "    step int NOT NULL,"
                                     "    steps int NOT NULL,"
                                     "    started_at timestamptz NOT NULL,"
                                     "    updated_at timestamptz NOT NULL,"
                                     "    error text"
                                     ")";

/* A run is there from its beginning; it gets its place in the chain when it ends. */
static const char run[] = "CREATE TABLE IF NOT EXISTS ops.run ("
                          "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                          "    command text NOT NULL,"
                          "    arguments text NOT NULL,"
                          "    db_role text NOT NULL,"
                          "    os_user text NOT NULL,"
                          "    host text NOT NULL,"
                          "    tool text NOT NULL,"
                          "    backend_pid int NOT NULL,"
                          "    started_at timestamptz NOT NULL,"
                          "    duration_ms bigint,"
                          "    outcome text,"
                          "    result text,"
                          "    number bigint UNIQUE,"
                          "    prev_hash text,"
                          "    hash text"
                          ")";

/* An edit of an applied file that somebody took responsibility for: who stands in the run. */
static const char migration_accepted[] = "CREATE TABLE IF NOT EXISTS ops.migration_accepted ("
                                         "    version int NOT NULL,"
                                         "    sha256 text NOT NULL,"
                                         "    reason text NOT NULL CHECK (reason <> ''),"
                                         "    run_id bigint NOT NULL,"
                                         "    PRIMARY KEY (version, sha256)"
                                         ")";

/* What the last migration left; any difference is drift. */
static const char catalogue[] = "CREATE TABLE IF NOT EXISTS ops.catalogue ("
                                "    object text NOT NULL,"
                                "    definition text NOT NULL"
                                ")";

/* What `clinicd backup` made, and which of it was proven to come back. */
static const char backup[] = "CREATE TABLE IF NOT EXISTS ops.backup ("
                             "    id uuid PRIMARY KEY,"
                             "    run_id bigint NOT NULL,"
                             "    made_at timestamptz NOT NULL,"
                             "    folder text NOT NULL,"
                             "    sha256 text NOT NULL," /* of the manifest */
                             "    bytes bigint NOT NULL,"
                             "    snapshot_lsn text NOT NULL,"
                             "    manifest jsonb NOT NULL,"
                             "    duration_ms bigint NOT NULL,"
                             "    verified_at timestamptz,"
                             "    restore_ms bigint"
                             ")";

/* A backfill: how far it is, and what somebody orders from a second terminal (job.h). */
static const char job[] =
    "CREATE TABLE IF NOT EXISTS ops.job ("
    "    version int PRIMARY KEY,"
    "    name text NOT NULL,"
    "    state text NOT NULL CHECK (state IN ('running', 'paused', 'done')),"
    "    cursor text,"
    "    end_key text,"
    "    total bigint NOT NULL,"
    "    done bigint NOT NULL DEFAULT 0,"
    "    chunk int NOT NULL CHECK (chunk > 0),"
    "    throttle int NOT NULL DEFAULT 100 CHECK (throttle BETWEEN 1 AND 100),"
    "    worked_us bigint NOT NULL DEFAULT 0,"
    "    started_at timestamptz NOT NULL,"
    "    heartbeat timestamptz NOT NULL"
    ")";

/* The operator's order to the service (db/maintain.h): no row, no order. */
static const char maintenance[] =
    "CREATE TABLE IF NOT EXISTS ops.maintenance ("
    "    only_one bool PRIMARY KEY DEFAULT true CHECK (only_one),"
    "    is_read_only bool NOT NULL,"
    "    reason text CHECK (length(reason) BETWEEN 1 AND 200),"
    "    ends_at timestamptz," /* announced; nothing ends by itself */
    "    is_fenced bool NOT NULL,"
    "    app_limit int NOT NULL," /* of clinicd_app's connections, to be put back */
    "    since timestamptz NOT NULL,"
    "    ordered_by text NOT NULL,"
    "    run_id bigint NOT NULL"
    ")";

/* Passage for one smoke run (a digest; db/maintain.h), and the run that last proved it whole. */
static const char maintenance_pass[] = "ALTER TABLE ops.maintenance"
                                       "    ADD COLUMN IF NOT EXISTS pass_sha256 text,"
                                       "    ADD COLUMN IF NOT EXISTS pass_ends_at timestamptz,"
                                       "    ADD COLUMN IF NOT EXISTS pass_run_id bigint,"
                                       "    ADD COLUMN IF NOT EXISTS smoke_run_id bigint";

static const char rights[] =
    "DO $$ BEGIN"
    "    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'clinicd_app') THEN"
    "        GRANT USAGE ON SCHEMA ops TO clinicd_app;"
    "        GRANT SELECT (version) ON ops.migration TO clinicd_app;"
    "        GRANT SELECT ON ops.maintenance TO clinicd_app;"
    "    END IF;"
    "    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'clinicd_backup') THEN"
    "        GRANT USAGE ON SCHEMA ops TO clinicd_backup;"
    "        GRANT SELECT ON ALL TABLES IN SCHEMA ops TO clinicd_backup;"
    "        GRANT SELECT ON ALL SEQUENCES IN SCHEMA ops TO clinicd_backup;"
    "    END IF;"
    "END $$";

const char *const ops_schema[] = {
    "CREATE SCHEMA IF NOT EXISTS ops",
    migration,
    migration_costs,
    migration_step,
    run,
    migration_accepted,
    catalogue,
    backup,
    job,
    maintenance,
    maintenance_pass,
    rights,
    NULL,
};
