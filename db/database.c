#include "db/database.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "db/pipeline.h"
#include "db/pool.h"
#include "db/tx.h"
#include "gen/queries.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BACKOFF_LEAST_MS = 20,
    BACKOFF_MOST_MS = 500,
    LOOK_AROUND_MS = 100,
    READY_CACHE_US = 1000 * 1000,
    HOUSEKEEPING_S = 3600,
    SERVER_LEAST = 150000,
    SERVER_NEWEST_FIX = 150020, /* newest row-security fixes of the 15 line, 2026-11 */
};

struct database {
    struct database_options options;
    struct pipeline *pipeline;
    struct arena arena;
    const char *remark;

    pthread_mutex_t mutex; /* guards the pool and the cache below */
    pthread_cond_t came_back, look;
    PGconn **idle;
    int idle_n, alive;
    bool is_stopping;
    int64_t ready_until_us;
    bool is_ready;
    uint64_t reconnects, transactions;

    pthread_t mender;
};

struct pipeline *database_pipeline(struct database *database)
{
    return database->pipeline;
}

/* --- the pool ----------------------------------------------------------------------------- */

static struct timespec monotonic_in(int64_t us)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + us % 1000000 * 1000;
    at.tv_sec += (time_t)(us / 1000000 + ns / 1000000000);
    at.tv_nsec = (long)(ns % 1000000000);
    return at;
}

enum err pool_take(struct database *db, struct fault *fault, PGconn **out)
{
    struct timespec until = monotonic_in((int64_t)db->options.acquire_timeout_ms * 1000);
    PGconn *pg = NULL;
    pthread_mutex_lock(&db->mutex);
    while (!db->idle_n && !db->is_stopping)
        if (pthread_cond_timedwait(&db->came_back, &db->mutex, &until) != 0)
            break;
    if (db->idle_n && !db->is_stopping) {
        pg = db->idle[--db->idle_n];
        db->transactions++;
    }
    pthread_mutex_unlock(&db->mutex);
    if (!pg) {
        enum err err = fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable",
                                    "no connection became free in time");
        fault->retry_after_s = 1;
        return err;
    }
    *out = pg;
    return ERR_NONE;
}

void pool_give(struct database *db, PGconn *pg)
{
    bool is_clean = PQstatus(pg) == CONNECTION_OK && PQtransactionStatus(pg) == PQTRANS_IDLE;
    if (!is_clean)
        PQfinish(pg);
    pthread_mutex_lock(&db->mutex);
    if (is_clean) {
        db->idle[db->idle_n++] = pg;
        pthread_cond_signal(&db->came_back);
    } else {
        db->alive--;
        pthread_cond_signal(&db->look);
    }
    pthread_mutex_unlock(&db->mutex);
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

static bool mend_pool(struct database *db, struct fault *fault)
{
    for (;;) {
        pthread_mutex_lock(&db->mutex);
        bool is_full = db->alive >= db->options.transaction_connections || db->is_stopping;
        pthread_mutex_unlock(&db->mutex);
        if (is_full)
            return true;
        PGconn *pg = NULL;
        if (conn_open(&db->options, true, fault, &pg))
            return false;
        pthread_mutex_lock(&db->mutex);
        db->alive++;
        db->reconnects++;
        db->idle[db->idle_n++] = pg;
        pthread_cond_signal(&db->came_back);
        pthread_mutex_unlock(&db->mutex);
    }
}

static bool mend(struct database *db, struct fault *fault)
{
    return mend_pipeline(db, fault) && mend_pool(db, fault);
}

static void keep_house(struct database *db)
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
}

static void *mender_run(void *user)
{
    struct database *db = user;
    int backoff_ms = BACKOFF_LEAST_MS;
    int64_t house_kept = 0;
    unsigned seed = (unsigned)clock_monotonic_us();
    for (bool is_over = false; !is_over;) {
        struct arena arena = {0};
        struct fault fault = {.arena = &arena};
        bool is_whole = mend(db, &fault);
        arena_end(&arena);
        int64_t now = clock_monotonic_us();
        if (is_whole && (!house_kept || (now - house_kept) / 1000000 > HOUSEKEEPING_S)) {
            keep_house(db);
            house_kept = now;
        }
        backoff_ms = is_whole ? BACKOFF_LEAST_MS : backoff_ms * 2;
        if (backoff_ms > BACKOFF_MOST_MS)
            backoff_ms = BACKOFF_MOST_MS;
        int wait_ms = is_whole ? LOOK_AROUND_MS : backoff_ms / 2 + rand_r(&seed) % backoff_ms;
        struct timespec until = monotonic_in((int64_t)wait_ms * 1000);
        pthread_mutex_lock(&db->mutex);
        if (!db->is_stopping)
            pthread_cond_timedwait(&db->look, &db->mutex, &until);
        is_over = db->is_stopping;
        pthread_mutex_unlock(&db->mutex);
    }
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
    if (server < SERVER_NEWEST_FIX)
        db->remark = arena_format(
            &db->arena, "PostgreSQL %lld.%lld lacks the newest row-security fixes (15.20)",
            (long long)server / 10000, (long long)server % 10000);
    return ERR_NONE;
}

enum err database_open(const struct database_options *options, struct fault *fault,
                       struct database **out)
{
    struct database *db = calloc(1, sizeof *db);
    if (!db)
        abort();
    db->options = *options;
    db->idle = calloc((size_t)options->transaction_connections, sizeof(PGconn *));
    pthread_mutex_init(&db->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&db->came_back, &monotonic);
    pthread_cond_init(&db->look, &monotonic);
    pthread_condattr_destroy(&monotonic);
    db->pipeline = pipeline_start(&db->options);

    enum err err = mend(db, fault) ? check_identity(db, fault) : fault->err;
    if (!err && pthread_create(&db->mender, NULL, mender_run, db) != 0)
        abort();
    if (err) {
        db->is_stopping = true;
        db->mender = pthread_self(); /* none to join */
        database_close(db);
        return err;
    }
    db->reconnects = 0;
    *out = db;
    return ERR_NONE;
}

void database_close(struct database *db)
{
    if (!db)
        return;
    pthread_mutex_lock(&db->mutex);
    db->is_stopping = true;
    pthread_cond_broadcast(&db->look);
    pthread_cond_broadcast(&db->came_back);
    pthread_mutex_unlock(&db->mutex);
    if (!pthread_equal(db->mender, pthread_self()))
        pthread_join(db->mender, NULL);
    pipeline_stop(db->pipeline);
    for (int i = 0; i < db->idle_n; i++)
        PQfinish(db->idle[i]);
    pthread_cond_destroy(&db->came_back);
    pthread_cond_destroy(&db->look);
    pthread_mutex_destroy(&db->mutex);
    arena_end(&db->arena);
    free(db->idle);
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
    stats.transactions = db->transactions;
    stats.connected += db->alive;
    stats.wanted = pipeline_places(db->pipeline) + db->options.transaction_connections;
    pthread_mutex_unlock(&db->mutex);
    *out = stats;
}

const char *database_remark(const struct database *database)
{
    return database->remark;
}
