#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/keep.h"
#include "db/json.h"
#include "models/clinic/directory.h"
#include "models/report/report.h"

#include <string.h>

static enum err list(struct request *request, struct report_filters filters)
{
    struct rows rows;
    int64_t total;
    filters.from = request_query(request, "from");
    filters.to = request_query(request, "to");
    enum err err =
        report_list(request_tx(request), request->clinic->timezone, &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

/* A report has no address of its own: it is found with its file. */
static void locate(struct request *request, const char *file_id)
{
    reply_header(request, "Location",
                 arena_format(&request->arena, "/clinics/%s/files/%s", request->slug, file_id));
}

static enum err answer(struct request *request, const struct rows *rows)
{
    enum err err = reply_row(request, rows);
    json_t *file = arena_json(&request->arena, json_loads(rows_text(rows, 0, "file"), 0, NULL));
    locate(request, json_member(file, "id"));
    return err;
}

/* As reply_twin(), which knows the addresses of records only. */
static enum err twin(struct request *request, enum err err)
{
    const char *file_id;
    if (err == ERR_CONFLICT && strcmp(request->fault.code, "id-taken") == 0 &&
        !report_file_of(request_tx(request), request_string(request, "id"), &file_id))
        locate(request, file_id);
    return err;
}

static enum err create(struct request *request, const struct report_filters *of)
{
    struct rows rows;
    struct file_facts file;
    enum err err = keep_file(request, &file);
    if (!err)
        err = keep_settle(request, report_create(request_tx(request), request->clinic->timezone, of,
                                                 request_body(request), &file, &rows));
    return err ? twin(request, err) : answer(request, &rows);
}

enum err reports_list(struct request *request)
{
    return list(request, (struct report_filters){.kind = REPORT_MEDICAL,
                                                 .patient_id = request_path(request, "id"),
                                                 .type = request_query(request, "report_type")});
}

enum err reports_create(struct request *request)
{
    return create(request, &(struct report_filters){.kind = REPORT_MEDICAL,
                                                    .patient_id = request_path(request, "id")});
}

enum err test_reports_list(struct request *request)
{
    return list(request, (struct report_filters){.kind = REPORT_TEST,
                                                 .patient_id = request_path(request, "id"),
                                                 .type = request_query(request, "test_type")});
}

enum err test_reports_create(struct request *request)
{
    return create(request, &(struct report_filters){.kind = REPORT_TEST,
                                                    .patient_id = request_path(request, "id")});
}

enum err admission_reports_list(struct request *request)
{
    return list(request, (struct report_filters){.kind = REPORT_MEDICAL,
                                                 .admission_id = request_path(request, "id"),
                                                 .type = request_query(request, "report_type")});
}

enum err admission_reports_create(struct request *request)
{
    return create(request, &(struct report_filters){.kind = REPORT_MEDICAL,
                                                    .admission_id = request_path(request, "id")});
}
