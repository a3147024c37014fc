#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/opening.h"
#include "models/application/application.h"

enum err clinic_applications_create(struct request *request)
{
    struct rows rows;
    enum err err = application_create(request_tx(request), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err clinic_applications_list(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err =
        application_list(request_tx(request), request_query(request, "status"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err clinic_applications_get(struct request *request)
{
    struct rows rows;
    enum err err = application_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err clinic_applications_approve(struct request *request)
{
    struct one_time once;
    enum err err = one_time_make(request, &once);
    if (err)
        return err;
    struct rows rows;
    const char *username;
    err = application_approve(request_tx(request), request_path(request, "id"),
                              request_body(request), once.hash, &username, &rows);
    return err ? err : opening_reply(request, &rows, username, &once);
}

enum err clinic_applications_reject(struct request *request)
{
    struct rows rows;
    enum err err = application_reject(request_tx(request), request_path(request, "id"),
                                      request_string(request, "reason"), &rows);
    return err ? err : reply_row(request, &rows);
}
