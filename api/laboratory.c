#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/lab/lab.h"

enum err tests_list(struct request *request)
{
    const struct lab_filters filters = {
        .status = request_query(request, "status"),
        .test_type = request_query(request, "test_type"),
        .patient_id = request_query(request, "patient_id"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
        .q = request_query(request, "q"),
    };
    struct rows rows;
    int64_t total;
    enum err err = lab_list(request_tx(request), request->clinic, &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err tests_status(struct request *request)
{
    struct rows rows;
    enum err err = lab_move(request_tx(request), request_path(request, "id"),
                            request_path(request, "tid"), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err tests_result(struct request *request)
{
    struct rows rows;
    enum err err = lab_record(request_tx(request), request_path(request, "id"),
                              request_path(request, "tid"), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}
