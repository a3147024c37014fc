#include "api/opening.h"

#include "api/http/reply.h"

enum err opening_reply(struct request *request, const struct rows *rows, const char *admin_username,
                       const struct one_time *once)
{
    request->refresh_clinic = request->tx.scope.clinic_id;
    enum err err =
        reply_row_and(request, rows, "admin", one_time_login_json(request, admin_username, once));
    if (err)
        return err;
    /* A clinic's id in addresses is its slug. */
    reply_header(request, "Location",
                 arena_format(&request->arena, "/clinics/%s", rows_text(rows, 0, "slug")));
    return ERR_NONE;
}
