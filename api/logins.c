/* Patients' logins: /clinics/{slug}/patients/{id}/login. */
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/one_time.h"
#include "models/patient/login.h"
#include "models/session/realm.h"

enum err patients_login_create(struct request *request)
{
    const char *id = request_path(request, "id");
    struct one_time one_time;
    struct rows rows;
    enum err err = one_time_make(request, &one_time);
    if (!err)
        err = login_create(request_tx(request), id, one_time.hash, &rows);
    if (err)
        return err;
    /* A login has no address of its own to read: it is shown as the patient's has_login. */
    reply_header(request, "Location",
                 arena_format(&request->arena, "/clinics/%s/patients/%s", request->slug, id));
    return reply_row_and(request, &rows, "one_time_password", one_time_json(request, &one_time));
}

enum err patients_login_reset(struct request *request)
{
    struct one_time one_time;
    struct rows rows;
    enum err err = one_time_make(request, &one_time);
    if (!err)
        err = login_reset(request_tx(request), request_path(request, "id"), one_time.hash, &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "_account_id"));
    return reply_row_and(request, &rows, "one_time_password", one_time_json(request, &one_time));
}

enum err patients_login_disable(struct request *request)
{
    struct rows rows;
    enum err err = login_disable(request_tx(request), request_path(request, "id"), &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "_account_id"));
    return reply_empty(request);
}
