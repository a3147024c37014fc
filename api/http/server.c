#include "api/http/content.h"
#include "api/http/server_parts.h"
#include "api/http/stream.h"
#include "db/arena.h"

#include <errno.h>
#include <linux/filter.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    STACK_BYTES = 256 * 1024,
    HEADERS_MAX_BYTES = 16 * 1024,
    HEADERS_MAX = 100,
    STREAM_BLOCK_BYTES = 4096,
    CONTENT_BLOCK_BYTES = 32 * 1024,
    /* What a slow reader may leave with us (without it, megabytes: measured). What is on its way
     * does not count, so a fast one is as fast. */
    UNSENT_MOST_BYTES = 64 * 1024,
};

static const char *header_of(const struct incoming *incoming, const char *name)
{
    const struct _u_request *request = incoming->native;
    return u_map_get_case(request->map_header, name);
}

static bool is_clean_header(const char *name, const char *value)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (!*name || name[strspn(name, token)])
        return false;
    for (const char *p = value; p && *p; p++)
        if ((*p > 0 && *p < 0x20 && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

/* "Transfer-Encoding : chunked" is another header to one server and the same to the next; of
 * "Host" and "host" Ulfius makes two, where we look at one. */
static bool has_bad_header(const struct _u_map *headers)
{
    if (headers->nb_values > HEADERS_MAX)
        return true;
    for (int i = 0; i < headers->nb_values; i++) {
        if (!is_clean_header(headers->keys[i], headers->values[i]))
            return true;
        for (int j = 0; j < i; j++)
            if (strcasecmp(headers->keys[i], headers->keys[j]) == 0)
                return true;
    }
    return false;
}

/* Ulfius keeps 16 bytes of the peer's address, which is all of an IPv4 one (we listen on no other).
 */
static const char *peer_of(const struct _u_request *request, char out[INET_ADDRSTRLEN])
{
    const struct sockaddr_in *peer = (const void *)request->client_address;
    if (!peer || peer->sin_family != AF_INET ||
        !inet_ntop(AF_INET, &peer->sin_addr, out, INET_ADDRSTRLEN))
        return "unknown";
    return out;
}

/* On the connection's own thread, which sleeps in there until there is something to say. */
static ssize_t on_stream(void *stream, uint64_t offset, char *out, size_t room)
{
    (void)offset;
    ssize_t n = stream_read(stream, out, room);
    return n < 0 ? U_STREAM_END : n;
}

/* A promise of so many bytes that is broken is seen to be: never filled up, never ended as if well.
 */
static ssize_t on_content(void *content, uint64_t offset, char *out, size_t room)
{
    (void)offset;
    ssize_t n = content_read(content, out, room);
    return n < 0 ? U_STREAM_ERROR : n;
}

static void on_content_end(void *content)
{
    content_close(content);
}

static void on_stream_end(void *stream)
{
    stream_close(stream);
}

void server_incoming(const struct wired_request *wired, char peer[INET_ADDRSTRLEN],
                     struct incoming *out)
{
    const struct _u_request *request = &wired->request;
    *out = (struct incoming){
        .method = request->http_verb,
        .url = request->http_url,
        .protocol = request->http_protocol,
        .peer = peer_of(request, peer),
        .body = request->binary_body,
        .body_length = request->binary_body_length,
        .has_bad_header = has_bad_header(request->map_header),
        .header = header_of,
        .native = request,
        .arrival = wired->arrival,
    };
}

static int on_request(const struct _u_request *request, struct _u_response *response, void *user)
{
    struct server *server = user;
    struct wired_request *wired = (struct wired_request *)(uintptr_t)request;
    struct arena arena = {0};
    struct reply reply = {0};
    char peer[INET_ADDRSTRLEN];
    struct incoming incoming;
    server_incoming(wired, peer, &incoming);
    if (wired->arrival)
        server_parts_end(wired);
    server->options.answer(server->options.service, &incoming, &arena, &reply);
    arrival_free(wired->arrival);
    wired->arrival = NULL;
    for (size_t i = 0; i < reply.headers_n; i++)
        u_map_put(response->map_header, reply.headers[i].name, reply.headers[i].value);
    if (reply.stream)
        ulfius_set_stream_response(response, (unsigned)reply.status, on_stream, on_stream_end,
                                   U_STREAM_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, reply.stream);
    else if (reply.content)
        ulfius_set_stream_response(response, (unsigned)reply.status, on_content, on_content_end,
                                   reply.content_length, CONTENT_BLOCK_BYTES, reply.content);
    else if (reply.length)
        ulfius_set_binary_body_response(response, (unsigned)reply.status, reply.bytes,
                                        reply.length);
    else
        ulfius_set_empty_body_response(response, (unsigned)reply.status);
    arena_end(&arena); /* Ulfius has its own copy */
    return U_CALLBACK_COMPLETE;
}

static void *on_first_line(void *user, const char *uri)
{
    struct server *server = user;
    atomic_fetch_add(&server->busy, 1);
    struct connection_info_struct *info = ulfius_uri_logger(NULL, uri);
    struct wired_request *wired = info ? o_realloc(info->request, sizeof *wired) : NULL;
    if (!wired)
        abort();
    *wired = (struct wired_request){.request = wired->request};
    info->request = &wired->request;
    return info;
}

static void on_end(void *user, struct MHD_Connection *connection, void **kept,
                   enum MHD_RequestTerminationCode how)
{
    struct server *server = user;
    const struct connection_info_struct *info = *kept;
    const struct wired_request *wired = info ? (const void *)info->request : NULL;
    bool is_refused = wired && wired->is_refused;
    mhd_request_completed(NULL, connection, kept, how);
    atomic_fetch_sub(&server->busy, 1);
    if (is_refused && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        server_linger(connection);
}

/* libmicrohttpd's own remarks go nowhere: Ulfius would hand them to a printf-like function as
 * format. */
static void ignore_log(void *user, const char *format, va_list args)
{
    (void)user;
    (void)format;
    (void)args;
}

static bool parse_listen(const char *listen, struct sockaddr_in *out)
{
    char host[64];
    const char *colon = strrchr(listen, ':');
    size_t length = colon ? (size_t)(colon - listen) : 0;
    if (!colon || length >= sizeof host)
        return false;
    memcpy(host, listen, length);
    host[length] = '\0';
    char *end;
    long port = strtol(colon + 1, &end, 10);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return end != colon + 1 && !*end && port >= 0 && port < 65536 &&
           inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static enum err bind_socket(struct server *server, struct fault *fault, int *out)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
    int unsent = UNSENT_MOST_BYTES; /* in the kernel; connections have it from their listener */
    socklen_t length = sizeof server->address;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent) != 0 ||
        bind(fd, (struct sockaddr *)&server->address, length) != 0 || listen(fd, 511) != 0 ||
        getsockname(fd, (struct sockaddr *)&server->address, &length) != 0) {
        enum err err = fail(fault, ERR_INTERNAL, "cannot-listen", "cannot listen on %s: %s",
                            server->options.listen, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err;
    }
    server->port = ntohs(server->address.sin_port);
    *out = fd;
    return ERR_NONE;
}

static enum err start_ulfius(struct server *server, int fd, struct fault *fault)
{
    const struct server_options *o = &server->options;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)ignore_log, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_end, server},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_first_line, server},
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, o->connections_max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->connections_per_address, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADERS_MAX_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->ulfius.max_post_body_size = o->body_max + 1; /* one more, so that a cut body is seen */
    server->ulfius.allowed_post_processor =
        o->admit ? U_POST_PROCESS_MULTIPART_FORMDATA : U_POST_PROCESS_NONE;
    server->ulfius.check_utf8 = 0; /* our own parsers look at the raw bytes */
    if (!server_parts_are_ours())
        return fail(fault, ERR_INTERNAL, "cannot-listen",
                    "Ulfius would read uploads with another post processor than ours");
    if (ulfius_set_upload_file_callback_function(&server->ulfius, server_on_part, server) != U_OK ||
        ulfius_add_endpoint_by_val(&server->ulfius, "*", NULL, "*", 0, on_request, server) !=
            U_OK ||
        ulfius_start_framework_with_mhd_options(&server->ulfius,
                                                MHD_USE_THREAD_PER_CONNECTION |
                                                    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
                                                options) != U_OK)
        return fail(fault, ERR_INTERNAL, "cannot-listen", "cannot serve on %s", o->listen);
    server->is_running = true;
    return ERR_NONE;
}

