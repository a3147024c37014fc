/* Rate limits: token buckets in a table of fixed size (least recently used out), so that a million
 * addresses cannot fill memory. Keyed by text: "address:10.0.0.1", "clinic:7". */
#ifndef API_HTTP_LIMITER_H
#define API_HTTP_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct limiter;

struct limiter *limiter_make(int slots);
void limiter_free(struct limiter *limiter);

struct limit {
    int per_window; /* tokens a window, also the burst */
    int window_s;
};

/* Takes a token. False: none left; retry_after_s says when the next comes. */
bool limiter_take(struct limiter *limiter, const char *key, const struct limit *limit,
                  int64_t monotonic_us, int *remaining, int *retry_after_s);

#endif
