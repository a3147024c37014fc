#include "models/account/staff.h"
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/one_time.h"
#include "models/account/reset.h"
#include "models/session/realm.h"

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
    struct one_time one_time;
    enum err err = one_time_make(request, &one_time);
    if (err)
        return err;
    struct staff_new staff = {
        .id = request_string(request, "id"),
        .username = request_string(request, "username"),
        .role = request_string(request, "role"),
        .first_name = request_string(request, "first_name"),
        .last_name = request_string(request, "last_name"),
        .email = request_string(request, "email"),
        .mobile_number = request_string(request, "mobile_number"),
        .password_hash = one_time.hash,
    };
    struct rows rows;
    err = staff_create_account(request_tx(request), &staff, &rows);
    return err ? reply_twin(request, err)
               : reply_row_and(request, &rows, "one_time_password",
                               one_time_json(request, &one_time));
}

enum err staff_get(struct request *request)
{
    struct rows rows;
    enum err err = staff_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err staff_update(struct request *request)
{
    struct rows rows;
    enum err err = staff_change(request_tx(request), request_path(request, "id"),
                                request_body(request), &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "id"));
    return reply_row(request, &rows);
}

enum err staff_close(struct request *request)
{
    struct rows rows;
    enum err err = staff_deactivate(request_tx(request), request_path(request, "id"), NULL, &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "id"));
    return reply_empty(request);
}

enum err staff_reopen(struct request *request)
{
    struct rows rows;
    enum err err = staff_reactivate(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

static enum err give_link(struct request *request, const char *id)
{
    const char *token = reset_token_make(&request->arena);
    struct rows rows;
    enum err err = staff_keep_reset_token(request_tx(request), id, token, &rows);
    if (err)
        return err;
    struct buf json;
    buf_begin(&json, &request->arena, 64);
    buf_json_string(&json, token);
    return reply_row_and(request, &rows, "reset_token", json.text);
}

enum err staff_password_reset(struct request *request)
{
    const char *id = request_path(request, "id");
    if (json_is_true(json_object_get(request_body(request), "link")))
        return give_link(request, id);
    struct one_time one_time;
    struct rows rows;
    enum err err = one_time_make(request, &one_time);
    if (!err)
        err = staff_reset_password(request_tx(request), id, one_time.hash, &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(&rows, 0, "_id"));
    return reply_row_and(request, &rows, "one_time_password", one_time_json(request, &one_time));
}
