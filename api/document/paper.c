#include "api/document/paper.h"

#include "api/document/check.h"
#include "api/document/facts.h"
#include "api/document/press.h"
#include "api/document/render.h"
#include "api/http/incoming.h"
#include "api/http/offload.h"
#include "api/http/service.h"
#include "db/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A paper being printed on another thread: it may outlive its request, so everything is its own. */
struct job {
    struct arena arena;
    struct fault fault;
    struct press *press;
    const struct description *description;
    const char *sheet;
    struct buf out;
    enum err err;
};

static void job_print(void *user)
{
    struct job *job = user;
    job->err = press_print(job->press, job->description, job->sheet, &job->fault, &job->out);
}

static void job_release(void *user)
{
    struct job *job = user;
    arena_end(&job->arena);
    free(job);
}

static json_t *facts_read(struct arena *arena, const struct rows *rows)
{
    return arena_json(arena, json_loads(rows_text(rows, 0, "paper"), 0, NULL));
}

/* Where the paper can be checked. A draft was not issued, and a summary has no such place. */
static const char *check_url(struct request *request, struct arena *arena, enum paper_kind kind,
                             const json_t *printed)
{
    const char *id = fact_text(fact(printed, "facts"), "id");
    if (kind != PAPER_PRESCRIPTION || !id || strcmp(fact_text(printed, "status"), "pending") == 0)
        return NULL;
    struct paper_check check = {
        .clinic_id = json_integer_value(fact(printed, "clinic_id")),
        .version = json_integer_value(fact(printed, "version")),
    };
    snprintf(check.prescription_id, sizeof check.prescription_id, "%s", id);
    char code[PAPER_CHECK_TEXT];
    return arena_format(arena, "%s/check/%s", request->service->options.public_url,
                        paper_check_code(&check, code));
}

/* What the paper says in the language that was asked for, else in the clinic's. */
static struct description *describe_for(struct request *request, struct arena *arena,
                                        enum paper_kind kind, const json_t *printed)
{
    const json_t *facts = fact(printed, "facts");
    const char *tag = request_query(request, "lang");
    if (!tag)
        tag = fact_text(fact(facts, "clinic"), "language");
    enum language language = LANGUAGE_EN;
    if (!language_find(tag, strlen(tag), &language))
        language = LANGUAGE_EN;
    const struct paper_setting setting = {.language = language,
                                          .document = request->service->document->json,
                                          .check_url = check_url(request, arena, kind, printed)};
    return describe(arena, kind, printed, &setting);
}

static enum err reply_pdf(struct request *request, enum paper_kind kind, const struct rows *rows,
                          const char *sheet)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    job->fault.arena = &job->arena;
    job->press = request->service->press;
    job->sheet = sheet;
    job->description = describe_for(request, &job->arena, kind, facts_read(&job->arena, rows));
    buf_begin(&job->out, &job->arena, 65536);
    enum err err = offload_run(request->service->printers, job_print, job, job_release,
                               request->deadline_us, &request->fault);
    if (err)
        return err;
    if (job->err)
        return fail_quietly(&request->fault, job->err, NULL, "%s", job->fault.reason);
    return reply_bytes(request, "application/pdf", job->out.text, job->out.length);
}

static enum err reply_html(struct request *request, const struct description *description,
                           const char *sheet)
{
    struct buf out;
    buf_begin(&out, &request->arena, 16384);
    paper_html(description, sheet, &out);
    reply_header(request, "Content-Security-Policy", paper_html_policy(&request->arena));
    return reply_bytes(request, "text/html; charset=utf-8", out.text, out.length);
}

static enum err reply_json(struct request *request, const struct description *description)
{
    struct buf out;
    buf_begin(&out, &request->arena, 8192);
    paper_json(description, &out);
    return reply_text(request, &out);
}

/* Of everything that the paper shows and how: the same tag, the same bytes. */
static void set_etag(struct request *request, const struct rows *rows,
                     const struct description *description, const char *format, const char *sheet)
{
    char digest[DIGEST_TEXT];
    const char *shown = arena_format(&request->arena, "%s\n%s\n%s\n%s\n%s\n%s", CLINICD_VERSION,
                                     format, sheet, language_tag(description->language),
                                     description->check_url ? description->check_url : "",
                                     rows_text(rows, 0, "paper"));
    digest_hex(shown, strlen(shown), digest);
    request->reply->etag = arena_format(&request->arena, "\"%.32s\"", digest);
}

static void set_name(struct request *request, const struct description *description,
                     const char *format)
{
    reply_header(
        request, "Content-Disposition",
        arena_format(&request->arena, "inline; filename=\"%s.%s\"", description->number, format));
}

enum err reply_paper(struct request *request, enum paper_kind kind, const struct rows *rows)
{
    if (!rows->count)
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    const char *format = request_query(request, "format");
    const char *sheet = request_query(request, "paper");
    const json_t *printed = facts_read(&request->arena, rows);
    const struct description *description = describe_for(request, &request->arena, kind, printed);
    set_etag(request, rows, description, format, sheet);
    set_name(request, description, format);
    reply_header(request, "Content-Language", language_tag(description->language));
    if (strcmp(format, "html") == 0)
        return reply_html(request, description, sheet);
    if (strcmp(format, "json") == 0)
        return reply_json(request, description);
    return reply_pdf(request, kind, rows, sheet);
}
