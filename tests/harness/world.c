#include "tests/harness/world.h"

#include "api/endpoints.h"
#include "api/http/identify.h"
#include "api/http/log.h"
#include "db/buf.h"
#include "db/clock.h"
#include "db/keys.h"
#include "db/store/sniffer.h"
#include "models/clinic/directory.h"
#include "tests/harness/die.h"
#include "tests/harness/objects.h"

#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

/* Tables that can be put back: all but the trails and the news. */
static const char tables_sql[] =
    "SELECT c.relname, "
    "  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a "
    "   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), "
    "  EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'clinic_id') "
    "FROM pg_class c WHERE c.relnamespace = 'clinicd'::regnamespace AND c.relkind IN ('r', 'p') "
    "AND NOT c.relispartition AND c.relname NOT IN ('audit', 'platform_audit', 'news') ORDER BY 1";

/* A function, so that its plans are kept. Most tables are as they were most of the time, and to
 * look is cheaper than to write. On a connection without triggers and foreign keys: what is put
 * back was right before; to switch them off and on would throw the plans away. */
static void save(struct world *world)
{
    struct buf sql;
    PGresult *tables = sql_rows(world->boss, &world->arena, "%s", tables_sql);
    sql_run(world->boss, "CREATE SCHEMA saved");
    buf_begin(&sql, &world->arena, 4096);
    buf_text(&sql, "CREATE FUNCTION saved.put_back() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ");
    for (int i = 0; i < PQntuples(tables); i++) {
        const char *t = PQgetvalue(tables, i, 0), *columns = PQgetvalue(tables, i, 1);
        sql_run(world->boss, "CREATE TABLE saved.%s AS SELECT %s FROM clinicd.%s", t, columns, t);
        buf_format(&sql,
                   "IF EXISTS (SELECT ROW(%s)::text FROM clinicd.%s EXCEPT ALL "
                   "SELECT ROW(%s)::text FROM saved.%s) "
                   "OR (SELECT count(*) FROM clinicd.%s) <> (SELECT count(*) FROM saved.%s) THEN "
                   "DELETE FROM clinicd.%s; INSERT INTO clinicd.%s (%s) OVERRIDING SYSTEM VALUE "
                   "SELECT %s FROM saved.%s; END IF; ",
                   columns, t, columns, t, t, t, t, t, columns, columns, t);
    }
    buf_text(&sql, "END $$");
    sql_run(world->boss, "%s", sql.text);
    world->restorer = sql_connect(world->database.superuser_url);
    sql_run(world->restorer, "SET session_replication_role = replica");
}

void world_restore(struct world *world)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    sql_run(world->restorer, "SELECT saved.put_back()");
    principals_forget(world->service->principals, "*", "");
    if (directory_refresh_all(world->service->directory, &fault))
        die("the directory cannot be read again: %s", fault.reason ? fault.reason : "-");
}

char *world_checksum(struct world *world, struct arena *arena, int64_t clinic_id)
{
    struct buf sql;
    PGresult *tables = sql_rows(world->boss, arena, "%s", tables_sql);
    buf_begin(&sql, arena, 4096);
    buf_text(&sql, "SELECT md5(string_agg(row, '' ORDER BY row)) FROM (SELECT '' AS row");
    for (int i = 0; i < PQntuples(tables); i++)
        if (strcmp(PQgetvalue(tables, i, 2), "t") == 0)
            buf_format(&sql,
                       " UNION ALL SELECT '%s' || md5(t::text) FROM clinicd.%s t WHERE clinic_id = "
                       "%" PRId64,
                       PQgetvalue(tables, i, 0), PQgetvalue(tables, i, 0), clinic_id);
    buf_text(&sql, ") rows");
    return sql_text(world->boss, arena, "%s", sql.text);
}

static void seed_all(struct world *world)
{
    static const struct seed *const seeds[] = {&seed_a,       &seed_b,         &seed_suspended,
                                               &seed_expired, &seed_importing, &seed_inactive};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        seed_clinic(world->boss, seeds[i]);
    seed_platform(world->boss);
}

static void load_document(struct world *world)
{
    struct fault fault = {.arena = &world->arena};
    if (document_load(&world->arena, document_bytes, document_bytes_n, &fault, &world->document))
        die("the embedded document: %s %s", fault.detail ? fault.detail : "",
            fault.reason ? fault.reason : "");
}

/* The log and the keys are the process's; several worlds may stand side by side. */
static struct {
    int worlds;
    struct keys *keys;
    struct sniffer *sniffer; /* forked while there is one thread */
    char folder[32];         /* of the key file and of the worlds' files */
    struct s3_server bucket; /* of the worlds that want one */
} shared;

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