enum err server_start(const struct server_options *options, struct fault *fault,
                      struct server **out)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        abort();
    server->options = *options;
    server->quiesced = -1;
    int fd = -1;
    enum err err = ERR_NONE;
    if (!parse_listen(options->listen, &server->address))
        err = fail(fault, ERR_INPUT, "cannot-listen", "%s is not an IPv4 address and port",
                   options->listen);
    if (!err)
        err = bind_socket(server, fault, &fd);
    if (!err && ulfius_init_instance(&server->ulfius, (unsigned)server->port, NULL, NULL) != U_OK)
        err = fail(fault, ERR_INTERNAL, "cannot-listen", "cannot make an Ulfius instance");
    else if (!err)
        server->is_initialised = true;
    if (!err)
        err = start_ulfius(server, fd, fault);
    if (err) {
        if (fd >= 0)
            close(fd);
        server_stop(server);
        return err;
    }
    *out = server;
    return ERR_NONE;
}

int server_port(const struct server *server)
{
    return server->port;
}

/* Who had connected, but was not accepted yet, may have asked already. From now on the kernel
 * drops what comes to the listening socket: nobody gets in between the last and the close. */
static void accept_the_last(struct server *server)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &drop};
    (void)setsockopt(server->quiesced, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    for (int fd; (fd = accept4(server->quiesced, (struct sockaddr *)&peer, &length,
                               SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;
         length = sizeof peer) /* it closes what it does not take */
        MHD_add_connection(server->ulfius.mhd_daemon, fd, (struct sockaddr *)&peer, length);
}

void server_quiesce(struct server *server)
{
    if (!server->is_running || server->quiesced >= 0)
        return;
    server->quiesced = MHD_quiesce_daemon(server->ulfius.mhd_daemon);
    if (server->quiesced < 0)
        return;
    accept_the_last(server);
    close(server->quiesced);
}

bool server_is_busy(const struct server *server)
{
    return atomic_load(&server->busy) > 0;
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    if (server->is_running)
        ulfius_stop_framework(&server->ulfius);
    if (server->is_initialised)
        ulfius_clean_instance(&server->ulfius);
    free(server);
}
