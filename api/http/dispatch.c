/* One request's way. The list of steps at the end of this file is the diagram. */
#include "api/http/arrival.h"
#include "api/http/away.h"
#include "api/http/content.h"
#include "api/http/finish.h"
#include "api/http/gate.h"
#include "api/http/identify.h"
#include "api/http/incoming.h"
#include "api/http/limiter.h"
#include "api/http/log.h"
#include "api/http/metrics.h"
#include "api/http/permit.h"
#include "api/http/problem.h"
#include "api/http/read.h"
#include "api/http/replay.h"
#include "api/http/reply.h"
#include "api/http/router.h"
#include "api/http/service.h"
#include "api/http/stream.h"
#include "db/clock.h"
#include "models/clinic/directory.h"

#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS_MAX = 3 };

static const char *header_of(const struct request *request, const char *name)
{
    return request->incoming->header(request->incoming, name);
}

static enum err step_begin(struct request *request)
{
    const struct incoming *incoming = request->incoming;
    const char *id = header_of(request, "X-Request-Id");
    request->now_us = clock_now_us();
    if (id && uuid_is_valid(id))
        memcpy(request->id, id, UUID_TEXT);
    else
        uuid_make(request->now_us, request->id);
    request->deadline_us =
        request->started_us + (int64_t)request->service->options.request_deadline_ms * 1000;
    const char *mark = strchr(incoming->url, '?');
    request->method = incoming->method;
    request->raw_query = mark ? mark + 1 : NULL;
    request->raw_path =
        mark ? arena_copy_n(&request->arena, incoming->url, (size_t)(mark - incoming->url))
             : incoming->url;
    enum err err = gate_message(request);
    if (err)
        request->reply->must_close = true;
    request->client_address = gate_client_address(request);
    return err;
}

/* A fault in the path is never more than "not found" (decisions 1). */
static enum err check_path(struct request *request)
{
    const struct operation *operation = request->operation;
    bool is_good = true;
    for (size_t i = 0; i < operation->path_parameters_n && is_good; i++) {
        struct fault ignored = {.arena = &request->arena};
        json_t *value = schema_check_text(operation->path_parameters[i].schema,
                                          request->path_values[i], "path", &ignored);
        /* What the check would tidy up ("id%20") is another path. */
        const char *tidy = json_string_value(value);
        is_good = tidy && strcmp(tidy, request->path_values[i]) == 0;
        json_decref(value);
    }
    return is_good ? ERR_NONE : request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
}

