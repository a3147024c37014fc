#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "db/buf.h"
#include "models/account/password.h"
#include "models/clinic/clinic.h"
#include "models/clinic/directory.h"

#include <string.h>

enum err clinics_list(struct request *request)
{
    const struct clinic_filters filters = {
        .q = request_query(request, "q"),
        .city = request_query(request, "city"),
        .status = request_query(request, "status"),
    };
    const char *scope = request_query(request, "scope");
    bool is_all = scope && strcmp(scope, "all") == 0;
    struct rows rows;
    int64_t total;
    enum err err = is_all ? clinic_list_all(request_tx(request), &filters, &rows, &total)
                          : clinic_directory(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err clinics_create(struct request *request)
{
    const json_t *body = request_body(request);
    const char *username = clinic_admin_username(&request->arena, body);
    const char *password = password_one_time(&request->arena);
    struct password_job *job = password_job_make(NULL, NULL, password);
    enum err err = request_offload(request, password_job_run, job, password_job_release);
    if (err)
        return err;
    if (!job->hash[0])
        return fail_quietly(&request->fault, ERR_INTERNAL, NULL, "password hash: no memory");
    struct rows rows;
    err = clinic_create(request_tx(request), body, username, job->hash, &rows);
    if (err)
        return err;
    struct buf admin;
    buf_begin(&admin, &request->arena, 256);
    buf_text(&admin, "{\"username\":");
    buf_json_string(&admin, username);
    buf_text(&admin, ",\"one_time_password\":");
    buf_json_string(&admin, password);
    buf_char(&admin, '}');
    request->refresh_clinic = request->tx.scope.clinic_id;
    err = reply_row_and(request, &rows, "admin", admin.text);
    if (err)
        return err;
    /* A clinic's id in addresses is its slug. */
    reply_header(request, "Location",
                 arena_format(&request->arena, "/clinics/%s", rows_text(&rows, 0, "slug")));
    return ERR_NONE;
}

enum err clinics_get(struct request *request)
{
    struct rows rows;
    enum err err = clinic_find(request_tx(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err clinics_update(struct request *request)
{
    struct rows rows;
    enum err err = clinic_update(request_tx(request), request_body(request), &rows);
    if (err)
        return err;
    request->refresh_clinic = request->clinic->clinic_id;
    return reply_row(request, &rows);
}

enum err clinics_set_subscription(struct request *request)
{
    struct rows rows;
    enum err err = clinic_set_subscription(request_tx(request), request_body(request), &rows);
    if (err)
        return err;
    request->refresh_clinic = request->clinic->clinic_id;
    return reply_row(request, &rows);
}

enum err clinics_deactivate(struct request *request)
{
    enum err err = clinic_deactivate(request_tx(request));
    if (err)
        return err;
    request->refresh_clinic = request->clinic->clinic_id;
    return reply_empty(request);
}
