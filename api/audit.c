#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/audit/trail.h"

enum err audit_list(struct request *request)
{
    const struct trail_filters filters = {
        .actor = request_query(request, "actor"),
        .operation = request_query(request, "operation"),
        .entity = request_query(request, "entity"),
        .entity_id = request_query(request, "entity_id"),
        .patient_id = request_query(request, "patient_id"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
    };
    struct rows rows;
    int64_t total;
    enum err err = trail_list(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err access_log_list(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err =
        trail_list_access(request_tx(request), request_path(request, "id"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}
