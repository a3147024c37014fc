#include "api/http/identify.h"

#include "api/http/service.h"
#include "db/clock.h"
#include "models/clinic/directory.h"
#include "models/session/session.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHARDS = 16, SETS = 64, WAYS = 4, HASH_BYTES = crypto_hash_sha256_BYTES };

struct known {
    unsigned char hash[HASH_BYTES]; /* of the token */
    int64_t until_us;               /* monotonic; 0: the place is free */
    struct principal principal;
};

struct shard {
    pthread_mutex_t lock;
    struct known known[SETS][WAYS];
};

struct principals {
    atomic_uint_fast64_t news; /* counts what was forgotten */
    int64_t kept_us;
    struct shard shards[SHARDS];
};

struct principals *principals_make(int kept_ms)
{
    struct principals *principals = calloc(1, sizeof *principals);
    if (!principals)
        abort();
    principals->kept_us = (int64_t)kept_ms * 1000;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&principals->shards[i].lock, NULL);
    return principals;
}

void principals_free(struct principals *principals)
{
    if (!principals)
        return;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&principals->shards[i].lock);
    free(principals);
}

bool principal_is_about(const struct principal *principal, const char *kind, const char *key)
{
    bool is_platform = principal->kind == PRINCIPAL_PLATFORM;
    if (strcmp(kind, "*") == 0)
        return true;
    if (strcmp(kind, "clinic") == 0)
        return !is_platform && principal->clinic_id == strtoll(key, NULL, 10);
    const struct realm *realm = is_platform ? &realm_platform : &realm_clinic;
    return (strcmp(kind, realm->session_news) == 0 && strcmp(key, principal->session_id) == 0) ||
           (strcmp(kind, realm->account_news) == 0 && strcmp(key, principal->account_id) == 0);
}

void principals_forget(struct principals *principals, const char *kind, const char *key)
{
    /* Counted first: whoever is being looked up now is then not kept. */
    atomic_fetch_add(&principals->news, 1);
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &principals->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (int j = 0; j < SETS * WAYS; j++) {
            struct known *known = &shard->known[j / WAYS][j % WAYS];
            if (known->until_us && principal_is_about(&known->principal, kind, key))
                known->until_us = 0;
        }
        pthread_mutex_unlock(&shard->lock);
    }
}

static struct shard *shard_of(struct principals *principals, const unsigned char *hash)
{
    return &principals->shards[hash[0] % SHARDS];
}

static struct known *set_of(struct shard *shard, const unsigned char *hash)
{
    return shard->known[hash[1] % SETS];
}

static bool principals_find(struct principals *principals, const unsigned char *hash,
                            struct principal *out)
{
    struct shard *shard = shard_of(principals, hash);
    struct known *set = set_of(shard, hash);
    int64_t now_us = clock_monotonic_us();
    bool is_found = false;
    pthread_mutex_lock(&shard->lock);
    for (int i = 0; i < WAYS && !is_found; i++)
        if (set[i].until_us > now_us && sodium_memcmp(set[i].hash, hash, HASH_BYTES) == 0) {
            *out = set[i].principal;
            is_found = true;
        }
    pthread_mutex_unlock(&shard->lock);
    return is_found;
}

/* `news` is the count from before the look-up: an answer that something may have overtaken is used
 * for its own request only. */
static void principals_keep(struct principals *principals, const unsigned char *hash,
                            const struct principal *principal, uint_fast64_t news)
{
    struct shard *shard = shard_of(principals, hash);
    struct known *set = set_of(shard, hash);
    pthread_mutex_lock(&shard->lock);
    struct known *place = &set[0];
    for (int i = 0; i < WAYS; i++) {
        bool is_same = set[i].until_us && memcmp(set[i].hash, hash, HASH_BYTES) == 0;
        if (is_same || set[i].until_us < place->until_us)
            place = &set[i];
        if (is_same)
            break;
    }
    if (atomic_load(&principals->news) == news) {
        memcpy(place->hash, hash, HASH_BYTES);
        place->principal = *principal;
        place->until_us = clock_monotonic_us() + principals->kept_us;
    }
    pthread_mutex_unlock(&shard->lock);
}

/* --- one request ---------------------------------------------------------------------------- */

static enum err unauthenticated(struct request *request)
{
    return request_fail(request, ERR_INPUT, "unauthenticated", NULL);
}

static enum err not_found(struct request *request)
{
    return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
}

