#include "api/http/away.h"

#include "api/http/incoming.h"
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

/* Who is let in has no other right than everybody has: all that follows asks as it always does. */
static bool is_let_in(const struct request *request)
{
    const char *pass = request->incoming->header(request->incoming, "Maintenance-Pass");
    return maintenance_lets_pass(request->service->maintenance, pass, request->now_us);
}

enum err away_step(struct request *request)
{
    const struct operation *operation = request->operation;
    enum maintenance_mode mode = maintenance_mode(request->service->maintenance);
    bool is_read = operation->method == METHOD_GET; /* HEAD is the same operation */
    if (operation->stays_open || mode == MAINTENANCE_OFF ||
        (mode == MAINTENANCE_READ_ONLY && is_read) || is_let_in(request))
        return ERR_NONE;
    return refuse(request);
}
