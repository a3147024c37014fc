#include "models/queue/queue.h"
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/stream.h"

enum err queue_get(struct request *request)
{
    struct rows rows;
    enum err err = queue_waiting(request_tx(request), request->clinic,
                                 request_query(request, "doctor_id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err queue_listen(struct request *request)
{
    static const struct stream_source source = {.news = "queue", .read = queue_events};
    struct stream_place place;
    struct rows rows;
    enum err err = stream_asked(request, &place);
    if (!err)
        err = queue_bounds(request_tx(request), &rows);
    return err ? err : reply_stream(request, &source, &place, &rows);
}
