#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/clinic/directory.h"
#include "models/template/template.h"

enum err templates_list(struct request *request)
{
    const struct template_filters filters = {
        .q = request_query(request, "q"),
        .mine = request_query(request, "mine"),
        .active = request_query(request, "active"),
    };
    struct rows rows;
    int64_t total;
    enum err err = template_list(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err templates_create(struct request *request)
{
    struct rows rows;
    enum err err = template_create(request_tx(request), request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err templates_get(struct request *request)
{
    struct rows rows;
    enum err err = template_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err templates_update(struct request *request)
{
    struct rows rows;
    enum err err = template_update(request_tx(request), request_path(request, "id"),
                                   request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err templates_delete(struct request *request)
{
    enum err err = template_delete(request_tx(request), request_path(request, "id"));
    return err ? err : reply_empty(request);
}

static enum err line_add(struct request *request, enum template_line kind)
{
    struct rows rows;
    enum err err = template_add(request_tx(request), request_path(request, "id"), kind,
                                request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

static enum err line_change(struct request *request, enum template_line kind, const char *line)
{
    struct rows rows;
    enum err err = template_change(request_tx(request), request_path(request, "id"), kind,
                                   request_path(request, line), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

static enum err line_remove(struct request *request, enum template_line kind, const char *line)
{
    struct rows rows;
    enum err err = template_remove(request_tx(request), request_path(request, "id"), kind,
                                   request_path(request, line), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err template_medicines_create(struct request *request)
{
    return line_add(request, TEMPLATE_MEDICINE);
}

enum err template_medicines_update(struct request *request)
{
    return line_change(request, TEMPLATE_MEDICINE, "mid");
}

enum err template_medicines_delete(struct request *request)
{
    return line_remove(request, TEMPLATE_MEDICINE, "mid");
}

enum err template_tests_create(struct request *request)
{
    return line_add(request, TEMPLATE_TEST);
}

enum err template_tests_update(struct request *request)
{
    return line_change(request, TEMPLATE_TEST, "tid");
}

enum err template_tests_delete(struct request *request)
{
    return line_remove(request, TEMPLATE_TEST, "tid");
}

enum err prescriptions_apply_template(struct request *request)
{
    struct rows rows;
    enum err err = template_apply(request_tx(request), request->clinic->timezone,
                                  request_path(request, "id"), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

/* What is made is a template, and stands where templates do. */
enum err prescriptions_save_as_template(struct request *request)
{
    struct rows rows;
    enum err err = template_save(request_tx(request), request_path(request, "id"),
                                 request_body(request), &rows);
    if (err)
        return err;
    err = reply_row(request, &rows);
    if (!err)
        reply_header(request, "Location",
                     arena_format(&request->arena, "/clinics/%s/templates/%s", request->slug,
                                  rows_text(&rows, 0, "id")));
    return err;
}
