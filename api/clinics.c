#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/opening.h"
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
    struct one_time once;
    enum err err = one_time_make(request, &once);
    if (err)
        return err;
    struct rows rows;
    err = clinic_create(request_tx(request), body, username, once.hash, &rows);
    return err ? err : opening_reply(request, &rows, username, &once);
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
