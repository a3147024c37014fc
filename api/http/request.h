/* One request as a handler sees it. A handler gets everything through it and touches nothing else:
 * no Ulfius, no static or thread-local state, no SQL, no check of roles.
 *
 *     static enum err patients_get(struct request *request)
 *     {
 *         struct rows rows;
 *         enum err err = patient_find(request_tx(request), request_path(request, "id"), &rows);
 *         return err ? err : reply_row(request, &rows);
 *     }
 *
 * Everything that it returns lives until the answer is sent.
 */
#ifndef API_HTTP_REQUEST_H
#define API_HTTP_REQUEST_H

#include "api/http/document.h"
#include "api/http/principal.h"
#include "db/tx.h"

struct service;
struct sheet;

enum { FORGOTTEN_MAX = 4 };

struct request {
    /* what handlers may read */
    const struct operation *operation;
    const struct principal *principal;
    struct service *service; /* settings, database, directory, offload */
    struct arena arena;
    struct fault fault;
    struct tx tx;
    int64_t now_us;
    char id[UUID_TEXT];
    const char *client_address;
    const char *slug;                  /* of the clinic in the path, or NULL */
    const struct clinic_entry *clinic; /* directory entry of that clinic, or NULL */

    /* the machinery's */
    const char *method, *raw_path, *raw_query;
    const char *path_values[PATH_PARAMETERS_MAX];
    json_t **query; /* one slot a query parameter of the operation; NULL: absent */
    json_t *body;
    bool is_csv;               /* the body is text/csv */
    const struct sheet *sheet; /* where its rows stand, or NULL */
    struct scope scope;
    struct view view;
    const char *idempotency_key;
    const char *kept_secret;     /* of the answer that is given again */
    const char *filters;         /* canonical text of all filters and sort: binds the cursor */
    const char *if_match_suffix; /* what this principal's view adds to an ETag, or "" */
    int64_t refresh_clinic; /* set by a handler: directory entry to read again after the commit */
    struct forgotten {
        const char *kind, *key;
    } forgotten[FORGOTTEN_MAX]; /* request_forget() */
    size_t forgotten_n;
    int64_t deadline_us;
    int64_t started_us;
    struct reply *reply;
    const struct incoming *incoming;
};

struct tx *request_tx(struct request *request);

/* A path parameter by name; never NULL for one that the operation has; unknown names abort. */
const char *request_path(const struct request *request, const char *name);

/* A query parameter as text ("true", "50"), its default when absent, or NULL. */
const char *request_query(struct request *request, const char *name);
bool request_has_query(const struct request *request, const char *name); /* given, not defaulted */

/* The body: validated, normalised. Borrowed. NULL when the operation takes none or none came. */
json_t *request_body(const struct request *request);
const char *request_body_text(struct request *request); /* as JSON text, for a $body::jsonb */
const char *request_string(const struct request *request, const char *member); /* NULL: absent */

/* Runs `work` on one of the few nice'd threads for what takes over a millisecond of CPU or blocks,
 * and waits, at most until the deadline. No tx may be under way. ERR_UNAVAILABLE with code
 * "overloaded" when the queue is full or the wait too long. `work` must not touch the request; what
 * it is given must live in memory that outlives the request if it times out, so pass a
 * heap object and `release`, which is called once when both are done with it. */
enum err request_offload(struct request *request, void (*work)(void *job), void *job,
                         void (*release)(void *job)) FAILS;

/* A secret that the handler made and the answer shows (a one-time password): before its query says
 * so, and, when the request has an Idempotency-Key, it is kept sealed. request_kept_secret() is
 * NULL, or the one that was kept: the request was answered before, nothing is done, and the answer
 * shows the same again. */
void request_keep_secret(struct request *request, const char *secret);
const char *request_kept_secret(const struct request *request);

/* For an operation outside /clinics/{slug} that a look-up of its own (query_run_alone()) has told
 * which clinic it is about, before its first query: from here on it is in that clinic, behind both
 * walls, and in its trail (x-audit: clinic). request->clinic says in which state that is.
 * ERR_NOT_FOUND: there is no such clinic for anybody. */
enum err request_enter_clinic(struct request *request, int64_t clinic_id) FAILS;

/* What this process may know of somebody is out of date once the transaction is over: forgotten
 * then, so that it bites at the very next request. kind and key as in db/listen.h, borrowed; others
 * hear of it by announce(). A NULL key is nobody. */
void request_forget(struct request *request, const char *kind, const char *key);

/* fail() for handlers. */
#define request_fail(request, err, ...) fail(&(request)->fault, (err), __VA_ARGS__)

#endif
