#include "db/pool.h"

#include "db/conn.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct pool {
    const struct database_options *options;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t came_back;
    PGconn **idle;
    int idle_n, alive;
    bool is_closed;
    uint64_t made, taken;
};

struct pool *pool_make(const struct database_options *options)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        abort();
    pool->options = options;
    pool->idle = calloc((size_t)options->transaction_connections, sizeof(PGconn *));
    if (!pool->idle)
        abort();
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->came_back, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return pool;
}

void pool_close(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->is_closed = true;
    pthread_cond_broadcast(&pool->came_back);
    pthread_mutex_unlock(&pool->mutex);
}

void pool_free(struct pool *pool)
{
    for (int i = 0; i < pool->idle_n; i++)
        PQfinish(pool->idle[i]);
    pthread_cond_destroy(&pool->came_back);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->idle);
    free(pool);
}

/* An idle connection has nothing to say but its end; libpq learns of it only when it reads. */
static bool is_dead(PGconn *pg)
{
    struct pollfd fd = {.fd = PQsocket(pg), .events = POLLIN};
    while (poll(&fd, 1, 0) > 0)
        if (!PQconsumeInput(pg))
            return true;
    return PQstatus(pg) != CONNECTION_OK;
}

/* After the server was away: those of before would each fail one more request. */
static void drop_dead(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    for (int i = pool->idle_n - 1; i >= 0; i--)
        if (is_dead(pool->idle[i])) {
            PQfinish(pool->idle[i]);
            pool->idle[i] = pool->idle[--pool->idle_n];
            pool->alive--;
        }
    pthread_mutex_unlock(&pool->mutex);
}

static bool is_short(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool result = pool->alive < pool->options->transaction_connections && !pool->is_closed;
    pthread_mutex_unlock(&pool->mutex);
    return result;
}

bool pool_fill(struct pool *pool, struct fault *fault)
{
    drop_dead(pool);
    while (is_short(pool)) {
        PGconn *pg = NULL;
        if (conn_open(pool->options, true, fault, &pg))
            return false;
        pthread_mutex_lock(&pool->mutex);
        pool->alive++;
        pool->made++;
        pool->idle[pool->idle_n++] = pg;
        pthread_cond_signal(&pool->came_back);
        pthread_mutex_unlock(&pool->mutex);
    }
    return true;
}

static struct timespec monotonic_in_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    long ns = at.tv_nsec + ms % 1000 * 1000000L;
    at.tv_sec += ms / 1000 + ns / 1000000000L;
    at.tv_nsec = ns % 1000000000L;
    return at;
}

enum err pool_take(struct pool *pool, struct fault *fault, PGconn **out)
{
    struct timespec until = monotonic_in_ms(pool->options->acquire_timeout_ms);
    PGconn *pg = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (!pg && !pool->is_closed) {
        pg = pool->idle_n ? pool->idle[--pool->idle_n] : NULL;
        if (pg && is_dead(pg)) {
            PQfinish(pg);
            pg = NULL;
            pool->alive--;
        } else if (!pg && pthread_cond_timedwait(&pool->came_back, &pool->mutex, &until) != 0) {
            break;
        }
    }
    pool->taken += pg != NULL;
    pthread_mutex_unlock(&pool->mutex);
    if (!pg) {
        enum err err = fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable",
                                    "no connection became free in time");
        fault->retry_after_s = 1;
        return err;
    }
    *out = pg;
    return ERR_NONE;
}

void pool_give(struct pool *pool, PGconn *pg)
{
    bool is_clean = PQstatus(pg) == CONNECTION_OK && PQtransactionStatus(pg) == PQTRANS_IDLE;
    if (!is_clean)
        PQfinish(pg);
    pthread_mutex_lock(&pool->mutex);
    if (is_clean) {
        pool->idle[pool->idle_n++] = pg;
        pthread_cond_signal(&pool->came_back);
    } else {
        pool->alive--; /* the mender makes another */
    }
    pthread_mutex_unlock(&pool->mutex);
}

void pool_stats(struct pool *pool, struct database_stats *out)
{
    pthread_mutex_lock(&pool->mutex);
    out->connected += pool->alive;
    out->reconnects += pool->made;
    out->transactions += pool->taken;
    pthread_mutex_unlock(&pool->mutex);
}
