/* What server.c and server_multipart.c know of each other. */
#ifndef API_HTTP_SERVER_PARTS_H
#define API_HTTP_SERVER_PARTS_H

#include "api/http/arrival.h"
#include "api/http/server.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <ulfius.h>

struct server {
    struct _u_instance ulfius;
    struct server_options options;
    struct sockaddr_in address;
    int port;
    bool is_initialised, is_running;
    int quiesced;
    atomic_int busy; /* requests whose first line was read and whose answer is not yet sent */
};

/* A request as Ulfius has it, with what we know of it behind: Ulfius hands around the address of
 * the first member, and frees the whole. */
struct wired_request {
    struct _u_request request;
    struct MHD_PostProcessor *parts; /* its body is multipart/form-data; NULL: it is not */
    struct arrival *arrival;         /* it was let in; ours until it is answered */
    bool is_refused;                 /* answered, its body unread */
};

/* What of a request's headers the machinery looks at; `peer` has room for its address. */
void server_incoming(const struct wired_request *wired, char peer[INET_ADDRSTRLEN],
                     struct incoming *out);

/* Ulfius' upload callback: of each part (a text's file name is ""), in pieces. */
int server_on_part(const struct _u_request *request, const char *key, const char *filename,
                   const char *content_type, const char *transfer_encoding, const char *data,
                   uint64_t off, size_t size, void *user);

/* The body is over: was it whole? */
void server_parts_end(struct wired_request *wired);

/* Who was refused may still be sending, and would lose our answer with the connection: hears him
 * out for a while, keeping nothing. */
void server_linger(struct MHD_Connection *connection);

/* Is it our post processor that Ulfius will find? */
bool server_parts_are_ours(void);

#endif
