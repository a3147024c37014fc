#include "models/catalog/catalog.h"

#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"

static struct catalog_filters filters_of(struct request *request, const char *type)
{
    return (struct catalog_filters){.q = request_query(request, "q"),
                                    .type = request_query(request, type),
                                    .is_active = request_query(request, "is_active")};
}

enum err catalog_medicines_list(struct request *request)
{
    const struct catalog_filters filters = filters_of(request, "medicine_type");
    struct rows rows;
    int64_t total;
    enum err err = catalog_medicine_list(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err catalog_medicines_create(struct request *request)
{
    struct rows rows;
    enum err err = catalog_medicine_create(request_tx(request), request_string(request, "id"),
                                           request_body_text(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err catalog_medicines_get(struct request *request)
{
    struct rows rows;
    enum err err = catalog_medicine_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err catalog_medicines_update(struct request *request)
{
    struct rows rows;
    enum err err = catalog_medicine_update(request_tx(request), request_path(request, "id"),
                                           request_body_text(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err catalog_medicines_retire(struct request *request)
{
    enum err err = catalog_medicine_retire(request_tx(request), request_path(request, "id"));
    return err ? err : reply_empty(request);
}

enum err catalog_medicines_import(struct request *request)
{
    struct rows rows;
    enum err err = catalog_medicine_import(request_tx(request), request_body_text(request),
                                           request_query(request, "dry_run"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err catalog_tests_list(struct request *request)
{
    const struct catalog_filters filters = filters_of(request, "test_type");
    struct rows rows;
    int64_t total;
    enum err err = catalog_test_list(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err catalog_tests_create(struct request *request)
{
    struct rows rows;
    enum err err = catalog_test_create(request_tx(request), request_string(request, "id"),
                                       request_body_text(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err catalog_tests_get(struct request *request)
{
    struct rows rows;
    enum err err = catalog_test_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err catalog_tests_update(struct request *request)
{
    struct rows rows;
    enum err err = catalog_test_update(request_tx(request), request_path(request, "id"),
                                       request_body_text(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err catalog_tests_retire(struct request *request)
{
    enum err err = catalog_test_retire(request_tx(request), request_path(request, "id"));
    return err ? err : reply_empty(request);
}

enum err catalog_defaults_load(struct request *request)
{
    struct rows rows;
    enum err err = catalog_load_defaults(request_tx(request), &rows);
    return err ? err : reply_row(request, &rows);
}
