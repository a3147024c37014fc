#include "db/database.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/conn.h"
#include "db/fixes.h"
#include "db/migrate.h"
#include "db/pipeline.h"
#include "db/pool.h"
#include "db/tx.h"
#include "gen/queries.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BACKOFF_LEAST_MS = 20,
    BACKOFF_MOST_MS = 500,
    LOOK_AROUND_MS = 100,
    READY_CACHE_US = 1000 * 1000,
    HOUSEKEEPING_S = 3600,
};

struct database {
    struct database_options options;
    struct pipeline *pipeline;
    struct pool *pool;
    struct arena arena;
    const char *remark;

    pthread_mutex_t mutex; /* guards the rest */
    int64_t ready_until_us;
    bool is_ready;
    uint64_t reconnects;

    pthread_t mender;
    bool has_mender;
    sem_t stop; /* posted once, for the mender */
};

struct pipeline *database_pipeline(struct database *database)
{
    return database->pipeline;
}

struct pool *database_pool(struct database *database)
{
    return database->pool;
}

/* --- the mender: makes what is missing, with a back-off ------------------------------------- */

static bool mend_pipeline(struct database *db, struct fault *fault)
{
    for (int place; (place = pipeline_vacant(db->pipeline)) >= 0;) {
        PGconn *pg = NULL;
        if (conn_open(&db->options, false, fault, &pg)) {
            pipeline_give_up(db->pipeline, place);
            return false;
        }
        pipeline_connect(db->pipeline, place, pg);
        pthread_mutex_lock(&db->mutex);
        db->reconnects++;
        db->ready_until_us = 0;
        pthread_mutex_unlock(&db->mutex);
    }
    return true;
}

static bool mend(struct database *db, struct fault *fault)
{
    return mend_pipeline(db, fault) && pool_fill(db->pool, fault);
}

/* False: there is more to do, and it can wait until the connections were looked at. */
static bool keep_house(struct database *db)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct scope scope = {
        .actor_kind = "system", .operation = "housekeeping", .now_us = clock_now_us()};
    struct tx tx;
    tx_begin(&tx, db, &scope, TX_SINGLE, &fault);
    if (query_run(&tx, &q_db_housekeeping, NULL, NULL))
        fault_reset(&fault); /* the database is away: the next round does it */
    arena_end(&arena);
    return !db->options.chore || !db->options.chore(db);
}

/* False: it is time to stop. */
static bool wait_ms(struct database *db, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    long ns = until.tv_nsec + ms * 1000000L;
    until.tv_sec += ns / 1000000000L;
    until.tv_nsec = ns % 1000000000L;
    return sem_clockwait(&db->stop, CLOCK_MONOTONIC, &until) != 0;
}

static void *mender_run(void *user)
{
    struct database *db = user;
    int backoff_ms = BACKOFF_LEAST_MS;
    int64_t house_kept = 0;
    unsigned seed = (unsigned)clock_monotonic_us();
    int wait = 0;
    do {
        struct arena arena = {0};
        struct fault fault = {.arena = &arena};
        bool is_whole = mend(db, &fault);
        arena_end(&arena);
        int64_t now = clock_monotonic_us();
        if (is_whole && (!house_kept || (now - house_kept) / 1000000 > HOUSEKEEPING_S)) {
            house_kept = keep_house(db) ? now : 0;
        }
        backoff_ms = is_whole ? BACKOFF_LEAST_MS : backoff_ms * 2;
        if (backoff_ms > BACKOFF_MOST_MS)
            backoff_ms = BACKOFF_MOST_MS;
        wait = is_whole ? LOOK_AROUND_MS : backoff_ms / 2 + rand_r(&seed) % backoff_ms;
    } while (wait_ms(db, wait));
    return NULL;
}

/* --- start and end -------------------------------------------------------------------------- */

