/* The documentation page and its files, as embedded from api/web. */
#define ZLIB_CONST /* next_in may point to what is const */

#include "api/endpoints.h"
#include "api/http/gate.h"
#include "api/http/reply.h"
#include "api/web/assets.h"

#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 };

/* The page may run what it brings along and talk to this service, and to nothing else. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
    "data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static const struct web_asset *asset_find(const char *name)
{
    for (size_t i = 0; i < web_assets_n; i++) {
        if (strcmp(web_assets[i].name, name) == 0)
            return &web_assets[i];
    }
    return NULL;
}

/* For the rare client that does not take gzip. NULL: zlib is out of memory. */
static const unsigned char *asset_unpack(struct arena *arena, const struct web_asset *asset)
{
    z_stream stream = {.next_in = asset->bytes, .avail_in = (uInt)asset->length};

    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return NULL;
    unsigned char *plain = arena_take(arena, asset->plain_length);
    stream.next_out = plain;
    stream.avail_out = (uInt)asset->plain_length;
    int ended = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return ended == Z_STREAM_END ? plain : NULL;
}

static enum err asset_reply(struct request *request, const char *name)
{
    const struct web_asset *asset = asset_find(name);

    if (asset == NULL)
        return request_fail(request, ERR_NOT_FOUND, NULL, NULL);
    const char *accepted = request->incoming->header(request->incoming, "Accept-Encoding");
    const unsigned char *bytes = asset->bytes;
    size_t length = asset->length;
    if (accepted != NULL && gate_accepts(accepted, "gzip")) {
        reply_header(request, "Content-Encoding", "gzip");
    } else {
        bytes = asset_unpack(&request->arena, asset);
        length = asset->plain_length;
    }
    if (bytes == NULL)
        return request_fail(request, ERR_INTERNAL, NULL, NULL);
    request->reply->etag = asset->etag;
    reply_header(request, "Vary", "Accept-Encoding");
    reply_header(request, "Cache-Control", "no-cache"); /* ask again: the ETag answers */
    reply_header(request, "Content-Security-Policy", page_policy);
    return reply_bytes(request, asset->content_type, bytes, length);
}

enum err docs_get(struct request *request)
{
    return asset_reply(request, "index.html");
}

enum err docs_asset(struct request *request)
{
    return asset_reply(request, request_path(request, "asset"));
}
