#include "api/http/service.h"

#include "api/document/press.h"
#include "api/http/custodian.h"
#include "api/http/identify.h"
#include "api/http/incoming.h"
#include "api/http/limiter.h"
#include "api/http/metrics.h"
#include "api/http/offload.h"
#include "api/http/router.h"
#include "api/http/server.h"
#include "api/http/streams.h"
#include "db/clock.h"
#include "db/keys.h"
#include "db/listen.h"
#include "db/store/scan.h"
#include "db/store/sniffer.h"
#include "models/account/password.h"
#include "models/clinic/directory.h"
#include "models/maintenance/maintenance.h"
#include "models/visit/visit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OFFLOAD_THREADS = 2,
    OFFLOAD_QUEUE = 16,
    PRINTER_THREADS = 2,
    PRINTER_QUEUE = 64,
    LIMITER_SLOTS = 64 * 1024,
    QUIET_US = 250 * 1000,
    HEARTBEAT_MOST_MS = 10 * 1000
};

void service_defaults(struct service_options *options)
{
    *options = (struct service_options){
        .database = {.read_connections = 2,
                     .write_connections = 8,
                     .transaction_connections = 8,
                     .acquire_timeout_ms = 2000,
                     .statement_timeout_ms = 5000,
                     .lock_timeout_ms = 2000},
        .scanner_timeout_s = 60,
        .store = {.folder = "files", .least_free_percent = 5, .timeout_s = 30},
        .request_deadline_ms = 10000,
        .session_cache_ms = 5000,
        .offload_wait_ms = 2000,
        .connections_max = 1024,
        .connections_per_address = 256,
        .streams_max = 1024,
        .streams_per_clinic = 512,
        .idle_timeout_s = 15,
        .body_max = 256 * 1024,
        .upload_max = 20 * 1024 * 1024,
        .logo_max = 2 * 1024 * 1024,
        .drain_ms = 25000,
        .access_ttl_s = 3600,
        .idle_ttl_s = 900,
        .refresh_ttl_s = 7 * 86400,
        .absolute_ttl_s = 12 * 3600,
        .patient_idle_ttl_s = 1800,
        .patient_absolute_ttl_s = 86400,
        .rate_per_address = 0,
        .rate_per_clinic = 0,
    };
}

/* Whoever listens is sent away before the first request is refused; both come back at once. */
static enum err hear_of_maintenance(struct service *service, struct fault *fault)
{
    enum err err = maintenance_refresh(service->maintenance, fault);
    bool is_away = maintenance_mode(service->maintenance) == MAINTENANCE_FULL;
    streams_hold(service->streams, is_away ? "the service is down for maintenance" : NULL);
    return err;
}

/* What another process (or this one) changed: forget it at once. */
static void on_news(const char *kind, const char *key, void *user)
{
    struct service *service = user;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    bool is_all = strcmp(kind, "*") == 0, is_tick = strcmp(kind, "tick") == 0;
    enum err err = ERR_NONE;
    if ((is_all || is_tick || strcmp(kind, "maintenance") == 0) &&
        hear_of_maintenance(service, &fault))
        fault_reset(&fault); /* the last order known stays */
    if (is_all)
        err = directory_refresh_all(service->directory, &fault);
    else if (strcmp(kind, "clinic") == 0)
        err = directory_refresh(service->directory, strtoll(key, NULL, 10), &fault);
    if (err)
        fault_reset(&fault); /* the database is away: the listener says "*" when it is back */
    if (strcmp(kind, "queue") != 0 && !is_tick) /* nobody's name hangs on it */
        principals_forget(service->principals, kind, key);
    if (!is_tick)
        streams_news(service->streams, kind, key);
    arena_end(&arena);
}

static void answer_operator(struct service *service, const struct incoming *incoming,
                            struct arena *arena, struct reply *reply)
{
    bool is_metrics =
        strcmp(incoming->method, "GET") == 0 && strcmp(incoming->url, "/metrics") == 0;
    *reply = (struct reply){.status = is_metrics ? 200 : 404};
    reply->headers[reply->headers_n++] = (struct reply_header){"Cache-Control", "no-store"};
    if (!is_metrics)
        return;
    struct metrics_now now = {.in_flight = atomic_load(&service->in_flight),
                              .is_draining = atomic_load(&service->is_draining),
                              .is_ready = database_is_ready(service->database),
                              .password_work_kib = password_work_kib()};
    database_stats_read(service->database, &now.database);
    streams_stats_read(service->streams, &now.streams);
    custodian_stats_read(service->custodian, &now.files);
    struct buf out;
    buf_begin(&out, arena, 16 * 1024);
    metrics_render(service->metrics, &now, &out);
    reply->headers[reply->headers_n++] =
        (struct reply_header){"Content-Type", "text/plain; version=0.0.4; charset=utf-8"};
    reply->bytes = out.text;
    reply->length = out.length;
}

static enum err read_document(struct service *service, struct fault *fault)
{
    const struct service_options *o = &service->options;
    const char *text = o->document ? o->document : document_bytes;
    size_t length = o->document ? o->document_length : document_bytes_n;
    enum err err = document_load(&service->arena, text, length, fault, &service->document);
    if (!err)
        err = document_bind(service->document, o->handlers, o->handlers_n, fault);
    if (!err)
        err = router_make(service->document, fault, &service->router);
    return err;
}

