#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/one_time.h"
#include "models/patient/patient.h"
#include "models/session/realm.h"

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
    bool has_login = json_is_true(json_object_get(request_body(request), "create_login"));
    struct one_time one_time = {0};
    struct rows rows;
    enum err err = has_login ? one_time_make(request, &one_time) : ERR_NONE;
    if (!err)
        err = patient_create(request_tx(request), request->clinic, request_body(request),
                             one_time.hash, &rows);
    if (err || !has_login)
        return err ? reply_twin(request, err) : reply_row(request, &rows);
    const char *username = rows_text(&rows, 0, "_username");
    return reply_row_and(request, &rows, "login",
                         one_time_login_json(request, username, &one_time));
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
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "_login_id"));
    return reply_row(request, &rows);
}

enum err patients_delete(struct request *request)
{
    struct rows rows;
    enum err err = patient_delete(request_tx(request), request_path(request, "id"), &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "_login_id"));
    return reply_empty(request);
}

enum err patients_restore(struct request *request)
{
    struct rows rows;
    enum err err =
        patient_restore(request_tx(request), request->clinic, request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}
