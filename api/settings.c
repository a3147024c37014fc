#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/clinic/clinic.h"
#include "models/clinic/directory.h"

enum err settings_get(struct request *request)
{
    struct rows rows;
    enum err err = clinic_settings(request_tx(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err settings_update(struct request *request)
{
    struct rows rows;
    enum err err = clinic_update_settings(request_tx(request), request_body(request), &rows);
    if (err)
        return err;
    request->refresh_clinic = request->clinic->clinic_id;
    return reply_row(request, &rows);
}
