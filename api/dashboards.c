#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/clinic/directory.h"
#include "models/dashboard/dashboard.h"

enum err dashboards_admin(struct request *request)
{
    struct rows rows;
    enum err err = dashboard_admin(request_tx(request), request->clinic->timezone, &rows);
    return err ? err : reply_row(request, &rows);
}

enum err dashboards_reception(struct request *request)
{
    struct rows rows;
    enum err err = dashboard_reception(request_tx(request), request->clinic->timezone, &rows);
    return err ? err : reply_row(request, &rows);
}

enum err dashboards_doctor(struct request *request)
{
    struct rows rows;
    enum err err = dashboard_doctor(request_tx(request), request->clinic->timezone,
                                    request_query(request, "doctor_id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err dashboards_patient(struct request *request)
{
    struct rows rows;
    enum err err = dashboard_patient(request_tx(request), request->clinic->timezone,
                                     request_query(request, "patient_id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err dashboards_admissions(struct request *request)
{
    struct rows rows;
    enum err err = dashboard_admissions(request_tx(request), request->clinic->timezone, &rows);
    return err ? err : reply_row(request, &rows);
}
