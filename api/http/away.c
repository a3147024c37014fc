#include "api/http/away.h"

#include "api/http/service.h"
#include "models/maintenance/maintenance.h"

static enum err refuse(struct request *request)
{
    struct maintenance *maintenance = request->service->maintenance;
    const char *reason = maintenance_reason(maintenance, &request->arena, request->now_us,
                                            &request->fault.retry_after_s);
    return reason ? request_fail(request, ERR_UNAVAILABLE, "maintenance", "%s", reason)
                  : request_fail(request, ERR_UNAVAILABLE, "maintenance", NULL);
}

enum err away_check(struct request *request)
{
    bool is_away = maintenance_mode(request->service->maintenance) == MAINTENANCE_FULL;
    return is_away ? refuse(request) : ERR_NONE;
}

enum err away_step(struct request *request)
{
    const struct operation *operation = request->operation;
    if (operation->stays_open)
        return ERR_NONE;
    bool is_refused = operation->method != METHOD_GET && /* HEAD is the same operation */
                      maintenance_mode(request->service->maintenance) != MAINTENANCE_OFF;
    return is_refused ? refuse(request) : away_check(request);
}
