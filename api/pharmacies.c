#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/pharmacy/pharmacy.h"

enum err pharmacies_list(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err =
        pharmacy_list(request_tx(request), request_query(request, "is_active"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err pharmacies_create(struct request *request)
{
    struct rows rows;
    enum err err = pharmacy_create(request_tx(request), request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err pharmacies_get(struct request *request)
{
    struct rows rows;
    enum err err = pharmacy_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err pharmacies_update(struct request *request)
{
    struct rows rows;
    enum err err = pharmacy_update(request_tx(request), request_path(request, "id"),
                                   request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err pharmacies_deactivate(struct request *request)
{
    enum err err = pharmacy_deactivate(request_tx(request), request_path(request, "id"));
    return err ? err : reply_empty(request);
}
