/* A file as an answer. */
#include "api/http/content.h"

#include "api/http/file_name.h"
#include "api/http/finish.h"
#include "api/http/incoming.h"
#include "api/http/range.h"
#include "api/http/reply.h"
#include "api/http/service.h"
#include "api/http/upload.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 16 * 1024 };

struct content_stream {
    struct store_reader *reader;
    uint64_t left;
    size_t first_n, first_at;
    char first[FIRST_BYTES]; /* read before anything was promised */
};

ssize_t content_read(struct content_stream *stream, char *out, size_t room)
{
    if (room > stream->left)
        room = (size_t)stream->left;
    ssize_t n;
    if (stream->first_at < stream->first_n) {
        size_t held = stream->first_n - stream->first_at;
        n = (ssize_t)(room < held ? room : held);
        memcpy(out, stream->first + stream->first_at, (size_t)n);
        stream->first_at += (size_t)n;
    } else {
        n = store_reader_read(stream->reader, out, room);
    }
    if (n <= 0)
        return -1;
    stream->left -= (uint64_t)n;
    return n;
}

void content_close(struct content_stream *stream)
{
    if (!stream)
        return;
    store_reader_close(stream->reader);
    free(stream);
}

static enum err open_stream(struct request *request, const struct content *content, uint64_t from,
                            uint64_t length, struct content_stream **out)
{
    struct store_reader *reader;
    enum err err = store_read(request->service->store, request->scope.clinic_id, content->id,
                              content->size, from, length, &request->fault, &reader);
    if (err)
        return err;
    struct content_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        abort();
    stream->reader = reader;
    stream->left = length;
    size_t room = length < FIRST_BYTES ? (size_t)length : FIRST_BYTES;
    ssize_t n = store_reader_read(reader, stream->first, room);
    if (n <= 0) {
        content_close(stream);
        return fail_quietly(&request->fault, ERR_INTERNAL, "file-missing",
                            "the first bytes of %s cannot be read", content->id);
    }
    stream->first_n = (size_t)n;
    *out = stream;
    return ERR_NONE;
}

/* A range of what the client has another version of would be glued to the wrong half. A date says
 * too little. */
static enum range range_of(const struct request *request, uint64_t size, uint64_t *from,
                           uint64_t *length)
{
    const struct incoming *incoming = request->incoming;
    const char *condition = incoming->header(incoming, "If-Range");
    if (strcmp(request->method, "GET") != 0 ||
        (condition && strcmp(condition, request->reply->etag) != 0))
        return RANGE_ALL;
    return range_read(incoming->header(incoming, "Range"), size, from, length);
}

static void describe(struct request *request, const struct content *content)
{
    request->reply->content_type = content->media_type;
    reply_header(request, "Accept-Ranges", "bytes");
    reply_header(request, "Content-Disposition",
                 file_name_disposition(&request->arena, content->name, content->is_inline));
    reply_header(request, "Content-Security-Policy", "sandbox; default-src 'none'");
}

enum err reply_content(struct request *request, const struct content *content)
{
    struct reply *reply = request->reply;
    struct arena *arena = &request->arena;
    uint64_t from = 0, length = content->size;
    reply->etag = content->version ? arena_format(arena, "\"%lld.%.16s\"",
                                                  (long long)content->version, content->sha256)
                                   : arena_format(arena, "\"%s\"", content->sha256);
    reply->status = 200;
    if (finish_is_known(request)) { /* 304: nothing is opened for it */
        describe(request, content);
        return ERR_NONE;
    }
    enum range range = range_of(request, content->size, &from, &length);
    if (range == RANGE_NONE) {
        reply_header(request, "Content-Range",
                     arena_format(arena, "bytes */%llu", (unsigned long long)content->size));
        return request_fail(request, ERR_INPUT, "range-not-satisfiable", NULL);
    }
    enum err err = open_stream(request, content, from, length, &reply->content);
    if (err)
        return err;
    describe(request, content);
    reply->content_length = length;
    if (range == RANGE_PART) {
        reply->status = 206;
        reply_header(request, "Content-Range",
                     arena_format(arena, "bytes %llu-%llu/%llu", (unsigned long long)from,
                                  (unsigned long long)(from + length - 1),
                                  (unsigned long long)content->size));
    }
    return ERR_NONE;
}
