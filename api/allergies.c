#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/allergy/allergy.h"
#include "models/clinic/directory.h"

enum err allergies_list(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err = allergy_list(request_tx(request), request_path(request, "id"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err allergies_create(struct request *request)
{
    struct rows rows;
    const char *id = request_string(request, "id");
    enum err err =
        allergy_create(request_tx(request), request->clinic->timezone, request_path(request, "id"),
                       id, request_body_text(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err allergies_update(struct request *request)
{
    struct rows rows;
    enum err err =
        allergy_update(request_tx(request), request->clinic->timezone, request_path(request, "id"),
                       request_path(request, "aid"), request_body_text(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err allergies_delete(struct request *request)
{
    enum err err = allergy_delete(request_tx(request), request_path(request, "id"),
                                  request_path(request, "aid"));
    return err ? err : reply_empty(request);
}