/* Well before a silent connection would be closed. */
static struct streams *start_streams(const struct service *service)
{
    const struct service_options *o = &service->options;
    int silence_ms = o->idle_timeout_s * 600;
    return streams_make(&(struct streams_options){
        .database = service->database,
        .most = o->streams_max,
        .most_per_clinic = o->streams_per_clinic,
        .heartbeat_ms = silence_ms < HEARTBEAT_MOST_MS ? silence_ms : HEARTBEAT_MOST_MS});
}

static enum err open_database(struct service *service, struct fault *fault)
{
    const struct service_options *o = &service->options;
    struct database_options database = o->database;
    database.url = o->database_url;
    if (!database.chore)
        database.chore = visit_close_stale;
    enum err err = database_open(&database, fault, &service->database);
    if (!err)
        err = directory_load(service->database, fault, &service->directory);
    if (!err)
        err = maintenance_load(service->database, fault, &service->maintenance);
    if (!err)
        service->streams = start_streams(service);
    if (!err)
        err = listener_start(o->database_url, on_news, service, fault, &service->listener);
    if (!err) /* what changed after the reading and before the listening */
        err = directory_refresh_all(service->directory, fault);
    if (!err)
        err = hear_of_maintenance(service, fault);
    return err;
}

static enum err listen_on(struct service *service, const char *listen,
                          void (*answer)(struct service *, const struct incoming *, struct arena *,
                                         struct reply *),
                          struct fault *fault, struct server **out)
{
    const struct service_options *o = &service->options;
    struct server_options options = {.listen = listen,
                                     .connections_max = o->connections_max + o->streams_max,
                                     .connections_per_address =
                                         o->connections_per_address + o->streams_per_clinic,
                                     .idle_timeout_s = o->idle_timeout_s,
                                     .body_max = o->body_max,
                                     .answer = answer,
                                     .admit = answer == dispatch ? dispatch_admit : NULL,
                                     .service = service};
    return server_start(&options, fault, out);
}

enum err service_start(const struct service_options *options, struct fault *fault,
                       struct service **out)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service)
        abort();
    service->options = *options;
    if (!options->public_url)
        service->options.public_url = arena_format(&service->arena, "http://%s", options->listen);
    service->sniffer = options->sniffer;
    enum err err = service->sniffer ? ERR_NONE : sniffer_start(fault, &service->sniffer);
    if (!err)
        err = keys_load(options->keys_file, fault, &service->keys);
    if (!err) {
        keys_use(service->keys);
        err = store_open(&options->store, fault, &service->store);
    }
    if (!err)
        err = read_document(service, fault);
    if (!err) {
        service->principals = principals_make(options->session_cache_ms);
        service->offload = offload_start(OFFLOAD_THREADS, OFFLOAD_QUEUE, options->offload_wait_ms);
        service->printers = offload_start(PRINTER_THREADS, PRINTER_QUEUE, options->offload_wait_ms);
        service->limiter = limiter_make(LIMITER_SLOTS);
        service->metrics = metrics_make(service->document);
        err = press_start(PRINTER_THREADS, fault, &service->press);
    }
    if (!err && options->scanner)
        err = scanner_make(options->scanner, options->scanner_timeout_s, fault, &service->scanner);
    if (!err)
        err = open_database(service, fault);
    if (!err && !options->has_no_custodian)
        service->custodian = custodian_start(&(struct custody){
            .database = service->database, .store = service->store, .scanner = service->scanner});
    if (!err && options->operator_listen && *options->operator_listen)
        err = listen_on(service, options->operator_listen, answer_operator, fault,
                        &service->operator_server);
    if (!err)
        err = listen_on(service, options->listen, dispatch, fault, &service->server);
    if (err) {
        service_stop(service);
        return err;
    }
    *out = service;
    return ERR_NONE;
}

int service_port(const struct service *service)
{
    return server_port(service->server);
}

int service_operator_port(const struct service *service)
{
    return service->operator_server ? server_port(service->operator_server) : 0;
}

/* Until nobody has asked for a moment: a request may be on its way over a connection that we keep,
 * and who asks now is answered and told to close. */
static bool drain(struct service *service)
{
    int64_t now = clock_monotonic_us(), quiet_since = now;
    int64_t until = now + (int64_t)service->options.drain_ms * 1000;
    atomic_store(&service->is_draining, true);
    if (!service->server)
        return true;
    server_quiesce(service->server);
    streams_end(service->streams);
    for (; now < until && now - quiet_since < QUIET_US; now = clock_monotonic_us()) {
        if (server_is_busy(service->server))
            quiet_since = now;
        usleep(2000);
    }
    return !server_is_busy(service->server);
}

bool service_stop(struct service *service)
{
    if (!service)
        return true;
    bool is_clean = drain(service);
    server_stop(service->server);
    server_stop(service->operator_server);
    custodian_stop(service->custodian);
    if (service->listener)
        listener_stop(service->listener);
    streams_free(service->streams);
    if (service->offload)
        offload_stop(service->offload);
    if (service->printers)
        offload_stop(service->printers);
    press_stop(service->press);
    if (service->directory)
        directory_free(service->directory);
    maintenance_free(service->maintenance);
    if (service->principals)
        principals_free(service->principals);
    database_close(service->database);
    if (service->limiter)
        limiter_free(service->limiter);
    metrics_free(service->metrics);
    scanner_free(service->scanner);
    store_close(service->store);
    if (service->sniffer != service->options.sniffer)
        sniffer_stop(service->sniffer);
    arena_end(&service->arena);
    keys_use(NULL);
    keys_free(service->keys);
    free(service);
    return is_clean;
}
