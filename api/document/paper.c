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

/* A paper being made on another thread. It may outlive its request, so everything is its own, but
 * for what lives as long as the service. */
struct job {
    struct arena arena;
    struct fault fault;
    struct service *service;
    enum paper_kind kind;
    bool is_pdf, lacks_logo;
    char sheet[4];
    json_t *printed;
    struct paper_setting setting;
    struct buf out;
    enum err err;
};

/* A logo is bounded (CLINICD_LOGO_MAX). One that the store cannot give leaves its place empty: the
 * patient gets the prescription all the same. */
static bool logo_read(struct job *job)
{
    const json_t *clinic = fact(fact(job->printed, "facts"), "clinic");
    const json_t *logo = fact(clinic, "logo");
    const char *id = fact_text(logo, "file_id");
    size_t size = (size_t)json_integer_value(fact(logo, "size_bytes"));
    if (!id || !size || size > job->service->options.logo_max)
        return true;
    struct store_reader *reader = NULL;
    if (store_read(job->service->store, json_integer_value(fact(job->printed, "clinic_id")), id,
                   size, 0, size, &job->fault, &reader))
        return false;
    char *bytes = arena_take(&job->arena, size);
    size_t got = 0;
    for (ssize_t n; got < size && (n = store_reader_read(reader, bytes + got, size - got)) > 0;)
        got += (size_t)n;
    store_reader_close(reader);
    if (got < size)
        return false;
    job->setting.logo = bytes;
    job->setting.logo_length = size;
    return true;
}

static void job_run(void *user)
{
    struct job *job = user;
    if (!logo_read(job)) {
        fault_reset(&job->fault);
        job->lacks_logo = true;
    }
    const struct description *description =
        describe(&job->arena, job->kind, job->printed, &job->setting);
    buf_begin(&job->out, &job->arena, 65536);
    if (job->is_pdf)
        job->err =
            press_print(job->service->press, description, job->sheet, &job->fault, &job->out);
    else
        paper_html(description, job->sheet, &job->out);
}

static void job_release(void *user)
{
    struct job *job = user;
    arena_end(&job->arena);
    free(job);
}

static json_t *printed_read(struct arena *arena, const struct rows *rows)
{
    return describe_read(arena, rows_text(rows, 0, "paper"));
}

/* Where the paper can be checked. A draft was not issued, and a summary has no such place. */
static const char *check_url(struct request *request, enum paper_kind kind, const json_t *printed)
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
    return arena_format(&request->arena, "%s/check/%s", request->service->options.public_url,
                        paper_check_code(&check, code));
}

/* The one that was asked for, else the clinic's. */
static enum language language_of(struct request *request, const json_t *printed)
{
    const char *tag = request_query(request, "lang");
    if (!tag)
        tag = fact_text(fact(fact(printed, "facts"), "clinic"), "language");
    enum language language = LANGUAGE_EN;
    return tag && language_find(tag, strlen(tag), &language) ? language : LANGUAGE_EN;
}

static enum err make(struct request *request, enum paper_kind kind, const struct rows *rows,
                     const struct paper_setting *setting, bool is_pdf)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    job->fault.arena = &job->arena;
    job->service = request->service;
    job->kind = kind;
    job->is_pdf = is_pdf;
    snprintf(job->sheet, sizeof job->sheet, "%s", request_query(request, "paper"));
    job->printed = printed_read(&job->arena, rows);
    job->setting = *setting;
    job->setting.check_url = arena_copy(&job->arena, setting->check_url);
    enum err err = offload_run(request->service->printers, job_run, job, job_release,
                               request->deadline_us, &request->fault);
    if (err)
        return err;
    if (job->err)
        return fail_quietly(&request->fault, job->err, NULL, "%s", job->fault.reason);
    if (job->lacks_logo) /* not what the tag stands for */
        request->reply->etag = NULL;
    if (!is_pdf)
        reply_header(request, "Content-Security-Policy", paper_html_policy);
    return reply_bytes(request, is_pdf ? "application/pdf" : "text/html; charset=utf-8",
                       job->out.text, job->out.length);
}

static enum err reply_json(struct request *request, enum paper_kind kind, const json_t *printed,
                           const struct paper_setting *setting)
{
    struct buf out;
    buf_begin(&out, &request->arena, 8192);
    paper_json(describe(&request->arena, kind, printed, setting), &out);
    return reply_text(request, &out);
}

/* Of everything that the paper shows and how: the same tag, the same bytes. */
static void set_headers(struct request *request, const struct rows *rows, const json_t *printed,
                        const struct paper_setting *setting)
{
    const char *format = request_query(request, "format");
    const char *number = fact_text(fact(printed, "facts"), "number");
    const char *shown =
        arena_format(&request->arena, "%s\n%s\n%s\n%s\n%s\n%s", CLINICD_VERSION, format,
                     request_query(request, "paper"), language_tag(setting->language),
                     setting->check_url ? setting->check_url : "", rows_text(rows, 0, "paper"));
    char digest[DIGEST_TEXT];
    digest_hex(shown, strlen(shown), digest);
    request->reply->etag = arena_format(&request->arena, "\"%.32s\"", digest);
    reply_header(request, "Content-Language", language_tag(setting->language));
    reply_header(request, "Content-Disposition",
                 arena_format(&request->arena, "inline; filename=\"%s.%s\"", number, format));
}

enum err reply_paper(struct request *request, enum paper_kind kind, const struct rows *facts)
{
    if (!facts->count)
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    const char *format = request_query(request, "format");
    const json_t *printed = printed_read(&request->arena, facts);
    const struct paper_setting setting = {.language = language_of(request, printed),
                                          .document = request->service->document->json,
                                          .check_url = check_url(request, kind, printed)};
    set_headers(request, facts, printed, &setting);
    if (strcmp(format, "json") == 0)
        return reply_json(request, kind, printed, &setting);
    return make(request, kind, facts, &setting, strcmp(format, "pdf") == 0);
}
