#include "api/http/limiter.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A bucket can only be in the eight places of its set, so a take looks at eight and no more. The
 * hash is keyed: nobody can choose addresses that push a certain other one out. */
enum { WAYS = 8, SHARDS = 16, TAG_BYTES = crypto_shorthash_siphashx24_BYTES };

struct bucket {
    unsigned char tag[TAG_BYTES];
    int64_t level;     /* in tokens times microseconds of the window: nothing is ever rounded */
    int64_t filled_us; /* when the level was true; 0: the place is free */
};

struct set {
    struct bucket ways[WAYS];
};

struct shard {
    pthread_mutex_t lock;
    struct set *sets;
};

struct limiter {
    unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
    uint64_t sets_per_shard;
    struct shard shards[SHARDS];
};

struct limiter *limiter_make(int slots)
{
    struct limiter *limiter = calloc(1, sizeof *limiter);
    if (!limiter)
        abort();
    randombytes_buf(limiter->key, sizeof limiter->key);
    uint64_t per_shard = (uint64_t)(slots > 0 ? slots : 1) / (WAYS * SHARDS);
    limiter->sets_per_shard = per_shard > 0 ? per_shard : 1;
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&limiter->shards[i].lock, NULL);
        limiter->shards[i].sets = calloc(limiter->sets_per_shard, sizeof(struct set));
        if (!limiter->shards[i].sets)
            abort();
    }
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (!limiter)
        return;
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&limiter->shards[i].lock);
        free(limiter->shards[i].sets);
    }
    free(limiter);
}

static int64_t token_of(const struct limit *limit)
{
    return limit->window_s * INT64_C(1000000);
}

/* The bucket of this tag, or the one used longest ago, emptied of its owner and full of tokens. */
static struct bucket *set_find(struct set *set, const unsigned char tag[TAG_BYTES],
                               const struct limit *limit, int64_t now_us)
{
    struct bucket *oldest = &set->ways[0];
    for (int i = 0; i < WAYS; i++) {
        struct bucket *bucket = &set->ways[i];
        if (bucket->filled_us && memcmp(bucket->tag, tag, TAG_BYTES) == 0)
            return bucket;
        if (bucket->filled_us < oldest->filled_us)
            oldest = bucket;
    }
    memcpy(oldest->tag, tag, TAG_BYTES);
    oldest->level = limit->per_window * token_of(limit);
    oldest->filled_us = now_us;
    return oldest;
}

/* Time never runs backwards here: two threads may arrive in the wrong order. */
static void bucket_fill(struct bucket *bucket, const struct limit *limit, int64_t now_us)
{
    int64_t passed = now_us - bucket->filled_us;
    if (passed <= 0)
        return;
    int64_t full = limit->per_window * token_of(limit);
    int64_t missing = full - bucket->level;
    bool is_full = passed >= token_of(limit) || passed * limit->per_window >= missing;
    bucket->level = is_full ? full : bucket->level + passed * limit->per_window;
    bucket->filled_us = now_us;
}

bool limiter_take(struct limiter *limiter, const char *key, const struct limit *limit,
                  int64_t monotonic_us, int *remaining, int *retry_after_s)
{
    union {
        unsigned char tag[TAG_BYTES];
        uint64_t words[TAG_BYTES / sizeof(uint64_t)];
    } hash;
    crypto_shorthash_siphashx24(hash.tag, (const unsigned char *)key, strlen(key), limiter->key);
    struct shard *shard = &limiter->shards[hash.words[0] % SHARDS];
    int64_t now_us = monotonic_us > 0 ? monotonic_us : 1;
    int64_t token = token_of(limit);

    pthread_mutex_lock(&shard->lock);
    struct set *set = &shard->sets[hash.words[1] % limiter->sets_per_shard];
    struct bucket *bucket = set_find(set, hash.tag, limit, now_us);
    bucket_fill(bucket, limit, now_us);
    bool is_taken = bucket->level >= token;
    if (is_taken)
        bucket->level -= token;
    int64_t level = bucket->level;
    pthread_mutex_unlock(&shard->lock);

    *remaining = (int)(level / token);
    int64_t a_second = limit->per_window * INT64_C(1000000); /* what one gains */
    *retry_after_s = is_taken ? 0 : (int)((token - level + a_second - 1) / a_second);
    return is_taken;
}
