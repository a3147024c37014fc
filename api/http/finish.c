#include "api/http/finish.h"

#include "api/http/gate.h"
#include "api/http/reply.h"
#include "api/http/service.h"

#include <string.h>
#include <zlib.h>

enum { GZIP_LEAST = 1024, GZIP_LEVEL = 1, GZIP_WINDOW = 15 + 16 };

static const char *header_of(const struct request *request, const char *name)
{
    return request->incoming->header(request->incoming, name);
}

static bool has_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->headers_n; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

/* What of the request the answer depends on. */
static void add_vary(struct request *request)
{
    const struct reply *reply = request->reply;
    const char *origins = request->service->options.cors_origins;
    bool has_origins = origins && *origins;
    bool is_packed = reply->is_json || has_header(reply, "Vary"); /* a page says so itself */
    const char *vary = arena_format(&request->arena, "%s%s%s", has_origins ? ", Origin" : "",
                                    is_packed || has_origins ? ", Accept-Encoding" : "",
                                    reply->is_localised ? ", Accept-Language" : "");
    if (*vary)
        reply_header(request, "Vary", vary + 2);
}

static void add_cors(struct request *request)
{
    const char *origins = request->service->options.cors_origins;
    const char *origin = header_of(request, "Origin");
    if (!origins || !origin || !gate_listed(origins, origin))
        return;
    reply_header(request, "Access-Control-Allow-Origin", origin);
    reply_header(request, "Access-Control-Expose-Headers",
                 "ETag, Link, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, "
                 "Idempotency-Replayed");
}

void finish_options(struct request *request, const char *allow)
{
    request->reply->status = 204;
    reply_header(request, "Allow", allow);
    const char *origins = request->service->options.cors_origins;
    const char *origin = header_of(request, "Origin");
    if (!origins || !origin || !gate_listed(origins, origin) ||
        !header_of(request, "Access-Control-Request-Method"))
        return;
    reply_header(request, "Access-Control-Allow-Methods", allow);
    reply_header(request, "Access-Control-Allow-Headers",
                 "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                 "Last-Event-ID, X-Request-Id");
    reply_header(request, "Access-Control-Max-Age", "600");
}

/* If-None-Match: a list of tags, or "*". Weak comparison (RFC 9110 13.1.2). */
bool finish_is_known(const struct request *request)
{
    const char *tags = header_of(request, "If-None-Match");
    const char *etag = request->reply->etag;
    if (!tags || !etag || request->operation->method != METHOD_GET)
        return false;
    size_t length = strlen(etag);
    for (const char *p = tags; *p;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ",");
        const char *tag = strncmp(p, "W/", 2) == 0 ? p + 2 : p;
        if ((n == 1 && *p == '*') || strncmp(tag, etag, length) == 0)
            return true;
        p += n;
    }
    return false;
}

static void drop_body(struct reply *reply, int status)
{
    reply->status = status;
    reply->bytes = NULL;
    reply->length = 0;
    reply->content_type = NULL;
    reply->is_json = false;
}

static void compress_body(struct request *request)
{
    struct reply *reply = request->reply;
    const char *accepted = header_of(request, "Accept-Encoding");
    if (!reply->is_json || reply->length < GZIP_LEAST || !accepted ||
        !gate_accepts(accepted, "gzip"))
        return;
    z_stream stream = {0};
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    uLong room = deflateBound(&stream, reply->length);
    unsigned char *packed = arena_take(&request->arena, room);
    stream.next_in = (z_const Bytef *)(uintptr_t)reply->bytes;
    stream.avail_in = (uInt)reply->length;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    int ended = deflate(&stream, Z_FINISH);
    uLong length = stream.total_out;
    deflateEnd(&stream);
    if (ended != Z_STREAM_END || length >= reply->length)
        return;
    reply->bytes = (const char *)packed;
    reply->length = length;
    reply_header(request, "Content-Encoding", "gzip");
}

void finish(struct request *request)
{
    struct reply *reply = request->reply;
    bool is_success = reply->status >= 200 && reply->status < 300;
    if (reply->etag)
        reply_header(request, "ETag", reply->etag);
    if (is_success && finish_is_known(request))
        drop_body(reply, 304);
    add_vary(request);
    add_cors(request);
    compress_body(request);
    if (reply->content_type)
        reply_header(request, "Content-Type", reply->content_type);
    reply_header(request, "X-Request-Id",
                 arena_copy(&request->arena, request->id)); /* outlives the request */
    reply_header(request, "X-Content-Type-Options", "nosniff");
    if (!has_header(reply, "Cache-Control"))
        reply_header(request, "Cache-Control", "no-store");
    if (!has_header(reply, "Content-Security-Policy"))
        reply_header(request, "Content-Security-Policy",
                     "default-src 'none'; frame-ancestors 'none'");
    reply_header(request, "Referrer-Policy", "no-referrer");
    if (request->service->options.tls_in_front)
        reply_header(request, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    if (atomic_load(&request->service->is_draining))
        reply->must_close = true;
    if (reply->must_close)
        reply_header(request, "Connection", "close");
}
