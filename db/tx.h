/* A transaction on behalf of somebody in a clinic.
 *
 * A tx is begun without a word to the database. Its first query_run() says everything at once:
 *
 *   single  [context][lock][statement + audit row] Sync       one round trip, committed by the
 * Sync, carried by the shared pipeline manual  [BEGIN][context][idempotency guard][lock][statement]
 * Sync … [audit][answer][COMMIT] Sync on a connection of its own
 *
 * single is for the operation that is one query (two for a list with its count); a second
 * query_run() in it aborts the program: mark the operation x-tx in the document. With an
 * Idempotency-Key the guard goes before the lock and the statement keeps its own row (db/kept.h),
 * in the same one trip; a query that is not `keyed:` turns the transaction into a manual one. Row
 * level security's context (app.clinic_id, app.patient_id) is set by the first statement, in the
 * transaction, never outlives it, and is never inside the statement that it guards.
 *
 * A tx belongs to one thread and is used from begin to end; it holds no lock across a trip.
 * Whoever asks for a second connection while holding one aborts the program (pool deadlock).
 */
#ifndef DB_TX_H
#define DB_TX_H

#include "db/query.h"
#include "db/row.h"

struct database;

/* What a list asks for; made by the machinery from limit, sort, cursor and count. */
struct page {
    const char *sort;                  /* one of the query's sorts; NULL: the first */
    const char *after[QUERY_KEYS_MAX]; /* keys of the last row seen; after[0] NULL: first page */
    bool has_after;
    int limit;  /* rows wanted */
    bool count; /* total too */
};

/* On whose behalf, and everything else that reserved parameters say. Text is borrowed. */
struct scope {
    int64_t clinic_id;      /* 0: the platform; row level security then shows no clinic's rows */
    const char *patient_id; /* NULL for staff */
    const char *actor_kind; /* "account" "platform" "anonymous" "system" */
    const char *actor_id;   /* uuid or NULL */
    const char *actor_name;
    const char *actor_role;
    const char *operation;
    const char *request_id;
    const char *client_address;
    int64_t now_us;
    int64_t deadline_us; /* monotonic; 0: the pool's default */
    bool has_if_match;
    int64_t if_match;
    struct page page;
};

enum tx_mode { TX_SINGLE, TX_MANUAL };
enum audit_into { AUDIT_NONE, AUDIT_CLINIC, AUDIT_PLATFORM };

/* Idempotency-Key of this request, guarded in the first trip and answered in the last. */
struct idempotency {
    const char *key_hash;      /* hex; NULL: no key was given */
    const char *principal;     /* "account:<uuid>" */
    const char *body_digest;   /* hex */
    const char *sealed_secret; /* what the answer holds and no column does, or NULL */
};

struct tx {
    struct database *database;
    struct scope scope;
    enum tx_mode mode;
    enum audit_into audit_into;
    int audit_status; /* status of success, written into the audit row */
    struct idempotency idempotency;
    struct fault *fault; /* the story and the arena; borrowed */
    /* Not NULL: the request was answered before, and this is the row that it left; borrowed. Its
     * one query gives these rows and asks nobody. */
    const struct rows *kept;

    int trips; /* round trips so far: counted, tested, in the metrics */

    /* the floor's own; see tx.c */
    struct pg_conn *conn; /* libpq's; manual only */
    bool is_begun, is_over, is_lost, needs_context;
    bool has_asked;  /* query_run_alone() was used */
    bool is_audited; /* the trail has this request's row, whatever becomes of the answer */
    struct audit_note {
        const char *entity, *entity_id, *patient_id, *patient_ids, *before, *after;
    } audit;
};

/* Prepares tx; says nothing to the database. scope and fault outlive it. */
void tx_begin(struct tx *tx, struct database *database, const struct scope *scope,
              enum tx_mode mode, struct fault *fault);

/* Runs one query. `args` is the query's own q_…_args or NULL. For rows: one and optional, no row is
 * ERR_NOT_FOUND; a _fault is ERR_CONFLICT (or what the code's table says) with its code. Also:
 * ERR_RETRY, ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_INTERNAL. `out` may be NULL. */
enum err query_run(struct tx *tx, const struct query *query, const void *args,
                   struct rows *out) FAILS;

/* A list and, when scope.page.count says so, its total (else -1), in the same trip. */
enum err query_run_list(struct tx *tx, const struct query *query, const void *args,
                        struct rows *out, int64_t *total) FAILS;

/* One query in a transaction and trip of its own, before the tx has begun or after it is over:
 * look-ups that must not hold a connection while something slow (a password hash) happens.
 * Never audited, never guarded. */
enum err query_run_alone(struct tx *tx, const struct query *query, const void *args,
                         struct rows *out) FAILS;

/* From here on the transaction speaks for this clinic: before its first query, for one that a
 * look-up found, or, manual only, in its midst, for one that was just created. The context goes
 * with the next query: no trip of its own. */
void tx_enter_clinic(struct tx *tx, int64_t clinic_id);

/* What the audit row of this transaction names, when no query's header does. Texts are borrowed
 * until commit; NULL leaves what is there. before and after are JSON text. */
void tx_audit(struct tx *tx, const char *entity, const char *entity_id, const char *patient_id,
              const char *before, const char *after);

/* The answer to keep for the Idempotency-Key; sealed when the operation is x-secret. Borrowed. */
struct stored_answer {
    int status;
    const char *headers; /* JSON object text */
    const char *body;
    size_t body_length;
    bool is_sealed;
};

/* manual: audit row, stored answer and COMMIT in one trip; single: nothing left to do.
 * answer may be NULL. ERR_UNAVAILABLE with code "outcome-unknown" when the connection died while
 * committing: the same Idempotency-Key finds out. */
enum err tx_commit(struct tx *tx, const struct stored_answer *answer) FAILS;

/* Rolls back whatever is open and gives the connection back. Always safe, also twice. */
void tx_end(struct tx *tx);

/* Writes the audit row of a request that failed, with its real status, in a unit of its own. */
enum err tx_audit_failure(struct tx *tx, int status) FAILS;

#endif
