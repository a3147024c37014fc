/* What the platform's own people look at. */
#include "models/platform/platform.h"
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/audit/trail.h"

enum err platform_dashboard(struct request *request)
{
    struct rows rows;
    enum err err = platform_counts(request_tx(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err platform_audit(struct request *request)
{
    const struct trail_filters filters = {
        .actor = request_query(request, "actor"),
        .operation = request_query(request, "operation"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
    };
    struct rows rows;
    int64_t total;
    enum err err = trail_list_platform(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}
