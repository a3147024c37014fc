#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/patient/patient.h"

#include <string.h>

enum err patients_list(struct request *request)
{
    const struct patient_filters filters = {
        .q = request_query(request, "q"),
        .status = request_query(request, "status"),
        .gender = request_query(request, "gender"),
        .registered_from = request_query(request, "registered_from"),
        .registered_to = request_query(request, "registered_to"),
        .has_login = request_query(request, "has_login"),
    };
    struct rows rows;
    int64_t total;
    enum err err = patient_list(request_tx(request), request->clinic, &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err patients_create(struct request *request)
{
    struct rows rows;
    enum err err =
        patient_create(request_tx(request), request->clinic, request_body(request), &rows);
    if (err == ERR_CONFLICT && strcmp(request->fault.code, "id-taken") == 0)
        reply_header(request, "Location",
                     arena_format(&request->arena, "%s/%s", request->raw_path,
                                  request_string(request, "id")));
    return err ? err : reply_row(request, &rows);
}

enum err patients_get(struct request *request)
{
    struct rows rows;
    enum err err =
        patient_find(request_tx(request), request->clinic, request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err patients_update(struct request *request)
{
    struct rows rows;
    enum err err = patient_update(request_tx(request), request->clinic, request_path(request, "id"),
                                  request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err patients_delete(struct request *request)
{
    enum err err = patient_delete(request_tx(request), request_path(request, "id"));
    return err ? err : reply_empty(request);
}

enum err patients_restore(struct request *request)
{
    struct rows rows;
    enum err err =
        patient_restore(request_tx(request), request->clinic, request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}