static enum err clinic_inactive(struct request *request)
{
    return request_fail(request, ERR_INPUT, "clinic-inactive", NULL);
}

static void copy(char *to, size_t room, const char *from)
{
    snprintf(to, room, "%s", from ? from : "");
}

/* Asks the database whose token this is. */
static enum err look_up(struct request *request, const struct realm *realm, const char *token,
                        struct principal *out)
{
    char hash[DIGEST_TEXT];
    struct rows rows;
    enum err err = session_find(request_tx(request), realm, token_hash(token, hash), &rows);
    if (err)
        return err;
    if (!rows_text(&rows, 0, "session_id"))
        return rows_bool(&rows, 0, "is_elsewhere", false) ? not_found(request)
                                                          : unauthenticated(request);
    bool is_platform = realm == &realm_platform;
    out->kind = is_platform ? PRINCIPAL_PLATFORM : PRINCIPAL_ACCOUNT;
    out->clinic_id = is_platform ? 0 : request->clinic->clinic_id;
    out->must_change_password = rows_bool(&rows, 0, "must_change_password", true);
    out->expires_us = rows_int(&rows, 0, "expires_us", 0);
    copy(out->account_id, sizeof out->account_id, rows_text(&rows, 0, "account_id"));
    copy(out->session_id, sizeof out->session_id, rows_text(&rows, 0, "session_id"));
    copy(out->patient_id, sizeof out->patient_id, rows_text(&rows, 0, "patient_id"));
    copy(out->role, sizeof out->role, rows_text(&rows, 0, "role"));
    copy(out->name, sizeof out->name, rows_text(&rows, 0, "name"));
    return ERR_NONE;
}

static enum err recognise(struct request *request, const struct realm *realm, const char *token,
                          struct principal *out)
{
    struct principals *principals = request->service->principals;
    unsigned char hash[HASH_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
    if (principals_find(principals, hash, out) && out->expires_us > request->now_us) {
        bool is_elsewhere =
            out->kind == PRINCIPAL_ACCOUNT && out->clinic_id != request->clinic->clinic_id;
        return is_elsewhere ? not_found(request) : ERR_NONE;
    }
    uint_fast64_t news = atomic_load(&principals->news);
    *out = (struct principal){0};
    enum err err = look_up(request, realm, token, out);
    if (!err)
        principals_keep(principals, hash, out, news);
    return err;
}

/* "Bearer <token>"; NULL when it is anything else. */
static const char *bearer(const char *authorization)
{
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    return authorization + 7 + strspn(authorization + 7, " ");
}

static const struct realm *realm_of(const char *token)
{
    if (token && token_is_access(token, &realm_clinic))
        return &realm_clinic;
    return token && token_is_access(token, &realm_platform) ? &realm_platform : NULL;
}

/* Nobody in particular asks. */
static enum err nobody(struct request *request, bool clinic_exists)
{
    const struct operation *operation = request->operation;
    if (operation->in_clinic && operation->is_public && !clinic_exists)
        return not_found(request);
    bool is_closed = clinic_exists && request->clinic->state == CLINIC_CLOSED;
    return is_closed ? clinic_inactive(request) : ERR_NONE;
}

enum err identify(struct request *request, const char *authorization)
{
    const struct operation *operation = request->operation;
    struct principal *principal = arena_new(&request->arena, struct principal);
    principal->kind = PRINCIPAL_ANONYMOUS;
    copy(principal->role, sizeof principal->role, "anonymous");
    request->principal = principal;
    bool clinic_exists = request->clinic && request->clinic->state != CLINIC_IMPORTING;
    /* Signing in and refreshing carry credentials of their own: an access token that has just
     * expired, sent along by habit, must not stand in their way. */
    bool brings_its_own = operation->is_public && operation->method != METHOD_GET;
    if (!authorization || brings_its_own)
        return nobody(request, clinic_exists);

    const char *token = bearer(authorization);
    const struct realm *realm = realm_of(token);
    if (!realm)
        return unauthenticated(request);
    if (operation->in_clinic && !clinic_exists)
        return not_found(request);
    bool is_members = realm == &realm_clinic;
    if (is_members && !operation->in_clinic)
        return operation->is_public ? ERR_NONE : unauthenticated(request);
    if (is_members && request->clinic->state == CLINIC_CLOSED)
        return clinic_inactive(request);
    struct principal found = {0};
    enum err err = recognise(request, realm, token, &found);
    if (!err)
        *principal = found;
    return err;
}
