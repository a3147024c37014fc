/* The wire: Ulfius on libmicrohttpd. The only place that includes <ulfius.h>; it turns what Ulfius
 * gives into struct incoming, calls one function, and writes what that answered. One catch-all
 * endpoint: nothing that matters is left to Ulfius' routing, parameter maps or JSON helpers (see
 * ARCHITECTURE). */
#ifndef API_HTTP_SERVER_H
#define API_HTTP_SERVER_H

#include "api/http/incoming.h"
#include "db/error.h"

struct server;

struct server_options {
    const char *listen; /* "127.0.0.1:8080"; IPv4; port 0: any free one */
    int connections_max, connections_per_address, idle_timeout_s;
    size_t body_max;
    void (*answer)(struct service *service, const struct incoming *incoming, struct arena *arena,
                   struct reply *reply);
    /* dispatch_admit(); NULL: no body in parts is taken */
    void (*admit)(struct service *service, const struct incoming *incoming, struct arena *arena,
                  struct reply *reply, struct arrival **out);
    struct service *service;
};

enum err server_start(const struct server_options *options, struct fault *fault,
                      struct server **out) FAILS;
int server_port(const struct server *server);

/* Stops accepting: the socket is closed, open connections go on. */
void server_quiesce(struct server *server);

/* Is a request being read, worked on or answered? */
bool server_is_busy(const struct server *server);
void server_stop(struct server *server); /* NULL is fine */

#endif