static enum err check_identity(struct database *db, struct fault *fault)
{
    struct scope scope = {.actor_kind = "system", .operation = "start", .now_us = clock_now_us()};
    struct tx tx;
    struct rows who;
    tx_begin(&tx, db, &scope, TX_SINGLE, fault);
    enum err err = query_run(&tx, &q_db_whoami, NULL, &who);
    if (err)
        return err;
    const char *role = rows_text(&who, 0, "role");
    int64_t server = rows_int(&who, 0, "server", 0),
            schema = rows_int(&who, 0, "schema_version", 0);
    if (!db->options.allow_unsafe_role && rows_bool(&who, 0, "is_powerful", true))
        return fail(fault, ERR_INTERNAL, "unsafe-role",
                    "the database role %s could see past row level security (superuser, BYPASSRLS, "
                    "CREATEROLE, CREATEDB or REPLICATION): use clinicd_app",
                    role);
    if (!db->options.allow_unsafe_role && rows_bool(&who, 0, "is_owner", true))
        return fail(fault, ERR_INTERNAL, "unsafe-role",
                    "the database role %s owns tables: use clinicd_app", role);
    if (server < SERVER_LEAST)
        return fail(fault, ERR_INTERNAL, "server-too-old",
                    "PostgreSQL 15 or newer is needed, not %lld", (long long)server);
    if (schema != migrate_latest())
        return fail(fault, ERR_INTERNAL, "schema-mismatch",
                    "the database is at schema version %lld, this program needs %d: run `clinicd "
                    "migrate up`",
                    (long long)schema, migrate_latest());
    int least = fixes_least_minor((int)server);
    if (server % 10000 < least)
        db->remark = arena_format(
            &db->arena, "PostgreSQL %lld.%lld lacks the newest row-security fixes (%lld.%d)",
            (long long)server / 10000, (long long)server % 10000, (long long)server / 10000, least);
    return ERR_NONE;
}

enum err database_open(const struct database_options *options, struct fault *fault,
                       struct database **out)
{
    struct database *db = calloc(1, sizeof *db);
    if (!db)
        abort();
    db->options = *options;
    pthread_mutex_init(&db->mutex, NULL);
    sem_init(&db->stop, 0, 0);
    db->pipeline = pipeline_start(&db->options);
    db->pool = pool_make(&db->options);

    enum err err = mend(db, fault) ? check_identity(db, fault) : fault->err;
    if (err) {
        database_close(db);
        return err;
    }
    if (pthread_create(&db->mender, NULL, mender_run, db) != 0)
        abort();
    db->has_mender = true;
    *out = db;
    return ERR_NONE;
}

void database_close(struct database *db)
{
    if (!db)
        return;
    pool_close(db->pool);
    if (db->has_mender) {
        sem_post(&db->stop);
        pthread_join(db->mender, NULL);
    }
    pipeline_stop(db->pipeline);
    pool_free(db->pool);
    sem_destroy(&db->stop);
    pthread_mutex_destroy(&db->mutex);
    arena_end(&db->arena);
    free(db);
}

bool database_is_ready(struct database *db)
{
    int64_t now = clock_monotonic_us();
    pthread_mutex_lock(&db->mutex);
    bool is_fresh = now < db->ready_until_us, is_ready = db->is_ready;
    pthread_mutex_unlock(&db->mutex);
    if (is_fresh)
        return is_ready;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct scope scope = {.actor_kind = "system",
                          .operation = "ready",
                          .now_us = clock_now_us(),
                          .deadline_us = now + 1000 * 1000};
    struct tx tx;
    tx_begin(&tx, db, &scope, TX_SINGLE, &fault);
    is_ready = query_run(&tx, &q_db_ping, NULL, NULL) == ERR_NONE;
    arena_end(&arena);
    pthread_mutex_lock(&db->mutex);
    db->is_ready = is_ready;
    db->ready_until_us = clock_monotonic_us() + READY_CACHE_US;
    pthread_mutex_unlock(&db->mutex);
    return is_ready;
}

void database_stats_read(const struct database *database, struct database_stats *out)
{
    struct database *db = (struct database *)(uintptr_t)database; /* only the mutex is touched */
    struct database_stats stats = {0};
    pipeline_stats(db->pipeline, &stats);
    pthread_mutex_lock(&db->mutex);
    stats.reconnects = db->reconnects;
    stats.wanted = pipeline_places(db->pipeline) + db->options.transaction_connections;
    pthread_mutex_unlock(&db->mutex);
    pool_stats(db->pool, &stats);
    *out = stats;
}

const char *database_remark(const struct database *database)
{
    return database->remark;
}
