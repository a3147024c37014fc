#include "api/http/reply.h"

#include "api/http/cursor.h"
#include "api/http/incoming.h"

#include <string.h>
#include <strings.h>

void reply_header(struct request *request, const char *name, const char *value)
{
    struct reply *reply = request->reply;
    size_t i = 0;
    while (i < reply->headers_n && strcasecmp(reply->headers[i].name, name) != 0)
        i++;
    if (i == REPLY_HEADERS_MAX)
        return;
    if (i == reply->headers_n)
        reply->headers_n++;
    reply->headers[i] = (struct reply_header){name, value};
}

enum language reply_language(struct request *request, const char *tag)
{
    enum language language;
    if (!tag || !language_find(tag, strlen(tag), &language)) {
        const struct incoming *incoming = request->incoming;
        request->reply->is_localised = true;
        language = language_choose(incoming->header(incoming, "Accept-Language"));
    }
    reply_header(request, "Content-Language", language_tag(language));
    return language;
}

static void set_json(struct request *request, const struct buf *json)
{
    struct reply *reply = request->reply;
    reply->status = request->operation->success;
    reply->content_type = "application/json; charset=utf-8";
    reply->bytes = json->text;
    reply->length = json->length;
    reply->is_json = true;
}

/* "7", for a principal who does not get the whole representation "7-receptionist", and "7.5e1f"
 * when the row shows what may change without its version. */
static void set_etag(struct request *request, const struct rows *rows)
{
    if (!rows_has(rows, "version"))
        return;
    const char *more = rows_has(rows, "_etag") ? rows_text(rows, 0, "_etag") : NULL;
    request->reply->etag =
        arena_format(&request->arena, "\"%s%s%s%s\"", rows_text(rows, 0, "version"),
                     more ? "." : "", more ? more : "", request->if_match_suffix);
}

/* What was made is the row, or, when the row is what it was added to, `_made_id`. */
static void set_location(struct request *request, const struct rows *rows)
{
    const char *made = rows_has(rows, "_made_id") ? "_made_id" : "id";
    if (request->operation->success == 201 && rows_has(rows, made))
        reply_header(
            request, "Location",
            arena_format(&request->arena, "%s/%s", request->raw_path, rows_text(rows, 0, made)));
}

enum err reply_row_with(struct request *request, const struct rows *rows, const char *members)
{
    if (!rows->count)
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    struct buf out;
    buf_begin(&out, &request->arena, 1024);
    rows_render(&out, rows, 0, &request->view);
    if (*members) {
        out.length--; /* the closing brace */
        buf_format(&out, "%s%s}", out.length > 1 ? "," : "", members);
    }
    set_json(request, &out);
    set_etag(request, rows);
    set_location(request, rows);
    return ERR_NONE;
}

enum err reply_row_and(struct request *request, const struct rows *rows, const char *member,
                       const char *json)
{
    return reply_row_with(request, rows, arena_format(&request->arena, "\"%s\":%s", member, json));
}

enum err reply_row(struct request *request, const struct rows *rows)
{
    return reply_row_with(request, rows, "");
}

static bool is_cursor(const char *parameter, size_t length)
{
    return length >= 7 && strncmp(parameter, "cursor=", 7) == 0;
}

/* The same request with another cursor (RFC 8288). */
static const char *next_link(struct request *request, const char *cursor)
{
    struct buf link;
    buf_begin(&link, &request->arena, 256);
    buf_format(&link, "<%s?", request->raw_path);
    for (const char *p = request->raw_query; p && *p;) {
        size_t length = strcspn(p, "&");
        if (length && !is_cursor(p, length) && !memchr(p, '>', length)) {
            buf_add(&link, p, length);
            buf_char(&link, '&');
        }
        p += length + (p[length] == '&');
    }
    buf_format(&link, "cursor=%s>; rel=\"next\"", cursor);
    return link.text;
}

enum err reply_list(struct request *request, const struct rows *rows, int64_t total)
{
    int limit = request->scope.page.limit;
    bool has_more = rows->count > limit;
    int shown = has_more ? limit : rows->count;
    struct buf out;
    buf_begin(&out, &request->arena, 256 + (size_t)shown * 448); /* as long as a patient */
    buf_text(&out, "{\"items\":[");
    rows_render_list(&out, rows, 0, shown, &request->view);
    buf_text(&out, "],\"next_cursor\":");
    const char *cursor = has_more ? cursor_make(request, rows, shown - 1) : NULL;
    buf_json_string(&out, cursor);
    if (total >= 0)
        buf_format(&out, ",\"total\":%lld", (long long)total);
    buf_char(&out, '}');
    set_json(request, &out);
    if (cursor)
        reply_header(request, "Link", next_link(request, cursor));
    return ERR_NONE;
}

enum err reply_text(struct request *request, const struct buf *json)
{
    set_json(request, json);
    return ERR_NONE;
}

enum err reply_empty(struct request *request)
{
    request->reply->status = request->operation->success;
    return ERR_NONE;
}

enum err reply_bytes(struct request *request, const char *content_type, const void *bytes,
                     size_t length)
{
    struct reply *reply = request->reply;
    reply->status = request->operation->success;
    reply->content_type = content_type;
    reply->bytes = bytes;
    reply->length = length;
    reply->is_json = strncmp(content_type, "application/json", 16) == 0;
    return ERR_NONE;
}

enum err reply_twin(struct request *request, enum err err)
{
    const char *id = request_string(request, "id");
    if (err == ERR_CONFLICT && id && strcmp(request->fault.code, "id-taken") == 0)
        reply_header(request, "Location",
                     arena_format(&request->arena, "%s/%s", request->raw_path, id));
    return err;
}