static bool is_known_method(const char *method)
{
    static const char *const known[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", NULL};
    const char *const *name = known;
    while (*name && strcmp(*name, method) != 0)
        name++;
    return *name != NULL;
}

/* The legacy program's addresses go on working. True: it is answered. */
static bool finish_moved(struct request *request, const char *slug)
{
    const char *now_called = directory_moved(request->service->directory, slug);
    if (!now_called)
        return false;
    const char *rest = strchr(request->raw_path + 1, '/'); /* behind "/clinics" … */
    rest = rest ? strchr(rest + 1, '/') : NULL;            /* … and behind the slug */
    const char *query = request->raw_query;
    request->reply->status = 308;
    reply_header(request, "Location",
                 arena_format(&request->arena, "/clinics/%s%s%s%s", now_called, rest ? rest : "",
                              query && *query ? "?" : "", query ? query : ""));
    return true;
}

static enum err step_route(struct request *request)
{
    struct route route;
    if (!is_known_method(request->method)) {
        request->reply->must_close = true;
        return request_fail(request, ERR_INPUT, "not-implemented", NULL);
    }
    router_find(request->service->router, request->method, request->raw_path, &request->arena,
                &route);
    if (!route.path_is_known)
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    if (strcmp(request->method, "OPTIONS") == 0) {
        finish_options(request, route.allow);
        return ERR_NONE;
    }
    if (!route.operation) {
        reply_header(request, "Allow", route.allow);
        return request_fail(request, ERR_INPUT, "method-not-allowed", NULL);
    }
    if (route.operation->in_clinic && finish_moved(request, route.values[0]))
        return ERR_NONE;
    request->operation = route.operation;
    memcpy(request->path_values, route.values, sizeof route.values);
    enum err err = check_path(request);
    if (err)
        return err;
    if (request->operation->in_clinic) {
        request->slug = request->path_values[0];
        request->clinic = directory_find(request->service->directory, request->slug);
        if (request->clinic && request->clinic->state == CLINIC_IMPORTING)
            request->clinic = NULL;
    }
    return ERR_NONE;
}

static enum err take_token(struct request *request, const char *key, const struct limit *limit,
                           enum metrics_limit counted)
{
    int remaining, wait;
    if (!limit->per_window ||
        limiter_take(request->service->limiter, key, limit, request->started_us, &remaining, &wait))
        return ERR_NONE;
    metrics_limited(request->service->metrics, counted);
    request->fault.retry_after_s = wait;
    reply_header(
        request, "RateLimit-Policy",
        arena_format(&request->arena, "\"default\";q=%d;w=%d", limit->per_window, limit->window_s));
    reply_header(request, "RateLimit", arena_format(&request->arena, "\"default\";r=0;t=%d", wait));
    return request_fail(request, ERR_INPUT, "rate-limited", NULL);
}

static enum err take_tokens(struct request *request)
{
    const struct service_options *options = &request->service->options;
    const struct limit address = {options->rate_per_address, 60};
    const struct limit clinic = {options->rate_per_clinic, 1};
    const struct operation *operation = request->operation;
    struct arena *arena = &request->arena;
    const char *client = request->client_address;
    enum err err = take_token(request, arena_format(arena, "address:%s", client), &address,
                              METRICS_LIMIT_ADDRESS);
    if (!err && request->clinic)
        err = take_token(request,
                         arena_format(arena, "clinic:%lld", (long long)request->clinic->clinic_id),
                         &clinic, METRICS_LIMIT_CLINIC);
    if (!err && !options->ignores_operation_limits)
        err = take_token(request, arena_format(arena, "%s:%s", operation->id, client),
                         &operation->limit, METRICS_LIMIT_OPERATION);
    return err;
}

/* A body in parts was counted when it was let in. */
static enum err step_limits(struct request *request)
{
    enum err err = request->incoming->arrival ? ERR_NONE : take_tokens(request);
    return err ? err : gate_content(request);
}

static void begin_tx(struct request *request)
{
    const struct operation *operation = request->operation;
    int trips = request->tx.trips;
    tx_begin(&request->tx, request->service->database, &request->scope, operation->tx,
             &request->fault);
    request->tx.audit_into = operation->audit;
    request->tx.audit_status = operation->success;
    request->tx.trips = trips;
}

static enum err step_identify(struct request *request)
{
    static const char *const kinds[] = {"anonymous", "account", "platform"};
    request->scope = (struct scope){
        .clinic_id = request->clinic ? request->clinic->clinic_id : 0,
        .actor_kind = "anonymous",
        .actor_role = "anonymous",
        .operation = request->operation->id,
        .request_id = request->id,
        .client_address = request->client_address,
        .now_us = request->now_us,
        .deadline_us = request->deadline_us,
    };
    begin_tx(request);
    enum err err = identify(request, header_of(request, "Authorization"));
    if (err)
        return err;
    const struct principal *who = request->principal;
    if (who->kind != PRINCIPAL_ANONYMOUS) {
        request->scope.actor_kind = kinds[who->kind];
        request->scope.actor_id = who->account_id;
        request->scope.actor_name = who->name;
        request->scope.actor_role = who->role;
        request->scope.patient_id = *who->patient_id ? who->patient_id : NULL;
        begin_tx(request); /* a denial is written down under the name of who was denied */
    }
    return ERR_NONE;
}

static enum err step_read(struct request *request)
{
    enum err err = read_input(request);
    begin_tx(request); /* now that the scope is whole */
    return err ? err : replay_guard(request);
}

/* What would have gone on behind the answer does not. */
static void reply_cut(struct request *request)
{
    if (request->reply->stream)
        stream_close(request->reply->stream);
    content_close(request->reply->content);
    request->reply->stream = NULL;
    request->reply->content = NULL;
}

static void reply_reset(struct request *request)
{
    reply_cut(request);
    *request->reply = (struct reply){.must_close = request->reply->must_close};
}

static enum err run_once(struct request *request)
{
    struct stored_answer kept;
    enum err err = request->operation->handler(request);
    bool is_keyed = !err && request->idempotency_key && request->tx.mode == TX_MANUAL;
    if (is_keyed)
        replay_keep(request, &kept);
    if (!err) {
        err = tx_commit(&request->tx, is_keyed ? &kept : NULL);
        if (err) /* what the handler answered did not become true */
            reply_reset(request);
    }
    tx_end(&request->tx);
    return err;
}

/* Whatever became of the transaction: who is forgotten is looked up again. */
static void forget(struct request *request)
{
    for (size_t i = 0; i < request->forgotten_n; i++)
        principals_forget(request->service->principals, request->forgotten[i].kind,
                          request->forgotten[i].key);
}

static enum err step_run(struct request *request)
{
    enum err err = ERR_NONE;
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
        err = run_once(request);
        if (err == ERR_REPLAY)
            err = replay_answer(request);
        if (err != ERR_RETRY)
            break;
        /* Nothing outside the transaction has happened: as if it had not begun. */
        if (attempt < ATTEMPTS_MAX)
            fault_reset(&request->fault);
        reply_reset(request);
        request->forgotten_n = 0;
        struct idempotency guard = request->tx.idempotency;
        enum tx_mode mode = request->tx.mode;
        begin_tx(request);
        request->tx.idempotency = guard;
        request->tx.mode = mode;
    }
    forget(request);
    if (!err && request->refresh_clinic) {
        struct fault ignored = {.arena = &request->arena};
        if (directory_refresh(request->service->directory, request->refresh_clinic, &ignored))
            fault_reset(&ignored); /* the news says it again within a second */
    }
    return err;
}

/* A request that was refused or failed leaves its row too, with its real status: a denial always,
 * the rest when it had reached the database. */
