#include "models/maintenance/maintenance.h"

#include "db/clock.h"
#include "db/keys.h"
#include "gen/queries.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_ROOM = 1024, RETRY_S = 30, RETRY_MOST_S = 3600 };

struct maintenance {
    struct database *database;
    atomic_int mode;
    pthread_mutex_t lock; /* of what follows, which only a refused request asks for */
    char reason[REASON_ROOM];
    int64_t ends_at_us; /* 0: nobody said */
    char pass[DIGEST_TEXT];
    int64_t pass_ends_at_us; /* 0: there is none */
};

static void order_take(struct maintenance *maintenance, const struct rows *rows)
{
    enum maintenance_mode mode = !rows_bool(rows, 0, "is_on", false)         ? MAINTENANCE_OFF
                                 : rows_bool(rows, 0, "is_read_only", false) ? MAINTENANCE_READ_ONLY
                                                                             : MAINTENANCE_FULL;
    const char *reason = rows_text(rows, 0, "reason");
    const char *pass = rows_text(rows, 0, "pass_sha256");
    pthread_mutex_lock(&maintenance->lock);
    snprintf(maintenance->pass, sizeof maintenance->pass, "%s", pass ? pass : "");
    maintenance->pass_ends_at_us = pass ? rows_int(rows, 0, "pass_ends_at_us", 0) : 0;
    snprintf(maintenance->reason, sizeof maintenance->reason, "%s", reason ? reason : "");
    maintenance->ends_at_us = rows_int(rows, 0, "ends_at_us", 0);
    pthread_mutex_unlock(&maintenance->lock);
    atomic_store(&maintenance->mode, (int)mode);
}

enum err maintenance_refresh(struct maintenance *maintenance, struct fault *fault)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault here = {.arena = &arena};
    struct scope scope = {
        .actor_kind = "system", .operation = "maintenance", .now_us = clock_now_us()};
    struct tx tx CLEANUP(tx_end);
    struct rows rows;
    tx_begin(&tx, maintenance->database, &scope, TX_SINGLE, &here);
    enum err err = query_run(&tx, &q_maintenance_now, NULL, &rows);
    if (err)
        return fail_quietly(fault, err, NULL, "maintenance: %s",
                            here.reason ? here.reason : "no answer");
    order_take(maintenance, &rows);
    return ERR_NONE;
}

enum err maintenance_load(struct database *database, struct fault *fault, struct maintenance **out)
{
    struct maintenance *maintenance = calloc(1, sizeof *maintenance);
    if (!maintenance)
        abort();
    maintenance->database = database;
    pthread_mutex_init(&maintenance->lock, NULL);
    enum err err = maintenance_refresh(maintenance, fault);
    if (err) {
        maintenance_free(maintenance);
        return err;
    }
    *out = maintenance;
    return ERR_NONE;
}

void maintenance_free(struct maintenance *maintenance)
{
    if (!maintenance)
        return;
    pthread_mutex_destroy(&maintenance->lock);
    free(maintenance);
}

enum maintenance_mode maintenance_mode(const struct maintenance *maintenance)
{
    return (enum maintenance_mode)atomic_load(&maintenance->mode);
}

/* Past the announced end nobody knows better than "soon". */
const char *maintenance_reason(struct maintenance *maintenance, struct arena *arena, int64_t now_us,
                               long *retry_after_s)
{
    pthread_mutex_lock(&maintenance->lock);
    int64_t left_s = (maintenance->ends_at_us - now_us) / 1000000 + 1;
    const char *reason = maintenance->reason[0] ? arena_copy(arena, maintenance->reason) : NULL;
    bool is_ahead = maintenance->ends_at_us > now_us;
    pthread_mutex_unlock(&maintenance->lock);
    *retry_after_s = !is_ahead ? RETRY_S : left_s > RETRY_MOST_S ? RETRY_MOST_S : (long)left_s;
    return reason;
}

bool maintenance_lets_pass(struct maintenance *maintenance, const char *token, int64_t now_us)
{
    char digest[DIGEST_TEXT];
    if (!token)
        return false;
    digest_hex(token, strlen(token), digest);
    pthread_mutex_lock(&maintenance->lock);
    bool is_it = now_us < maintenance->pass_ends_at_us &&
                 sodium_memcmp(digest, maintenance->pass, sizeof digest) == 0;
    pthread_mutex_unlock(&maintenance->lock);
    return is_it;
}
