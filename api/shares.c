/* Share links, and what a printed prescription's check address says. */
#include "api/document/check.h"
#include "api/document/paper.h"
#include "api/endpoints.h"
#include "api/http/service.h"
#include "models/clinic/directory.h"
#include "models/share/invite.h"
#include "models/share/share.h"

#include <string.h>

/* What of the answer no row has: it is made of the token, which nothing keeps. */
static const char *invite_members(struct request *request, const struct rows *rows,
                                  const char *token)
{
    struct arena *arena = &request->arena;
    const char *method = request_query(request, "method");
    const char *phone = invite_phone(rows_text(rows, 0, "_phone_key"));
    const struct invite invite = {
        .clinic_name = rows_text(rows, 0, "_clinic_name"),
        .url = arena_format(arena, "%s/shared/%s", request->service->options.public_url, token),
        .until = rows_text(rows, 0, "_until"),
        .language = rows_text(rows, 0, "_language"),
    };
    const char *message = invite_message(arena, &invite);
    struct buf out;
    buf_begin(&out, arena, 2048);
    buf_text(&out, "\"url\":");
    buf_json_string(&out, invite.url);
    buf_text(&out, ",\"method\":");
    buf_json_string(&out, method);
    buf_text(&out, ",\"send_url\":");
    buf_json_string(&out, phone ? invite_address(arena, method, phone, message) : NULL);
    buf_text(&out, ",\"phone_e164\":");
    buf_json_string(&out, phone);
    buf_text(&out, ",\"message\":");
    buf_json_string(&out, message);
    return out.text;
}

enum err share_links_create(struct request *request)
{
    const char *token = request_kept_secret(request);
    if (!token) {
        token = share_token(&request->arena);
        request_keep_secret(request, token);
    }
    struct rows rows;
    enum err err = share_create(request_tx(request), request_path(request, "id"), token,
                                request_body_text(request), &rows);
    return err ? err : reply_row_with(request, &rows, invite_members(request, &rows, token));
}

enum err share_links_list(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err = share_list(request_tx(request), request_path(request, "id"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err share_links_revoke(struct request *request)
{
    enum err err = share_revoke(request_tx(request), request_path(request, "id"),
                                request_path(request, "sid"));
    return err ? err : reply_empty(request);
}

/* Whoever has the link needs no account, and robots shall not keep what they find behind it. */
enum err shared_get(struct request *request)
{
    struct share_place place;
    struct rows rows;
    enum err err = share_find(request_tx(request), request_path(request, "token"), &place);
    if (!err)
        err = request_enter_clinic(request, place.clinic_id);
    if (err)
        return err;
    reply_header(request, "X-Robots-Tag", "noindex");
    tx_audit(request_tx(request), "share_link", arena_copy(&request->arena, place.id), NULL, NULL,
             NULL);
    if (request->clinic->state == CLINIC_CLOSED)
        return request_fail(request, ERR_CONFLICT, "share-link-expired", NULL);
    bool counts = strcmp(request->method, "HEAD") != 0; /* a messenger that looks ahead */
    err = share_view(request_tx(request), place.id, counts, &rows);
    return err ? err : reply_paper(request, PAPER_PRESCRIPTION, &rows);
}
