/* Taking the service away and giving it back: the order is one row of ops.maintenance and news of
 * it (db/listen.h), so every running service hears of it at once. A fence goes further, for what
 * must be alone: clinicd_app may have no connection, and those that it has are ended.
 *
 * Both work on connections of the operator's: the migrator's, and for the fence a superuser's on
 * the same server. Every order is a row of ops.run.
 */
#ifndef DB_MAINTAIN_H
#define DB_MAINTAIN_H

#include "db/migrate.h"

struct maintain_order {
    bool is_read_only;
    const char *reason;  /* everybody who asks is told; at most 200 characters, or NULL */
    const char *ends_at; /* RFC 3339, or NULL */
    int64_t ends_in_ms;  /* instead; 0: nobody knows */
    bool is_fence;
    const char *fence_url; /* a superuser's; NULL: there is none */
    int64_t drain_ms;      /* how long a transaction of the service may go on behind the fence */
};

struct maintain_state {
    bool is_on, is_read_only, is_fenced;
    const char *reason, *since, *ends_at, *ordered_by; /* NULL: none; times RFC 3339 */
    int sessions, busy; /* of the service: all, and those in a transaction */
};

/* Orders it, or changes the order that stands; the fence of one that stands stays, its pass and
 * proof do not. ERR_INPUT
 * "fence-needs-superuser"; ERR_CONFLICT "other-server" when the fence's url names another one. */
enum err maintain_on(const struct migrate_options *options, const struct maintain_order *order,
                     struct fault *fault, int *ended) FAILS;

/* Puts the fence down, which takes a superuser; the order stays. Nothing when there is none. */
enum err maintain_lower(const struct migrate_options *options, const char *fence_url,
                        struct fault *fault) FAILS;

/* Puts the fence down and withdraws the order. Unless forced, ERR_CONFLICT when the service could
 * not serve yet: a runner is at work, a file stopped half-way, or the schema is not this program's;
 * "smoke-missing": nobody has proven since the order was given, and since anything was migrated,
 * that it serves. `was_on`: there was an order. */
enum err maintain_off(const struct migrate_options *options, const char *fence_url, bool is_forced,
                      struct fault *fault, bool *was_on) FAILS;

/* Passage for who proves that the service serves, while everybody else is refused. */
struct maintain_pass {
    const char *token; /* for the request header Maintenance-Pass */
    const char *run_id;
};

/* Begins a row of ops.run and gives a pass: for ten minutes, while the order stands unchanged and
 * until the next one is given. The database gets its digest only. ERR_CONFLICT "no-order", or
 * "fenced": behind a fence nobody answers. */
enum err maintain_pass_give(const struct migrate_options *options, struct fault *fault,
                            struct maintain_pass *out) FAILS;

/* Takes it back and notes `verdict`, whose story is in the fault, with `result`, a JSON object;
 * what is noted as green lets maintain_off() go on. Gives the verdict, or the failure to note one
 * that is green. */
enum err maintain_pass_end(const struct migrate_options *options, const struct maintain_pass *pass,
                           enum err verdict, const char *result, struct fault *fault) FAILS;

/* The texts live in the fault's arena. */
enum err maintain_status(const struct migrate_options *options, struct fault *fault,
                         struct maintain_state *out) FAILS;

#endif