static void audit_failure(struct request *request, bool is_denied)
{
    struct tx *tx = &request->tx;
    bool has_place =
        tx->audit_into == AUDIT_PLATFORM || (tx->audit_into == AUDIT_CLINIC && tx->scope.clinic_id);
    bool is_known = request->reply->status < 500;
    if (!has_place || tx->is_audited || !is_known || !(is_denied || tx->is_begun || tx->has_asked))
        return;
    if (tx_audit_failure(tx, request->reply->status))
        request->fault.reason = "the audit row of a failed request could not be written";
}

static void log_request(struct request *request)
{
    const struct reply *reply = request->reply;
    const char *operation = request->operation ? request->operation->id : NULL;
    int64_t us = clock_monotonic_us() - request->started_us;
    struct buf fields;
    buf_begin(&fields, &request->arena, 512);
    buf_format(&fields, "\"request_id\":\"%s\",\"method\":", request->id);
    /* Any other is the client's own invention, and may be made to talk to a terminal. */
    buf_json_string(&fields, is_known_method(request->method) ? request->method : NULL);
    buf_text(&fields, ",\"operation\":");
    buf_json_string(&fields, operation);
    buf_format(&fields,
               ",\"status\":%d,\"ms\":%.3f,\"trips\":%d,\"bytes\":%zu,\"client\":", reply->status,
               (double)us / 1000.0, request->tx.trips,
               reply->content ? (size_t)reply->content_length : reply->length);
    buf_json_string(&fields, request->client_address);
    buf_text(&fields, ",\"clinic\":");
    buf_json_string(&fields, request->clinic ? request->clinic->slug : NULL);
    buf_text(&fields, ",\"actor\":");
    buf_json_string(&fields, request->scope.actor_id);
    if (request->fault.err) {
        buf_text(&fields, ",\"code\":");
        buf_json_string(&fields, request->fault.code);
        buf_text(&fields, ",\"reason\":");
        buf_json_string(&fields, request->fault.reason);
    }
    log_event(reply->status >= 500 ? LOG_ERROR_ : LOG_INFO_, "request", fields.text);
    metrics_request(request->service->metrics, request->operation, reply->status, us,
                    request->tx.trips);
}

/* The way. A step that fails ends it; what it says becomes the answer. */
static enum err (*const steps[])(struct request *request) = {
    step_begin,    /* request id, framing, client address   400 414 431 */
    step_route,    /* method and raw path -> operation       404 405 501, OPTIONS */
    away_step,     /* taken away for maintenance             503 */
    step_limits,   /* rate, length, media types              413 415 406 429 */
    step_identify, /* token and clinic -> principal          401 404 */
    permit,        /* the document's permissions             401 403 404 */
    step_read,     /* query, If-Match, body, key             400 412 422 428 */
    step_run,      /* handler, commit, audit, answer kept    everything else */
};

enum { ALL_STEPS = sizeof steps / sizeof steps[0] };

static size_t steps_through(enum err (*last)(struct request *request))
{
    size_t n = 1;
    while (steps[n - 1] != last)
        n++;
    return n;
}

static bool is_denial(const struct request *request, size_t step)
{
    return (steps[step] == permit || steps[step] == step_identify) && request->clinic &&
           (request->fault.err == ERR_NOT_FOUND || request->principal->kind != PRINCIPAL_ANONYMOUS);
}

static struct request request_of(struct service *service, const struct incoming *incoming,
                                 struct reply *reply)
{
    static const struct principal nobody = {.role = "anonymous"};
    return (struct request){.service = service,
                            .incoming = incoming,
                            .reply = reply,
                            .principal = &nobody,
                            .started_us = clock_monotonic_us(),
                            .if_match_suffix = ""};
}

/* The first `n` steps. True: all were gone. */
static bool walk(struct request *request, size_t n)
{
    struct reply *reply = request->reply;
    size_t step = 0;
    enum err err = ERR_NONE;
    while (step < n && !(err = steps[step](request)) && !(reply->status && !request->operation))
        step++;
    if (err) {
        reply_cut(request);
        problem_render(request, reply);
        audit_failure(request, step < n && is_denial(request, step));
    }
    return step == n;
}

void dispatch(struct service *service, const struct incoming *incoming, struct arena *arena,
              struct reply *reply)
{
    struct request request = request_of(service, incoming, reply);
    request.arena = *arena;
    request.fault.arena = &request.arena;
    atomic_fetch_add(&service->in_flight, 1);
    (void)walk(&request, ALL_STEPS);
    finish(&request);
    log_request(&request);
    atomic_fetch_sub(&service->in_flight, 1);
    *arena = request.arena; /* the server frees it when the bytes have been handed over */
}

void dispatch_admit(struct service *service, const struct incoming *incoming, struct arena *arena,
                    struct reply *reply, struct arrival **out)
{
    struct request request = request_of(service, incoming, reply);
    request.arena = *arena;
    request.fault.arena = &request.arena;
    *out = NULL;
    if (walk(&request, steps_through(permit))) {
        *out = arrival_make(service, request.operation, request.clinic->clinic_id);
    } else {
        reply->must_close = true; /* the body is not read */
        finish(&request);
        log_request(&request);
    }
    *arena = request.arena;
}