/* Also when a test gave up. */
static void shared_remove(void)
{
    if (shared.bucket.pid > 0)
        s3_server_stop(&shared.bucket);
    shared.bucket.pid = 0;
    nftw(shared.folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void shared_begin(struct arena *arena)
{
    struct fault fault = {.arena = arena};
    if (shared.worlds++ > 0)
        return;
    log_start(LOG_ERROR_, getenv("CLINICD_TEST_LOG") ? STDERR_FILENO : -1);
    strcpy(shared.folder, "/tmp/clinicd-keys-XXXXXX");
    if (sniffer_start(&fault, &shared.sniffer))
        die("the sniffer does not start: %s", fault.detail);
    if (sodium_init() < 0 || !mkdtemp(shared.folder) || atexit(shared_remove))
        die("cannot make a folder for the keys");
    if (keys_load(arena_format(arena, "%s/keys", shared.folder), &fault, &shared.keys))
        die("cannot make keys: %s", fault.reason ? fault.reason : "-");
    keys_use(shared.keys);
}

static void shared_end(void)
{
    if (--shared.worlds > 0) {
        keys_use(shared.keys); /* the service that has ended has put them away, for all */
        return;
    }
    keys_use(NULL);
    keys_free(shared.keys);
    sniffer_stop(shared.sniffer);
    shared_remove();
    log_stop();
}

/* A prefix of the bucket is the world's own, as a folder is. */
static void store_options_make(struct world *world, const struct world_options *options,
                               struct store_options *out)
{
    const char *wanted = getenv("CLINICD_TEST_STORE");
    out->folder = world->files;
    out->least_free_percent = 0; /* the machine's disk is not what is tested */
    if (!options->has_bucket && !(wanted && strcmp(wanted, "bucket") == 0))
        return;
    if (shared.bucket.pid <= 0)
        s3_server_start(&shared.bucket);
    world->bucket = &shared.bucket;
    s3_server_options(world->bucket, out);
    out->bucket_url =
        arena_format(&world->arena, "%s/%s", world->bucket->url, world->database.name);
}

/* What the housekeeping closes, it closes some time after the start: no test's rows change like
 * that. */
static bool no_chore(struct database *database)
{
    (void)database;
    return false;
}

static void options_make(struct world *world, const struct world_options *options,
                         struct service_options *out)
{
    service_defaults(out);
    out->listen = "127.0.0.1:0";
    out->database_url =
        options->bypass_wall_2 ? world->database.unsafe_url : world->database.app_url;
    out->database.url = out->database_url;
    out->database.allow_unsafe_role = options->bypass_wall_2;
    out->keys_file = arena_format(&world->arena, "%s/keys", shared.folder);
    out->sniffer = shared.sniffer;
    out->has_no_custodian = true;
    store_options_make(world, options, &out->store);
    out->rate_per_address = 0;
    out->rate_per_clinic = 0;
    out->ignores_operation_limits = true;
    out->database.chore = no_chore;
    if (!options->is_wide) { /* connections are what the start of a service costs */
        out->database.read_connections = 2;
        out->database.write_connections = 2;
        out->database.transaction_connections = 2;
    }
    /* What a user must not wait for, a test on a busy machine may. Tests of these say their own. */
    out->database.acquire_timeout_ms = PATIENCE_MS;
    out->database.statement_timeout_ms = PATIENCE_MS;
    out->database.lock_timeout_ms = PATIENCE_MS;
    out->request_deadline_ms = PATIENCE_MS;
    out->offload_wait_ms = PATIENCE_MS;
    out->drain_ms = PATIENCE_MS;
    out->handlers = options->handlers ? options->handlers : endpoints;
    out->handlers_n = options->handlers ? options->handlers_n : endpoints_n;
    out->document = options->document;
    out->document_length = options->document ? strlen(options->document) : 0;
    if (options->adjust)
        options->adjust(out);
}

enum err world_try(struct world *world, const struct world_options *options, struct fault *fault)
{
    struct service_options service;
    *world = (struct world){0};
    fault->arena = &world->arena;
    shared_begin(&world->arena);
    postgres_database(options->name, &world->database);
    world->files = arena_format(&world->arena, "%s/%s", shared.folder, world->database.name);
    world->boss = sql_connect(world->database.superuser_url);
    if (!options->is_bare)
        seed_all(world);
    save(world);
    if (options->plant)
        sql_run(world->boss, "%s", options->plant);
    load_document(world);
    options_make(world, options, &service);
    objects_seed(world->boss, &service.store);
    enum err err = service_start(&service, fault, &world->service);
    if (!err)
        world->client = client_make(service_port(world->service), world->document);
    return err;
}

void world_begin(struct world *world, const struct world_options *options)
{
    struct fault fault = {0};
    if (world_try(world, options, &fault))
        die("the service does not start: %s: %s (%s)", fault.code ? fault.code : "-",
            fault.detail ? fault.detail : "-", fault.reason ? fault.reason : "-");
}

void world_end(struct world *world)
{
    if (world->client)
        client_free(world->client);
    if (world->service)
        service_stop(world->service);
    PQfinish(world->restorer);
    PQfinish(world->boss);
    postgres_drop(&world->database);
    shared_end();
    arena_end(&world->arena);
    *world = (struct world){0};
}
