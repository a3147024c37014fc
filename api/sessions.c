/* The sessions of whoever asks. */
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/session/session.h"

enum err auth_sessions_list(struct request *request)
{
    const struct principal *me = request->principal;
    struct rows rows;
    int64_t total;
    enum err err = session_list(request_tx(request), me->account_id, me->session_id, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err auth_sessions_end(struct request *request)
{
    struct rows rows;
    enum err err = session_end_one(request_tx(request), request->principal->account_id,
                                   request_path(request, "id"), &rows);
    if (err)
        return err;
    request_forget(request, realm_clinic.session_news, rows_text(&rows, 0, "id"));
    return reply_empty(request);
}
