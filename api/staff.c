#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/account/account.h"
#include "models/account/password.h"

enum err staff_list(struct request *request)
{
    struct staff_filter filter = {
        .q = request_query(request, "q"),
        .role = request_query(request, "role"),
        .is_active = request_query(request, "is_active"),
    };
    struct rows rows;
    int64_t total;
    enum err err = staff_find_all(request_tx(request), &filter, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err staff_create(struct request *request)
{
    const char *one_time = password_one_time(&request->arena);
    struct password_job *job = password_job_make(NULL, NULL, one_time);
    enum err err = request_offload(request, password_job_run, job, password_job_release);
    if (err)
        return err;
    if (!job->hash[0])
        return fail_quietly(&request->fault, ERR_INTERNAL, NULL, "password hash: no memory");
    struct staff_new staff = {
        .id = request_string(request, "id"),
        .username = request_string(request, "username"),
        .role = request_string(request, "role"),
        .first_name = request_string(request, "first_name"),
        .last_name = request_string(request, "last_name"),
        .email = request_string(request, "email"),
        .mobile_number = request_string(request, "mobile_number"),
        .password_hash = job->hash,
    };
    struct rows rows;
    err = staff_create_account(request_tx(request), &staff, &rows);
    if (err)
        return err;
    struct buf json;
    buf_begin(&json, &request->arena, 64);
    buf_json_string(&json, one_time);
    return reply_row_and(request, &rows, "one_time_password", json.text);
}
