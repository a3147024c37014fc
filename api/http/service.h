/* Everything that lives as long as the process and that a request may need. One object, made by
 * api/app/serve.c (and by the tests' harness), torn down in reverse. No globals. */
#ifndef API_HTTP_SERVICE_H
#define API_HTTP_SERVICE_H

#include "api/http/document.h"
#include "db/database.h"
#include "db/store/store.h"

#include <stdatomic.h>

struct directory;
struct maintenance;
struct principals;
struct sniffer;
struct custodian;
struct scanner;
struct offload;
struct limiter;
struct metrics;
struct streams;
struct router;
struct press;

struct service_options {
    const char *listen;          /* "127.0.0.1:8080"; port 0: any */
    const char *operator_listen; /* NULL: none */
    const char *public_url;      /* "https://clinic.example"; NULL: http:// and `listen` */
    const char *database_url;
    const char *keys_file;
    struct store_options store;
    struct sniffer *sniffer; /* NULL: one of its own, forked before its first thread */
    const char *scanner;     /* db/store/scan.h; NULL: none, and files are clean when they come */
    int scanner_timeout_s;   /* 60 */
    bool has_no_custodian;   /* tests look after their files themselves */
    struct database_options database;
    const char *cors_origins;    /* comma list, or NULL */
    const char *trusted_proxies; /* comma list of addresses, or NULL */
    const char *allowed_hosts;   /* comma list, or NULL: any */
    bool tls_in_front;           /* HSTS */
    int request_deadline_ms;     /* 10000 */
    int session_cache_ms;        /* 5000: at the latest then a session is looked up again */
    int offload_wait_ms;         /* 2000: for a turn at hashing */
    int connections_max;         /* 1024 */
    int connections_per_address; /* 256 */
    int streams_max;             /* 1024: listeners to events, beside the connections above */
    int streams_per_clinic;      /* 512 */
    int idle_timeout_s;          /* 15: inactivity of a connection */
    size_t body_max;             /* 262144 */
    size_t upload_max;           /* 20 MiB: of a file; logo_max: of a picture for letterheads */
    size_t logo_max;             /* 2 MiB */
    int drain_ms;                /* 25000 */
    int access_ttl_s, idle_ttl_s, refresh_ttl_s, absolute_ttl_s; /* 3600 900 604800 43200 */
    int patient_idle_ttl_s, patient_absolute_ttl_s;              /* 1800 86400 */
    int rate_per_address;          /* requests a minute a client address; 0: no limit */
    int rate_per_clinic;           /* requests a second a clinic; 0: no limit */
    bool ignores_operation_limits; /* x-limit is not enforced: for tests that ask much */
    const struct handler *handlers;
    size_t handlers_n;
    const char *document; /* JSON text; NULL: the embedded one */
    size_t document_length;
};

struct service {
    struct service_options options;
    struct arena arena; /* the document and what else lives as long as the process */
    struct document *document;
    const struct router *router;
    struct database *database;
    struct directory *directory;     /* models/clinic/directory.h */
    struct maintenance *maintenance; /* models/maintenance/maintenance.h */
    struct principals *principals;   /* api/http/identify.h */
    struct offload *offload;         /* api/http/offload.h */
    struct offload *printers;        /* threads of their own for papers */
    struct press *press;             /* api/document/press.h */
    struct limiter *limiter;         /* api/http/limiter.h */
    struct metrics *metrics;         /* api/http/metrics.h */
    struct streams *streams;         /* api/http/streams.h */
    struct listener *listener;
    struct keys *keys;
    struct store *store;
    struct sniffer *sniffer;     /* db/store/sniffer.h */
    struct scanner *scanner;     /* db/store/scan.h; NULL: none */
    struct custodian *custodian; /* api/http/custodian.h */
    struct server *server;       /* api/http/server.h */
    struct server *operator_server;
    atomic_bool is_draining;
    atomic_int in_flight;
};

/* Defaults for everything but the addresses, urls and files. */
void service_defaults(struct service_options *options);

/* Brings everything up in order and serves; on failure everything is down again and the fault says
 * why, in a sentence for the operator. */
enum err service_start(const struct service_options *options, struct fault *fault,
                       struct service **out) FAILS;

int service_port(const struct service *service);
int service_operator_port(const struct service *service);

/* Ready turns 503, accepting stops, what is in flight is finished (bounded by drain_ms), all
 * closes. True when nothing was cut off. */
bool service_stop(struct service *service);

#endif
