#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/one_time.h"
#include "models/account/staff.h"
#include "models/doctor/doctor.h"
#include "models/session/realm.h"

enum err doctors_list(struct request *request)
{
    const struct doctor_filters filters = {
        .q = request_query(request, "q"),
        .availability_status = request_query(request, "availability_status"),
        .is_active = request_query(request, "is_active"),
    };
    struct rows rows;
    int64_t total;
    enum err err = doctor_list(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err doctors_create(struct request *request)
{
    const json_t *body = request_body(request);
    struct one_time one_time;
    struct rows rows;
    enum err err = doctor_check(&request->fault, body);
    if (!err)
        err = one_time_make(request, &one_time);
    if (!err)
        err = doctor_create(request_tx(request), body, one_time.hash, &rows);
    return err ? reply_twin(request, err)
               : reply_row_and(request, &rows, "one_time_password",
                               one_time_json(request, &one_time));
}

enum err doctors_get(struct request *request)
{
    struct rows rows;
    enum err err = doctor_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err doctors_update(struct request *request)
{
    const json_t *body = request_body(request);
    struct rows rows;
    enum err err = doctor_check(&request->fault, body);
    if (!err)
        err = doctor_update(request_tx(request), request_path(request, "id"), body, &rows);
    return err ? err : reply_row(request, &rows);
}

enum err doctors_deactivate(struct request *request)
{
    struct rows rows;
    enum err err =
        staff_deactivate(request_tx(request), request_path(request, "id"), "doctor", &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "id"));
    return reply_empty(request);
}
