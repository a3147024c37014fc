#include "api/http/problem.h"

#include "api/http/reply.h"
#include "api/http/service.h"
#include "api/http/sheet.h"
#include "db/buf.h"

static const char *default_code(enum err err)
{
    switch (err) {
    case ERR_INPUT:
        return "bad-request";
    case ERR_NOT_FOUND:
        return "not-found";
    case ERR_CONFLICT:
    case ERR_REPLAY:
        return "conflict";
    case ERR_TIMEOUT:
        return "deadline-exceeded";
    case ERR_RETRY:
    case ERR_UNAVAILABLE:
        return "database-unavailable";
    case ERR_NONE:
    case ERR_INTERNAL:
        break;
    }
    return "internal-error";
}

static void add_flaws(struct buf *out, const struct request *request)
{
    const struct fault *fault = &request->fault;
    buf_text(out, ",\"errors\":");
    for (size_t i = 0; i < fault->flaws_n; i++) {
        const struct flaw *flaw = &fault->flaws[i];
        buf_text(out, i ? ",{\"pointer\":" : "[{\"pointer\":");
        buf_json_string(out, request->sheet
                                 ? sheet_place(request->sheet, flaw->pointer, fault->arena)
                                 : flaw->pointer);
        buf_text(out, ",\"code\":");
        buf_json_string(out, flaw->code);
        buf_text(out, ",\"detail\":");
        buf_json_string(out, flaw->detail ? flaw->detail : flaw->code);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void problem_render(struct request *request, struct reply *reply)
{
    struct fault *fault = &request->fault;
    const char *code = fault->code ? fault->code : default_code(fault->err);
    const struct problem *problem = document_problem(request->service->document, code);
    if (!problem) { /* a code that the document does not list is our bug, and must not become a new
                       answer */
        fault->reason = arena_format(&request->arena, "code %s is not in x-problems; %s", code,
                                     fault->reason ? fault->reason : "");
        fault->code = code = "internal-error";
        problem = document_problem(request->service->document, code);
    }
    reply->status = problem ? problem->status : 500;
    const char *title = "Internal error";
    if (problem) {
        title = problem->titles[reply_language(request, NULL)];
        if (!title)
            title = problem->titles[reply_language(request, language_tag(LANGUAGE_EN))];
    }
    struct buf out;
    buf_begin(&out, &request->arena, 512);
    buf_format(&out, "{\"type\":\"/openapi.json#/x-problems/%s\",\"title\":", code);
    buf_json_string(&out, title);
    buf_format(&out, ",\"status\":%d", reply->status);
    if (fault->detail) {
        buf_text(&out, ",\"detail\":");
        buf_json_string(&out, fault->detail);
    }
    buf_format(&out, ",\"instance\":\"urn:uuid:%s\",\"code\":\"%s\",\"request_id\":\"%s\"",
               request->id, code, request->id);
    if (fault->flaws_n)
        add_flaws(&out, request);
    if (fault->extra && problem && problem->member)
        buf_format(&out, ",\"%s\":%s", problem->member, fault->extra);
    buf_char(&out, '}');
    reply->content_type = "application/problem+json";
    reply->bytes = out.text;
    reply->length = out.length;
    reply->is_json = true;
    reply->etag = NULL;
    if (reply->status == 401)
        reply_header(request, "WWW-Authenticate", "Bearer");
    long wait = fault->retry_after_s;
    if (!wait && (reply->status == 503 || reply->status == 429))
        wait = 1;
    if (wait)
        reply_header(request, "Retry-After", arena_format(&request->arena, "%ld", wait));
}
