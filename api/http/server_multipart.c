/* Bodies in parts. Ulfius reads them with libmicrohttpd's post processor: three functions, found by
 * name when the program starts. A program's own functions of these names come before a library's
 * (ELF), so the three below are the ones that Ulfius calls; server_parts_are_ours() makes sure.
 * Why:
 *
 * - MHD_create_post_processor() is called when the headers are in and nothing of the body was read:
 *   the one moment at which an upload can be refused before it comes. Ulfius has no callback there.
 * - Ulfius' upload callback cannot end an upload, and is not asked about parts without a file name:
 *   those go into a map that is searched from its beginning for each of them; 40,000 fields cost
 *   seconds. Here every part has a file name (a text's is ""), so the callback gets them all.
 * - libmicrohttpd's reader takes a body without its end for a whole one (multipart.h).
 *
 * The way of a piece: Ulfius → MHD_post_process() → multipart_feed() → Ulfius' iterator → its
 * upload callback, server_on_part() → arrival_take(). tests/api/uploads_test.c. */
#include "api/http/multipart.h"
#include "api/http/server_parts.h"
#include "db/clock.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LINGER_SILENCE_MS = 2000,
    LINGER_MOST_MS = 30 * 1000,
    LINGER_MOST_BYTES = 32 * 1024 * 1024,
};

struct MHD_PostProcessor {
    struct MHD_Connection *connection;
    struct wired_request *wired;
    MHD_PostDataIterator iterator; /* Ulfius' own */
    void *iterator_user;
    struct multipart reading;
    uint64_t bytes;
};

bool server_parts_are_ours(void)
{
    return (uintptr_t)dlsym(RTLD_DEFAULT, "MHD_create_post_processor") ==
               (uintptr_t)MHD_create_post_processor &&
           (uintptr_t)dlsym(RTLD_DEFAULT, "MHD_post_process") == (uintptr_t)MHD_post_process &&
           (uintptr_t)dlsym(RTLD_DEFAULT, "MHD_destroy_post_processor") ==
               (uintptr_t)MHD_destroy_post_processor;
}

static void answer_now(struct MHD_Connection *connection, const struct reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->length, (void *)(uintptr_t)reply->bytes, MHD_RESPMEM_MUST_COPY);
    if (!response)
        abort();
    for (size_t i = 0; i < reply->headers_n; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
}

static bool has_body(const struct incoming *incoming)
{
    const char *length = incoming->header(incoming, "Content-Length");
    return incoming->header(incoming, "Transfer-Encoding") ||
           (length && strspn(length, "0") != strlen(length));
}

/* Without a body there is nothing to let in: the request goes the ordinary way. */
static void admit(struct MHD_PostProcessor *parts, const struct server *server)
{
    struct wired_request *wired = parts->wired;
    struct arena arena = {0};
    struct reply reply = {0};
    struct incoming incoming;
    char peer[INET_ADDRSTRLEN];
    server_incoming(wired, peer, &incoming);
    if (!has_body(&incoming))
        return;
    incoming.body_length = 1; /* there is one, which nobody has seen */
    server->options.admit(server->options.service, &incoming, &arena, &reply, &wired->arrival);
    if (!wired->arrival) {
        wired->is_refused = true;
        answer_now(parts->connection, &reply);
    }
    arena_end(&arena);
}

static bool on_piece(void *user, const struct multipart_part *part, const char *bytes,
                     uint64_t offset, size_t length)
{
    struct MHD_PostProcessor *parts = user;
    return parts->iterator(parts->iterator_user, MHD_POSTDATA_KIND, part->name, part->file_name,
                           part->media_type, NULL, bytes, offset, length) == MHD_YES;
}

struct MHD_PostProcessor *MHD_create_post_processor(struct MHD_Connection *connection,
                                                    size_t buffer_size,
                                                    MHD_PostDataIterator iterator, void *user)
{
    struct connection_info_struct *info = user;
    const struct server *server = info->u_instance->file_upload_cls;
    struct MHD_PostProcessor *parts = calloc(1, sizeof *parts);
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    (void)buffer_size;
    if (!parts)
        abort();
    parts->connection = connection;
    parts->wired = (struct wired_request *)info->request;
    parts->iterator = iterator;
    parts->iterator_user = user;
    parts->wired->parts = parts;
    admit(parts, server);
    const char *type = u_map_get_case(info->request->map_header, "Content-Type");
    if (parts->wired->arrival && multipart_boundary(type, boundary))
        multipart_begin(&parts->reading, boundary, on_piece, parts);
    return parts;
}

int server_on_part(const struct _u_request *request, const char *key, const char *filename,
                   const char *content_type, const char *transfer_encoding, const char *data,
                   uint64_t off, size_t size, void *user)
{
    const struct wired_request *wired = (const void *)request;
    (void)transfer_encoding;
    (void)user;
    bool is_wanted = arrival_take(wired->arrival, key, filename, content_type, data, off, size);
    return is_wanted ? U_OK : U_ERROR;
}

/* A body that is refused in its middle is read to its end, for libmicrohttpd answers no sooner; one
 * that has none is cut off. */
enum MHD_Result MHD_post_process(struct MHD_PostProcessor *parts, const char *data, size_t size)
{
    if (!parts) /* application/x-www-form-urlencoded: asked for all the same */
        return MHD_YES;
    struct wired_request *wired = parts->wired;
    struct arrival *arrival = wired->arrival;
    wired->request.binary_body_length = 0; /* Ulfius collects, too: nobody wants that copy */
    if (!arrival)
        return MHD_NO;
    parts->bytes += size;
    if (parts->bytes > arrival_most(arrival))
        arrival_refuse_length(arrival);
    if (parts->bytes / 2 > arrival_most(arrival)) {
        const union MHD_ConnectionInfo *socket =
            MHD_get_connection_info(parts->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        shutdown(socket->connect_fd, SHUT_RD);
    }
    if (arrival_is_refused(arrival))
        return MHD_NO;
    if (!multipart_feed(&parts->reading, data, size) && parts->reading.fault)
        arrival_refuse(arrival, parts->reading.fault);
    return MHD_YES;
}

void server_parts_end(struct wired_request *wired)
{
    if (!multipart_is_whole(&wired->parts->reading))
        arrival_refuse(wired->arrival, "the body ends before its last boundary");
    arrival_finish(wired->arrival);
}

/* Also when the client vanished in the middle: what was kept goes with it. */
enum MHD_Result MHD_destroy_post_processor(struct MHD_PostProcessor *parts)
{
    arrival_free(parts->wired->arrival);
    parts->wired->arrival = NULL;
    parts->wired->parts = NULL;
    free(parts);
    return MHD_YES;
}

void server_linger(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd poller = {.fd = socket->connect_fd, .events = POLLIN};
    int64_t until = clock_monotonic_us() + LINGER_MOST_MS * INT64_C(1000);
    char nowhere[16 * 1024];
    shutdown(poller.fd, SHUT_WR); /* that was our answer; who has it all hangs up */
    for (size_t heard = 0; heard < LINGER_MOST_BYTES && clock_monotonic_us() < until;) {
        if (poll(&poller, 1, LINGER_SILENCE_MS) != 1)
            return;
        ssize_t n = recv(poller.fd, nowhere, sizeof nowhere, MSG_DONTWAIT);
        if (n <= 0)
            return;
        heard += (size_t)n;
    }
}
