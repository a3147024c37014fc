/* A patient's own page and the time line of a record. */
#include "models/portal/portal.h"
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/clinic/directory.h"

enum err me_get(struct request *request)
{
    struct rows rows;
    enum err err = portal_me(request_tx(request), request->clinic->timezone, &rows);
    return err ? err : reply_row(request, &rows);
}

enum err history_list(struct request *request)
{
    const struct history_filters filters = {
        .include = request_query(request, "include"),
        .from_day = request_query(request, "from"),
        .to_day = request_query(request, "to"),
    };
    struct rows rows;
    int64_t total;
    enum err err = portal_history(request_tx(request), request->clinic->timezone,
                                  request_path(request, "id"), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}
