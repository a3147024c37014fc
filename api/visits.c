#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/visit/visit.h"

enum err visits_list(struct request *request)
{
    const struct visit_filters filters = {
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
        .status = request_query(request, "status"),
        .doctor_id = request_query(request, "doctor_id"),
        .patient_id = request_query(request, "patient_id"),
        .visit_type = request_query(request, "visit_type"),
        .q = request_query(request, "q"),
    };
    struct rows rows;
    int64_t total;
    enum err err = visit_list(request_tx(request), request->clinic, &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err visits_create(struct request *request)
{
    struct rows rows;
    enum err err = visit_create(request_tx(request), request->clinic, request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err visits_get(struct request *request)
{
    struct rows rows;
    enum err err = visit_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err visits_update(struct request *request)
{
    struct rows rows;
    enum err err = visit_update(request_tx(request), request_path(request, "id"),
                                request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err visits_set_status(struct request *request)
{
    struct rows rows;
    enum err err =
        visit_move(request_tx(request), request_path(request, "id"), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err visits_history(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err = visit_history(request_tx(request), request_path(request, "id"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err visits_stats(struct request *request)
{
    struct rows rows;
    enum err err =
        visit_stats(request_tx(request), request->clinic, request_query(request, "granularity"),
                    request_query(request, "from"), request_query(request, "to"), &rows);
    return err ? err : reply_row(request, &rows);
}
