/* A file that comes with a request (multipart/form-data, the part `file`) and a file that an answer
 * brings. Neither is ever in memory as a whole.
 *
 *     enum err reports_create(struct request *request)
 *     {
 *         struct upload *upload = request_upload(request);     its part `file`, already spooled
 *         …                                                    request_body(): the other parts
 *     }
 *
 * The other parts are text, members of one JSON object that the operation's schema judges as any
 * body. The request was identified and permitted before the first byte was kept. */
#ifndef API_HTTP_UPLOAD_H
#define API_HTTP_UPLOAD_H

#include "api/http/request.h"
#include "db/store/store.h"

/* What came as the part `file`. Lives as long as the request; its spool is dropped with it. */
struct upload {
    const char *name;          /* as a label: UTF-8, NFC, at most 255 bytes, no path, no controls */
    const char *declared_type; /* the part's Content-Type, or NULL */
    struct spool *spool;       /* finished */
    char id[UUID_TEXT]; /* a new one to keep it under; the same when the handler is run again */
    bool is_kept;       /* the handler's own: it has been, by an earlier run */
};

/* NULL: none came (the schema then has said so already, unless `file` is optional). */
struct upload *request_upload(struct request *request);

/* What reply_content() gives away. Texts are borrowed until the answer is sent. */
struct content {
    const char *id;   /* its name in the store */
    const char *name; /* for Content-Disposition */
    const char *media_type;
    const char *sha256; /* 64 digits: its ETag */
    int64_t version;    /* not 0: its ETag is "<version>.<16 of them>", which If-Match takes */
    uint64_t size;
    bool is_inline; /* shown (a logo), not saved */
};

/* 200, 206 or 416 as Range and If-Range ask, 304 as If-None-Match; streamed after the handler has
 * returned and its audit row is committed. ERR_INTERNAL file-missing. */
enum err reply_content(struct request *request, const struct content *content) FAILS;

#endif
