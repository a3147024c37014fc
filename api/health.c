/* What operators and integrators ask: alive, ready, which build, which document. */
#include "api/endpoints.h"
#include "api/http/away.h"
#include "api/http/reply.h"
#include "api/http/service.h"
#include "db/migrate.h"

static enum err say(struct request *request, const char *json)
{
    struct buf out;
    buf_begin(&out, &request->arena, 64);
    buf_text(&out, json);
    return reply_text(request, &out);
}

enum err health_live(struct request *request)
{
    return say(request, "{\"status\":\"ok\"}");
}

enum err health_ready(struct request *request)
{
    struct service *service = request->service;
    if (atomic_load(&service->is_draining))
        return request_fail(request, ERR_UNAVAILABLE, "draining", NULL);
    enum err err = away_check(request);
    if (err)
        return err;
    if (!database_is_ready(service->database))
        return request_fail(request, ERR_UNAVAILABLE, "database-unavailable", NULL);
    return say(request, "{\"status\":\"ok\"}");
}

enum err version_get(struct request *request)
{
    struct buf out;
    buf_begin(&out, &request->arena, 128);
    buf_format(&out, "{\"name\":\"clinicd\",\"version\":\"%s\",\"schema_version\":%d}",
               CLINICD_VERSION, migrate_latest());
    return reply_text(request, &out);
}

enum err document_get(struct request *request)
{
    const struct document *document = request->service->document;
    return reply_bytes(request, "application/json; charset=utf-8", document->text,
                       document->length);
}
